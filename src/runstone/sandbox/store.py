"""Every object, in memory, with one growing version number and a short memory of changes for watchers."""

import asyncio
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from runstone.sandbox.clock import Clock, stamp
from runstone.sandbox.kinds import EVENT, Kind
from runstone.sandbox.objects import Obj, controller_of, name_of, namespace_of, uid_of

CHANGES_KEPT = 4000
"""How many changes a watcher may be behind before it is told 410; a busy hour of the shop."""


@dataclass(frozen=True, slots=True)
class Change:
    """One write. `before` is None for ADDED; for DELETED `after` is the last state."""

    version: int
    type: Literal["ADDED", "MODIFIED", "DELETED"]
    kind: Kind
    before: Obj | None
    after: Obj


class Store:
    """Objects by kind, namespace and name. Stored objects are shared: copy before changing one."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.version = 1000
        self.shape = 0
        """Grows with every write that is not an Event: what the controllers look at."""
        self._objects: dict[Kind, dict[tuple[str, str], Obj]] = {}
        self._owned: dict[tuple[Kind, str], dict[tuple[str, str], None]] = {}
        self._changes: deque[Change] = deque(maxlen=CHANGES_KEPT)
        self._watchers: set[asyncio.Queue[Change | None]] = set()
        self._listeners: list[Callable[[], None]] = []

    def get(self, kind: Kind, namespace: str, name: str) -> Obj | None:
        """The object, if there is one."""
        return self._objects.get(kind, {}).get((namespace if kind.namespaced else "", name))

    def all(self, kind: Kind, namespace: str = "") -> list[Obj]:
        """All objects of a kind, in one namespace or ('') everywhere, in no particular order."""
        held = self._objects.get(kind, {})
        if not namespace:
            return list(held.values())
        return [obj for (where, _), obj in held.items() if where == namespace]

    def owned(self, kind: Kind, owner: Obj) -> list[Obj]:
        """The objects of a kind whose controller is `owner`."""
        keys = self._owned.get((kind, uid_of(owner)), {})
        held = self._objects.get(kind, {})
        return [held[key] for key in keys]

    def add(self, kind: Kind, obj: Obj) -> Obj:
        """Store a new object with its uid, version and time of birth. The caller has checked it is new."""
        meta = obj["metadata"]
        meta["uid"] = meta.get("uid") or str(uuid.uuid4())
        meta["creationTimestamp"] = stamp(self.clock.now())
        return self._write("ADDED", kind, None, obj)

    def put(self, kind: Kind, obj: Obj) -> Obj:
        """Replace an object by a changed copy; writing what is already there is no change."""
        before = self._objects[kind][namespace_of(obj), name_of(obj)]
        if before == obj:
            return before
        return self._write("MODIFIED", kind, before, obj)

    def remove(self, kind: Kind, obj: Obj) -> Obj:
        """Forget an object; the version of its last state is the deletion's."""
        key = (namespace_of(obj), name_of(obj))
        before = self._objects.get(kind, {}).pop(key, None)
        if before is None:
            return obj
        self._index(kind, before, None)
        last = {**before, "metadata": {**before["metadata"]}}
        return self._announce("DELETED", kind, before, last)

    def since(self, version: int) -> list[Change] | None:
        """Changes after `version`, oldest first; None when they are no longer known."""
        if self._changes and version < self._changes[0].version - 1 and len(self._changes) == CHANGES_KEPT:
            return None
        return [change for change in self._changes if change.version > version]

    def watch(self) -> asyncio.Queue[Change | None]:
        """A queue that gets every further change, then None when the store closes."""
        queue: asyncio.Queue[Change | None] = asyncio.Queue()
        self._watchers.add(queue)
        return queue

    def unwatch(self, queue: asyncio.Queue[Change | None]) -> None:
        """Stop feeding `queue`."""
        self._watchers.discard(queue)

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` after every write."""
        self._listeners.append(listener)

    def close(self) -> None:
        """End all watches."""
        for queue in self._watchers:
            queue.put_nowait(None)

    def _write(self, verb: Literal["ADDED", "MODIFIED"], kind: Kind, before: Obj | None, obj: Obj) -> Obj:
        self._objects.setdefault(kind, {})[namespace_of(obj), name_of(obj)] = obj
        self._index(kind, before, obj)
        return self._announce(verb, kind, before, obj)

    def _index(self, kind: Kind, before: Obj | None, after: Obj | None) -> None:
        """Keep up who controls what."""
        for obj, is_held in ((before, False), (after, True)):
            owner = controller_of(obj) if obj else None
            if obj and owner:
                keys = self._owned.setdefault((kind, owner["uid"]), {})
                key = (namespace_of(obj), name_of(obj))
                if is_held:
                    keys[key] = None
                else:
                    keys.pop(key, None)

    def _announce(self, verb: Literal["ADDED", "MODIFIED", "DELETED"], kind: Kind, before: Obj | None, obj: Obj) -> Obj:
        self.version += 1
        self.shape += kind is not EVENT
        obj["metadata"]["resourceVersion"] = str(self.version)
        change = Change(self.version, verb, kind, before, obj)
        self._changes.append(change)
        for queue in self._watchers:
            queue.put_nowait(change)
        for listener in self._listeners:
            listener()
        return obj
