"""How good search is: labelled questions, a run over them, and figures with their intervals."""

import json
import random
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from runstone.catalog.entry import Entry
from runstone.catalog.search import Search
from runstone.errors import BadInput
from runstone.model.noun import Noun

DEPTH = 10
_DRAWS = 2000


class Acceptable(Noun):
    """Tasks of a bundle whose titles match a regular expression: grade 2 answers the question, grade 1 helps."""

    codebundle: str
    task: str
    grade: int


class Query(Noun):
    """One labelled question. ``expected`` none: no Task of the collection helps, and search should say so."""

    id: str
    query: str
    query_type: str
    expected: Literal["task", "none"]
    acceptable: tuple[Acceptable, ...]
    split: str
    alert: dict[str, Any] = Field(default_factory=dict)

    def asked(self) -> str:
        """What search is given: the alert as Alertmanager sends it where there is one, the text otherwise."""
        return json.dumps(self.alert) if self.alert else self.query

    def relevant(self, entries: Iterable[Entry]) -> dict[str, int]:
        """The keys of the Tasks that are acceptable, with their grades."""
        grades: dict[str, int] = {}
        for entry in entries:
            for one in self.acceptable:
                if one.codebundle == entry.bundle and re.search(one.task, entry.title):
                    grades[entry.key] = max(one.grade, grades.get(entry.key, 0))
        return grades


class Ran(Noun):
    """What search said to one question: keys, best first, its confidence, and whether it said that something fits."""

    id: str
    ranked: tuple[str, ...]
    score: float
    fits: bool


class Figures(Noun):
    """The figures of a run; each interval is the middle 95 % of resampled sets of questions."""

    questions: int
    none_questions: int
    p_at_1: float
    p_at_1_interval: tuple[float, float]
    p_at_1_strict: float
    """Counting only grade 2."""
    hit_at_5: float
    hit_at_5_interval: tuple[float, float]
    mrr: float
    mutating_at_1: int
    """Questions that asked for no change and got a Task first that changes something."""
    none_auroc: float | None
    """The chance that a question with an answer is more confident than one without; None without such questions."""
    none_auroc_interval: tuple[float, float] | None
    abstained_on_none: float | None
    abstained_on_task: float


def queries(file: Path) -> tuple[Query, ...]:
    """The labelled questions of a file, one JSON object a line. Raises BadInput with the line that is not one."""
    found: list[Query] = []
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as err:
        raise BadInput(f"{file} cannot be read as text: {type(err).__name__}.") from err
    for number, line in enumerate(lines, 1):
        if line.strip():
            found.append(_query(line, f"{file.name}:{number}"))
    return tuple(found)


def run(search: Search, asked: Iterable[Query]) -> tuple[Ran, ...]:
    """What search says to every question."""
    found: list[Ran] = []
    for one in asked:
        answer = search.ask(one.asked(), most=DEPTH)
        keys = tuple(hit.key for hit in answer.hits)
        found.append(Ran(id=one.id, ranked=keys, score=answer.confidence, fits=answer.fits))
    return tuple(found)


def figures(asked: Sequence[Query], ran: Sequence[Ran], entries: Sequence[Entry]) -> Figures:
    """The figures of a run over these questions. Raises BadInput when no question has an answer."""
    by_id = {one.id: one for one in ran}
    pairs = [(one, by_id[one.id], one.relevant(entries)) for one in asked if one.expected == "task"]
    nones = [by_id[one.id] for one in asked if one.expected == "none"]
    if not pairs:
        raise BadInput("None of the questions has an answer, so there is nothing to measure.")
    changing = {one.key for one in entries if one.changes}
    first = [float(bool(got.ranked) and got.ranked[0] in grades) for _, got, grades in pairs]
    strict = [float(bool(got.ranked) and grades.get(got.ranked[0]) == 2) for _, got, grades in pairs]
    five = [float(any(key in grades for key in got.ranked[:5])) for _, got, grades in pairs]
    sure, unsure = [got.score for _, got, _ in pairs], [got.score for got in nones]
    return Figures(
        questions=len(pairs),
        none_questions=len(nones),
        p_at_1=_mean(first),
        p_at_1_interval=interval(first, _mean),
        p_at_1_strict=_mean(strict),
        hit_at_5=_mean(five),
        hit_at_5_interval=interval(five, _mean),
        mrr=_mean([_reciprocal(got.ranked, grades) for _, got, grades in pairs]),
        mutating_at_1=sum(
            one.query_type != "change" and bool(by_id[one.id].ranked) and by_id[one.id].ranked[0] in changing
            for one in asked
        ),
        none_auroc=auroc(sure, unsure) if unsure else None,
        none_auroc_interval=_auroc_interval(sure, unsure) if unsure else None,
        abstained_on_none=_mean([float(not got.fits) for got in nones]) if nones else None,
        abstained_on_task=_mean([float(not got.fits) for _, got, _ in pairs]),
    )


def auroc(sure: Sequence[float], unsure: Sequence[float]) -> float:
    """The chance that one drawn from the first is higher than one drawn from the second, ties counting half."""
    above = sum((one > other) + 0.5 * (one == other) for one in sure for other in unsure)
    return round(above / (len(sure) * len(unsure)), 3)


def interval(values: Sequence[float], figure: Callable[[Sequence[float]], float]) -> tuple[float, float]:
    """The middle 95 % of a figure over sets drawn with replacement from the values; the draws are always the same."""
    chance = random.Random(1)  # noqa: S311  it draws samples, no secrets
    found = sorted(figure(chance.choices(values, k=len(values))) for _ in range(_DRAWS))
    return found[_DRAWS // 40], found[-1 - _DRAWS // 40]


def _auroc_interval(sure: Sequence[float], unsure: Sequence[float]) -> tuple[float, float]:
    chance = random.Random(1)  # noqa: S311  it draws samples, no secrets
    draws = _DRAWS // 10
    found = sorted(
        auroc(chance.choices(sure, k=len(sure)), chance.choices(unsure, k=len(unsure))) for _ in range(draws)
    )
    return found[draws // 40], found[-1 - draws // 40]


def _query(line: str, where: str) -> Query:
    try:
        said = json.loads(line)
        known = {name: value for name, value in said.items() if name in Query.model_fields}
        return Query.model_validate(known)
    except (ValueError, AttributeError, ValidationError) as err:
        raise BadInput(
            f"{where} is no labelled question: {type(err).__name__}. See docs/reference/retrieval.md."
        ) from err


def _reciprocal(ranked: Sequence[str], grades: dict[str, int]) -> float:
    return next((1 / place for place, key in enumerate(ranked, 1) if key in grades), 0.0)


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 3)
