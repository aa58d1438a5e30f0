"""Masking fuzzed: any value, in any form, in any surroundings, in any pieces."""

import base64
import itertools
import json
import shlex
from collections.abc import Callable
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

from hypothesis import given
from hypothesis import strategies as st

from runstone.model.redact import MASK, Redactor, Stream

PRINTABLE = st.characters(min_codepoint=33, max_codepoint=126)
VALUES = st.text(alphabet=PRINTABLE, min_size=8, max_size=60) | st.text(
    alphabet=st.characters(blacklist_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=8, max_size=30
)
LINES = st.lists(st.text(alphabet=PRINTABLE, min_size=3, max_size=20), min_size=2, max_size=5).map("\n".join)
AROUND = st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126, whitelist_characters="\n"), max_size=80)

FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "base64 for addresses": lambda value: base64.urlsafe_b64encode(value.encode()).decode(),
    "url": lambda value: quote(value, safe=""),
    "url path": quote,
    "url form": quote_plus,
    "url in lower case": lambda value: "".join(
        f"%{byte:02x}" if chr(byte) not in _SAFE else chr(byte) for byte in value.encode()
    ),
    "json": lambda value: json.dumps(value)[1:-1],
    "json as it is": lambda value: json.dumps(value, ensure_ascii=False)[1:-1],
    "json in json": lambda value: json.dumps(json.dumps(value)[1:-1])[1:-1],
    "hex": lambda value: value.encode().hex(),
    "xml": escape,
    "shell": lambda value: "'" + value.replace("'", "'\\''") + "'",
}
_SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~"


def pieces(text: str, cuts: list[int]) -> list[str]:
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    return [text[a:b] for a, b in itertools.pairwise(places)]


def through(redactor: Redactor, parts: list[str]) -> str:
    stream = Stream(redactor)
    return "".join(stream.feed(part) for part in parts) + stream.end()


@given(VALUES, st.sampled_from(list(FORMS)), AROUND, AROUND, st.lists(st.integers(0, 400), max_size=12))
def test_no_form_of_a_value_survives_in_any_pieces(
    value: str, form: str, before: str, after: str, cuts: list[int]
) -> None:
    encoded = FORMS[form](value)
    said = through(Redactor([value]), pieces(f"{before} {encoded} {after}", cuts))
    # The last characters of base64 depend on what follows: two of them tell nothing of the value.
    core = encoded.rstrip("=")[:-2] if form.startswith("base64") else encoded.strip("'") if form == "shell" else encoded
    assert core not in said
    assert MASK in said


@given(LINES, AROUND, AROUND, st.lists(st.integers(0, 400), max_size=12))
def test_a_value_of_several_lines_is_masked_as_a_whole(value: str, before: str, after: str, cuts: list[int]) -> None:
    if len(value.strip()) < 6:
        return
    said = through(Redactor([value]), pieces(f"{before}{value}\n{after}", cuts))
    assert value.strip() not in said


@given(st.lists(st.text(alphabet="abcdefgh \n", max_size=40), max_size=10))
def test_what_holds_no_secret_passes_as_it_is(parts: list[str]) -> None:
    assert through(Redactor(["z" * 12]), parts) == "".join(parts)


def test_a_whole_line_leaves_at_once_and_an_endless_one_is_bounded() -> None:
    stream = Stream(Redactor(["secret-value"]))
    assert stream.feed("one\ntw") == "one\n"
    assert stream.feed("o\n") == "two\n"
    said = "".join(stream.feed("x" * 1000) for _ in range(2000)) + stream.feed("secret-va")
    assert len(said) > 1_500_000
    assert stream.feed("lue") == ""
    assert stream.end().endswith(MASK)


def test_a_private_key_is_held_until_its_end() -> None:
    stream = Stream(Redactor())
    assert stream.feed("key:\n-----BEGIN PRIVATE KEY-----\nMIIE\n") == "key:\n"
    assert stream.feed("AAAA\n") == ""
    assert stream.feed("-----END PRIVATE KEY-----\nnext\n") == f"{MASK}\nnext\n"


def test_a_command_line_that_was_quoted_for_a_shell_is_masked() -> None:
    value = "it's a secret"
    assert "secret" not in Redactor([value]).text(shlex.quote(value).replace("'\"'\"'", "'\\''"))
