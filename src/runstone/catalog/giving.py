"""What to give open Tasks for a question, and when one of them is the answer: only where no Task made for it fits."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from runstone.catalog import advice, opened
from runstone.catalog.entry import Entry
from runstone.catalog.facets import Asked
from runstone.catalog.index import Index, Scored
from runstone.catalog.ontology import commands
from runstone.catalog.ontology.commands import Command

_ABOUT = 0.6
"""The likeness of products from which on a Task is about the question's."""
_SEEN = 0.3
"""How much the best Task must look at what is asked for, to be tried before an open one."""
_MOST = 3
"""Open Tasks that are put in front, each with another program."""


@dataclass(frozen=True)
class Given:
    """A command or query by the input that takes it, and how well it answers."""

    input: str
    program: str
    command: Command
    score: float


def best(entry: Entry, asked: Asked) -> Given | None:
    """What to give a Task for a question; None where it takes nothing, or nothing that answers."""
    found: list[Given] = []
    for name, program in entry.runs.items():
        wanted = advice.wanted(asked, program, opened.only_faults(entry), name in entry.extended)
        command = advice.best(program, wanted) if _is_there(program, asked) else None
        if command:
            found.append(Given(name, program, command, advice.score(command, wanted)))
    return max(found, key=lambda one: one.score, default=None)


def specific_first(index: Index, asked: Asked, found: Sequence[Scored]) -> list[Scored]:
    """The hits with one in front that is made for something, unless only open Tasks are about the question's product.

    Of open Tasks that are, one that has an answer comes first.
    """
    about = max((one.features["product"] for one in found), default=0.0)
    near = [at for at, one in enumerate(found) if one.features["product"] >= min(about, _ABOUT)]
    specific = (at for at in near if not index.entries[found[at].number].runs)
    answers = (at for at in near if best(index.entries[found[at].number], asked))
    first = next(specific, next(answers, 0))
    return [found[first], *found[:first], *found[first + 1 :]] if first else list(found)


def is_missing(evidence: Mapping[str, float]) -> bool:
    """Whether no Task is about the product that is asked about, or none looks at what it calls for."""
    return bool(evidence.get("unknown_product", 0.0)) or evidence.get("looks", 0.0) < _SEEN


def open_first(index: Index, asked: Asked, found: Sequence[Scored], allowed: Collection[int] | None) -> list[Scored]:
    """The hits with the open Tasks in front that have an answer to a question for which none is made, best first."""
    if asked.intent != "diagnose":
        return list(found)
    numbers = range(len(index.entries)) if allowed is None else allowed
    there = [(at, one) for at in numbers if (one := best(index.entries[at], asked))]
    chosen: dict[str, int] = {}
    for at, one in sorted(there, key=lambda pair: (-pair[1].score, pair[0])):
        chosen.setdefault(one.program, at)
    scored = {one.number: one for one in index.scored(asked, list(chosen.values()))} if chosen else {}
    front = [scored[at] for at in list(chosen.values())[:_MOST]]
    return [*front, *(one for one in found if one.number not in {other.number for other in front})]


def _is_there(program: str, asked: Asked) -> bool:
    """Whether the program can see the platform that is asked about."""
    platform = commands.load().programs[program].platform
    return not platform or not asked.facets.platforms or platform in asked.facets.platforms
