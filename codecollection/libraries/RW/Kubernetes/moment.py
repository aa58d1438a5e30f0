"""Points in time, as seconds since 1970 in UTC."""

from datetime import UTC, datetime
from typing import Any


def seconds(text: Any) -> float | None:
    """``2026-01-02T03:04:05Z``, with or without fractions, as seconds; None for what is no time."""
    if not isinstance(text, str) or len(text) < 19:
        return None
    try:
        return datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def age(text: Any, now: float) -> float:
    """Seconds from ``text`` to ``now``; infinite when ``text`` is no time, so that unknown counts as old."""
    then = seconds(text)
    return float("inf") if then is None else now - then


def words(span: float) -> str:
    """A span in seconds as people say it: ``45 s``, ``12 min``, ``3 h``, ``2 d``."""
    if span == float("inf"):
        return "unknown time"
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if span >= size * 2:
            return f"{int(span // size)} {unit}"
    return f"{int(span)} s"


def written(at: float) -> str:
    """Seconds as ISO 8601 in UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
