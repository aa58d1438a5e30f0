"""Which Tasks to run next. Pure: what is known goes in, scored proposals come out.

With no model: a Task's score is a weighted sum of components that a person can read. Where to look comes from the
focus of the trigger, from what Issues blame, and from what those depend on by the Map; what to run there comes from
words (of the trigger, of Issues' next steps). Only read-only Tasks are ever proposed here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from runstone.control.runs.focus import Focus
from runstone.control.runs.words import likeness, overlap, words
from runstone.control.workspaces.atlas import Atlas
from runstone.model.resource import ResourceRef
from runstone.model.run import Choice, Issue, Score
from runstone.model.workspace import SLX, BoundTask

WEIGHTS: Mapping[str, float] = {"place": 0.55, "next_step": 0.25, "words": 0.12, "health": 0.08}
"""What each component counts for. ``place`` is how surely the resource matters: 1 for what the trigger names or an
Issue blames, less with each relation further away."""
THRESHOLD = 0.30
"""Below this a Task is not worth a run: about two relations away from a focus, healthy, and no word in common."""
_DECAY = {"ill": 0.8, "unknown": 0.6, "ok": 0.45}
"""How much of a place's weight its dependencies inherit, by how they look: an ill one is where to go."""
_THROUGH = {"selects": 0.95, "routes-to": 0.9}
"""A Service and the workload behind it, an Ingress and its Service, are nearly one place: health says little between
them."""
_STEPS = 4


@dataclass(frozen=True)
class Known:
    """What a session knows when it plans: ``ran`` holds (slx, title) of every Task that was requested before."""

    atlas: Atlas
    focus: tuple[Focus, ...]
    question: str
    issues: tuple[tuple[Issue, ResourceRef], ...]
    ran: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Proposed:
    """Tasks of one SLX to run together, the best first. ``score`` is the best one's."""

    slx: SLX
    choices: tuple[Choice, ...]
    score: float


@dataclass
class _Place:
    weight: float = 0.0
    why: str = ""
    steps: list[str] = field(default_factory=list[str])


def propose(known: Known, limit: int) -> list[Proposed]:
    """At most ``limit`` groups of Tasks, the most promising first; empty when nothing is worth a run."""
    places = _places(known)
    asked = words(known.question)
    proposed: dict[str, Proposed] = {}
    for path, place in places.items():
        for slx in known.atlas.slxs(ResourceRef.parse(path)):
            group = _group(slx, place, asked, known)
            if group and (slx.name not in proposed or proposed[slx.name].score < group.score):
                proposed[slx.name] = group
    return sorted(proposed.values(), key=lambda p: (-p.score, p.slx.name))[:limit]


def _group(slx: SLX, place: _Place, asked: list[str], known: Known) -> Proposed | None:
    if slx.runbook is None:
        return None
    choices = [
        Choice(title=task.title, resolved_title=task.resolved_title, score=score)
        for task in slx.runbook.tasks
        if task.access == "read-only" and (slx.name, task.title) not in known.ran
        for score in [_score(task, slx, place, asked, known)]
        if score.total >= THRESHOLD
    ]
    if not choices:
        return None
    choices.sort(key=lambda c: -c.score.total)
    return Proposed(slx, tuple(choices), choices[0].score.total)


def _score(task: BoundTask, slx: SLX, place: _Place, asked: list[str], known: Known) -> Score:
    offered = words(f"{task.resolved_title} {task.documentation} {' '.join(task.tags)}")
    title = words(task.resolved_title)
    parts = {
        "place": place.weight,
        "next_step": max((likeness(words(step), title) for step in place.steps), default=0.0),
        "words": overlap(asked, offered),
        "health": 1.0 if known.atlas.health(slx.resources[0]) == "ill" else 0.0,
    }
    total = sum(WEIGHTS[name] * value for name, value in parts.items())
    return Score(total=round(total, 4), parts={k: round(v, 4) for k, v in parts.items()}, why=place.why)


def _places(known: Known) -> dict[str, _Place]:
    places: dict[str, _Place] = {}
    for focus in known.focus:
        _raise(places, focus.ref, focus.weight, focus.why)
    for issue, resource in known.issues:
        _from_issue(places, issue, resource, known)
    _spread(places, known.atlas)
    return places


def _from_issue(places: dict[str, _Place], issue: Issue, resource: ResourceRef, known: Known) -> None:
    weight = {1: 1.0, 2: 0.95, 3: 0.7, 4: 0.3}[issue.severity]
    _raise(places, resource, 0.8 * weight, f"the Issue '{issue.title}' is about it")
    for blamed in issue.blames:
        _raise(places, known.atlas.canonical(blamed), weight, f"the Issue '{issue.title}' points to it")
    for step in issue.next_steps:
        for path in _named_in(step, resource, known.atlas):
            place = _raise(places, ResourceRef.parse(path), 0.75 * weight, f"a next step of '{issue.title}' names it")
            place.steps.append(step)


def _named_in(step: str, near: ResourceRef, atlas: Atlas) -> Iterable[str]:
    """Paths of resources that a next step names; the Issue's own resource when it names none."""
    said = {word.strip("`'\".,:;()").lower() for word in step.split()}
    named = [
        resource.ref.path
        for resource in atlas.resources.values()
        if resource.ref.name.lower() in said
        and resource.ref.kind.lower() in said
        and resource.ref.namespace in ("", near.namespace)
    ]
    return named or [near.path]


def _spread(places: dict[str, _Place], atlas: Atlas) -> None:
    """Give each place's dependencies a share of its weight, some steps deep."""
    frontier = {path: place.weight for path, place in places.items()}
    for _ in range(_STEPS):
        reached: dict[str, float] = {}
        for path, weight in frontier.items():
            for ref, relation in atlas.dependencies(ResourceRef.parse(path)):
                share = weight * _THROUGH.get(relation.type, _DECAY[atlas.health(ref)])
                before = places[ref.path].weight if ref.path in places else 0.0
                if share > before:
                    name = ResourceRef.parse(path).name
                    _raise(
                        places,
                        ref,
                        share,
                        f"{name} depends on it ({relation.type} {relation.detail})".rstrip(" )") + ")",
                    )
                    reached[ref.path] = share
        frontier = reached


def _raise(places: dict[str, _Place], ref: ResourceRef, weight: float, why: str) -> _Place:
    place = places.setdefault(ref.path, _Place())
    if weight > place.weight:
        place.weight, place.why = weight, why
    return place
