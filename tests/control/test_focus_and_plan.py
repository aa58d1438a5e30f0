"""What a trigger is about, and which Tasks follow from that."""

from typing import Any

import pytest

from runstone.control.runs import plan
from runstone.control.runs.focus import Focus, names_something, resolve
from runstone.control.runs.words import likeness, overlap, words
from runstone.control.workspaces.atlas import Atlas
from runstone.model.run import Trigger
from runstone.model.workspace import Map
from stage import bound, issue, ref, relation, resource, slx

MAP = Map(
    resources=(
        resource("Namespace/shop"),
        resource("Deployment/checkoutservice", "ill"),
        resource("Service/checkoutservice"),
        resource("Deployment/frontend"),
        resource("Deployment/redis-cart"),
        resource("Service/redis-cart"),
        resource("Pod/frontend-5d9f-abcde"),
        resource("PersistentVolumeClaim/redis-data"),
        resource("Ingress/shop"),
        resource("Deployment/mailer"),
        resource("Deployment/batch", "ill", namespace="elsewhere"),
    ),
    relations=(
        relation("Deployment/frontend", "owns", "Pod/frontend-5d9f-abcde"),
        relation("Deployment/frontend", "calls", "Service/checkoutservice"),
        relation("Service/checkoutservice", "selects", "Deployment/checkoutservice"),
        relation("Deployment/redis-cart", "mounts", "PersistentVolumeClaim/redis-data"),
    ),
    slxs=(
        slx("Deployment/checkoutservice", bound("Check Pods of checkoutservice"), bound("Scale it", "read-write")),
        slx("Deployment/frontend", bound("Check Pods of frontend"), bound("Look at anything", "unknown")),
        slx("PersistentVolumeClaim/redis-data", bound("Check Claim redis-data")),
        slx("Deployment/batch", bound("Check Pods of batch"), namespace="elsewhere"),
        slx("Namespace/shop", bound("Look Over Namespace shop")),
    ),
    readings=(),
)
ATLAS = Atlas(MAP)


def asked(text: str, namespaces: tuple[str, ...] = (), **labels: str) -> Trigger:
    kind = "alert" if labels else "question"
    return Trigger.model_validate({"kind": kind, "text": text, "labels": labels, "namespaces": namespaces})


@pytest.mark.parametrize(
    ("trigger", "first"),
    [
        (asked("why is checkout failing?"), "checkoutservice"),
        (asked("Checkout service returns 500s"), "checkoutservice"),
        (asked("the frontend is slow"), "frontend"),
        (asked("redis-data is pending"), "redis-data"),
        (asked("emails are not sent"), "mailer"),
        (asked("why is the redis cart down"), "redis-cart"),
        (asked("x", namespace="shop", pod="frontend-5d9f-abcde", container="server"), "frontend"),
        (asked("x", namespace="shop", pod="checkoutservice-77aa-gone1"), "checkoutservice"),
        (asked("x", namespace="shop", persistentvolumeclaim="redis-data"), "redis-data"),
        (asked("x", namespace="shop", deployment="frontend"), "frontend"),
    ],
)
def test_a_trigger_names_its_resource(trigger: Trigger, first: str) -> None:
    assert resolve(trigger, ATLAS)[0].ref.name == first


@pytest.mark.parametrize(
    ("trigger", "expected"),
    [
        (asked("what is broken?"), {"checkoutservice", "batch"}),
        (asked("what is broken?", namespaces=("shop",)), {"checkoutservice"}),
        (asked("what is wrong in shop"), {"shop"}),
    ],
)
def test_without_a_name_what_looks_ill_is_meant(trigger: Trigger, expected: set[str]) -> None:
    assert {focus.ref.name for focus in resolve(trigger, ATLAS)} == expected


def test_a_word_for_a_kind_does_not_mean_every_name_with_it() -> None:
    map_ = Map(
        resources=(resource("Deployment/checkoutservice"), resource("Deployment/paymentservice")),
        relations=(),
        slxs=(),
        readings=(),
    )
    found = resolve(asked("the checkout service returns errors"), Atlas(map_))
    assert [focus.ref.name for focus in found] == ["checkoutservice"]


def test_with_nothing_ill_the_namespaces_are_looked_over() -> None:
    healthy = tuple(one.model_copy(update={"health": "ok"}) for one in MAP.resources)
    atlas = Atlas(MAP.model_copy(update={"resources": healthy}))
    assert [focus.ref.name for focus in resolve(asked("anything wrong?"), atlas)] == ["shop"]
    assert not names_something(asked("anything wrong?"), atlas)


def test_another_namespace_is_out_of_sight_when_the_question_is_narrowed() -> None:
    assert "batch" not in {focus.ref.name for focus in resolve(asked("batch", namespaces=("shop",)), ATLAS)}


def known(*focus: Focus, issues: Any = (), ran: Any = frozenset(), question: str = "") -> plan.Known:
    return plan.Known(ATLAS, focus, question, issues, ran)


FRONT = Focus(ref("Deployment/frontend"), 1.0, "asked")


def titles(found: list[plan.Proposed]) -> list[str]:
    return [choice.title for one in found for choice in one.choices]


def test_the_focus_comes_first_and_what_it_depends_on_follows() -> None:
    found = titles(plan.propose(known(FRONT), 10))
    assert found == ["Check Pods of frontend", "Check Pods of checkoutservice"]


def test_only_read_only_tasks_are_proposed() -> None:
    found = titles(plan.propose(known(FRONT, Focus(ref("Deployment/checkoutservice"), 1.0, "asked")), 10))
    assert "Scale it" not in found
    assert "Look at anything" not in found, "an untagged Task is not taken for read-only"


def test_what_ran_is_not_proposed_again() -> None:
    ran = frozenset({("deployment-frontend", "Check Pods of frontend")})
    assert titles(plan.propose(known(FRONT, ran=ran), 10)) == ["Check Pods of checkoutservice"]


def test_what_an_issue_blames_is_followed() -> None:
    told = issue("x", "Deployment/frontend", blames=(ref("PersistentVolumeClaim/redis-data"),))
    found = plan.propose(known(FRONT, issues=((told, ref("Deployment/frontend")),)), 10)
    assert "Check Claim redis-data" in titles(found)
    claim = next(one for one in found if one.slx.name == "persistentvolumeclaim-redis-data")
    assert "points to it" in claim.choices[0].score.why


def test_a_next_step_is_followed_to_the_task_it_sounds_like() -> None:
    step = "Check Claim of PersistentVolumeClaim `redis-data`"
    told = issue("x", "Deployment/frontend", next_steps=(step,))
    found = plan.propose(known(FRONT, issues=((told, ref("Deployment/frontend")),)), 10)
    claim = next(one for one in found if one.slx.name == "persistentvolumeclaim-redis-data")
    assert claim.choices[0].score.parts["next_step"] > 0.4


def test_the_score_is_the_weighted_sum_of_its_parts() -> None:
    for one in plan.propose(known(FRONT, question="check pods"), 10):
        for choice in one.choices:
            total = sum(plan.WEIGHTS[name] * value for name, value in choice.score.parts.items())
            assert choice.score.total == pytest.approx(total, abs=1e-3)
    assert sum(plan.WEIGHTS.values()) == pytest.approx(1.0)


def test_words_fold_synonyms_and_drop_what_says_nothing() -> None:
    assert words("Why are my pods crashlooping?") == ["pod", "crash"]
    assert overlap(["pod", "crash"], ["pod"]) == 0.5
    assert likeness(["a", "b"], ["a", "b"]) == 1.0
    assert likeness([], ["a"]) == 0.0
