"""Which resources of a Map a question names. An index that follows the Map; a question costs microseconds."""

import bisect
import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from runstone.control.workspaces.atlas import Atlas
from runstone.model.resource import Resource

_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_PARTS = re.compile(r"[._-]+|(?<=[a-z])(?=[A-Z])")
_KINDS = {
    "Deployment": 1.0, "StatefulSet": 1.0, "DaemonSet": 1.0, "Service": 0.9, "Ingress": 0.9, "CronJob": 0.9, "Job": 0.8,
    "PersistentVolumeClaim": 0.8, "Node": 0.8, "Pod": 0.7, "Namespace": 0.6,
}  # fmt: skip
"""What people name first: the things they run and expose. Of clouds and hosts everything counts alike."""
_OTHER = 0.75
_GENERIC = frozenset({
    "app", "api", "server", "service", "services", "workload", "system", "pod", "pods", "node", "nodes", "deployment",
    "cluster", "namespace", "job", "error", "errors", "failing", "failed", "slow", "down", "crash", "restart",
    "restarts", "memory", "disk", "network", "database", "queue", "cache", "ingress", "volume", "host", "data", "test",
    "prod", "production", "staging", "default", "main", "web",
})  # fmt: skip
"""Words that stand in many names and say only what kind of thing is meant."""
_MOST = 25
"""A part of a name that so many share names nothing."""
_FEW = 6


@dataclass(frozen=True)
class Named:
    """A resource that is meant. ``weight`` 0..1 says how surely; ``word`` is what stood in the question."""

    path: str
    weight: float
    word: str


class Names:
    """The names of one Map."""

    def __init__(self) -> None:
        self._resources: Mapping[str, Resource] = {}
        self._whole: dict[str, set[str]] = {}
        self._parts: dict[str, set[str]] = {}
        self._sorted: list[str] = []

    def follow(self, atlas: Atlas) -> None:
        """Take in what came and went since the last time."""
        if atlas.resources is self._resources:
            return
        before, now = self._resources.keys(), atlas.resources.keys()
        gone, come = before - now, now - before
        for path in gone:
            self._forget(path)
        for path in come:
            self._learn(path)
        if gone or come:
            self._sorted = sorted(self._whole)
        self._resources = atlas.resources

    def named(self, text: str, atlas: Atlas) -> list[Named]:
        """What a question names, the surest first: whole names before beginnings before parts of names."""
        found: dict[str, Named] = {}
        for word, weight, paths in self._candidates(text):
            for path in paths:
                resource = atlas.resources[path]
                ref = atlas.canonical(resource.ref)
                sure = weight * _KINDS.get(ref.kind, _OTHER) + (0.05 if resource.health == "ill" else 0.0)
                known = found.get(ref.path)
                if ref.path in atlas.resources and (known is None or known.weight < sure):
                    found[ref.path] = Named(ref.path, round(min(sure, 1.0), 3), word)
        ranked = sorted(found.values(), key=lambda one: (-one.weight, one.path))
        best = ranked[0].weight if ranked else 0.0
        return [one for one in ranked if one.weight >= 0.75 * best][:_FEW]

    def _candidates(self, text: str) -> Iterable[tuple[str, float, Iterable[str]]]:
        tokens = [token.strip("._-").lower() for token in _TOKEN.findall(text)]
        pairs = [f"{first}{joint}{second}" for first, second in itertools.pairwise(tokens) for joint in "- "]
        for word in dict.fromkeys([*pairs, *tokens]):
            plain = word.replace(" ", "")
            if paths := self._whole.get(plain, ()):
                yield word, 1.0 if plain not in _GENERIC else 0.6, paths
            elif " " not in word and len(plain) >= 4 and plain not in _GENERIC:
                yield from self._like(word, plain)

    def _like(self, word: str, plain: str) -> Iterable[tuple[str, float, Iterable[str]]]:
        beginning = self._beginning(plain)
        if 0 < len(beginning) <= _MOST:
            yield word, 0.8, beginning
        part = self._parts.get(plain, set())
        if 0 < len(part) <= _MOST:
            yield word, 0.7, part

    def _beginning(self, word: str) -> list[str]:
        at = bisect.bisect_left(self._sorted, word)
        found: list[str] = []
        while at < len(self._sorted) and self._sorted[at].startswith(word) and len(found) <= _MOST:
            found += self._whole[self._sorted[at]]
            at += 1
        return found

    def _learn(self, path: str) -> None:
        name = path.split("/", 3)[3].lower()
        self._whole.setdefault(name, set()).add(path)
        for part in _split(path):
            self._parts.setdefault(part, set()).add(path)

    def _forget(self, path: str) -> None:
        _less(self._whole, path.split("/", 3)[3].lower(), path)
        for part in _split(path):
            _less(self._parts, part, path)


def _split(path: str) -> set[str]:
    parts = {part.lower() for part in _PARTS.split(path.split("/", 3)[3])}
    return {part for part in parts if len(part) >= 4 and part not in _GENERIC}


def _less(index: dict[str, set[str]], key: str, path: str) -> None:
    index[key].discard(path)
    if not index[key]:
        del index[key]
