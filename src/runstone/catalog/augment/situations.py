"""Which signals of the ontology a Task answers, for which resources, and the scenarios that follow."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from runstone.catalog import features
from runstone.catalog.augment.subject import Subject
from runstone.catalog.document import Scenario
from runstone.catalog.ontology import tables
from runstone.catalog.ontology.tables import Signal, Weights

Row = tuple[str, str, str, str]
"""Phrase, resource, platform, surroundings."""

_LEAST = 0.3
_MAIN = 0.7
"""The share of the look a signal calls for most, from which on another is called for as much."""
_CLEAR = 0.4
"""How plainly a Task must show what a signal mainly calls for; one that only looks at its side matters is no answer."""
_PLAIN = 0.6
"""How plainly it must show what a signal needs."""
_SIGNALS = 14
_PHRASES = 24
MOST = 1000
"""Scenarios of one Task."""
_CLUSTERS = ("kubernetes", "eks", "aks", "gke", "openshift")


@dataclass(frozen=True)
class Surroundings:
    """When it happens, in words, and what should be looked at next for that reason."""

    told: str
    looks: Weights
    most: int = 3
    """Tasks that are worth a look for that reason."""


SURROUNDINGS: Mapping[str, Surroundings] = {
    "release": Surroundings("since the last release", {"changes": 1.0, "deployments": 0.8, "images": 0.3}),
    "load": Surroundings("under load", {"utilization": 1.0, "autoscaling": 0.8, "capacity": 0.6}),
    "upgrade": Surroundings("after an upgrade", {"version": 1.0, "changes": 0.5, "nodes": 0.5}),
    "night": Surroundings("every night", {"schedules": 1.0, "jobs": 0.8, "backups": 0.6, "logs": 0.3}, most=1),
    "access": Surroundings("since somebody changed access", {"permissions": 1.0, "keys": 0.6, "security": 0.5}),
    "quiet": Surroundings("although nothing was changed", {"resource-health": 1.0, "events": 0.6, "anomalies": 0.6}),
}


@dataclass(frozen=True)
class Answered:
    """A signal, how well a Task answers it (0 to 1), and the things of the Task that it befalls."""

    signal: Signal
    strength: float
    things: tuple[str, ...]


def answered(subject: Subject) -> list[Answered]:
    """The signals a Task answers, best first: it looks at what they call for, at what they befall."""
    known = tables.load().signals.values()
    found = [Answered(signal, _strength(signal, subject), subject.befallen(signal)) for signal in known]
    return sorted((one for one in found if one.things and one.strength >= _LEAST), key=lambda one: -one.strength)[
        :_SIGNALS
    ]


def platforms(subject: Subject) -> tuple[str, ...]:
    """Where the Task can be used: its own platforms, and every managed cluster if it only needs Kubernetes."""
    names = tuple(subject.facets.platforms)
    return _CLUSTERS if names == ("kubernetes",) else names or ("any platform",)


def scenarios(
    subject: Subject,
    found: Sequence[Answered],
    issues: Mapping[str, str],
    then: Mapping[str, Sequence[str]],
    beside: Mapping[str, Sequence[str]],
) -> Iterator[Scenario]:
    """The scenarios of a Task for the signals it answers, its strongest first.

    ``issues`` maps signals to the Issue they most likely end in. What comes next: ``then`` by surroundings, and
    ``beside`` by signal.
    """
    places = platforms(subject)
    for one in found:
        rows = list(itertools.product(one.signal.phrases[:_PHRASES], one.things, places, SURROUNDINGS))
        for phrase, thing, where, when in _spread(rows, MOST // len(found)):
            yield Scenario(
                text=_told(phrase, thing, where, when),
                symptom=one.signal.name,
                says=phrase,
                resource=thing,
                platform=where,
                environment=when,
                looks=_shared(one.signal, subject),
                expects=issues.get(one.signal.name, ""),
                then=tuple(dict.fromkeys((*then[when], *beside[one.signal.name]))),
            )


def _spread(rows: list[Row], most: int) -> list[Row]:
    """At most so many rows, from all over the table: the step shares no factor with its length, so none comes twice."""
    size = len(rows)
    step = max(1, size // max(1, most))
    while math.gcd(step, size) > 1:
        step += 1
    return [rows[at * step % size] for at in range(min(size, most))]


def _told(phrase: str, thing: str, where: str, when: str) -> str:
    place = "" if where in ("any platform", "kubernetes") or where in thing else f" on {where}"
    return f"{thing}{place}: {phrase} {SURROUNDINGS[when].told}"


def _shared(signal: Signal, subject: Subject) -> tuple[str, ...]:
    weights = {look: weight * subject.facets.looks.get(look, 0) for look, weight in signal.looks.items()}
    return tuple(sorted((look for look, weight in weights.items() if weight >= 0.15), key=lambda look: -weights[look]))[
        :3
    ]


def _strength(signal: Signal, subject: Subject) -> float:
    if signal.places and not set(signal.places) & set(subject.facets.platforms):
        return 0.0
    if signal.befalls and not set(signal.befalls) & set(subject.products):
        return 0.0
    return max(subject.told.get(signal.name, 0.0), _answers(signal, subject) if _shows(signal, subject) else 0.0)


def _answers(signal: Signal, subject: Subject) -> float:
    theirs = subject.facets.looks
    shared = sum(weight * theirs.get(look, 0) for look, weight in signal.looks.items())
    length = math.sqrt(sum(weight**2 for weight in signal.looks.values()))
    breadth = math.sqrt(sum(weight**2 for weight in theirs.values()))
    strength = shared / length / math.sqrt(breadth)
    if signal.kinds and not subject.facets.products:
        strength *= 0.4 + 0.6 * max(features.seen(kind, subject.facets.kinds) for kind in signal.kinds)
    return min(1.0, strength)


def _shows(signal: Signal, subject: Subject) -> bool:
    """Whether the Task plainly looks at what the signal needs and mainly calls for."""
    if signal.needs and not any(subject.shown.get(look, 0) >= _PLAIN for look in signal.needs):
        return False
    main = _MAIN * max(signal.looks.values())
    return any(weight >= main and subject.shown.get(look, 0) >= _CLEAR for look, weight in signal.looks.items())
