"""Who depends on whom, as an index of relations that follows a change without being made anew. Pure.

A relation of the Map says what governs or uses what; here it becomes *depends on*: trouble in the target can bring
trouble to the source. Pods fold into the workload that owns them, so an edge is between what its ends fold into. When
an owner comes or goes, the edges of all that folded through it move with it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from runstone.model.resource import Relation, RelationType, ResourceRef

_SOURCE_DEPENDS: frozenset[RelationType] = frozenset(
    {"selects", "routes-to", "mounts", "references", "runs-on", "calls", "owns", "listens"}
)
_TARGET_DEPENDS: frozenset[RelationType] = frozenset({"guards", "scales"})
_OWNED = frozenset({"Pod", "ReplicaSet", "Job"})
Relations = Mapping[str, tuple[Relation, ...]]
"""Relations by the path of their source."""
Ends = list[tuple[ResourceRef, Relation]]
"""The other ends of a resource's edges, each with the relation it rests on."""
Now = Callable[[str], tuple[Relation, ...]]
"""The relations of a source as they are now."""


_End = tuple[str, ResourceRef, Relation]


@dataclass(frozen=True)
class Edges:
    """The index. Never changed: another one shares all that stayed."""

    owners: Mapping[str, tuple[ResourceRef, ...]]
    """Who owns a Pod or the like, by its path; the first counts."""
    needs: dict[str, Ends]
    """What each resource depends on, by its path."""
    needed: dict[str, Ends]
    """What depends on each."""

    @classmethod
    def of(cls, relations: Iterable[Relation]) -> "Edges":
        """Made anew."""
        every = tuple(relations)
        owners: dict[str, tuple[ResourceRef, ...]] = {}
        for one in filter(_owning, every):
            owners[one.target.path] = _ordered((*owners.get(one.target.path, ()), one.source))
        made = cls(owners, {}, {})
        for one in every:
            if edge := made.edge(one):
                made.needs.setdefault(edge[0].path, []).append((edge[1], one))
                made.needed.setdefault(edge[1].path, []).append((edge[0], one))
        return made

    def canonical(self, ref: ResourceRef) -> ResourceRef:
        """The workload that a Pod belongs to, or ``ref`` itself."""
        seen: set[str] = set()
        while (owners := self.owners.get(ref.path)) and ref.path not in seen:
            seen.add(ref.path)
            ref = owners[0]
        return ref

    def edge(self, relation: Relation) -> tuple[ResourceRef, ResourceRef] | None:
        """Who depends on whom by a relation; None when it says nothing of that, or both are one."""
        if relation.type not in _SOURCE_DEPENDS and relation.type not in _TARGET_DEPENDS:
            return None
        source, target = self.canonical(relation.source), self.canonical(relation.target)
        if source == target:
            return None
        return (source, target) if relation.type in _SOURCE_DEPENDS else (target, source)

    def changed(self, before: Relations, changes: Mapping[str, tuple[Relation, ...] | None]) -> "Edges":
        """Another one, after the relations of some sources became others; ``before`` are all as they were."""
        old = set(chain.from_iterable(before.get(source, ()) for source in changes))
        new = set(chain.from_iterable(found or () for found in changes.values()))
        going, coming = old - new, new - old
        if not going and not coming:
            return self

        def now(source: str) -> tuple[Relation, ...]:
            return (changes[source] or ()) if source in changes else before.get(source, ())

        owners = self._reowned(going, coming)
        moved = _below({one.target.path for one in going | coming if _owning(one)}, before, now)
        made = Edges(owners, dict(self.needs), dict(self.needed))
        touched = going | coming | set(self._touching(moved, made, before, now))
        leaving = [(one, edge) for one in touched - coming if (edge := self.edge(one))]
        joining = [(one, edge) for one in touched - going if (edge := made.edge(one))]
        _moved(made.needs, [(a.path, b, one) for one, (a, b) in leaving], [(a.path, b, one) for one, (a, b) in joining])
        _moved(
            made.needed, [(b.path, a, one) for one, (a, b) in leaving], [(b.path, a, one) for one, (a, b) in joining]
        )
        return made

    def _reowned(self, going: set[Relation], coming: set[Relation]) -> Mapping[str, tuple[ResourceRef, ...]]:
        if not any(map(_owning, going | coming)):
            return self.owners
        owners = dict(self.owners)
        for one in filter(_owning, going):
            owners[one.target.path] = tuple(ref for ref in owners.get(one.target.path, ()) if ref != one.source)
        for one in filter(_owning, coming):
            owners[one.target.path] = _ordered((*owners.get(one.target.path, ()), one.source))
        return {path: found for path, found in owners.items() if found}

    def _touching(self, moved: set[str], made: "Edges", before: Relations, now: Now) -> Iterator[Relation]:
        """Relations with an end among what moved: its own, those that lead to it, and those of its owners."""
        for path in moved:
            yield from now(path)
            yield from before.get(path, ())
            ref = ResourceRef.parse(path)
            for known in (self.needs, self.needed):
                yield from (one for _, one in known.get(self.canonical(ref).path, ()) if _ends_at(one, path))
            for owner in (*self.owners.get(path, ()), *made.owners.get(path, ())):
                yield from (one for one in now(owner.path) if one.target.path == path)


def _moved(index: dict[str, Ends], leaving: Iterable[_End], joining: Iterable[_End]) -> None:
    """Take edges out of lists and put others in; a list that changes is another one, since the old index has it too."""
    gone: dict[str, set[Relation]] = {}
    for path, _, relation in leaving:
        gone.setdefault(path, set()).add(relation)
    come: dict[str, Ends] = {}
    for path, ref, relation in joining:
        come.setdefault(path, []).append((ref, relation))
    for path in gone.keys() | come.keys():
        out = gone.get(path, set[Relation]())
        found = [end for end in index.get(path, ()) if end[1] not in out] + come.get(path, [])
        if found:
            index[path] = found
        else:
            index.pop(path, None)


def _below(paths: set[str], before: Relations, now: Now) -> set[str]:
    """These and all that is owned by them, before or now."""
    found: set[str] = set()
    waiting = list(paths)
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += [one.target.path for one in (*before.get(path, ()), *now(path)) if _owning(one)]
    return found


def _owning(relation: Relation) -> bool:
    return relation.type == "owns" and relation.target.kind in _OWNED


def _ends_at(relation: Relation, path: str) -> bool:
    return path in (relation.source.path, relation.target.path)


def _ordered(owners: Iterable[ResourceRef]) -> tuple[ResourceRef, ...]:
    return tuple(sorted(owners, key=lambda ref: ref.path))
