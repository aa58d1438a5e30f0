"""Events: what the controllers and kubelets say happened. Repeats raise a count instead of adding a line."""

from typing import Literal

from runstone.sandbox.clock import Clock, parse, stamp
from runstone.sandbox.kinds import EVENT
from runstone.sandbox.objects import Obj, at, fresh, name_of, namespace_of, uid_of
from runstone.sandbox.store import Store

KEPT_SECONDS = 3600
"""How long an event is kept after it last happened, as a stock API server does."""


class Recorder:
    """Writes Events into the store."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._known: dict[tuple[str, str, str, str], str] = {}

    def say(
        self,
        about: Obj,
        reason: str,
        message: str,
        component: str,
        level: Literal["Normal", "Warning"] = "Normal",
        field: str = "",
        host: str = "",
    ) -> None:
        """Record that `reason` happened to `about`; the same words about the same object are counted."""
        namespace = namespace_of(about) or "default"
        key = (uid_of(about), reason, message, field)
        known = self._known.get(key)
        old = self._store.get(EVENT, namespace, known) if known else None
        now = self._clock.now()
        if old:
            again = fresh(old)
            again.update(count=old.get("count", 1) + 1, lastTimestamp=stamp(now))
            self._store.put(EVENT, again)
            return
        name = f"{name_of(about)}.{int(now * 1e6) + self._store.version:x}"
        self._known[key] = name
        event = _event(about, reason, message, level, field, now)
        event["metadata"] = {"name": name, "namespace": namespace}
        event["source"] = {"component": component, **({"host": host} if host else {})}
        event.update(reportingComponent=component, reportingInstance=host)
        self._store.add(EVENT, event)

    def prune(self) -> None:
        """Forget events that are older than KEPT_SECONDS."""
        horizon = self._clock.now() - KEPT_SECONDS
        for event in self._store.all(EVENT):
            last = parse(event.get("lastTimestamp") or at(event, "metadata", "creationTimestamp"))
            if last < horizon:
                self._store.remove(EVENT, event)


def _event(about: Obj, reason: str, message: str, level: str, field: str, now: float) -> Obj:
    reference: Obj = {
        "kind": about["kind"],
        "name": name_of(about),
        "uid": name_of(about) if about["kind"] == "Node" else uid_of(about),
        "apiVersion": about["apiVersion"],
        "resourceVersion": at(about, "metadata", "resourceVersion") or "",
    }
    if namespace_of(about):
        reference["namespace"] = namespace_of(about)
    if field:
        reference["fieldPath"] = field
    return {
        "kind": "Event",
        "apiVersion": "v1",
        "involvedObject": reference,
        "reason": reason,
        "message": message,
        "type": level,
        "count": 1,
        "firstTimestamp": stamp(now),
        "lastTimestamp": stamp(now),
        "eventTime": None,
    }


def newer_form(event: Obj) -> Obj:
    """A stored event as events.k8s.io/v1 shows it."""
    reported: Obj = {
        "kind": "Event",
        "apiVersion": "events.k8s.io/v1",
        "metadata": event["metadata"],
        "eventTime": event.get("eventTime"),
        "reportingController": event.get("reportingComponent", ""),
        "reportingInstance": event.get("reportingInstance", ""),
        "reason": event.get("reason", ""),
        "regarding": event.get("involvedObject", {}),
        "note": event.get("message", ""),
        "type": event.get("type", "Normal"),
        "deprecatedSource": event.get("source", {}),
        "deprecatedFirstTimestamp": event.get("firstTimestamp"),
        "deprecatedLastTimestamp": event.get("lastTimestamp"),
        "deprecatedCount": event.get("count", 1),
    }
    return reported
