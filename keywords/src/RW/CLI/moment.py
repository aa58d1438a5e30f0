"""Moments in the past, and moments named in a line of a log. All UTC."""

import re
from datetime import UTC, datetime, timedelta

_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_PART = re.compile(
    r"(?P<number>\d+(?:\.\d+)?)\s*"
    r"(?P<unit>ms|millis(?:econds?)?|d(?:ays?)?|h(?:ours?)?|m(?:in(?:utes?|s)?)?|s(?:ec(?:onds?|s)?)?)?\b\s*"
)
_STAMP = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})[T ](?P<time>\d{2}:\d{2}:\d{2})(?P<part>\.\d+)?(?P<zone>Z|[+-]\d{2}:?\d{2})?"
)


def ago(duration: str, now: datetime | None = None) -> datetime:
    """The moment ``duration`` ago: ``30m``, ``1d2h``, ``1 day 3 hours``, or a number of seconds. Raises ValueError."""
    return (now or datetime.now(UTC)) - timedelta(seconds=seconds(duration))


def seconds(duration: str) -> float:
    """A duration in seconds. Raises ValueError."""
    text = duration.strip().lower()
    total, at = 0.0, 0
    while at < len(text):
        found = _PART.match(text, at) or _glued(text, at)
        if not found:
            raise ValueError(f"{duration!r} is not a duration. Write it as 30m, 2h or 1d2h.")
        total += float(found["number"]) * _UNITS[_unit(found["unit"])]
        at = found.end()
    if not text:
        raise ValueError("An empty text is not a duration. Write it as 30m, 2h or 1d2h.")
    return total


def _glued(text: str, at: int) -> re.Match[str] | None:
    """``1d2h``: no word boundary between a unit and the next number."""
    return re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>ms|d|h|m|s)(?=\d)").match(text, at)


def _unit(word: str | None) -> str:
    if not word:
        return "s"
    return "ms" if word.startswith(("ms", "milli")) else word[0]


def first_in(text: str) -> str:
    """The first moment named in a text, ISO 8601 in UTC; the present when there is none.

    When a resource was created says nothing about when it fell ill: such stamps are passed over.
    """
    for found in _STAMP.finditer(text):
        before = text[max(0, found.start() - 50) : found.start()].lower()
        if "creationtimestamp" in before or "createdat" in before:
            continue
        zone = (found["zone"] or "Z").replace("Z", "+00:00")
        try:
            moment = datetime.fromisoformat(f"{found['day']}T{found['time']}{(found['part'] or '')[:7]}{zone}")
        except ValueError:
            continue
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
