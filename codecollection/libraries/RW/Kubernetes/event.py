"""Events of the API: which are about an object, how often, how long ago."""

from collections.abc import Iterable
from datetime import datetime

from . import moment
from .cluster import Object


def last_seen(event: Object, now: datetime) -> float:
    """Seconds since an event was last seen; a day when it does not say."""
    series = event.get("series") or {}
    times = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"), event.get("firstTimestamp"))
    ages = [found for text in times if (found := moment.since(text, now)) is not None]
    return min(ages, default=86400.0)


def about(events: Iterable[Object], kind: str, name: str, uid: str = "") -> list[Object]:
    """Events whose subject is this object, the latest life of it when ``uid`` is given."""
    return [
        event
        for event in events
        for subject in [event.get("involvedObject") or event.get("regarding") or {}]
        if subject.get("kind") == kind and subject.get("name") == name and (not uid or subject.get("uid", uid) == uid)
    ]


def recent(events: Iterable[Object], now: datetime, seconds: float) -> list[Object]:
    """Those last seen within ``seconds``, the newest first."""
    fresh = [event for event in events if last_seen(event, now) <= seconds]
    return sorted(fresh, key=lambda event: last_seen(event, now))


def message(event: Object) -> str:
    """Its text on one line."""
    return " ".join(str(event.get("message") or event.get("note") or "").split())


def line(event: Object) -> str:
    """``event Warning FailedMount x3: MountVolume.SetUp failed …``."""
    count = (event.get("series") or {}).get("count") or event.get("count") or 1
    times = f" x{count}" if count > 1 else ""
    return f"event {event.get('type', '')} {event.get('reason', '')}{times}: {message(event)}"[:600]
