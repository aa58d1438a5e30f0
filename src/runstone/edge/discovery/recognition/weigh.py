"""From signals to software, with a confidence and the evidence for it. Pure.

Signals that name the same software count as independent: the confidence is one minus the product of what each leaves
open (noisy or). The weights below were set by what a signal means, and are judged by the labelled workloads of
tests/data/recognition, of which none was made with this table.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache

from runstone.connectors.kept import Object
from runstone.edge.discovery.recognition import signals
from runstone.edge.discovery.recognition.signals import Signal
from runstone.edge.discovery.recognition.table import Entry, What, load
from runstone.model.resource import ResourceRef, Software

ENOUGH = 0.6
_WEIGHTS: Mapping[What, float] = {
    "images": 0.95, "labels": 1.0, "charts": 1.0, "env": 0.65, "ports": 0.45, "programs": 0.85, "kinds": 0.97,
    "groups": 0.9, "classes": 0.9, "engines": 0.97, "types": 0.97, "mounts": 0.35, "files": 0.65, "units": 0.85,
    "nodes": 0.95, "os": 0.95, "kubelets": 0.95, "runtimes": 0.95, "paths": 0.65,
}  # fmt: skip
_WEAK: Mapping[str, float] = {"env": 0.25, "ports": 0.15, "programs": 0.4}
_DESCRIBING: frozenset[What] = frozenset({"labels", "charts"})
"""What was written onto an object by someone, and is true of the application it belongs to more than of itself."""
_PACKAGERS = frozenset({
    "library", "bitnami", "bitnamilegacy", "bitnamisecure", "chainguard", "linuxserver", "home-operations", "official",
    "docker", "mirror", "mirrors", "dockerhub", "docker-hub", "ubi8", "ubi9", "rhel8", "rhel9", "rancher", "cgr",
})  # fmt: skip
"""Those who package the software of others under its own name."""
_AFFIX = re.compile(
    r"^(?:docker|ubi\d?|rhel\d|alpine|debian|custom|base|my|k8s)-|-(?:docker|image|custom|alpine|debian|ubuntu|slim|ubi\d?|base"
    r"|arm|rpi|brotli|fpm|standalone|distroless|rootless|unprivileged|server)$"
)
"""What people add to the name of an image that they build of another's software."""
_VARIANT = 0.65
_HINT = 0.35
_SERVING = frozenset({"server", "agent", "operator", "tool"})
_BATCH = frozenset({"Job", "CronJob"})
_RESOURCE: frozenset[What] = frozenset({"groups", "classes"})
_MOST_EVIDENCE = 6
Weighed = list[tuple[float, Signal]]


def recognised(ref: ResourceRef, obj: Object) -> tuple[Software, ...]:
    """What runs in an object or stands behind it, the surest first; empty where nothing tells.

    A workload's server that a Job only borrows the image of, to speak to one, has the role ``client``.
    """
    shown = [signal for signal in signals.of(ref, obj) if signal.value]
    weighed = _weighed(shown)
    entries = load().entries
    pictured = [id_ for id_, weights in weighed.items() if _pictured(weights) and entries[id_].role != "sidecar"]
    servers = any(entries[id_].role in _SERVING for id_ in pictured)
    found: dict[str, Software] = {}
    for id_, weights in weighed.items():
        entry = entries[id_]
        if entry.role == "base" or (pictured and not _solid(weights)) or (servers and _beside(entry, weights)):
            continue
        confidence = _confidence(weights)
        if confidence >= ENOUGH:
            found[id_] = _software(entry, confidence, weights, ref)
    for software in list(found.values()):
        for implied in entries[software.id].implies:
            found.setdefault(implied, _implied(entries[implied], software))
    return tuple(sorted(found.values(), key=lambda one: (-one.confidence, one.id)))


def _beside(entry: Entry, weights: Weighed) -> bool:
    """Whether it is only a shadow of a known server: what that is written in, or who shares its port and folder."""
    whats = {signal.what for _, signal in weights}
    shared = {"ports", "mounts", *_DESCRIBING, *entry.weak}
    return whats <= shared or (entry.role == "runtime" and whats <= {"env", "programs"})


def _weighed(shown: Sequence[Signal]) -> dict[str, Weighed]:
    found: dict[str, Weighed] = defaultdict(list)
    names: set[str] = set()
    instance = any(_known(signal.what, signal.value) for signal in shown if signal.what == "kinds")
    for signal in shown:
        if instance and signal.what == "groups":
            continue
        for id_, weight in _known(signal.what, signal.value):
            found[id_].append((weight * signal.weight, signal))
        if signal.what == "env":
            names.add(signal.value)
    for entry in load().entries.values():
        for combo in entry.combos if names else ():
            if names.issuperset(combo):
                told = " and ".join(combo)
                found[entry.id].append((_WEIGHTS["env"], Signal("env", told, f"variables {told}")))
    return found


@lru_cache(maxsize=65536)
def _known(what: What, value: str) -> tuple[tuple[str, float], ...]:
    """Ids by one fact, each with the weight of it."""
    table = load()
    if what == "images":
        path = signals.image(value).path
        found = tuple((id_, _of_image(table.entries[id_], path, count)) for id_, count in table.of_image(path))
        return found or _by_its_words(path)
    weight = _WEIGHTS[what]
    return tuple((id_, _WEAK[what] if what in table.entries[id_].weak else weight) for id_ in table.known(what, value))


def _by_its_words(path: tuple[str, ...]) -> tuple[tuple[str, float], ...]:
    """An image that nobody knows, by its name: without what says how it was built, or by its first word alone."""
    if not path:
        return ()
    table, name = load(), path[-1].replace("_", "-")
    for guess, weight in ((_AFFIX.sub("", name), _VARIANT), (name.partition("-")[0], _HINT)):
        known = [table.entries[id_] for id_, _ in table.of_image((guess,))] if guess != path[-1] else []
        if found := [entry for entry in known if entry.role != "base" and (weight == _HINT or not entry.common)]:
            return tuple((entry.id, weight) for entry in found)
    return ()


def _of_image(entry: Entry, path: tuple[str, ...], count: int) -> float:
    """An image is what its name says when its project or a packager has it; in anyone's repository a little less."""
    owners = path[:-1]
    own = any(owner in _PACKAGERS or entry.id in owner or owner in entry.id for owner in owners[-2:])
    if count > 1 or not owners or own:
        return _WEIGHTS["images"]
    return 0.45 if entry.common else 0.85


def _pictured(weights: Weighed) -> bool:
    return any(signal.what == "images" and weight >= ENOUGH for weight, signal in weights)


def _solid(weights: Weighed) -> bool:
    """Whether more than descriptions speaks for it."""
    return _confidence([(weight, signal) for weight, signal in weights if signal.what not in _DESCRIBING]) >= ENOUGH


def _confidence(weights: Weighed) -> float:
    """Noisy or; of one respect, such as ports, a second signal counts half and no third."""
    left = 1.0
    for what in {signal.what for _, signal in weights}:
        best = sorted((weight for weight, signal in weights if signal.what == what), reverse=True)[:2]
        left *= (1 - best[0]) * (1 - best[1] / 2 if len(best) > 1 else 1)
    return round(1 - left, 2)


def _software(entry: Entry, confidence: float, weights: Weighed, ref: ResourceRef) -> Software:
    ranked = sorted(weights, key=lambda one: -one[0])
    evidence = dict.fromkeys(signal.says for _, signal in ranked)
    return Software(
        id=entry.id,
        name=entry.name,
        category=entry.category,
        version=_version(ranked),
        role=_role(entry, weights, ref),
        confidence=confidence,
        evidence=tuple(evidence)[:_MOST_EVIDENCE],
    )


def _role(entry: Entry, weights: Weighed, ref: ResourceRef) -> str:
    if all(signal.what in _RESOURCE for _, signal in weights):
        return "resource"
    if ref.kind in _BATCH and entry.role == "server":
        return "client"
    return entry.role


def _version(ranked: Weighed) -> str:
    images = (signals.image(signal.value).version for _, signal in ranked if signal.what == "images")
    return next((version for version in images if version), "")


def _implied(entry: Entry, by: Software) -> Software:
    return Software(
        id=entry.id,
        name=entry.name,
        category=entry.category,
        version="",
        role=entry.role,
        confidence=by.confidence,
        evidence=(f"{by.name} runs on it",),
    )
