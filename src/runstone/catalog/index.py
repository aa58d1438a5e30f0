"""A catalogue made ready to be searched."""

import heapq
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from runstone.catalog import facets, words
from runstone.catalog.document import TaskDocument
from runstone.catalog.entry import Entry
from runstone.catalog.facets import Asked
from runstone.catalog.features import NAMES, Columns, Table
from runstone.catalog.lexical import Lexical

FIELDS: Mapping[str, float] = {
    "title": 3.0,
    "documentation": 1.5,
    "tags": 1.0,
    "bundle": 2.0,
    "bundle_documentation": 0.7,
    "written": 0.5,
}
"""What each field counts in the lexical score: the author's, and what a model wrote, where it did.

The words of local documents were tried and raised nothing. Those of a model count less than any of the author's, each
once, so that no text can be stuffed.
"""
_NAME_WEIGHT = 0.2
"""What a word counts that seems to name a thing of the asker's own."""
SHORTLIST = 60
"""Tasks that a search returns at most, and whose scenarios are looked at: the best by everything else."""


class Cosines(Protocol):
    """How near one question is to Tasks in meaning."""

    tasks: list[float]
    """The cosine of the question with each Task's sentence."""

    def scenario(self, number: int) -> tuple[float, int]:
        """The best cosine with one of a Task's scenarios, and which of them it is; -1 when it has none."""
        ...


class Nearness(Protocol):
    """What knows the meaning of Tasks; ``vectors.near.Near`` does."""

    def scores(self, question: str) -> Cosines:
        """The cosines of a question with everything."""
        ...


@dataclass(frozen=True)
class Scored:
    """A Task by its number, its features for a question, their weighted sum, and its nearest scenario (-1: none)."""

    number: int
    score: float
    features: dict[str, float]
    scenario: int = -1


class Index:
    """What is worked out once for a set of Tasks. ``documents`` and ``near`` may be missing: search is poorer then."""

    def __init__(
        self,
        entries: Sequence[Entry],
        weights: Mapping[str, float],
        documents: Mapping[str, TaskDocument] | None = None,
        near: Nearness | None = None,
    ) -> None:
        self.entries = tuple(entries)
        self.documents = documents or {}
        self.near = near
        self.offered = [facets.of_entry(one) for one in entries]
        self.products = frozenset(name for one in self.offered for name in one.facets.products)
        self.lexical = Lexical([_fields(one) | _written(self.documents.get(one.key)) for one in entries], FIELDS)
        self._weights = weights
        self._table = Table(self.offered)

    def columns(self, asked: Asked) -> Columns:
        """The features of every Task in the order of the entries, those of vectors aside."""
        words = self.lexical.scores(self.question_words(asked))
        return {"words": words} | self._table.columns(asked)

    def question_words(self, asked: Asked) -> dict[str, float]:
        """The stems of a question with their weights; each counts once, names of the asker's things only a little."""
        named = {stem for name in asked.names for stem in words.fold(name)}
        return {stem: _NAME_WEIGHT if stem in named else 1.0 for stem in words.content(asked.text)}

    def scored(self, asked: Asked, allowed: Collection[int] | None = None) -> list[Scored]:
        """The best Tasks, best first, among those allowed; equal scores stand in the order of the catalogue."""
        columns = self.columns(asked)
        near = self.near.scores(told(asked)) if self.near else None
        if near:
            columns["meaning"] = near.tasks
        sums = [0.0] * len(self.entries)
        for name, column in columns.items():
            weight = self._weights.get(name, 0.0)
            if weight:
                sums = [total + weight * value for total, value in zip(sums, column, strict=True)]
        numbers = range(len(sums)) if allowed is None else allowed
        best = heapq.nsmallest(SHORTLIST, numbers, key=lambda at: (-sums[at], at))
        found: list[Scored] = []
        for at in best:
            scenario, row = near.scenario(at) if near else (0.0, -1)
            values = {name: columns[name][at] for name in NAMES if name in columns}
            if near:
                values["scenario"] = scenario
            found.append(Scored(at, sums[at] + self._weights.get("scenario", 0.0) * scenario, values, row))
        return sorted(found, key=lambda one: (-one.score, one.number))


def told(asked: Asked) -> str:
    """A question as it is turned into a vector: without the asker's own names, which mean nothing to a model."""
    text = asked.text
    for name in sorted(asked.names, key=len, reverse=True):
        text = text.replace(name, " ")
    return re.sub(r"\s+", " ", text).strip()


def sentence(entry: Entry) -> str:
    """A Task as it is turned into a vector."""
    return f"{facets.without_variables(entry.title)}. {facets.without_variables(entry.documentation)}"


def _written(document: TaskDocument | None) -> dict[str, Sequence[str]]:
    """The stems of what a model wrote; no field where none did, so that the others are scored as if there was none."""
    if document is None:
        return {}
    told = (*document.use_when, *document.symptoms, *document.questions, *document.alerts, document.summary)
    texts = [one.text for one in told if one.origin == "model"]
    return {"written": list(dict.fromkeys(words.content(" ".join(texts))))} if texts else {}


def _fields(entry: Entry) -> dict[str, Sequence[str]]:
    return {
        "title": words.content(facets.without_variables(entry.title)),
        "documentation": words.content(entry.documentation),
        "tags": words.content(" ".join(tag for tag in entry.tags if ":" not in tag)),
        "bundle": words.content(entry.bundle),
        "bundle_documentation": words.content(entry.bundle_documentation),
    }
