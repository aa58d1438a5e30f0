"""The Map in memory: who depends on whom, which SLXs care for a resource. Pure.

Direction is the point, see ``edges``. Pods fold into the workload that owns them, since a Pod is replaced while its
cause stays.

An Atlas is never changed; a change makes another one that shares all that stayed (dictionaries are copied, which costs
a millisecond for ten thousand entries). SLXs are kept packed and read when they are asked for: there are thousands, of
some kilobytes each, and planning looks at a few dozen.
"""

import zlib
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self, TypeVar

from runstone.control.workspaces.edges import Edges
from runstone.model.resource import Relation, Resource, ResourceRef, Scope, ScopeReading
from runstone.model.workspace import SLX, Map

WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"})
"""Kinds whose Pods are theirs."""
_K = TypeVar("_K")
_V = TypeVar("_V")


@dataclass(frozen=True, slots=True)
class Packed:
    """An SLX as it is kept: what is asked of all of them, and the rest packed."""

    about: tuple[str, ...]
    """Paths of its resources."""
    interval_s: int | None
    """Of its SLI; None without one."""
    body: bytes

    @classmethod
    def of(cls, slx: SLX) -> Self:
        """Of the noun."""
        return cls.read(slx.model_dump_json(), tuple(ref.path for ref in slx.resources), slx.sli and slx.sli.interval_s)

    @classmethod
    def read(cls, body: str, about: tuple[str, ...], interval_s: int | None) -> Self:
        """Of its JSON."""
        return cls(about, interval_s, zlib.compress(body.encode(), 1))

    def unpacked(self) -> SLX:
        """The noun."""
        return SLX.model_validate_json(zlib.decompress(self.body))


@dataclass
class Changes:
    """What becomes of an Atlas: new and changed things by their key, None for what is gone."""

    resources: dict[str, Resource | None] = field(default_factory=dict[str, Resource | None])
    relations: dict[str, tuple[Relation, ...] | None] = field(default_factory=dict[str, tuple[Relation, ...] | None])
    """By source."""
    slxs: dict[str, Packed | None] = field(default_factory=dict[str, Packed | None])
    readings: dict[Scope, ScopeReading | None] = field(default_factory=dict[Scope, ScopeReading | None])


class Atlas:
    """A Map with its indexes. Immutable once built."""

    def __init__(self, map_: Map) -> None:
        by_source: dict[str, tuple[Relation, ...]] = {}
        for relation in map_.relations:
            by_source[relation.source.path] = (*by_source.get(relation.source.path, ()), relation)
        self._fill(
            {resource.ref.path: resource for resource in map_.resources},
            by_source,
            {slx.name: Packed.of(slx) for slx in map_.slxs},
            {reading.scope: reading for reading in map_.readings},
        )

    @classmethod
    def filled(
        cls,
        resources: dict[str, Resource],
        relations: dict[str, tuple[Relation, ...]],
        slxs: dict[str, Packed],
        readings: dict[Scope, ScopeReading],
    ) -> Self:
        """From what is kept, by key."""
        made = cls.__new__(cls)
        made._fill(resources, relations, slxs, readings)
        return made

    def _fill(
        self,
        resources: dict[str, Resource],
        relations: dict[str, tuple[Relation, ...]],
        slxs: dict[str, Packed],
        readings: dict[Scope, ScopeReading],
    ) -> None:
        self.resources = resources
        self._relations = relations
        self._packed = slxs
        self._readings = readings
        self._unpacked: dict[str, SLX] = {}

    def changed(self, changes: Changes) -> "Atlas":
        """Another one, with these changes."""
        made = Atlas.filled(
            _patched(self.resources, changes.resources),
            _patched(self._relations, changes.relations),
            _patched(self._packed, changes.slxs),
            _patched(self._readings, changes.readings),
        )
        if not changes.slxs:
            made._unpacked = self._unpacked
            _inherit(self, made, ("intervals", "_about"))
        if "_edges" in vars(self):
            vars(made)["_edges"] = self._edges.changed(self._relations, changes.relations)
        return made

    @property
    def map(self) -> Map:
        """All of it, as a noun."""
        return Map(
            resources=tuple(self.resources.values()),
            relations=tuple(self.relations()),
            slxs=tuple(one for name in sorted(self._packed) if (one := self.slx(name))),
            readings=tuple(self.readings),
        )

    @property
    def readings(self) -> Iterable[ScopeReading]:
        """How far each scope was read."""
        return self._readings.values()

    def relations(self) -> Iterator[Relation]:
        """Every relation."""
        return (one for found in self._relations.values() for one in found)

    def relations_of(self, path: str) -> tuple[Relation, ...]:
        """The relations that start at a resource."""
        return self._relations.get(path, ())

    @cached_property
    def intervals(self) -> Mapping[str, int]:
        """Seconds between two measurements, by the name of the SLX; the same object as long as no SLX changes."""
        return {name: one.interval_s for name, one in self._packed.items() if one.interval_s is not None}

    def canonical(self, ref: ResourceRef) -> ResourceRef:
        """The workload that a Pod belongs to, or ``ref`` itself."""
        return self._edges.canonical(ref)

    def owned(self) -> Iterator[tuple[str, str]]:
        """Paths of Pods and the like, each with that of the workload it folds into."""
        return ((path, self.canonical(owners[0]).path) for path, owners in self._edges.owners.items())

    def packed(self) -> Mapping[str, Packed]:
        """Every SLX as it is kept, by name: the same object for as long as it does not change."""
        return self._packed

    def slxs(self, ref: ResourceRef) -> list[SLX]:
        """The SLXs generated from a resource."""
        return [one for name in self._about.get(ref.path, ()) if (one := self.slx(name))]

    def slx(self, name: str) -> SLX | None:
        """One SLX by its name."""
        if name not in self._unpacked:
            packed = self._packed.get(name)
            if packed is None:
                return None
            self._unpacked[name] = packed.unpacked()
        return self._unpacked[name]

    def about(self, name: str) -> tuple[str, ...]:
        """Paths of the resources that an SLX was generated from; empty when there is none of that name."""
        packed = self._packed.get(name)
        return packed.about if packed else ()

    def named_after(self, path: str) -> list[str]:
        """Names of the SLXs that go when a resource goes: those it is the first resource of."""
        return [name for name in self._about.get(path, ()) if self._packed[name].about[0] == path]

    def health(self, ref: ResourceRef) -> str:
        """``ok``, ``ill`` or ``unknown`` as discovery saw it."""
        found = self.resources.get(ref.path)
        return found.health if found else "unknown"

    def dependencies(self, ref: ResourceRef) -> list[tuple[ResourceRef, Relation]]:
        """What ``ref`` directly depends on, and by which relation."""
        return self._edges.needs.get(ref.path, [])

    def dependents(self, ref: ResourceRef) -> list[tuple[ResourceRef, Relation]]:
        """What directly depends on ``ref``, and by which relation."""
        return self._edges.needed.get(ref.path, [])

    def reach(self, start: ResourceRef, steps: int) -> dict[str, int]:
        """Paths of all that ``start`` depends on within ``steps`` relations, with the distance. Itself is 0."""
        return {path: len(way) for path, way in self.ways(start, steps, upstream=True).items()}

    def ways(self, start: ResourceRef, steps: int, *, upstream: bool) -> dict[str, tuple[Relation, ...]]:
        """The shortest way to each resource within ``steps`` relations, by path; itself with an empty one.

        ``upstream``: what ``start`` depends on; else what depends on it.
        """
        index = self._edges.needs if upstream else self._edges.needed
        found: dict[str, tuple[Relation, ...]] = {start.path: ()}
        queue = deque([start.path])
        while queue:
            here = queue.popleft()
            if len(found[here]) == steps:
                continue
            for ref, relation in index.get(here, ()):
                if ref.path not in found:
                    found[ref.path] = (*found[here], relation)
                    queue.append(ref.path)
        return found

    def find(self, kind: str, namespace: str, name: str) -> ResourceRef | None:
        """A resource by kind, namespace and name on whatever platform."""
        return self._by_parts.get((kind, namespace, name))

    @cached_property
    def _by_parts(self) -> dict[tuple[str, str, str], ResourceRef]:
        return {(r.ref.kind, r.ref.namespace, r.ref.name): r.ref for r in self.resources.values()}

    @cached_property
    def _about(self) -> dict[str, list[str]]:
        about: dict[str, list[str]] = defaultdict(list)
        for name in sorted(self._packed):
            for path in self._packed[name].about:
                about[path].append(name)
        return about

    @cached_property
    def _edges(self) -> Edges:
        return Edges.of(self.relations())


def _patched(known: dict[_K, _V], changes: Mapping[_K, _V | None]) -> dict[_K, _V]:
    """A copy with the changes; the same dictionary when there are none."""
    if not changes:
        return known
    found = dict(known)
    for key, value in changes.items():
        if value is None:
            found.pop(key, None)
        else:
            found[key] = value
    return found


def _inherit(old: Atlas, new: Atlas, names: Iterable[str]) -> None:
    """Indexes that are the same still, if they were made."""
    vars(new).update({name: vars(old)[name] for name in names if name in vars(old)})
