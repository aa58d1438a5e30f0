"""Bound Tasks for a question, ranked by four things that a person can read.

``task``: how well the Task fits the question, by the catalogue's search over the distinct Tasks of the Map.
``place``: whether its resource is named, or is what a named one depends on. ``health``: whether it looks ill.
``first_step``: whether a look of this sort comes first for this kind of resource.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from runstone.catalog import facets
from runstone.catalog.entry import Entry
from runstone.catalog.search import LEXICAL_ONLY, Answer, Hit, Search
from runstone.control.finding.names import Named, Names
from runstone.control.workspaces.atlas import Atlas, Packed
from runstone.model.content import Access
from runstone.model.noun import Noun
from runstone.model.resource import Resource, ResourceRef
from runstone.model.workspace import SLX, BoundTask, Runbook

WEIGHTS: Mapping[str, float] = {"task": 0.5, "place": 0.3, "health": 0.1, "first_step": 0.1}
_TASKS = 40
"""Distinct Tasks whose places are looked at."""
_PLACES, _ANYWHERE = 500, 5
"""With nothing named: SLXs of what looks ill that are looked at, and others of each Task."""
_DECAY = {"ill": 0.8, "unknown": 0.6, "ok": 0.45}
"""How much of a named resource's weight what it depends on inherits, by how that looks."""
_STEPS = 2
_FIRST_STEPS: Mapping[str, tuple[str, ...]] = {
    "Deployment": ("replicas", "events", "restarts", "logs", "probes", "images", "changes"),
    "StatefulSet": ("replicas", "events", "restarts", "logs", "storage", "probes"),
    "DaemonSet": ("replicas", "events", "restarts", "logs", "placement"),
    "Pod": ("restarts", "events", "logs", "probes", "pending"),
    "Service": ("connectivity", "replicas", "routing", "dns"),
    "Ingress": ("routing", "certificates", "http-check", "connectivity"),
    "PersistentVolumeClaim": ("storage", "volume-attach", "events", "capacity"),
    "Node": ("conditions", "capacity", "utilization", "nodes"),
    "CronJob": ("schedules", "jobs", "logs", "suspended"),
    "Job": ("jobs", "events", "logs"),
    "Namespace": ("events", "failed-pods", "quota", "summary"),
}
"""What is looked at first, by kind: is it there and ready, what does the platform say, what does it say itself."""


class BoundHit(Noun):
    """A Task bound to something of the workspace. ``components`` times WEIGHTS add up to ``score``."""

    slx: str
    resource: ResourceRef
    title: str
    resolved_title: str
    access: Access
    changes: bool
    score: float
    components: dict[str, float]
    why: str


class Found(Noun):
    """What a search on a Map says. ``named``: paths of the resources that the question was taken to mean."""

    question: str
    named: tuple[str, ...]
    confidence: float
    fits: bool
    hits: tuple[BoundHit, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Bound:
    """One SLX with a runbook, as far as finding needs it."""

    slx: str
    about: str
    tasks: Mapping[str, BoundTask]
    """By the key of the distinct Task."""


@dataclass(frozen=True)
class _Place:
    weight: float
    why: str


_NOWHERE = _Place(0.0, "")


class Finder:
    """Follows one Map. Safe to ask from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._names = Names()
        self._packed: Mapping[str, Packed] = {}
        self._known: dict[str, _Bound | None] = {}
        self._about: dict[str, dict[str, _Bound]] = {}
        """SLXs by the path of what they are about, by name."""
        self._uses: dict[str, dict[str, _Bound]] = {}
        """SLXs by the key of a distinct Task, by name."""
        self._entries: dict[str, Entry] = {}
        self._search: Search | None = None
        self._numbers: dict[str, int] = {}
        self._resources: Mapping[str, Resource] = {}
        self._ill: list[str] = []

    def ask(self, atlas: Atlas, text: str, most: int = 10) -> Found:
        """The best bound Tasks for a question, best first; one that changes things first only when asked for."""
        with self._lock:
            self._follow(atlas)
            search = self._search
            if search is None:
                note = "No Task is bound on this Map yet. Add a CodeCollection, or wait for the first discovery."
                return Found(question=text, named=(), confidence=0.0, fits=False, hits=(), notes=(note,))
            named = self._names.named(text, atlas)
            answer = search.ask(text, most=_TASKS)
            ranked = self._ranked(answer, search, _places(atlas, named))
        hits = [one.told() for one in _looking_first(ranked, answer.intent)[:most]]
        notes = tuple(one for one in answer.notes if one != LEXICAL_ONLY)
        return Found(
            question=text,
            named=tuple(one.path for one in named),
            confidence=answer.confidence,
            fits=answer.fits or bool(named and hits),
            hits=tuple(hits),
            notes=notes if answer.fits or not named else (),
        )

    def _ranked(self, answer: Answer, search: Search, places: Mapping[str, _Place]) -> "list[_Candidate]":
        hits = {hit.key: hit for hit in answer.hits}
        scores = [hit.score for hit in answer.hits]
        best, worst = max(scores, default=0.0), min(scores, default=0.0)
        fits = {key: (hit.score - worst) / (best - worst) if best > worst else 1.0 for key, hit in hits.items()}
        found: list[_Candidate] = []
        firsts: dict[tuple[str, str], float] = {}
        ill = set(self._ill)
        for key, bound in self._candidates(hits, places):
            kind = bound.about.split("/", 2)[1]
            if (kind, key) not in firsts:
                firsts[kind, key] = _first_step(kind, search.index.offered[self._numbers[key]].facets.looks)
            place = places.get(bound.about, _NOWHERE)
            parts = (fits[key], place.weight, 1.0 if bound.about in ill else 0.0, firsts[kind, key])
            score = sum(weight * part for weight, part in zip(WEIGHTS.values(), parts, strict=True))
            found.append(_Candidate(score, parts, bound, hits[key], place))
        return sorted(found, key=lambda one: (-one.score, one.bound.slx, one.hit.key))

    def _candidates(self, hits: Mapping[str, Hit], places: Mapping[str, _Place]) -> Iterator[tuple[str, _Bound]]:
        """Where Tasks are bound: at the places that matter; with none, where it looks ill and then anywhere."""
        if places:
            here = [bound for path in places for bound in self._about.get(path, {}).values()]
        else:
            here = [bound for path in self._ill for bound in self._about.get(path, {}).values()][:_PLACES]
            for key in hits:
                yield from ((key, bound) for bound in islice(self._uses[key].values(), _ANYWHERE))
        for bound in here:
            yield from ((key, bound) for key in bound.tasks if key in hits)

    def _follow(self, atlas: Atlas) -> None:
        self._names.follow(atlas)
        if atlas.resources is not self._resources:
            self._resources = atlas.resources
            self._ill = [path for path, one in atlas.resources.items() if one.health == "ill"]
        packed = atlas.packed()
        if packed is self._packed:
            return
        changed = [name for name, one in packed.items() if self._packed.get(name) is not one]
        for name in [*(self._packed.keys() - packed.keys()), *changed]:
            self._forget(name)
        before = set(self._entries)
        for name in changed:
            self._learn(name, atlas.slx(name))
        self._packed = packed
        unused = [key for key, uses in self._uses.items() if not uses]
        for key in unused:
            del self._uses[key], self._entries[key]
        if self._search is None or unused or self._entries.keys() != before:
            entries = list(self._entries.values())
            self._search = Search(entries) if entries else None
            self._numbers = {entry.key: at for at, entry in enumerate(entries)}

    def _learn(self, name: str, slx: SLX | None) -> None:
        bound = self._known[name] = _of(slx) if slx else None
        if bound is None or slx is None or slx.runbook is None:
            return
        self._about.setdefault(bound.about, {})[name] = bound
        for entry in _entries(slx.runbook):
            self._entries.setdefault(entry.key, entry)
            self._uses.setdefault(entry.key, {})[name] = bound

    def _forget(self, name: str) -> None:
        bound = self._known.pop(name, None)
        if bound is None:
            return
        self._about[bound.about].pop(name, None)
        for key in bound.tasks:
            self._uses[key].pop(name, None)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A bound Task with its score, before it is told."""

    score: float
    parts: tuple[float, ...]
    bound: _Bound
    hit: Hit
    place: _Place

    def told(self) -> BoundHit:
        task = self.bound.tasks[self.hit.key]
        return BoundHit(
            slx=self.bound.slx,
            resource=ResourceRef.parse(self.bound.about),
            title=task.title,
            resolved_title=task.resolved_title,
            access=task.access,
            changes=self.hit.changes,
            score=round(self.score, 4),
            components={name: round(part, 4) for name, part in zip(WEIGHTS, self.parts, strict=True)},
            why="; ".join(filter(None, (self.hit.why, self.place.why))),
        )


def _of(slx: SLX) -> _Bound | None:
    book = slx.runbook
    if book is None or not slx.resources:
        return None
    return _Bound(slx.name, slx.resources[0].path, {_key(book, task): task for task in book.tasks})


def _bundle(book: Runbook) -> str:
    return book.bundle.path.rpartition("/")[2]


def _key(book: Runbook, task: BoundTask) -> str:
    return f"{_bundle(book)}::{task.title}"


def _entries(book: Runbook) -> Iterator[Entry]:
    """What the catalogue's search needs of a Task: its author's words, and nothing of the Map."""
    for task in book.tasks:
        yield Entry(
            collection=book.bundle.collection.url,
            bundle=_bundle(book),
            title=task.title,
            documentation=task.documentation,
            bundle_documentation="",
            tags=task.tags,
            supports=(),
            access=task.access,
            changes=task.access == "read-write" or (task.access == "unknown" and facets.verb(task.title) == "change"),
        )


def _places(atlas: Atlas, named: Sequence[Named]) -> dict[str, _Place]:
    """What is named, and what that depends on, with what of its weight reaches there."""
    found = {one.path: _Place(one.weight, f"{one.word!r} names it") for one in named}
    frontier = {path: place.weight for path, place in found.items()}
    for _ in range(_STEPS):
        reached: dict[str, float] = {}
        for path, weight in frontier.items():
            for ref, relation in atlas.dependencies(ResourceRef.parse(path)):
                share = round(weight * _DECAY[atlas.health(ref)], 3)
                if share > (found[ref.path].weight if ref.path in found else 0.0):
                    name = path.split("/", 3)[3]
                    found[ref.path] = _Place(share, f"{name} depends on it ({relation.type})")
                    reached[ref.path] = share
        frontier = reached
    return found


def _first_step(kind: str, looks: Mapping[str, float]) -> float:
    order = _FIRST_STEPS.get(kind, ())
    return round(max((looks.get(look, 0.0) * (1 - 0.12 * at) for at, look in enumerate(order)), default=0.0), 3)


def _looking_first(found: list[_Candidate], intent: str) -> list[_Candidate]:
    if intent == "change" or not found or not found[0].hit.changes:
        return found
    at = next((at for at, one in enumerate(found) if not one.hit.changes), 0)
    return [found[at], *found[:at], *found[at + 1 :]]
