"""Values against what a suite declares: which are wrong or missing, and which declarations say nothing.

A type and an enum hold always. A pattern holds only where it means something: it is a regular expression, it refuses
some value, the declared default and example satisfy it, and no value can keep it busy for long. A pattern without
anchors need only be found in the value. Everything else about a pattern is a finding for its author.
"""

import importlib
import re
from collections.abc import Callable, Iterator, Mapping, Set
from functools import lru_cache
from typing import Any

from runstone.model.content import Finding, Input, SecretInput, Suite

_LONGEST = 2000
"""Characters of a value that a pattern is tried on; a longer one passes."""
_PROBES = ("", "~", " \u2603 ", "=\n;")
"""Values so unlike each other that a pattern which fits them all fits everything."""
_UNSET = re.compile(r"^missing_|workspaceinfo_custom_variable", re.IGNORECASE)
"""What templates leave where a workspace sets no value; RW.CLI takes it for none."""
_TRUTHS = {"true", "false", "yes", "no", "on", "off", "1", "0"}


def problems(bundle: str, suite: Suite, variables: Mapping[str, str], secrets: Set[str]) -> tuple[str, ...]:
    """Why a run of the suite with these values would go wrong: one sentence each; none when nothing is known to.

    ``variables``: the values a run is given, by name. ``secrets``: the names of those it has. An input of kind platform
    is the runner's to give, one that is imported in a branch may not be asked for: neither is missed here.
    """
    found: list[str] = []
    for one in suite.inputs:
        if one.name in variables:
            wrong = _wrong(one, variables[one.name])
            found += [f"Bundle {bundle}: the input {one.name} {wrong}"] if wrong else []
        elif one.required and one.kind == "user":
            found.append(f"Bundle {bundle} needs a value for the input {one.name}{_for_example(one)}.")
    for secret in suite.secrets:
        if secret.name not in secrets and _needed(secret):
            found.append(f"Bundle {bundle} needs the secret {secret.name}{_for_example(secret)}.")
    return tuple(found)


def findings(suite: Suite) -> Iterator[Finding]:
    """What is wrong with the suite's declarations; the file is the suite's own name."""
    for one in suite.inputs:
        for text in _doubts(one):
            message = f"Input {one.name}: {text}"
            yield Finding(file=suite.file, line=one.line, message=message, severity="warning")


def enforced(one: Input) -> bool:
    """Whether the pattern of an input is held against values."""
    return bool(one.pattern and _declared(one)) and not any(_pattern_doubts(one))


def _needed(secret: SecretInput) -> bool:
    return not (secret.optional or secret.conditional or "${" in secret.name)


def _for_example(one: Input | SecretInput) -> str:
    said = " ".join((one.example or "").split())
    return f", for example {said if len(said) <= 100 else said[:99] + '…'}" if said else ""


def _wrong(one: Input, value: str) -> str:
    """What is wrong with a value, as the end of a sentence; empty when nothing is. No value is always allowed."""
    shown = value if len(value) <= 60 else value[:59] + "…"
    if not value or value in (one.default, one.example) or _UNSET.search(value):
        return ""
    kind = _TYPES.get(one.type.strip().lower())
    if kind and not kind[1](value):
        return f"must be {kind[0]}, not {shown!r}{_for_example(one)}."
    if one.enum and value not in one.enum:
        return f"must be one of {', '.join(one.enum)}, not {shown!r}."
    if enforced(one) and len(value) <= _LONGEST and not re.search(one.pattern, value):
        return f"does not fit its pattern {one.pattern}: {shown!r}{_for_example(one)}."
    return ""


def _is_number(value: str) -> bool:
    return bool(re.fullmatch(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*", value))


def _is_whole(value: str) -> bool:
    return bool(re.fullmatch(r"\s*[+-]?\d+\s*", value))


def _is_truth(value: str) -> bool:
    return value.strip().lower() in _TRUTHS


_TYPES: dict[str, tuple[str, Callable[[str], bool]]] = {
    **dict.fromkeys(("number", "float", "double", "decimal"), ("a number", _is_number)),
    **dict.fromkeys(("integer", "int"), ("a whole number", _is_whole)),
    **dict.fromkeys(("boolean", "bool"), ("true or false", _is_truth)),
}
"""Declared types that say something about a value; any other (``string`` almost always) says nothing."""


def _doubts(one: Input) -> Iterator[str]:
    if one.default and one.enum and one.default not in one.enum:
        yield f"the default '{one.default}' is not in its enum ({', '.join(one.enum)})."
    kind = _TYPES.get(one.type.strip().lower())
    if kind and one.default and not kind[1](one.default):
        yield f"the default '{one.default}' is not {kind[0]}, as its type says."
    if one.pattern:
        yield from _pattern_doubts(one)


def _pattern_doubts(one: Input) -> Iterator[str]:
    """Why a pattern is not held against values."""
    said = one.pattern
    try:
        compiled = re.compile(said)
    except (re.error, RecursionError, OverflowError) as err:
        yield f"the pattern '{said}' is no regular expression ({err}), so it is not enforced."
        return
    if "${" in said:
        yield f"the pattern '{said}' is a variable, so it is not enforced."
    elif all(compiled.search(probe) for probe in _PROBES):
        yield f"the pattern '{said}' fits every value, so it says nothing. Anchor it (^…$) or leave it out."
    elif not quick(said):
        yield f"the pattern '{said}' may take for ever on some value, so it is not enforced. Simplify it."
    else:
        yield from (
            f"the {what} '{value}' does not fit its own pattern '{said}', so that is not enforced."
            for what, value in _declared(one)
            if len(value) <= _LONGEST and not compiled.search(value)
        )


def _declared(one: Input) -> list[tuple[str, str]]:
    """The default and the example, where they are given."""
    return [(what, value) for what, value in (("default", one.default), ("example", one.example)) if value]


@lru_cache(maxsize=4096)
def quick(pattern: str) -> bool:
    """Whether matching takes time in step with the value's length, or a small power of it.

    An endless repetition must not hold another unless something fixed, that the inner one cannot take, parts its
    rounds; nor an alternative. More than two endless repetitions in a row are refused too.
    """
    # The parser that re itself uses; it is the one source of what a pattern means to re.
    tree = importlib.import_module("re._parser").parse(pattern)
    return _endless(tree) <= 2 and _parted(tree)


def _endless(tree: Any) -> int:
    """How many endless repetitions a pattern holds, the nested ones not counted; of alternatives the worst."""
    count = 0
    for code, value in tree:
        name = str(code)
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            count += 1 if value[1] > 1000 else _endless(value[2]) * min(value[1], 3)
        elif name == "SUBPATTERN":
            count += _endless(value[3])
        elif name == "BRANCH":
            count += max((_endless(one) for one in value[1]), default=0)
        elif name in ("ASSERT", "ASSERT_NOT"):
            count += _endless(value[1])
        elif name in ("GROUPREF", "GROUPREF_EXISTS"):
            count += 10
    return count


def _parted(tree: Any) -> bool:
    for code, value in tree:
        name = str(code)
        if name in ("MAX_REPEAT", "MIN_REPEAT") and value[1] > 1000 and not _apart(value[2]):
            return False
        inner = {"MAX_REPEAT": 2, "MIN_REPEAT": 2, "SUBPATTERN": 3, "ASSERT": 1, "ASSERT_NOT": 1}.get(name)
        if inner is not None and not _parted(value[inner]):
            return False
        if name == "BRANCH" and not all(_parted(one) for one in value[1]):
            return False
    return True


def _apart(body: Any) -> bool:
    """Whether a repeated body is one plain thing, or holds a fixed character that no repetition in it can take."""
    parts = list(_flat(body))
    loose = [value for name, value in parts if name == "loose"]
    if not loose:
        return True
    fixed = [value for name, value in parts if name == "fixed"]
    return "" not in loose and any(not any(re.fullmatch(f"[{one}]", mark) for one in loose) for mark in fixed)


def _flat(body: Any) -> Iterator[tuple[str, str]]:
    """Its fixed characters, and for each thing that may repeat or vary a set of characters; "" when it can be any."""
    for code, value in body:
        name = str(code)
        if name == "LITERAL":
            yield "fixed", chr(value)
        elif name == "SUBPATTERN":
            yield from _flat(value[3])
        elif name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            yield "loose", _set(value[2])
        elif name == "BRANCH":
            yield "loose", ""


def _set(body: Any) -> str:
    """The inside of a character class for a body of one class or character; empty for anything else."""
    if len(body) != 1:
        return ""
    code, value = body[0]
    if str(code) == "LITERAL":
        return re.escape(chr(value))
    if str(code) != "IN":
        return ""
    found = [_member(*one) for one in value]
    return "" if not all(found) else "".join(found)


def _member(code: Any, value: Any) -> str:
    name = str(code)
    if name == "LITERAL":
        return re.escape(chr(value))
    if name == "RANGE":
        return f"{re.escape(chr(value[0]))}-{re.escape(chr(value[1]))}"
    kinds = {"CATEGORY_DIGIT": r"\d", "CATEGORY_WORD": r"\w", "CATEGORY_SPACE": r"\s"}
    return kinds.get(str(value), "") if name == "CATEGORY" else ""
