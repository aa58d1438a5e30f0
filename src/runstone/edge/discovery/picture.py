"""One platform as far as it has been read: its objects, how far each scope was read, and what of it changed.

A picture outlives a round. What a new round has not reached yet, or could not read, stays as it was last seen, so that
nothing on the Map flickers while a round is under way and a refused list takes nothing away. Between rounds it takes
single changes, as a platform that can be watched tells them.
"""

from collections.abc import Iterable

from runstone.connectors.platforms import Batch, Change, Object, Platform, version
from runstone.edge.discovery.recognition import recognised
from runstone.edge.discovery.relations import Objects
from runstone.model.resource import ResourceRef, Scope, ScopeReading, Software

CLUSTER = "Cluster"
HIDDEN = frozenset({"ReplicaSet", "Endpoints"})
"""Read for what they tell of others; not on the Map themselves."""


class Picture:
    """What is known of one platform."""

    def __init__(self, platform: Platform, kept: Iterable[Batch] = ()) -> None:
        """``kept``: what an earlier process knew."""
        self.platform = platform
        self.itself = Scope(platform=platform.name, kind=CLUSTER, namespace="")
        self.objects = Objects(platform.name)
        self.scopes: dict[Scope, ScopeReading] = {}
        self.reached = True
        """Whether the platform answered when it was last asked."""
        self.whole = False
        """Whether a round has come to its end in this process."""
        self.dirty: set[ResourceRef] = set()
        """Names of objects that came, changed or went; emptied by who takes care of them."""
        self.stirred = True
        """Whether anything at all is another since this was last set to false."""
        self.changed: set[str] = set()
        """Kinds that are not as they were last kept; emptied by who keeps them."""
        self._told: set[Scope] = set()
        self._software: dict[ResourceRef, tuple[Object, tuple[Software, ...]]] = {}
        for batch in kept:
            self.take(batch)
        self.changed.clear()
        self.begin()

    def begin(self) -> None:
        """A new round starts: nothing was told yet."""
        self._told = set()
        self.reached = True

    def take(self, batch: Batch) -> None:
        """One scope was read. What an incomplete reading leaves out stays as last seen."""
        scope = batch.reading.scope
        seen = set(map(self._put, batch.objects))
        if batch.reading.complete:
            for ref in self._lying_in(scope):
                if ref not in seen:
                    self._drop(ref)
        self._read(batch.reading)
        self._told.add(scope)

    def change(self, change: Change) -> None:
        """One object came, changed or went."""
        if change.object is not None:
            self._put(change.object)
        else:
            self._drop(change.ref)

    def end(self) -> None:
        """The round told all it had: scopes it did not mention are no part of the platform any more.

        Unless a type's kind could not be learned (a scope named like a type, in lower case): what was not said
        then may be of that kind.
        """
        self._told.add(self.itself)
        told = [self.scopes[scope] for scope in self._told if scope != self.itself]
        if not any(reading.scope.kind.islower() and not reading.complete for reading in told):
            self._forget(set(self.scopes) - self._told)
        self._read(ScopeReading(scope=self.itself, complete=True, problem=""))
        self.whole = True

    def unreachable(self, problem: str) -> None:
        """The round failed as a whole: everything stays, and why is said of the platform itself."""
        self.reached = False
        self._read(ScopeReading(scope=self.itself, complete=False, problem=problem))
        self._told.add(self.itself)

    def told(self, kinds: Iterable[str]) -> bool:
        """Whether something of each of these kinds was read in this round."""
        return set(kinds) <= {scope.kind for scope in self._told}

    def readings(self) -> list[ScopeReading]:
        """How far each scope was read."""
        known = [reading for scope, reading in self.scopes.items() if scope.kind not in HIDDEN]
        return sorted(known, key=lambda one: (one.scope.kind, one.scope.namespace))

    def complete(self, ref: ResourceRef) -> bool:
        """Whether the scope that would hold ``ref`` was read completely."""
        readings = [self.scopes.get(scope) for scope in around(ref)]
        return any(reading is not None and reading.complete for reading in readings)

    def batches(self, kinds: Iterable[str]) -> list[Batch]:
        """All objects of these kinds, by the scopes they were read in, for keeping."""
        wanted = set(kinds)
        return [
            Batch(reading, tuple(self.objects.by_ref[ref] for ref in self._lying_in(scope)))
            for scope, reading in self.scopes.items()
            if scope.kind in wanted
        ]

    def software(self, ref: ResourceRef, obj: Object) -> tuple[Software, ...]:
        """What was recognised in an object, worked out once for as long as it stays as it is."""
        known = self._software.get(ref)
        if known is None or known[0] is not obj:
            known = self._software[ref] = obj, recognised(ref, obj)
        return known[1]

    def cluster_ref(self) -> ResourceRef:
        """The cluster itself, as a resource."""
        return ResourceRef(platform=self.platform.name, kind=CLUSTER, namespace="", name=self.platform.name)

    def _put(self, obj: Object) -> ResourceRef:
        before = self.objects.by_ref.get(self.objects.name(obj))
        if before is not None and version(before) == version(obj):
            return self.objects.name(obj)
        ref = self.objects.put(obj)
        self._touched(ref)
        return ref

    def _drop(self, ref: ResourceRef) -> None:
        if ref in self.objects.by_ref:
            self.objects.drop(ref)
            self._software.pop(ref, None)
            self._touched(ref)

    def _touched(self, ref: ResourceRef) -> None:
        self.dirty.add(ref)
        self.changed.add(ref.kind)
        self.stirred = True

    def _read(self, reading: ScopeReading) -> None:
        if self.scopes.get(reading.scope) != reading:
            self.scopes[reading.scope] = reading
            self.changed.add(reading.scope.kind)
            self.stirred = True

    def _lying_in(self, scope: Scope) -> list[ResourceRef]:
        if scope.namespace:
            return self.objects.refs(scope.kind, scope.namespace)
        return self.objects.everywhere(scope.kind)

    def _forget(self, scopes: set[Scope]) -> None:
        """Scopes that are no more, and what lay only in them."""
        for scope in scopes:
            del self.scopes[scope]
            self.changed.add(scope.kind)
            self.stirred = True
        for scope in scopes:
            for ref in self._lying_in(scope):
                if not any(one in self.scopes for one in around(ref)):
                    self._drop(ref)


def around(ref: ResourceRef) -> tuple[Scope, Scope]:
    """The scopes that a resource may be read in: its kind everywhere, and in its namespace."""
    wide = Scope(platform=ref.platform, kind=ref.kind, namespace="")
    return wide, wide.model_copy(update={"namespace": ref.namespace})
