"""Cron schedules: when is the next time?"""

import time

_SPANS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_NAMED = {"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0"}


def _values(field: str, low: int, high: int) -> set[int]:
    found: set[int] = set()
    for part in field.split(","):
        whole, _, step = part.partition("/")
        first, _, last = whole.partition("-")
        begin = low if whole == "*" else int(first)
        end = high if whole == "*" or (step and not last) else int(last or first)
        found |= set(range(begin, end + 1, int(step or 1)))
    return {value % 7 if high == 6 else value for value in found}


def next_time(text: str, after: float) -> float | None:
    """The first whole minute after `after` (seconds since the epoch, UTC) that the schedule names.

    None for a schedule this small reader does not know, or one that has no time in the next 32 days.
    """
    fields = _NAMED.get(text, text).split()
    try:
        minutes, hours, days, months, weekdays = (
            _values(field, *span) for field, span in zip(fields, _SPANS, strict=True)
        )
    except ValueError:
        return None
    moment = (int(after) // 60 + 1) * 60
    limit = moment + 32 * 86400
    while moment < limit:
        at = time.gmtime(moment)
        if at.tm_mon not in months or at.tm_mday not in days or (at.tm_wday + 1) % 7 not in weekdays:
            moment += 86400 - moment % 86400
        elif at.tm_hour not in hours:
            moment += 3600 - moment % 3600
        elif at.tm_min not in minutes:
            moment += 60
        else:
            return float(moment)
    return None
