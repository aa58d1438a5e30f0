"""The cluster's clock: compressed while history is made, the wall's afterwards."""

import calendar
import time


class Clock:
    """Seconds since the epoch, UTC. Starts in the past, is moved by hand, then released to run with the wall."""

    def __init__(self, start: float) -> None:
        self._held: float | None = start

    def now(self) -> float:
        """The cluster's present."""
        return time.time() if self._held is None else self._held

    @property
    def is_live(self) -> bool:
        """True once the clock runs with the wall."""
        return self._held is None

    def move(self, moment: float) -> None:
        """Go forward to `moment`; only before release."""
        assert self._held is not None
        self._held = max(self._held, moment)

    def release(self) -> None:
        """From here on, follow the wall."""
        self._held = None


def stamp(moment: float) -> str:
    """RFC 3339 to the second, as metadata carries it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


def fine_stamp(moment: float) -> str:
    """RFC 3339 with nanoseconds, as log lines carry it."""
    fraction = int((moment % 1) * 1_000_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)) + f".{fraction:06d}000Z"


def parse(text: str | None) -> float:
    """Seconds since the epoch for a stamp; 0 for none. By hand, since strptime takes ten times as long."""
    if not text:
        return 0.0
    year, month, day = int(text[:4]), int(text[5:7]), int(text[8:10])
    hour, minute, second = int(text[11:13]), int(text[14:16]), int(text[17:19])
    return float(calendar.timegm((year, month, day, hour, minute, second)))


def span(seconds: float) -> str:
    """A duration the way kubectl prints an age: 45s, 3m20s, 12m, 5h30m, 3d4h, 40d."""
    whole = max(0, int(seconds))
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if whole < 120:
        return f"{whole}s"
    if minutes < 10:
        return f"{minutes}m{whole % 60}s" if whole % 60 else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    return f"{days}d"


def go_span(seconds: float) -> str:
    """A duration the way Go prints one: 10s, 1m20s, 5m0s."""
    whole = int(seconds)
    return f"{whole}s" if whole < 60 else f"{whole // 60}m{whole % 60}s"
