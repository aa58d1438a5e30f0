"""Which command or query to give an open Task: for what is looked at, on this kind of thing, in these surroundings."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from runstone.catalog import features
from runstone.catalog.facets import Asked
from runstone.catalog.ontology import commands, tables
from runstone.catalog.ontology.commands import Command
from runstone.catalog.ontology.tables import Weights

_MAIN, _SECOND, _SIDE = 1.0, 0.7, 0.5
"""What the first, the second and each further look of a command weighs."""
_SIGNAL = 0.6
"""What it counts that a command is for the very signal."""
_WHEN = 1.0
"""What it counts that a command is for the surroundings: then it is better than any that is for all."""
_UNASKED = 0.5
"""How well a command for one product answers where none was named; how well one for another kind answers at all."""
_GENERAL = 0.85
"""How well a command for anything answers for a named product."""
_NEAR = 0.9
"""How well a command for a product that is close answers."""
_LIKE = 0.6
_CLOUDS = frozenset(("aws", "azure", "gcp"))
LEAST = 0.55
"""The score below which a command is no answer."""
_SAID: Mapping[str, re.Pattern[str]] = {
    "release": re.compile(
        r"(?i)\b(?:since|after|following)\s+(?:(?:the|a|our|this|last|latest|new|recent|morning'?s?)\s+)*"
        r"(?:release|deploy\w*|roll-?out|upgrade|update|merge)\b"
    ),
    "load": re.compile(r"(?i)\bunder (?:heavy |high )?load\b|\b(?:at|during) peak\b|\btraffic (?:spike|peak)\b"),
    "access": re.compile(r"(?i)\b(?:since|after)\b.{0,30}\b(?:access|permissions?|roles?|polic(?:y|ies)|iam)\b"),
}
"""How questions tell the surroundings."""


@dataclass(frozen=True)
class Wanted:
    """What is asked for. ``when``: the surroundings; ``faults``: only commands that print nothing where all is well.

    ``named``: only commands that name the product: what sees the product at all is no general one.
    ``plain``: only commands behind which words can be put.
    """

    looks: Weights
    signals: Weights
    kinds: Weights
    products: Weights
    when: str = ""
    faults: bool = False
    named: bool = False
    plain: bool = False


def wanted(asked: Asked, program: str, faults: bool = False, plain: bool = False) -> Wanted:
    """What a question asks of a program."""
    found = asked.facets
    when = next((name for name, said in _SAID.items() if said.search(asked.text)), "")
    named = not commands.load().programs[program].platform and _in_clouds(found.products)
    return Wanted(found.looks, found.signals, found.kinds, found.products, when, faults, named, plain)


def _in_clouds(products: Weights) -> bool:
    """Whether the products are services of clouds, which nothing in a cluster sees."""
    known = tables.load().products
    return bool(products) and all(set(known[name].platforms) & _CLOUDS for name in products)


def best(program: str, asked: Wanted) -> Command | None:
    """The command that answers best; None when none answers."""
    return next(iter(ranked(program, asked)), None)


def ranked(program: str, asked: Wanted) -> Sequence[Command]:
    """The commands of a program that answer, best first, equal ones in the order of the table."""
    rows = commands.load().commands.get(program, ())
    scored = [(score(one, asked), at) for at, one in enumerate(rows)]
    return [rows[at] for value, at in sorted(scored, key=lambda pair: (-pair[0], pair[1])) if value >= LEAST]


def score(command: Command, asked: Wanted) -> float:
    """How well a command answers, from 0 to about 2."""
    if (asked.faults and not command.faults) or (asked.plain and not command.is_plain):
        return 0.0
    served = max((asked.signals.get(name, 0.0) for name in command.serves.signals), default=0.0)
    if command.when and (command.when != asked.when or not served):
        return 0.0
    fits = _kinds(command, asked.kinds) * _products(command, asked)
    return fits * (_looks(command, asked.looks) + _SIGNAL * served + (_WHEN if command.when else 0.0))


def _looks(command: Command, wanted: Weights) -> float:
    theirs = _weights(command.serves.looks)
    shared = sum(weight * theirs.get(look, 0.0) for look, weight in wanted.items())
    return shared / ((_length(theirs) * _length(wanted)) or 1.0)


@cache
def _weights(looks: tuple[str, ...]) -> Mapping[str, float]:
    return {look: (_MAIN, _SECOND)[at] if at < 2 else _SIDE for at, look in enumerate(looks)}


def _length(weights: Mapping[str, float]) -> float:
    return math.sqrt(sum(weight**2 for weight in weights.values()))


def _kinds(command: Command, wanted: Weights) -> float:
    if not command.serves.kinds or not wanted:
        return 1.0
    theirs = dict.fromkeys(command.serves.kinds, 1.0)
    most = max(wanted.values())
    return max(
        weight / most * (1.0 if kind in theirs else _UNASKED * features.seen(kind, theirs))
        for kind, weight in wanted.items()
    )


def _products(command: Command, asked: Wanted) -> float:
    theirs = command.serves.products
    if not theirs:
        return 1.0 if not asked.products else 0.0 if asked.named else _GENERAL
    if not asked.products:
        return _UNASKED
    if set(theirs) & set(asked.products):
        return 1.0
    return _NEAR if any(_alike(one, other) for one in asked.products for other in theirs) else 0.0


def _alike(one: str, other: str) -> bool:
    known = tables.load().products
    return max(known[one].like.get(other, 0.0), known[other].like.get(one, 0.0)) >= _LIKE
