"""How well Tasks answer a question, as numbers by name: the components of a score.

Tasks that share kinds, products or platforms share those features, so each group is worked out once for a question.
"""

import math
from collections.abc import Callable, Hashable, Sequence

from runstone.catalog.facets import Asked, Offered
from runstone.catalog.ontology import tables
from runstone.catalog.ontology.tables import Weights

NAMES = (
    *("words", "looks", "kind", "product", "other_product", "platform", "verb_list", "verb_change"),
    *("meaning", "scenario"),
)
"""Every feature, in the order of reports; the last two need vectors.

``words``: the share of the question's words, by rarity, that the author's text has; ``looks``: what the question calls
for against what the Task looks at; ``kind``: whether it answers for the kind of resource; ``product`` and
``other_product``: whether it is about a product of the question, or about another; ``platform``: 1 the question's, -1
another, 0 not known; ``verb_list``: it only lists; ``verb_change``: it changes and was not asked to, or the reverse;
``meaning`` and ``scenario``: cosines with the Task's sentence and the nearest of its scenarios.
"""
_LIKE_MENTIONED = 0.25
_OTHER_MANAGED = 0.5
_OTHER_NONE = 0.3
"""How much a Task is about something else when it is for one managed cluster, or for nothing in particular."""

Columns = dict[str, list[float]]
"""Features by name, one number for each Task."""


class Table:
    """What is worked out once for a row of Tasks."""

    def __init__(self, offered: Sequence[Offered]) -> None:
        self.size = len(offered)
        self._looks: dict[str, list[tuple[int, float]]] = {}
        self._breadth: list[float] = []
        for at, one in enumerate(offered):
            for look, weight in one.facets.looks.items():
                self._looks.setdefault(look, []).append((at, weight))
            self._breadth.append(math.sqrt(math.sqrt(sum(weight**2 for weight in one.facets.looks.values()))) or 1.0)
        self._rarity = {look: self._rare(sum(weight for _, weight in found)) for look, found in self._looks.items()}
        self._by_kinds = _groups(offered, lambda one: tuple(sorted(one.facets.kinds.items())))
        self._by_products = _groups(offered, lambda one: (tuple(sorted(one.facets.products)), one.mentions))
        self._by_platforms = _groups(offered, lambda one: tuple(sorted(one.facets.platforms)))
        self._lists = [float(one.verb == "list") for one in offered]
        self._changes = [one.verb == "change" for one in offered]

    def columns(self, asked: Asked) -> Columns:
        """The features of every Task, apart from those of words and vectors."""
        product, other = self._products(asked)
        return {
            "looks": self._look(asked.facets.looks),
            "kind": self._spread(self._by_kinds, lambda one: _kind(asked.facets.kinds, one.facets.kinds)),
            "product": product,
            "other_product": other,
            "platform": self._spread(self._by_platforms, lambda one: _platform(asked, one)),
            "verb_list": self._lists,
            "verb_change": [float(changes != (asked.intent == "change")) for changes in self._changes],
        }

    def _look(self, asked: Weights) -> list[float]:
        """A cosine in which the Task's length counts by half: one that looks at more is not held back as much."""
        found = [0.0] * self.size
        length = math.sqrt(sum((weight * self._rarity.get(look, 1)) ** 2 for look, weight in asked.items())) or 1.0
        for look, weight in asked.items():
            factor = weight * self._rarity.get(look, 1) / length
            for at, theirs in self._looks.get(look, ()):
                found[at] += factor * theirs / self._breadth[at]
        return found

    def _rare(self, having: float) -> float:
        """How telling a look is, from 0.3 to 1: one that every Task has tells little."""
        return max(0.3, math.log(1 + self.size / (1 + having)) / math.log(1 + self.size))

    def _products(self, asked: Asked) -> tuple[list[float], list[float]]:
        own, other = [0.0] * self.size, [0.0] * self.size
        for one, members in self._by_products:
            values = _product(asked, one)
            for at in members:
                own[at], other[at] = values
        return own, other

    def _spread(self, groups: "list[Group]", value: Callable[[Offered], float]) -> list[float]:
        found = [0.0] * self.size
        for one, members in groups:
            same = value(one)
            for at in members:
                found[at] = same
        return found


Group = tuple[Offered, list[int]]
"""One Task of a group, and the numbers of all of it."""


def _groups(offered: Sequence[Offered], key: Callable[[Offered], Hashable]) -> list[Group]:
    found: dict[Hashable, list[int]] = {}
    for at, one in enumerate(offered):
        found.setdefault(key(one), []).append(at)
    return [(offered[members[0]], members) for members in found.values()]


def seen(kind: str, offered: Weights) -> float:
    """How well a Task of these kinds answers for ``kind``, from 0 to 1."""
    through = tables.load().kinds[kind].seen
    best = offered.get(kind, 0.0)
    for other, weight in offered.items():
        best = max(best, weight * through.get(other, 0.0))
    return best


def _kind(asked: Weights, offered: Weights) -> float:
    return sum(weight * seen(kind, offered) for kind, weight in asked.items()) / sum(asked.values()) if asked else 0.0


def _product(asked: Asked, offered: Offered) -> tuple[float, float]:
    """Whether the Task is about a product of the question, and whether it is about one that the question is not."""
    known = tables.load().products
    wanted = asked.facets.products
    theirs = [name for name in offered.facets.products if not known[name].distribution or name in wanted]
    managed = any(known[name].distribution for name in offered.facets.products)
    if not wanted:
        return 0.0, 1.0 if theirs else _OTHER_MANAGED if managed else 0.0
    likeness = max((_alike(one, other) for one in wanted for other in theirs), default=0.0)
    if not likeness and any(name in offered.mentions for name in wanted):
        likeness = _LIKE_MENTIONED
    if theirs:
        return likeness, 1.0 - likeness
    return likeness, _OTHER_MANAGED if managed else _OTHER_NONE


def _alike(one: str, other: str) -> float:
    if one == other:
        return 1.0
    known = tables.load().products
    return max(known[one].like.get(other, 0.0), known[other].like.get(one, 0.0))


def _platform(asked: Asked, offered: Offered) -> float:
    if not asked.facets.platforms or not offered.facets.platforms:
        return 0.0
    return 1.0 if set(asked.facets.platforms) & set(offered.facets.platforms) else -1.0
