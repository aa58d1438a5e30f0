"""Time and chance as values, so that a workflow replays and a test decides."""

import datetime as dt
import secrets
import time
from typing import Protocol


class Clock(Protocol):
    """What the control zone knows of time."""

    def now(self) -> dt.datetime:
        """The present, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since some fixed moment, comparable across processes of this machine."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> dt.datetime:
        """The present, in UTC."""
        return dt.datetime.now(dt.UTC)

    def monotonic(self) -> float:
        """Seconds since the epoch: leases outlive the process, so the clock must, too."""
        return time.time()


def stamp(moment: dt.datetime) -> str:
    """UTC, ISO 8601 with milliseconds, as every noun carries it."""
    return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse(text: str) -> dt.datetime:
    """The inverse of :func:`stamp`."""
    return dt.datetime.fromisoformat(text)


def token() -> str:
    """A new unguessable name, 22 characters of the URL-safe alphabet (128 bits)."""
    return secrets.token_urlsafe(16)
