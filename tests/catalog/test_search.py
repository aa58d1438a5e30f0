"""From a question to Tasks, over a small catalogue of our own, without a model."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstone.catalog import retrieval
from runstone.catalog.entry import Entry
from runstone.catalog.search import LEXICAL_ONLY, Filters, Search

QUERIES = Path(__file__).parents[1] / "data/retrieval/small.jsonl"


def test_the_small_set_of_questions_is_answered(small: tuple[Entry, ...], search: Search) -> None:
    asked = retrieval.queries(QUERIES)
    found = retrieval.figures(asked, retrieval.run(search, asked), small)
    assert found.p_at_1 >= 0.9
    assert found.hit_at_5 == 1
    assert found.mutating_at_1 == 0
    assert found.none_auroc is not None
    assert found.none_auroc >= 0.95


def first(search: Search, text: str) -> str:
    return search.ask(text).hits[0].title.partition(" `")[0]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("the cart deployment restarts all the time", "Check Restarts of Deployment"),
        ("restart the cart deployment", "Restart Deployment"),
        ("scale up the cart deployment", "Scale Up Deployment"),
        ("why does the deployment not scale up", "Check Autoscaler of Deployment"),
        ("java.lang.NullPointerException in cart", "Analyze Logs of Deployment"),
    ],
)
def test_the_right_task_comes_first(search: Search, text: str, title: str) -> None:
    assert first(search, text) == title


def test_an_alert_as_alertmanager_sends_it_is_understood(search: Search) -> None:
    body = {"alerts": [{"status": "firing", "labels": {"alertname": "KubePodCrashLooping", "namespace": "shop"}}]}
    assert first(search, json.dumps(body)) == "Check Restarts of Deployment"


_SAID = "restart scale deployment pod why failing crash delete node redis slow the is down memory replicas up"
WORDS = st.sampled_from(_SAID.split())


@given(st.lists(WORDS, min_size=1, max_size=8).map(" ".join))
def test_what_changes_things_is_never_first_unless_asked_for(search: Search, text: str) -> None:
    answer = search.ask(text)
    assert answer.intent == "change" or not answer.hits[0].changes


@given(st.text(max_size=60))
def test_any_text_gets_an_answer(search: Search, text: str) -> None:
    answer = search.ask(text)
    assert 0 <= answer.confidence <= 1
    assert answer.fits is (answer.confidence >= 0.5) or abs(answer.confidence - 0.5) < 0.001


def test_scores_are_the_sum_of_their_components_and_fall(search: Search) -> None:
    hits = search.ask("redis is down").hits
    for hit in hits:
        assert hit.score == pytest.approx(sum(hit.components.values()), abs=0.01)
        assert hit.why
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_the_why_names_what_connects_them(search: Search) -> None:
    why = search.ask("redis is down").hits[0].why
    assert "about redis" in why
    assert "availability" in why


def test_without_a_model_it_says_so(search: Search) -> None:
    assert LEXICAL_ONLY in search.ask("redis is down").notes


@pytest.mark.parametrize("text", ["Kafka consumer group invoices is lagging", "What tools do you have?"])
def test_nothing_fits_is_said(search: Search, text: str) -> None:
    answer = search.ask(text)
    assert not answer.fits
    assert any(note.startswith("Nothing fits") for note in answer.notes)


def test_the_note_names_the_product_that_no_task_is_about(search: Search) -> None:
    notes = " ".join(search.ask("RabbitMQ has too few nodes").notes)
    assert "no Task here is about rabbitmq" in notes


@pytest.mark.parametrize(
    ("filters", "bundles"),
    [
        (Filters(platform="aws"), {"aws-queue-health", "aws-lambda-health"}),
        (Filters(kind="hpa"), {"k8s-web-health"}),
        (Filters(access="read-write"), {"k8s-web-ops"}),
        (Filters(platform="vmware"), set[str]()),
    ],
)
def test_filters_leave_only_what_passes(search: Search, filters: Filters, bundles: set[str]) -> None:
    answer = search.ask("something is wrong", filters)
    assert {hit.bundle for hit in answer.hits} == bundles
    if not bundles:
        assert answer.notes[-1] == "No Task passes the filters."
        assert not answer.fits


def test_the_same_question_gets_the_same_answer(small: tuple[Entry, ...], search: Search) -> None:
    assert Search(small).ask("pod is slow") == search.ask("pod is slow")
