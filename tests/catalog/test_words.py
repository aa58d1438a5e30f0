"""Words become the same stems however they are written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstone.catalog import words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("CrashLoopBackOff", "crash loop back off"),
        ("StatefulSets", "stateful set"),
        ("KubePodNotReady", "kube pod not ready"),
        ("PersistentVolumeClaims", "persistentvolumeclaim"),
        ("GitHub Actions", "githubactions"),
        ("PostgreSQL", "postgresql"),
        ("OOMKilled", "oom killed"),
        ("ArgoCD", "argocd"),
        ("restarting", "restarts"),
        ("restarted", "restart"),
        ("scaling", "scales"),
        ("stopped", "stops"),
        ("queries", "query"),
        ("failures", "fail"),
        ("dead-lettered", "deadletter"),
        ("won't start", "wont start"),
    ],
)
def test_spellings_of_one_thing_are_one(one: str, other: str) -> None:
    assert words.fold(one) == words.fold(other)


@pytest.mark.parametrize(("one", "other"), [("status", "state"), ("class", "claim"), ("dns", "dn"), ("https", "ssh")])
def test_different_words_stay_different(one: str, other: str) -> None:
    assert words.fold(one) != words.fold(other)


def test_words_that_say_nothing_are_left_out_of_the_content() -> None:
    assert words.content("Why is the pod in a loop?") == ("pod", "loop")


@given(st.text())
def test_any_text_gives_plain_stems(text: str) -> None:
    for stem in words.fold(text):
        assert stem == stem.lower()
        assert stem.isalnum()


@given(st.lists(st.sampled_from(["pod", "node", "crash", "loop", "back", "off", "Ready", "timeout"]), max_size=8))
def test_blanks_and_marks_between_words_do_not_matter(parts: list[str]) -> None:
    assert words.fold(" ".join(parts)) == words.fold(", ".join(parts))
