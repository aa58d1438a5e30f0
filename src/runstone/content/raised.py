"""Issues that scripts describe: JSON with a title, a severity and next steps, as bash, jq and Python build it.

Only what stands literally in the source can be told; a value that is worked out is shown as the expression it is.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from runstone.content.calls import TELLS, Call
from runstone.content.shell import Script

_TITLE = r"(?:issue[_ ]?)?title"
_SEVERITY = r"(?:issue[_ ]?)?severity"
_STEPS = r"(?:issue[_ ]?)?next[_ ]?steps?"
_TELLING = re.compile(rf"(?i)\b(?:{_SEVERITY}|{_STEPS}|(?:issue[_ ]?)?details|expected|actual|reproduce[_ ]?hint)\b")
"""What an Issue says besides its title; any object may have a title."""
_JSON_TITLE = re.compile(rf'\\?"{_TITLE}\\?"\s*:\s*\\?"((?:[^"\\]|\\[^"])*)', re.IGNORECASE)
_WORKED_OUT = (
    r"(?:\"(?:[^\"\\]|\\.){0,600}\"|\((?:[^()]|\([^()]{0,200}\)){0,200}\)|\$\{[^{}\n]{0,80}\}|[^,{}|\n]){1,600}"
)
"""A value in a jq object; its bounds keep odd texts from taking for ever."""
_PASSED_ON = re.compile(r"\.|\\\(\.\w*title")
"""The title of an Issue that is there already, copied or printed."""
_NESTED = re.compile(r"(\$\{\w+[^{}]*)\$\{(\w+)[^{}]*\}([^{}]*\})")
_BRANCH = re.compile(r'\b(?:then|else)\s*("(?:[^"\\]|\\.)*")')
_PARTS = re.compile(r'"((?:[^"\\]|\\.)*)"|[^"+]+')
"""Parts of a jq expression that are added up."""
_POSITION = re.compile(r"\$\{?(\d+)(?::?-([^}]*))?\}?")


@dataclass(frozen=True, slots=True)
class Raised:
    """An Issue a script can describe, its texts as written: literal, or the expression that is worked out."""

    title: str
    severity: str
    next_steps: str
    line: int
    function: str = ""


def number(text: str) -> int | None:
    """A severity as a literal: 1 to 4."""
    bare = text.strip().strip("\"'").removeprefix("${").removesuffix("}")
    return int(bare) if re.fullmatch(r"[1-4]", bare) else None


def steps(text: str) -> tuple[str, ...]:
    """Next steps, one a line."""
    return tuple(line.strip() for line in re.split(r"\n|\\n", text) if line.strip())


def in_jq(call: Call) -> Iterator[Raised]:
    """The Issues a jq call builds from its arguments."""
    given = _arguments(call.words)
    for word in call.words[1:]:
        if "title" not in word.lower() or word in given.values():
            continue
        found = list(re.finditer(rf'"?\b{_TITLE}"?\s*:\s*({_WORKED_OUT})', word, re.IGNORECASE))
        for place, title in enumerate(found):
            before = found[place - 1].end() if place else 0
            after = found[place + 1].start() if place + 1 < len(found) else len(word)
            around = (
                word[title.end() : after] if re.search(_SEVERITY, word[title.end() : after]) else word[before:after]
            )
            severity, advice = _value(_SEVERITY, around, given), _value(_STEPS, around, given)
            for text in _choices(title[1], given) if _tells_more(around, call.function) else ():
                if text and not _PASSED_ON.match(text):
                    yield Raised(_tidy(text), severity, advice, call.line, call.function)


def in_texts(script: Script) -> Iterator[Raised]:
    """The Issues that stand as JSON in here-documents, quoted words and variables."""
    for command in script.commands:
        if command.words[:1] == ["jq"]:
            continue
        # A here-document starts on the line after its command.
        below = command.line + ("\n" in command.stdin)
        yield from _in_json(command.stdin, below, command.function)
        for text in command.words:
            yield from _in_json(text, command.line, command.function)
    for values in script.variables.values():
        for value in values:
            for word in value.words:
                yield from _in_json(word, value.line, value.function)


def filled(one: Raised, words: tuple[str, ...], line: int) -> Raised | None:
    """The Issue with a helper's ``$1``, ``$2`` replaced by the words it was called with; None when it has none."""
    if not _POSITION.search(one.title):
        return None

    def value(found: re.Match[str]) -> str:
        place = int(found[1])
        return words[place] if place < len(words) else found[2] or ""

    title, severity, advice = (_POSITION.sub(value, text) for text in (one.title, one.severity, one.next_steps))
    return replace(one, title=title, severity=severity, next_steps=advice, line=line)


def _in_json(text: str, line: int, function: str) -> Iterator[Raised]:
    if '"' not in text or "title" not in text.lower():
        return
    found = list(_JSON_TITLE.finditer(text))
    for place, title in enumerate(found):
        after = found[place + 1].start() if place + 1 < len(found) else len(text)
        before = found[place - 1].end() if place else 0
        rest = text[title.end() : after]
        around = rest if re.search(_SEVERITY, rest) else text[before:after]
        if title[1].strip() and not _PASSED_ON.match(title[1]) and _tells_more(around, function):
            yield Raised(
                _tidy(title[1]),
                _plain(_SEVERITY, around),
                _plain(_STEPS, around),
                line + text.count("\n", 0, title.start()),
                function,
            )


def _tells_more(around: str, function: str) -> bool:
    """Whether an object with a title is an Issue: by what else it says, or by the name of the function it stands in."""
    return bool(_TELLING.search(around) or TELLS.search(function))


def _tidy(title: str) -> str:
    """A title without what its quotes needed, and without variables within variables."""
    return _NESTED.sub(r"\1$\2\3", re.sub(r"\\([`\"])", r"\1", title))


def _choices(expression: str, given: Mapping[str, str]) -> list[str]:
    """The texts that a jq expression can give: of an ``if`` each branch's."""
    branches: list[str] = _BRANCH.findall(expression) if re.match(r"[(\s]*if\b", expression) else []
    return [_worked_out(one, given) for one in branches or [expression]]


def _plain(key: str, text: str) -> str:
    found = re.search(rf'\\?"{key}\\?"\s*:\s*\\?"?([^"\n]*?)\\?["\n,}}]', text, re.IGNORECASE)
    return found[1] if found else ""


def _arguments(words: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for place, word in enumerate(words[:-2]):
        if word in ("--arg", "--argjson"):
            found[words[place + 1]] = words[place + 2]
    return found


def _value(key: str, text: str, given: Mapping[str, str]) -> str:
    found = re.search(rf'"?\b{key}"?\s*:\s*({_WORKED_OUT})', text, re.IGNORECASE)
    return _worked_out(found[1], given) if found else ""


def _worked_out(expression: str, given: Mapping[str, str]) -> str:
    """A jq expression as text, as far as it is literal or an argument."""
    bare = _balanced(expression.strip())
    if bare.startswith('"') or re.match(r'[$(][^"+]*\+', bare):
        return "".join(_part(one, given) for one in _PARTS.finditer(bare))
    name = re.match(r"\$(\w+)", bare)
    return given.get(name[1], "$" + name[1]) if name else bare


def _balanced(expression: str) -> str:
    """An expression without brackets around it, nor those that were cut off from their others."""
    text = expression
    while text[-1:] in (")", "]") and (text[:1] in ("(", "[") or _open(text) < 0):
        text = (text[1:-1] if text[:1] in ("(", "[") else text[:-1]).strip()
    while text[:1] in ("(", "[") and _open(text) > 0:
        text = text[1:].strip()
    return text


def _open(text: str) -> int:
    return sum(text.count(one) for one in "([") - sum(text.count(one) for one in ")]")


def _part(found: re.Match[str], given: Mapping[str, str]) -> str:
    """One part of texts that are added up: a literal, an argument, or what is worked out."""
    if found[1] is not None:
        return re.sub(r"\\\(\$(\w+)\)", lambda one: given.get(one[1], one[0]), found[1])
    name = re.fullmatch(r"\$(\w+)", found[0].strip(" ()"))
    return given.get(name[1], "$" + name[1]) if name else "${value}" if found[0].strip(" ()") else ""
