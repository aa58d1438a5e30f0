"""The Map in memory: who depends on whom, which SLXs care for a resource. Pure.

Direction is the point. A relation of the Map says what governs or uses what; here it becomes *depends on*: trouble in
the target can bring trouble to the source. Pods fold into the workload that owns them, since a Pod is replaced while
its cause stays.
"""

from collections import defaultdict, deque
from functools import cached_property

from runstone.model.resource import Relation, RelationType, Resource, ResourceRef
from runstone.model.workspace import SLX, Map

_SOURCE_DEPENDS: frozenset[RelationType] = frozenset(
    {"selects", "routes-to", "mounts", "references", "runs-on", "calls", "owns"}
)
_TARGET_DEPENDS: frozenset[RelationType] = frozenset({"guards", "scales"})
WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"})
"""Kinds whose Pods are theirs."""


class Atlas:
    """A Map with its indexes. Immutable once built."""

    def __init__(self, map_: Map) -> None:
        self.map = map_
        self.resources: dict[str, Resource] = {resource.ref.path: resource for resource in map_.resources}
        self._slxs: dict[str, list[SLX]] = defaultdict(list)
        for slx in map_.slxs:
            for ref in slx.resources:
                self._slxs[ref.path].append(slx)
        self._owner = {
            relation.target.path: relation.source
            for relation in map_.relations
            if relation.type == "owns" and relation.target.kind in {"Pod", "ReplicaSet", "Job"}
        }

    def canonical(self, ref: ResourceRef) -> ResourceRef:
        """The workload that a Pod belongs to, or ``ref`` itself."""
        seen: set[str] = set()
        while ref.path in self._owner and ref.path not in seen:
            seen.add(ref.path)
            ref = self._owner[ref.path]
        return ref

    def slxs(self, ref: ResourceRef) -> list[SLX]:
        """The SLXs generated from a resource."""
        return self._slxs.get(ref.path, [])

    def slx(self, name: str) -> SLX | None:
        """One SLX by its name."""
        return self._by_name.get(name)

    def health(self, ref: ResourceRef) -> str:
        """``ok``, ``ill`` or ``unknown`` as discovery saw it."""
        found = self.resources.get(ref.path)
        return found.health if found else "unknown"

    def dependencies(self, ref: ResourceRef) -> list[tuple[ResourceRef, Relation]]:
        """What ``ref`` directly depends on, and by which relation."""
        return self._needs.get(ref.path, [])

    def reach(self, start: ResourceRef, steps: int) -> dict[str, int]:
        """Paths of all that ``start`` depends on within ``steps`` relations, with the distance. Itself is 0."""
        distance = {start.path: 0}
        queue = deque([start])
        while queue:
            here = queue.popleft()
            if distance[here.path] == steps:
                continue
            for ref, _ in self.dependencies(here):
                if ref.path not in distance:
                    distance[ref.path] = distance[here.path] + 1
                    queue.append(ref)
        return distance

    def find(self, kind: str, namespace: str, name: str) -> ResourceRef | None:
        """A resource by kind, namespace and name on whatever platform."""
        return self._by_parts.get((kind, namespace, name))

    @cached_property
    def _by_name(self) -> dict[str, SLX]:
        return {slx.name: slx for slx in self.map.slxs}

    @cached_property
    def _by_parts(self) -> dict[tuple[str, str, str], ResourceRef]:
        return {(r.ref.kind, r.ref.namespace, r.ref.name): r.ref for r in self.map.resources}

    @cached_property
    def _needs(self) -> dict[str, list[tuple[ResourceRef, Relation]]]:
        needs: dict[str, list[tuple[ResourceRef, Relation]]] = defaultdict(list)
        for source, target, relation in self._edges():
            needs[source.path].append((target, relation))
        return needs

    def _edges(self) -> list[tuple[ResourceRef, ResourceRef, Relation]]:
        edges: list[tuple[ResourceRef, ResourceRef, Relation]] = []
        for relation in self.map.relations:
            source, target = self.canonical(relation.source), self.canonical(relation.target)
            if source == target:
                continue
            if relation.type in _SOURCE_DEPENDS:
                edges.append((source, target, relation))
            elif relation.type in _TARGET_DEPENDS:
                edges.append((target, source, relation))
        return edges
