"""What can be asked with."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstone.catalog import question
from runstone.catalog.question import Question

FIRING = {
    "status": "firing",
    "labels": {"alertname": "KubePodCrashLooping", "namespace": "shop", "pod": "cart-1"},
    "annotations": {"summary": "Pod is crash looping.", "description": "Pod shop/cart-1 is crash looping."},
}


def test_text_is_a_question() -> None:
    assert question.read("  redis is down \n") == Question("redis is down")


def test_an_alert_is_its_name_and_what_it_says() -> None:
    expected = Question(
        "KubePodCrashLooping: Pod is crash looping.. Pod shop/cart-1 is crash looping.", "KubePodCrashLooping"
    )
    assert question.read(json.dumps(FIRING)) == expected


def test_a_webhook_body_gives_its_first_alert_that_fires() -> None:
    resolved = {**FIRING, "status": "resolved", "labels": {"alertname": "Watchdog"}}
    assert question.read(json.dumps({"alerts": [resolved, FIRING]})).alert == "KubePodCrashLooping"


def test_common_labels_count_for_every_alert() -> None:
    body = {
        "commonLabels": {"alertname": "TargetDown"},
        "alerts": [{"annotations": {"message": "50% of jobs are down"}}],
    }
    assert question.read(json.dumps(body)) == Question("TargetDown: 50% of jobs are down", "TargetDown")


@pytest.mark.parametrize(
    "body", ["{", '{"alerts": 3}', '{"alerts": [3]}', '{"labels": []}', '{"labels": {"alertname": 1}}', "{}"]
)
def test_a_broken_body_is_no_error(body: str) -> None:
    assert question.read(body).alert == ""


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda one: (
            st.lists(one)
            | st.dictionaries(st.sampled_from(["alerts", "labels", "annotations", "status", "commonLabels"]), one)
        ),
    )
)
def test_any_json_is_read(body: object) -> None:
    assert isinstance(question.asked(question.read(json.dumps(body))).text, str)
