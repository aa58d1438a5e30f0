"""Figures of a run over labelled questions."""

import json
from pathlib import Path

import pytest

from runstone.catalog import retrieval
from runstone.catalog.entry import Entry
from runstone.catalog.retrieval import Acceptable, Query, Ran
from runstone.errors import BadInput


def query(number: int, *tasks: tuple[str, int], kind: str = "question") -> Query:
    return Query(
        id=str(number),
        query="q",
        query_type=kind,
        expected="task" if tasks else "none",
        acceptable=tuple(
            Acceptable(codebundle="k8s-web-ops" if "Re" in task else "k8s-web-health", task=task, grade=grade)
            for task, grade in tasks
        ),
        split="s",
    )


def ran(number: int, score: float, *keys: str) -> Ran:
    return Ran(id=str(number), ranked=keys, score=score, fits=score >= 0.5)


def key(small: tuple[Entry, ...], start: str) -> str:
    return next(one.key for one in small if one.title.startswith(start))


def test_figures_count_places(small: tuple[Entry, ...]) -> None:
    restarts, logs, restart = (key(small, one) for one in ("Check Restarts", "Analyze", "Restart"))
    asked = (query(1, ("^Check", 2)), query(2, ("^Analyze", 1)), query(3, ("^Inspect", 2)), query(4))
    got = retrieval.figures(
        asked,
        (ran(1, 0.9, restarts, logs), ran(2, 0.8, restarts, logs), ran(3, 0.4, restart), ran(4, 0.6, logs)),
        small,
    )
    assert (got.questions, got.none_questions) == (3, 1)
    assert (got.p_at_1, got.p_at_1_strict, got.hit_at_5, got.mrr) == (0.333, 0.333, 0.667, 0.5)
    assert got.mutating_at_1 == 1
    assert got.none_auroc == 0.667
    assert (got.abstained_on_none, got.abstained_on_task) == (0, 0.333)
    assert got.p_at_1_interval[0] <= got.p_at_1 <= got.p_at_1_interval[1]


def test_a_change_that_was_asked_for_is_no_fault(small: tuple[Entry, ...]) -> None:
    asked = (query(1, ("^Restart", 2), kind="change"),)
    got = retrieval.figures(asked, (ran(1, 0.9, key(small, "Restart")),), small)
    assert (got.mutating_at_1, got.p_at_1, got.none_auroc) == (0, 1, None)


def test_figures_need_a_question_with_an_answer(small: tuple[Entry, ...]) -> None:
    with pytest.raises(BadInput, match="nothing to measure"):
        retrieval.figures((query(1),), (ran(1, 0.1),), small)


@pytest.mark.parametrize(
    ("sure", "unsure", "expected"), [([0.9, 0.8], [0.1], 1), ([0.1], [0.9], 0), ([0.5], [0.5], 0.5)]
)
def test_auroc(sure: list[float], unsure: list[float], expected: float) -> None:
    assert retrieval.auroc(sure, unsure) == expected


def test_grades_are_the_best_that_match(small: tuple[Entry, ...]) -> None:
    one = query(1, ("^Check", 1), ("Restarts", 2))
    assert query(1, ("Nothing", 2)).relevant(small) == {}
    both = one.model_copy(
        update={
            "acceptable": tuple(
                Acceptable(codebundle="k8s-web-health", task=t, grade=g) for t, g in (("^Check", 1), ("Restarts", 2))
            )
        }
    )
    assert sorted(both.relevant(small).values()) == [1, 2]


def test_an_alert_is_asked_as_it_came(tmp_path: Path) -> None:
    file = tmp_path / "q.jsonl"
    row = {
        "id": "1",
        "query": "X: y",
        "query_type": "alert",
        "expected": "none",
        "acceptable": [],
        "split": "s",
        "more": 1,
    }
    file.write_text(json.dumps(row) + "\n\n" + json.dumps({**row, "alert": {"labels": {"alertname": "X"}}}) + "\n")
    plain, alert = retrieval.queries(file)
    assert plain.asked() == "X: y"
    assert json.loads(alert.asked()) == {"labels": {"alertname": "X"}}


@pytest.mark.parametrize("row", ["{", "[]", "{}", '{"id": 1}'])
def test_a_wrong_line_is_named(tmp_path: Path, row: str) -> None:
    file = tmp_path / "q.jsonl"
    file.write_text("\n" + row + "\n")
    with pytest.raises(BadInput, match=r"q\.jsonl:2 is no labelled question"):
        retrieval.queries(file)


def test_our_own_questions_are_well_formed() -> None:
    found = retrieval.queries(Path(__file__).parents[1] / "data/retrieval/queries.jsonl")
    assert len({one.id for one in found}) == len(found)
    assert sum(one.expected == "none" for one in found) >= 40
    assert {one.split for one in found} == {"seen", "held"}
