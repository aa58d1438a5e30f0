"""Where a Task's source searches a text, as regular expressions: only what a run of the Task can come to.

A search that leaves lines out, or takes a value out of a line, is none for an error's text; nor is one for what the
source itself says.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, zip_longest

from runstone.content import shell
from runstone.content.shell import Command, Script
from runstone.model.content import SourceFile

_GREPS = {"grep": "", "egrep": "E", "fgrep": "F", "zgrep": "", "pcregrep": "P"}
_VALUED = "ABCmefdD"
"""Short options of grep that take a value."""
_LONG = {
    "--invert-match": "v",
    "--only-matching": "o",
    "--extended-regexp": "E",
    "--perl-regexp": "P",
    "--fixed-strings": "F",
}
_TAKES_APART = frozenset(("cut", "sed", "awk", "tr", "jq", "xargs", "column"))
"""Programs behind a grep that take its lines apart."""
_TAKES_OUT = re.compile(r"\\K|\[[^\]]*\]|\.[*+]|\(\?")
"""Signs of a pattern that is for a value rather than for words."""
_SAYS = frozenset(("echo", "printf", "cat", "log", "logger"))
_QUOTED = r"""(?:"((?:[^"\\]|\\.){4,400})"|'([^']{4,400})')"""
_NOT = re.compile(r"""\s*(?:;\s*"[a-z]*"\s*)?\)[\s)]*\|\s*not\b""")
_LITERAL, _EXPRESSION = "literal", "expression"
_OTHERS = (
    ("test", re.compile(r"\btest\(\s*" + _QUOTED), _EXPRESSION),
    ("re.", re.compile(r"\bre\.(?:search|match|findall|compile)\(\s*r?" + _QUOTED), _EXPRESSION),
    ("=~", re.compile(r"\s=~\s+" + _QUOTED), _LITERAL),
    ("contains", re.compile(r"\bcontains\(\s*" + _QUOTED), _LITERAL),
    ("IF", re.compile(r"(?m)(?:^|\s)(?:IF|ELSE IF)\s.{0,300}?['\"]([A-Za-z][\w .:/-]{4,80})['\"]\s+in\s"), _LITERAL),
)
"""Each with a word that its matches hold: most texts lack it, and looking for a word costs next to nothing."""
_BASIC = re.compile(r"(\\\\|\[[^\]]*\])|\\([|(){}+?])|([|(){}+?])")
_SPECIAL = re.compile(r"([.^$*+?{}\[\]\\|()])")
_DEFAULT = re.compile(r'//\s*"([^"\\]{4,200})"')
"""What jq says where there is nothing."""
_ECHOED = re.compile(r"""\b(?:echo|printf)\s+["']([^"'\n]{4,300})""")
_LOOKS = re.compile(r"""^\s*(?:IF|ELSE IF|WHILE|\[|#)|\bgrep\b|\bre\.|\btest\(|\bcontains\(|["']\s+(?:not\s+)?in\s""")
"""Rows of a suite or a program that put nothing out: they search, or tell about it."""
_BEGINS = re.compile(r"(\s*+)(?:function\s++([\w:.-]++)|([\w:.-]++)\s*+\()")
_CELLS = re.compile(r"\s{2,}|\t")
_NAMES = re.compile(r"[\w.:-]+")
_THREE_WORDS = re.compile(r"\w\W*\s\S*\w\S*\s\W*\w")
"""Fewer are everybody's: that something timed out is no one's own words."""
_GAPS = re.compile(r"\.[*+]\??")
_ESCAPED = re.compile(r"\\(\W)")


@dataclass(frozen=True)
class Search:
    """A regular expression, the number of the file it is searched for in, its line, and the function it stands in."""

    pattern: str
    file: int
    line: int
    function: str = ""


@dataclass(frozen=True)
class _Read:
    """What stands in one file. ``said``: texts that it puts out itself, in lower case, with their lines."""

    searches: tuple[Search, ...] = ()
    functions: frozenset[str] = frozenset()
    calls: tuple[tuple[str, frozenset[str]], ...] = ()
    said: tuple[tuple[int, str], ...] = ()


class Searches:
    """What the files of one Task search for, and what they say themselves."""

    def __init__(self, files: Sequence[SourceFile]) -> None:
        self._read = [_read(_language(one), one.text) for one in files]

    def found(self) -> Iterator[Search]:
        """The searches that a run can come to, first come first."""
        reached = _reached(self._read)
        for number, read in enumerate(self._read):
            yield from (replace(one, file=number) for one in read.searches if one.function in reached)

    def is_own(self, search: Search, expression: str) -> bool:
        """Whether some words are the source's own: another of its files says them, or this one said them before."""
        parts = [_ESCAPED.sub(r"\1", one).lower() for one in _GAPS.split(expression)]
        return bool(_THREE_WORDS.search(expression)) and any(
            _follow_in(text, parts)
            for number, read in enumerate(self._read)
            for line, text in read.said
            if number != search.file or line < search.line
        )


def _follow_in(text: str, parts: Sequence[str]) -> bool:
    """Whether a text in lower case has all these parts, one after the other."""
    at = 0
    for part in parts:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return True


def _language(file: SourceFile) -> str:
    ending = file.name.rpartition(".")[2]
    first = file.text.partition("\n")[0]
    other = ending in ("py", "jq", "sql") or (first.startswith("#!") and "python" in first)
    return "other" if other else "robot" if ending in ("robot", "yaml") else "shell"


def _reached(read: Sequence[_Read]) -> set[str]:
    """The functions that are called from the top of any file, by name; the top itself has none."""
    functions = frozenset(chain.from_iterable(one.functions for one in read))
    named: dict[str, set[str]] = {}
    for function, words in chain.from_iterable(one.calls for one in read):
        named.setdefault(function, set()).update(words & functions)
    found, waiting = {""}, [""]
    while waiting:
        new = named.get(waiting.pop(), set()) - found
        found |= new
        waiting += new
    return found


@lru_cache(maxsize=256)
def _read(language: str, text: str) -> _Read:
    if language == "shell":
        return _of_shell(text)
    text = text.replace("\\\\", "\\") if language == "robot" else text
    rows = list(enumerate(text.splitlines(), 1))
    commands = [(line, row) for line, row in rows if "grep" in row] if language == "robot" else []
    searches = (one for line, row in commands for one in _in_row(row, line))
    said = tuple((line, row.lower()) for line, row in rows if not _LOOKS.search(row))
    return _Read((*searches, *_others(text)), calls=(("", frozenset(_NAMES.findall(text))),), said=said)


def _in_row(row: str, line: int) -> Iterator[Search]:
    """What the commands in a row of a suite search for."""
    for cell in _CELLS.split(row):
        if "grep" in cell and not cell.startswith("#"):
            yield from _grepped(shell.read(cell.partition("cmd=")[2] or cell, line))


def _of_shell(text: str) -> _Read:
    script = shell.read(text)
    spans = _spans(script)
    others = (replace(one, function=_function(spans, one.line)) for one in _others(text))
    calls = tuple((one.function, frozenset(_NAMES.findall(" ".join(one.words)))) for one in script.commands)
    return _Read((*_grepped(script), *others), frozenset(script.functions), calls, tuple(_said(script)))


def _said(script: Script) -> Iterator[tuple[int, str]]:
    """Texts that the script puts out, gives to a variable, or has jq say where there is nothing."""
    for one in script.commands:
        if one.words and one.words[0] in _SAYS:
            yield one.line, (" ".join(one.words[1:]) + one.stdin).lower()
    for given in script.variables.values():
        yield from ((one.line, word.lower()) for one in given for word in one.words if " " in word)
    for source in (_DEFAULT, _ECHOED):
        yield from ((_line(script.text, hit.start()), hit[1].lower()) for hit in source.finditer(script.text))


def _spans(script: Script) -> dict[str, tuple[int, int]]:
    """From which line to which each function goes: as far as its commands, and its braces where they stand alone.

    A test in double brackets is no command, and may come before the first or after the last.
    """
    found: dict[str, tuple[int, int]] = {}
    places = [(one.function, one.line) for one in script.commands if one.function]
    for name, line in chain(places, _braces(script)):
        first, last = found.get(name, (line, line))
        found[name] = min(first, line), max(last, line)
    return found


def _braces(script: Script) -> Iterator[tuple[str, int]]:
    """The lines on which functions begin and end."""
    name, margin = "", ""
    for line, row in enumerate(script.text.splitlines() if script.functions else (), 1):
        begins = _BEGINS.match(row)
        if begins and (begins[2] or begins[3]) in script.functions:
            yield begins[2] or begins[3], line
            margin, name = begins[1], "" if row.rstrip().endswith("}") else begins[2] or begins[3]
        elif name and row.startswith(margin + "}"):
            yield name, line
            name = ""


def _function(spans: dict[str, tuple[int, int]], line: int) -> str:
    """The function that a line is of: the one that begins last among those it lies in."""
    inside = [(first, name) for name, (first, last) in spans.items() if first <= line <= last]
    return max(inside, default=(0, ""))[1]


def _others(text: str) -> Iterator[Search]:
    """Searches by other means than grep."""
    for word, source, kind in _OTHERS:
        for hit in source.finditer(text) if word in text else ():
            said = next((group for group in hit.groups() if group), "").strip()
            said = said.replace("\\\\", "\\") if word == "test" else said
            if not _NOT.match(text, hit.end()):
                yield Search(_literal(said) if kind == _LITERAL else said, 0, _line(text, hit.start()))


def _grepped(script: Script, inside: Command | None = None) -> Iterator[Search]:
    """What the script's greps are for, and those of commands among its words."""
    for one, following in zip_longest(script.commands, script.commands[1:]):
        pattern = _pattern(one, following if one.ends == "|" else None)
        if pattern:
            yield Search(pattern, 0, one.line, (inside or one).function)
        for word in one.words[1:] if inside is None else ():
            if "grep " in word:
                yield from _grepped(shell.read(word, one.line), one)


def _pattern(command: Command, following: Command | None) -> str:
    """What a grep searches for; nothing where it leaves out what it finds, or takes it apart."""
    words = command.words
    if not words or words[0] not in _GREPS:
        return ""
    flags, patterns = _options(words)
    flags += _GREPS[words[0]]
    pattern = "|".join(_expression(one, flags) for one in patterns)
    apart = following is not None and bool(following.words) and following.words[0] in _TAKES_APART
    if "v" in flags or ("o" in flags and (apart or _TAKES_OUT.search(pattern))):
        return ""
    return pattern


def _options(words: Sequence[str]) -> tuple[str, list[str]]:
    """A grep's flags, and what it is given to search for."""
    flags, given, rest = "", list[str](), iter(words[1:])
    for word in rest:
        if word.startswith("--"):
            name, _, value = word.partition("=")
            flags += _LONG.get(name, "")
            given += [value] if name == "--regexp" and value else []
        elif word.startswith("-") and len(word) > 1:
            flags, more = _cluster(word, flags, rest)
            given += more
        else:
            return flags, given or [word]
    return flags, given


def _cluster(word: str, flags: str, rest: Iterable[str]) -> tuple[str, list[str]]:
    """The flags of a word such as ``-iE``, and the pattern that its ``e`` brings."""
    for at, letter in enumerate(word[1:], 2):
        if letter in _VALUED:
            value = word[at:] or next(iter(rest), "")
            return flags, [value] if letter == "e" else []
        flags += letter
    return flags, []


def _expression(pattern: str, flags: str) -> str:
    if "F" in flags:
        return _literal(pattern)
    return pattern if "E" in flags or "P" in flags else _BASIC.sub(_extended, pattern)


def _extended(found: re.Match[str]) -> str:
    """Of grep's basic syntax, where a backslash gives a sign its meaning, in the other, where it takes it."""
    return found[1] or found[2] or f"\\{found[3]}"


def _line(text: str, at: int) -> int:
    return bisect_right(_breaks(text), at - 1) + 1


@lru_cache(maxsize=4)
def _breaks(text: str) -> list[int]:
    return [found.start() for found in re.finditer("\n", text)]


def _literal(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)
