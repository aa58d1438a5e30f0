"""Events of the cluster: which are about an object, how fresh they are, and how they read."""

from collections.abc import Iterable
from typing import Any

from RW.Kubernetes import moment

Json = dict[str, Any]
FRESH_S = 900
"""Events older than this say how things were, not how they are. Kubelet and controllers repeat what persists."""


def last(event: Json) -> Any:
    """When it was seen last, as written: events.k8s.io and core/v1 keep it in different places."""
    series = event.get("series") or {}
    meta = event.get("metadata") or {}
    return (
        series.get("lastObservedTime")
        or event.get("lastTimestamp")
        or event.get("eventTime")
        or meta.get("creationTimestamp")
    )


def count(event: Json) -> int:
    """How often it was seen."""
    return int((event.get("series") or {}).get("count") or event.get("count") or 1)


def fresh(events: Iterable[Json], now: float, within: float = FRESH_S) -> list[Json]:
    """Those seen within the last ``within`` seconds, the latest first."""
    recent = [event for event in events if moment.age(last(event), now) <= within]
    return sorted(recent, key=lambda event: str(last(event)), reverse=True)


def about(events: Iterable[Json], kind: str, name: str) -> list[Json]:
    """Those whose object is ``kind``/``name``."""
    return [
        event
        for event in events
        if (event.get("involvedObject") or {}).get("kind") == kind and event["involvedObject"].get("name") == name
    ]


def warnings(events: Iterable[Json]) -> list[Json]:
    """Those of type Warning."""
    return [event for event in events if event.get("type") == "Warning"]


def line(event: Json) -> str:
    """``event Warning Failed x3 on Pod/web-0: Failed to pull image …``"""
    about_it = event.get("involvedObject") or {}
    message = " ".join(str(event.get("message") or "").split())
    where = f"{about_it.get('kind')}/{about_it.get('name')}"
    return f"event {event.get('type')} {event.get('reason')} x{count(event)} on {where}: {message[:600]}"
