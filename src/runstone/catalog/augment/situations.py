"""Which signals of the ontology a Task answers, for which resources, and the scenarios that follow."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from runstone.catalog import facets, features
from runstone.catalog.document import Scenario
from runstone.catalog.entry import Entry
from runstone.catalog.facets import Offered
from runstone.catalog.ontology import tables
from runstone.catalog.ontology.tables import Signal, Weights

Row = tuple[str, str, str, str]
"""Phrase, resource, platform, surroundings."""

_LEAST = 0.3
_MAIN = 0.6
"""What a signal mainly calls for; a Task that only looks at its side matters does not answer it."""
_CLEAR = 0.4
_SIGNALS = 14
_PHRASES = 24
_RESOURCES = 4
_GENERAL = "log-trouble"
"""What any error in a log is."""
MOST = 600
"""Scenarios of one Task."""
_CLUSTERS = ("kubernetes", "eks", "aks", "gke", "openshift")


@dataclass(frozen=True)
class Surroundings:
    """When it happens, in words, and what should be looked at next for that reason."""

    told: str
    looks: Weights


SURROUNDINGS: Mapping[str, Surroundings] = {
    "release": Surroundings("since the last release", {"changes": 1.0, "deployments": 0.8, "images": 0.3}),
    "load": Surroundings("under load", {"utilization": 1.0, "autoscaling": 0.8, "capacity": 0.6}),
    "upgrade": Surroundings("after an upgrade", {"version": 1.0, "changes": 0.5, "nodes": 0.5}),
    "night": Surroundings("every night", {"schedules": 1.0, "jobs": 0.8, "backups": 0.6, "logs": 0.3}),
    "access": Surroundings("since somebody changed access", {"permissions": 1.0, "keys": 0.6, "security": 0.5}),
    "quiet": Surroundings("although nothing was changed", {"resource-health": 1.0, "events": 0.6, "anomalies": 0.6}),
}


@dataclass(frozen=True)
class Answered:
    """A signal, and how well a Task answers it (0 to 1)."""

    signal: Signal
    strength: float


def answered(offered: Offered) -> list[Answered]:
    """The signals a Task answers, best first: it looks at what they call for, at the kind they are about."""
    known = tables.load()
    found = [Answered(signal, _strength(signal, offered)) for signal in known.signals.values()]
    return sorted((one for one in found if one.strength >= _LEAST), key=lambda one: -one.strength)[:_SIGNALS]


def resources(entry: Entry, offered: Offered) -> tuple[str, ...]:
    """What the Task can be asked about, in people's words: its products, or the kinds it can answer for."""
    known = tables.load()
    products = [known.products[name].words[0] for name in offered.facets.products]
    if products:
        return tuple(products[:_RESOURCES])
    served = {name: features.seen(name, offered.facets.kinds) for name in known.kinds}
    best = sorted((name for name, weight in served.items() if weight >= 0.55), key=lambda name: -served[name])
    return tuple(best[:_RESOURCES]) or (entry.bundle.replace("-", " "),)


def platforms(offered: Offered) -> tuple[str, ...]:
    """Where the Task can be used: its own platforms, and every managed cluster if it only needs Kubernetes."""
    names = tuple(offered.facets.platforms)
    return _CLUSTERS if names == ("kubernetes",) else names or ("any platform",)


def scenarios(
    entry: Entry,
    offered: Offered,
    found: Sequence[Answered],
    issues: Mapping[str, str],
    then: Mapping[str, tuple[str, ...]],
) -> Iterator[Scenario]:
    """The scenarios of a Task for the signals it answers, its strongest first.

    ``issues`` maps signals to the Issue they most likely end in, ``then`` surroundings to the Tasks that come next.
    """
    things, places = resources(entry, offered), platforms(offered)
    for one in found:
        rows = list(itertools.product(one.signal.phrases[:_PHRASES], things, places, SURROUNDINGS))
        for phrase, thing, where, when in _spread(rows, MOST // len(found)):
            yield Scenario(
                text=_told(phrase, thing, where, when),
                symptom=one.signal.name,
                says=phrase,
                resource=thing,
                platform=where,
                environment=when,
                looks=_shared(one.signal, offered),
                expects=issues.get(one.signal.name, ""),
                then=then.get(when, ()),
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


def _shared(signal: Signal, offered: Offered) -> tuple[str, ...]:
    weights = {look: weight * offered.facets.looks.get(look, 0) for look, weight in signal.looks.items()}
    return tuple(sorted((look for look, weight in weights.items() if weight >= 0.15), key=lambda look: -weights[look]))[
        :3
    ]


def _strength(signal: Signal, offered: Offered) -> float:
    theirs = offered.facets.looks
    if signal.cluster and "kubernetes" not in offered.facets.platforms:
        return 0.0
    if not any(weight >= _MAIN and theirs.get(look, 0) >= _CLEAR for look, weight in signal.looks.items()):
        return 0.0
    shared = sum(weight * theirs.get(look, 0) for look, weight in signal.looks.items())
    length = math.sqrt(sum(weight**2 for weight in signal.looks.values()))
    breadth = math.sqrt(sum(weight**2 for weight in theirs.values()))
    strength = shared / length / math.sqrt(breadth)
    if signal.kinds and not offered.facets.products:
        strength *= 0.4 + 0.6 * max(features.seen(kind, offered.facets.kinds) for kind in signal.kinds)
    return min(1.0, strength)


def signals_of(title: str, offered: Offered) -> tuple[str, ...]:
    """The signals that an Issue speaks of and its Task looks at; nothing general beside something particular."""
    known = tables.load().signals
    own, in_clusters = offered.facets.looks, "kubernetes" in offered.facets.platforms
    found = [
        name
        for name in signals_in(title)
        if (in_clusters or not known[name].cluster) and any(look in own for look in known[name].looks)
    ]
    return tuple(name for name in found if name != _GENERAL or len(found) == 1)


def signals_in(text: str) -> tuple[str, ...]:
    """The signals that an Issue's title or a pattern speaks of, the most telling first."""
    found = facets.of_question(text).facets.signals
    return tuple(sorted(found, key=lambda name: -found[name]))[:3]
