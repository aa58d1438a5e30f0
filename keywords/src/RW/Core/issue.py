"""What a Task found."""

from datetime import UTC, datetime
from typing import Any

from RW import platform
from RW.Core import place


class Issues:
    """Keywords that say what is ill, what is not, and what could not be seen."""

    def add_issue(
        self,
        severity: Any,
        title: Any,
        expected: Any = "",
        actual: Any = "",
        reproduce_hint: Any = "",
        observed_at: Any = None,
        next_steps: Any = None,
        details: Any = None,
        summary: Any = None,
        **kwargs: Any,
    ) -> None:
        """Raise an Issue. ``severity`` 1 to 3; whatever else is given is 4, so that no Issue is lost to it.

        ``next_steps``: one a line. Further named arguments are kept as they are.
        """
        level = _level(severity)
        observed = observed_at or datetime.now(UTC).isoformat()
        line = {
            "severity": level,
            "title": title,
            "expected": expected,
            "actual": actual,
            "reproduceHint": reproduce_hint,
            "nextSteps": next_steps,
            "details": details,
            **place.task(),
            "observedAt": observed,
            "metadata": {"summary": summary},
            **kwargs,
        }
        place.append("issues.jsonl", line)
        platform.emit("issue", line)
        main = {
            "severity": level,
            "title": title,
            "expected": expected,
            "actual": actual,
            "reproduce_hint": reproduce_hint,
            "next_steps": next_steps,
            "details": details,
            "observed_at": observed,
        }
        self._note("issue", main)

    def rule_out(self, what: Any, why: Any, resource: Any = "") -> None:
        """Say what was looked at and is not the reason. Runstone's own keyword."""
        self._note("ruled_out", {"resource": resource, "what": what, "why": why})

    def could_not_check(self, what: Any, why: Any, resource: Any = "") -> None:
        """Say what was not looked at, and why. Runstone's own keyword."""
        self._note("could_not_check", {"resource": resource, "what": what, "why": why})

    @staticmethod
    def _note(fmt: str, obj: dict[str, Any]) -> None:
        line = {"obj": obj, "fmt": fmt, "kwargs": {}, **place.task()}
        place.append("report.jsonl", line)
        platform.emit("report", line)


def _level(severity: Any) -> int:
    try:
        number = float(str(severity).strip())
    except ValueError:
        return 4
    return int(number) if number in (1, 2, 3) else 4
