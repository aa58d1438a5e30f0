"""A text with its escapes decoded, or its folded lines joined, that knows where each character came from. Pure."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from html import unescape

_HEX = "[0-9a-fA-F]"
_ESCAPE = re.compile(
    rf"""
      '\\''                                                   # a quote within quotes of a shell, both ways
    | '"'"'
    | \\u[dD][89abAB]{_HEX}{{2}}\\u[dD][c-fC-F]{_HEX}{{2}}    # JSON beyond the first 65536 characters
    | \\u{_HEX}{{4}} | \\U{_HEX}{{8}}
    | \\x[c-fC-F]{_HEX}(?:\\x[89abAB]{_HEX}){{1,3}}           # bytes of UTF-8
    | \\x{_HEX}{{2}}
    | \\3[0-7]{{2}}(?:\\2[0-7]{{2}}){{1,3}}
    | \\[0-3][0-7]{{2}}
    | \\[nrtbfae0 ] | \\[^\w\s\x1b]
    | %[c-fC-F]{_HEX}(?:%[89abAB]{_HEX}){{1,3}} | %{_HEX}{{2}}
    | \x1b\[[0-9;]*+[mK]                                       # colours, as of grep
    | &(?:amp|lt|gt|quot|apos|nbsp); | &\#\d{{1,7}}; | &\#[xX]{_HEX}{{1,6}};
    """,
    re.VERBOSE,
)
_NAMED = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "a": "\a", "e": "\x1b", "0": "\0"}
_SINGLE = {"'": "'", "\x1b": ""}
_WRAPPED = 16
"""Characters at least of a line that may be one of folded base64 (RFC 2045 folds at 76, PEM at 64, xxd at 60)."""
_FOLD = re.compile(rf"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{{{_WRAPPED},}}+(\r?\n[ \t]*)(?=[A-Za-z0-9+/_=-])")


class Decoded:
    """``text``, and the way back: :meth:`source` says where in the original a part of it was."""

    def __init__(self, original: str, tokens: list[tuple[int, int, str]]) -> None:
        """``tokens``: start and end in the original and what stands there instead, in order."""
        pieces: list[str] = []
        self._here, self._there, self._ends = [0], [0], [0]
        at = size = 0
        for start, end, char in tokens:
            pieces += (original[at:start], char)
            size += start - at
            if char:
                self._mark(size, start, end)
            size += len(char)
            self._mark(size, end, 0)
            at = end
        self.text = "".join((*pieces, original[at:]))

    def _mark(self, here: int, there: int, end: int) -> None:
        """From ``here`` on the text is the original from ``there`` on; ``end`` is where an escape ends."""
        self._here.append(here)
        self._there.append(there)
        self._ends.append(end)

    def source(self, start: int, end: int) -> tuple[int, int]:
        """Start and end in the original of what is at ``start`` to ``end`` of the text."""
        first = bisect_right(self._here, start) - 1
        last = bisect_left(self._here, end) - 1
        until = self._ends[last] or self._there[last] + end - self._here[last]
        return self._there[first] + start - self._here[first], until


def decoded(text: str) -> Decoded:
    """Each escape of JSON, URLs, XML, shells and printf as the character it stands for; terminal colours as nothing."""
    return Decoded(text, [(found.start(), found.end(), _character(found[0])) for found in _ESCAPE.finditer(text)])


def unfolded(text: str) -> Decoded:
    """Lines of nothing but letters of base64 or hex joined, as if they had never been folded."""
    return Decoded(text, [(*found.span(1), "") for found in _FOLD.finditer(text)])


def _character(escape: str) -> str:
    if escape[0] in _SINGLE:
        return _SINGLE[escape[0]]
    try:
        return unescape(escape) if escape[0] == "&" else _byte_or_more(escape)
    except (ValueError, OverflowError):
        return escape


def _byte_or_more(escape: str) -> str:
    """Of ``\\…`` and ``%…``. Raises ValueError for what is no character."""
    kind = escape[1] if escape[0] == "\\" else "%"
    if kind in "uU":
        units = re.split(r"\\[uU]", escape)[1:]
        raw = b"".join(int(unit, 16).to_bytes(len(unit) // 2, "big") for unit in units)
        return raw.decode("utf-16-be" if kind == "u" else "utf-32-be", "surrogatepass")
    numbers = _numbers(escape, kind)
    if numbers is None:
        return _NAMED.get(kind, kind)
    return bytes(numbers).decode() if len(numbers) > 1 else chr(numbers[0])


def _numbers(escape: str, kind: str) -> list[int] | None:
    """The bytes an escape names, None where it names none."""
    read: Callable[[str], int]
    if kind == "%" and escape[0] == "%":
        mark, read = "%", lambda digits: int(digits, 16)
    elif kind == "x":
        mark, read = "\\x", lambda digits: int(digits, 16)
    elif kind.isdigit() and len(escape) > 2:
        mark, read = "\\", lambda digits: int(digits, 8)
    else:
        return None
    return [read(digits) for digits in escape.split(mark)[1:]]
