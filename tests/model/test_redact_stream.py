"""Masking fuzzed: any value, in any form, in any surroundings, in any pieces."""

import base64
import itertools
import json
import shlex
import textwrap
from collections.abc import Callable
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstone.model.redact import MASK, Redactor, Stream

PRINTABLE = st.characters(min_codepoint=33, max_codepoint=126)
INNER = st.characters(min_codepoint=32, max_codepoint=126)
VALUES = (
    st.text(alphabet=PRINTABLE, min_size=8, max_size=60)
    | st.tuples(PRINTABLE, st.text(alphabet=INNER, min_size=8, max_size=60), PRINTABLE).map("".join)
    | st.text(alphabet=st.characters(blacklist_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=8, max_size=30)
)
LINES = st.lists(st.text(alphabet=PRINTABLE, min_size=3, max_size=20), min_size=2, max_size=5).map("\n".join)
AROUND = st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126, whitelist_characters="\n"), max_size=80)
CUTS = st.lists(st.integers(0, 400), max_size=12)


def ansi_c(value: str) -> str:
    """As ``printf %q`` of bash writes what is not plain: bytes in octal."""
    return "".join(char if char.isalnum() and char.isascii() else _octal(char) for char in value)


def _octal(char: str) -> str:
    return "".join(f"\\{byte:03o}" for byte in char.encode())


def utf16(char: str) -> str:
    raw = char.encode("utf-16-be")
    return "".join(f"\\u{raw[at : at + 2].hex()}" for at in range(0, len(raw), 2))


def in_lower_case(encoded: str) -> str:
    return "".join(part if at % 2 == 0 else f"%{part.lower()}" for at, part in enumerate(_split(encoded)))


def _split(encoded: str) -> list[str]:
    found = [encoded.split("%")[0]]
    for part in encoded.split("%")[1:]:
        found += [part[:2], part[2:]]
    return found


def go_json(value: str) -> str:
    text = json.dumps(value, ensure_ascii=False)[1:-1]
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "base64": lambda value: base64.b64encode(value.encode()).decode(),
    "base64 for addresses": lambda value: base64.urlsafe_b64encode(value.encode()).decode(),
    "base64 of json": lambda value: base64.b64encode(json.dumps({"p": value}).encode()).decode(),
    "base64 of base64": lambda value: base64.b64encode(base64.b64encode(f"me:{value}".encode())).decode(),
    "url": lambda value: quote(value, safe=""),
    "url path": quote,
    "url form": quote_plus,
    "url in lower case": lambda value: in_lower_case(quote(value, safe="")),
    "json": lambda value: json.dumps(value)[1:-1],
    "json as it is": lambda value: json.dumps(value, ensure_ascii=False)[1:-1],
    "json of go": go_json,
    "json in json": lambda value: json.dumps(json.dumps(value)[1:-1])[1:-1],
    "hex": lambda value: value.encode().hex(),
    "hex in capitals": lambda value: value.encode().hex().upper(),
    "xml": escape,
    "xml attribute": lambda value: escape(value, {'"': "&quot;", "'": "&#x27;"}),
    "shell": lambda value: "'" + value.replace("'", "'\\''") + "'",
    "shell of python": shlex.quote,
}
DECODED: dict[str, Callable[[str], str]] = {
    "every character in json": lambda value: "".join(map(utf16, value)),
    "every byte in a url": lambda value: "".join(f"%{byte:02x}" for byte in value.encode()),
    "every character in xml": lambda value: "".join(f"&#{ord(char)};" for char in value),
    "bash": ansi_c,
    "colours of grep": lambda value: f"{value[:3]}\x1b[01;31m\x1b[K{value[3:6]}\x1b[m\x1b[K{value[6:]}",
    "python bytes": lambda value: "".join(f"\\x{byte:02x}" for byte in value.encode()),
    "url in json in json": lambda value: json.dumps(json.dumps(quote(value, safe="")).replace("%", "\\u0025"))[1:-1],
}
BASE64 = {name for name in FORMS if name.startswith("base64")}


def pieces(text: str, cuts: list[int]) -> list[str]:
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    return [text[a:b] for a, b in itertools.pairwise(places)]


def through(redactor: Redactor, parts: list[str]) -> str:
    stream = Stream(redactor)
    return "".join(stream.feed(part) for part in parts) + stream.end()


@given(VALUES, st.sampled_from(list(FORMS)), AROUND, AROUND, CUTS)
def test_no_form_of_a_value_survives_in_any_pieces(
    value: str, form: str, before: str, after: str, cuts: list[int]
) -> None:
    encoded = FORMS[form](value)
    said = through(Redactor([value]), pieces(f"{before}{encoded}{after}", cuts))
    if form in BASE64:
        # Its first and last characters share bits with what stands beside the value; of one as long as this enough
        # is left to look for.
        encoded = encoded.rstrip("=")[-12:-2]
    elif form.startswith("shell"):
        encoded = encoded.strip("'")
    assert encoded not in said.replace(MASK, "\0")
    assert MASK in said


@given(VALUES, st.sampled_from(list(DECODED)), AROUND, AROUND, CUTS)
def test_no_way_to_escape_a_value_hides_it(value: str, form: str, before: str, after: str, cuts: list[int]) -> None:
    encoded = DECODED[form](value)
    said = through(Redactor([value]), pieces(f"{before} {encoded} {after}", cuts))
    assert encoded not in said.replace(MASK, "\0")
    assert MASK in said


@given(st.text(alphabet="abc-+ .:/ü", min_size=8, max_size=30), st.data(), AROUND, AROUND)
def test_escapes_of_all_kinds_mixed_in_one_value_do_not_hide_it(
    value: str, data: st.DataObject, before: str, after: str
) -> None:
    value = f"x{value}x"
    ways: list[Callable[[str], str]] = [str, utf16, lambda char: quote(char, safe=""), lambda char: f"&#{ord(char)};"]
    encoded = "".join(data.draw(st.sampled_from(ways))(char) for char in value)
    said = Redactor([value]).text(f"{before} {encoded} {after}")
    assert encoded not in said.replace(MASK, "\0")
    assert MASK in said


@given(
    st.binary(min_size=24, max_size=150),
    st.binary(max_size=100),
    st.sampled_from([60, 64, 76]),
    st.sampled_from(["\n", "\r\n", "\n    "]),
    CUTS,
)
def test_base64_that_is_broken_into_lines_does_not_hide_a_value(
    noise: bytes, before: bytes, width: int, newline: str, cuts: list[int]
) -> None:
    value = base64.b85encode(noise).decode()
    encoded = base64.b64encode(before + value.encode() + b"...").decode()
    folded = newline.join(textwrap.wrap(encoded, width))
    said = through(Redactor([value]), pieces(f"data:\n{folded}\nend\n", cuts))
    assert MASK in said
    shown = said.replace(MASK, "").replace(newline, "")
    assert len(shown) <= len("data:\nend\n") + len(encoded) - (len(value) * 8 // 6 - 4)


@given(LINES, st.sampled_from(["\n", "\r\n"]), AROUND, AROUND, CUTS)
def test_a_value_of_several_lines_is_masked_as_a_whole(
    value: str, newline: str, before: str, after: str, cuts: list[int]
) -> None:
    said = through(Redactor([value]), pieces(f"{before}{value}\n{after}".replace("\n", newline), cuts))
    assert value.replace("\n", newline) not in said.replace(MASK, "\0")


@given(st.lists(st.text(alphabet=st.characters(blacklist_characters="z:="), max_size=60), max_size=10))
def test_what_holds_no_secret_passes_as_it_is(parts: list[str]) -> None:
    # Without ":" and "=" nothing in it looks like a credential.
    assert through(Redactor(["z" * 12, f"zz\n{'z' * 9}\nzz"]), parts) == "".join(parts)


@given(st.lists(VALUES | LINES, min_size=1, max_size=4), st.data(), CUTS)
def test_it_does_not_matter_how_a_text_is_cut(values: list[str], data: st.DataObject, cuts: list[int]) -> None:
    shown = st.sampled_from([form(value) for value in values for form in FORMS.values()])
    text = "".join(data.draw(st.lists(AROUND | shown, max_size=8)))
    redactor = Redactor(values)
    assert through(redactor, pieces(text, cuts)) == through(redactor, [text])


@given(VALUES, VALUES, st.text(alphabet=PRINTABLE, min_size=1, max_size=9), AROUND)
def test_values_that_overlap_are_both_masked(first: str, second: str, shared: str, before: str) -> None:
    said = Redactor([first + shared, shared + second]).text(f"{before}\n{first}{shared}{second}")
    assert said.endswith(f"\n{MASK}")


def test_a_whole_line_leaves_at_once_and_an_endless_one_is_bounded() -> None:
    stream = Stream(Redactor(["secret-value"]))
    assert stream.feed("one\ntw") == "one\n"
    assert stream.feed("o\n") == "two\n"
    said = "".join(stream.feed("x" * 1000) for _ in range(2000)) + stream.feed("secret-va")
    assert len(said) > 1_500_000
    assert stream.feed("lue") == ""
    assert stream.end().endswith(MASK)


def test_a_line_is_held_only_while_it_may_begin_a_value_in_lines() -> None:
    stream = Stream(Redactor(["first line\nsecond line\nthird"]))
    assert stream.feed("x first line\n") == "x "
    assert stream.feed("other\n") == f"{MASK}\nother\n"
    assert stream.feed("first line\nsecond line\nthird\n") == f"{MASK}\n"


def test_folded_base64_is_held_only_while_it_may_hold_a_value() -> None:
    lines = textwrap.wrap(base64.b64encode(b"-" * 50 + b"the-secret-value" + b"-" * 50).decode(), 76)
    stream = Stream(Redactor(["the-secret-value"]))
    assert stream.feed("A" * 40 + "\n") == "A" * 40 + "\n"
    said = [stream.feed(f"{line}\n") for line in lines]
    assert MASK in "".join(said) + stream.end()
    assert all(line not in "".join(said) for line in lines[:1])


def test_a_private_key_is_held_until_its_end() -> None:
    stream = Stream(Redactor())
    assert stream.feed("key:\n-----BEGIN PRIVATE KEY-----\nMIIE\n") == "key:\n"
    assert stream.feed("AAAA\n") == ""
    assert stream.feed("-----END PRIVATE KEY-----\nnext\n") == f"{MASK}\nnext\n"


def test_a_value_that_a_cut_halved_is_masked_on_both_sides() -> None:
    value = "abcdefgh-ijklmnop"
    redactor = Redactor([value])
    assert redactor.text(f"got {value[:12]}") == f"got {MASK}"
    assert through(redactor, [f"got {value[:12]}"]) == f"got {MASK}"
    assert through(redactor, [f"{value[6:]} is the rest\n"]) == f"{MASK} is the rest\n"
    assert redactor.text("abcdef") == "abcdef"


@pytest.mark.parametrize(
    "text",
    [
        *(
            "a-",
            "eyJaaaaaaaa-",
            "password",
            "password='",
            'password="\\',
            "authorization: bearer ",
            "xoxb",
            "gh",
            "hvs.",
        ),
        *("-----BEGIN PRIVATE KEY-----", "://a:", "\\", "%", "&#", "'\\''", "%25", "\\u00"),
        *("A" * 15 + "\n", "A" * 64 + "\n"),
    ],
)
def test_no_text_takes_more_than_its_length(text: str) -> None:
    """Were one of the patterns quadratic, this would take minutes."""
    long = text * (30_000 // len(text))
    redactor = Redactor(["a-a-a-a-a-a-b", "A" * 30 + "b", f"{'A' * 15}\n{'A' * 16}"])
    redactor.text(long)
    through(redactor, [long[at : at + 8192] for at in range(0, len(long), 8192)])
