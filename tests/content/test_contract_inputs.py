"""Values against what a suite declares, and declarations that say nothing."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runstone.content import inputs
from runstone.model.content import Input, SecretInput, Suite


def declared(name: str = "N", **more: Any) -> Input:
    given: dict[str, Any] = {"description": "", "default": None, "example": None, "line": 3}
    return Input(name=name, **{**given, **more})


def suite(*given: Input, secrets: tuple[SecretInput, ...] = ()) -> Suite:
    return Suite(
        file="runbook.robot",
        documentation="",
        display_name="",
        author="",
        supports=(),
        tasks=(),
        inputs=given,
        secrets=secrets,
    )


def problems(one: Input, value: str) -> tuple[str, ...]:
    return inputs.problems("shop", suite(one), {one.name: value}, set())


def doubts(one: Input) -> list[str]:
    return [found.message for found in inputs.findings(suite(one))]


@pytest.mark.parametrize(
    ("one", "good", "bad"),
    [
        (declared(type="integer"), "12", "1.5"),
        (declared(type="int"), "-3", "three"),
        (declared(type="Number"), "1.5e3", "1,5"),
        (declared(type="boolean"), "False", "maybe"),
        (declared(enum=("kubectl", "oc")), "oc", "helm"),
        (declared(pattern=r"^\d+$", default="5"), "12", "5m"),
        (declared(pattern=r"\d+", example="5"), "about 5", "five"),
        (declared(pattern="^a(,[a-z.-]+)*$", default="a,b"), "a,c.d", "a,,"),
    ],
)
def test_a_wrong_value_is_one_sentence(one: Input, good: str, bad: str) -> None:
    assert problems(one, good) == ()
    (told,) = problems(one, bad)
    assert told.startswith("Bundle shop: the input N ")
    assert repr(bad) in told


@pytest.mark.parametrize(
    "one",
    [
        declared(pattern=r"\w*", default="a"),
        declared(pattern=".*"),
        declared(pattern="^ok$", default="not it"),
        declared(pattern="^ok$", example="not it"),
        declared(pattern="^ok$"),
        declared(pattern="(", default="x"),
        declared(pattern="(a+)+$", default="a"),
        declared(pattern="(a|a)*$", default="a"),
        declared(pattern=r"^(\w+\s?)*$", default="a"),
        declared(pattern=r"\d*\d*\d*x", default="1x"),
    ],
)
def test_a_pattern_that_is_not_sure_stops_nothing(one: Input) -> None:
    assert not inputs.enforced(one)
    assert problems(one, "!" * 40) == ()


@pytest.mark.parametrize(
    ("one", "word"),
    [
        (declared(pattern=r"\w*"), "fits every value"),
        (declared(pattern="("), "no regular expression"),
        (declared(pattern="(a+)+$"), "may take for ever"),
        (declared(pattern="^a$", default="b"), "default 'b' does not fit"),
        (declared(pattern="^a$", example="b"), "example 'b' does not fit"),
        (declared(pattern="${P}"), "is a variable"),
        (declared(enum=("a", "b"), default="c"), "not in its enum"),
        (declared(type="integer", default="x"), "not a whole number"),
    ],
)
def test_a_doubtful_declaration_is_a_finding(one: Input, word: str) -> None:
    (told,) = doubts(one)
    assert word in told


def test_a_sound_declaration_has_no_finding() -> None:
    assert doubts(declared(type="integer", pattern=r"^\d+$", default="5", example="6", enum=("5", "6"))) == []


def test_what_is_missing_is_named_with_an_example() -> None:
    needs = suite(
        declared("NAMESPACE", example="shop"),
        declared("HAS_DEFAULT", default=""),
        declared("RW_LOOKBACK_WINDOW", kind="platform"),
        declared("MAYBE", conditional=True),
        secrets=(
            SecretInput(name="kubeconfig", description="", optional=False, line=1, example="a file"),
            SecretInput(name="token", description="", optional=True, line=2),
        ),
    )
    assert inputs.problems("shop", needs, {}, set()) == (
        "Bundle shop needs a value for the input NAMESPACE, for example shop.",
        "Bundle shop needs the secret kubeconfig, for example a file.",
    )
    assert inputs.problems("shop", needs, {"NAMESPACE": "x"}, {"kubeconfig"}) == ()


def test_no_value_its_default_and_its_example_are_always_right() -> None:
    one = declared(type="integer", enum=("1",), default="x", example="y")
    for value in ("", "x", "y", "missing_workspaceInfo_custom_variable"):
        assert problems(one, value) == ()


PIECE = st.sampled_from(["a", "b", r"\d", "[ab]", "(", ")", "*", "+", "?", "|", "{2,}", "^", "$", ".", ",", r"\w"])


@settings(max_examples=60, deadline=None)
@given(st.lists(PIECE, max_size=9).map("".join), st.sampled_from(["ab", "a", "1", ","]))
def test_a_pattern_that_is_enforced_comes_to_an_end(pattern: str, piece: str) -> None:
    one = declared(pattern=pattern, default=piece)
    told = [found.message for found in inputs.findings(suite(one))]
    # A pattern that runs away on this value would not return within anybody's patience.
    assert inputs.enforced(one) == (bool(pattern) and not told)
    assert len(problems(one, piece * 900 + "!")) <= 1
