"""What a suite measures."""

import os
import re
from typing import Any

from RW import platform
from RW.Core import place
from RW.platform.failure import TaskError


class Metrics:
    """Keywords that push numbers."""

    def push_metric(
        self,
        value: Any,
        sub_name: Any = None,
        metric_type: Any = "untyped",
        dry_run: Any = False,
        **labels: Any,
    ) -> Any:
        """Give a number to the runtime and return the value. Without a runtime it is only logged.

        The name is ``RW_SLI_METRIC_NAME``, with ``__sub_name`` behind it when there is one; what a metric's name may
        not hold becomes an underscore. ``sub_name`` itself is handed on as given.
        """
        number = _number(value)
        base = os.environ.get("RW_SLI_METRIC_NAME", "")
        name = re.sub(r"\W", "_", f"{base}__{sub_name}" if sub_name else base, flags=re.ASCII)
        record = {
            "name": name,
            "sub_name": sub_name or "",
            "value": number,
            "type": str(metric_type).lower(),
            "labels": {**labels, "workspace": os.environ.get("RW_WORKSPACE", "")},
        }
        platform.info_log(f"metric {name or '(unnamed)'} = {number}")
        if not dry_run:
            platform.emit("metric", record)
        return value

    def run_keyword_and_push_metric(self, name: str, *args: Any) -> Any:
        """Run a keyword and push what it returns."""
        from robot.libraries.BuiltIn import BuiltIn

        run: Any = BuiltIn().run_keyword
        return self.push_metric(run(name, *args))

    def normalize_lookback_window(self, seconds: int, format_type: int = 2) -> Any:
        """Seconds in another form. 1: a number of minutes. 2: ``45m``, ``30s`` below a minute. 3: ``45 minutes``."""
        minutes = seconds // 60
        if format_type == 1:
            return minutes
        if format_type == 3:
            return f"{minutes} minutes" if minutes else f"{seconds} seconds"
        return f"{minutes}m" if minutes else f"{seconds}s"


def _number(value: Any) -> float | int:
    if isinstance(value, int | float):
        return value
    try:
        number = float(str(value).strip())
    except ValueError as err:
        shown = place.variable("TEST NAME") or "the suite"
        raise TaskError(f"Push Metric in {shown} needs a number, not {str(value)[:80]!r}.") from err
    return int(number) if number.is_integer() and "." not in str(value) else number
