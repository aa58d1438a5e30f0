"""The cluster's state and the means to change it, shared by the API, the controllers and the kubelets."""

import math

from runstone.sandbox.access import Gate
from runstone.sandbox.clock import Clock
from runstone.sandbox.events import Recorder
from runstone.sandbox.kinds import Kind, KindTable
from runstone.sandbox.logbook import LogBook
from runstone.sandbox.objects import Obj
from runstone.sandbox.registry import Registry
from runstone.sandbox.store import Store


class World:
    """One cluster. `pace` divides kubelet back-offs once the clock is live (history keeps real ones)."""

    def __init__(self, clock: Clock, pace: float) -> None:
        self.clock, self._pace = clock, pace
        self.kinds = KindTable()
        self.store = Store(clock)
        self.registry = Registry(self.store, self.kinds, clock)
        self.events = Recorder(self.store, clock)
        self.gate = Gate(clock)
        self.applied: dict[tuple[str, str], Obj] = {}
        """Server-side apply: the last configuration by (uid, field manager)."""
        self.refusals: dict[str, float] = {}
        """When a refused creation of Pods is next told, by the owner's uid."""
        self.books: dict[tuple[str, str], LogBook] = {}
        """Container logs by (pod uid, container name)."""
        self.due = math.inf
        """When something next happens by itself, seconds since the epoch. Every pass says it anew."""

    @property
    def now(self) -> float:
        """The cluster's present."""
        return self.clock.now()

    @property
    def pace(self) -> float:
        """How much faster than a real kubelet back-offs run now."""
        return self._pace if self.clock.is_live else 1.0

    def wake_at(self, moment: float) -> None:
        """Ask for a pass at `moment`."""
        self.due = min(self.due, moment)

    def set_status(self, kind: Kind, obj: Obj, status: Obj) -> Obj:
        """Store `status` if it differs; obj may be stale, its stored self is what changes."""
        if obj.get("status") == status:
            return obj
        changed = {**obj, "metadata": {**obj["metadata"]}, "status": status}
        return self.store.put(kind, changed)
