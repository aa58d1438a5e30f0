"""Reading and writing plain YAML agrees with PyYAML, whatever the text and whatever the value."""

import datetime as dt
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from yaml import cyaml

from runstone.edge.discovery import plainyaml

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=120),
    st.sampled_from(["yes", "null", "1.0", "0x1f", "1e3", "12:30", "2026-01-01", "~", "=", "<<", "- a", "a: b"]),
    st.dates(),
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)),
    max_leaves=12,
)


def written(value: Any) -> str:
    return yaml.dump(value, Dumper=yaml.CSafeDumper, sort_keys=False, default_flow_style=False, allow_unicode=True)


def read(load: Any, text: str) -> Any:
    """What a text is read as, or the kind of error."""
    try:
        return load(text)
    except yaml.YAMLError as err:
        return type(err)
    except (ValueError, RecursionError) as err:
        return type(err)


def test_the_c_parser_and_emitter_are_what_is_compared() -> None:
    assert (cyaml.CParser, cyaml.CEmitter) == (plainyaml._PARSER, plainyaml._EMITTER)


@given(VALUES)
def test_a_value_is_written_to_the_byte_as_pyyaml_does(value: Any) -> None:
    assert plainyaml.dump(value) == written(value)


@given(VALUES)
def test_what_was_written_is_read_back_as_pyyaml_does(value: Any) -> None:
    text = written(value)
    assert repr(plainyaml.load(text)) == repr(yaml.load(text, yaml.CSafeLoader))


@given(st.text(alphabet="ab:-#&*!<=|>'\"{}[],\n 01.?%@\t", max_size=60))
def test_any_text_is_read_as_pyyaml_does(text: str) -> None:
    assert repr(read(plainyaml.load, text)) == repr(read(lambda one: yaml.load(one, yaml.CSafeLoader), text))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("a: &x {b: 1}\nc: *x\n", {"a": {"b": 1}, "c": {"b": 1}}),
        ("a: !!str 1", {"a": "1"}),
        ("a: {<<: {b: 1}, c: 2}", {"a": {"b": 1, "c": 2}}),
        ("at: 2026-01-02", {"at": dt.date(2026, 1, 2)}),
        ("a: |\n  one\n  two\n", {"a": "one\ntwo\n"}),
        ("a: 'yes'\nb: yes\n", {"a": "yes", "b": True}),
    ],
)
def test_what_is_not_plain_is_read_too(text: str, value: Any) -> None:
    assert plainyaml.load(text) == value


def test_a_value_that_stands_in_two_places_is_written_as_an_alias() -> None:
    shared = {"a": 1}
    assert plainyaml.dump([shared, shared]) == written([shared, shared])
