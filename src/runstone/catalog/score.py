"""What lists of bundles show of one: its Tasks in short, what was found wrong by rule, and its score."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

_ERROR, _WARNING, _NOTE = 1.0, 0.25, 0.02
"""What findings weigh against each other: a broken Task, one that works less well than it looks, a remark."""


def of(severities: Mapping[str, int], tasks: int) -> int:
    """0 to 100: 100 when nothing was found; one error for every Task halves it, as do four warnings for every Task."""
    weight = (
        _ERROR * severities.get("error", 0)
        + _WARNING * severities.get("warning", 0)
        + _NOTE * severities.get("note", 0)
    )
    return round(100 / (1 + weight / max(tasks, 1)))


def summary(parsed: Mapping[str, Any], linted: Mapping[str, Any]) -> dict[str, Any]:
    """A bundle in short, from what the stages parse and lint made of it, with the entries that search needs."""
    suites = [one["suite"] for one in parsed["suites"].values()]
    tasks = sum(len(one["tasks"]) for one in suites)
    severities = Counter(one["severity"] for one in linted["findings"])
    shown = next((one for one in suites if not one["file"].startswith("sli")), suites[0] if suites else {})
    return {
        "name": parsed["path"].rpartition("/")[2],
        "display_name": shown.get("display_name", ""),
        "documentation": shown.get("documentation", ""),
        "author": shown.get("author", ""),
        "supports": shown.get("supports", []),
        "tasks": tasks,
        "files": len(suites),
        "severities": dict(sorted(severities.items())),
        "findings": dict(sorted(Counter(one["code"] for one in linted["findings"]).items())),
        "score": of(severities, tasks),
        "entries": parsed["entries"],
    }
