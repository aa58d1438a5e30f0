"""SLX names are exactly those that users of public CodeCollections know."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstone.edge.discovery import names


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("cluster-node-health", "clst-nd-hlth"),
        ("stacktrace-health", "stcktrc-hlth"),
        ("http-ok-tls-test", "htt-ok-tls-tst"),
        ("http-ok-tls-test-longer", "ht-ok-tl-ts-ln"),
        ("cluster-resource-health-check-all", "cl-rs-hl-ch-al"),
        ("short", "short"),
    ],
)
def test_names_are_shortened_part_by_part(name: str, short: str) -> None:
    assert names.shorten(name, 15) == short


def test_a_full_name_carries_qualifiers_base_and_hash() -> None:
    short = names.qualified("depl-health", ["checkout", "team-002", "sim-cluster"], names.room("sim-workspace"))
    assert names.full("sim-workspace", short) == "sim-workspace--checkout-team-002-sim-cluster-depl-health-06e71263"


def test_without_qualifiers_the_name_is_the_base() -> None:
    assert names.qualified("a:b//c", [], 200) == "a-b-c"


def test_a_rules_own_short_base_is_used_when_it_is_short() -> None:
    assert names.base("a-very-long-base-name", "short1") == "short1"
    assert names.base("fits", "short1") == "fits"


@given(st.lists(st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789-.", min_size=1, max_size=253), max_size=4))
def test_a_name_never_grows_too_long(values: list[str]) -> None:
    short = names.qualified("depl-health", values, names.room("w" * 60))
    assert len(names.full("w" * 60, short)) <= names.LONGEST


def test_bases_that_two_rules_use_are_numbered_in_load_order_and_no_other() -> None:
    assert names.distinct(["pg", "web", "pg", "pg"]) == ["pg1", "web", "pg2", "pg3"]


def test_a_name_that_is_too_long_keeps_its_hash() -> None:
    name = names.full("w" * 60, "q" * 250 + "-0123abcd")
    assert len(name) == names.LONGEST
    assert name.endswith("q-0123abcd")


def test_the_identity_is_made_of_the_whole_base() -> None:
    assert names.identity("stacktrace-health", ["cart", "team-000", "sim-cluster"]) == (
        "cart-team-000-sim-cluster-stacktrace-health-7dc93fd0"
    )


@given(st.text(max_size=80), st.integers(min_value=1, max_value=60))
def test_a_shortened_text_fits_its_room(text: str, longest: int) -> None:
    assert len(names.shorten(text, longest)) <= longest
