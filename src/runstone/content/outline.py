"""A suite's steps: which keywords its Tasks, its setup and its own keywords call, with what, on which line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, cast

from robot.api import Token
from robot.api.parsing import File, Keyword, KeywordSection, SettingSection, TestCase, TestCaseSection, VariableSection

_RUNS: dict[str, int] = {
    **dict.fromkeys(("runkeyword", "runkeywordandreturn", "runkeywordandcontinueonfailure"), 0),
    **dict.fromkeys(("runkeywordandignoreerror", "runkeywordandreturnstatus", "runkeywordandpushmetric"), 0),
    **dict.fromkeys(("runkeywordif", "runkeywordunless", "runkeywordandexpecterror", "runkeywordandreturnif"), 1),
    **dict.fromkeys(("repeatkeyword",), 1),
    **dict.fromkeys(("waituntilkeywordsucceeds",), 2),
}
"""BuiltIn keywords that run the keyword they are given, and how many arguments stand before it."""
_SETS = {"setsuitevariable", "settestvariable", "setglobalvariable", "settaskvariable", "setlocalvariable"}
_GIVES = {"setvariable", "catenate", "setvariableif"}
_DIVIDES = {"If", "Try", "For", "While", "IfBranch", "TryBranch"}


@dataclass(frozen=True, slots=True)
class Step:
    """One keyword call. ``name`` as written; ``args`` in order with their lines; ``conditional``: it may not run."""

    name: str
    args: tuple[str, ...]
    lines: tuple[int, ...]
    line: int
    conditional: bool

    @property
    def key(self) -> str:
        """The name as Robot compares it, without a library's."""
        return plain(self.name).rpartition(".")[2]

    def given(self, name: str) -> tuple[str, int] | None:
        """The value of a named argument and its line."""
        for arg, line in zip(self.args, self.lines, strict=True):
            if arg.startswith(f"{name}="):
                return arg[len(name) + 1 :], line
        return None

    def positional(self) -> list[tuple[str, int]]:
        """Arguments that have no name, with their lines."""
        return [(arg, line) for arg, line in zip(self.args, self.lines, strict=True) if not re.match(r"\w+=", arg)]


@dataclass(frozen=True, slots=True)
class Outline:
    """All steps of a suite. ``around``: its setups and teardowns; ``values``: what its variables are set to."""

    around: tuple[Step, ...]
    tasks: tuple[tuple[Step, ...], ...]
    keywords: dict[str, tuple[Step, ...]]
    values: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    def keyword(self, step: Step) -> tuple[str, tuple[Step, ...]]:
        """The suite's own keyword that a step calls, by key, and its steps; nothing when it calls another's."""
        key = plain(step.name)
        if key in self.keywords:
            return key, self.keywords[key]
        for name, steps in self.keywords.items():
            if re.search(r"\$\{[^}]*\}", name) and fits(name, key):
                return name, steps
        return "", ()


@lru_cache(maxsize=4096)
def plain(name: str) -> str:
    """A name as Robot compares names: without blanks, underscores and case."""
    return re.sub(r"[\s_]", "", name).lower()


def fits(name: str, called: str) -> bool:
    """Whether a keyword with variables in its name is the one called; each variable stands for some text.

    Both as :func:`plain` gives them. Goes through the name once: a pattern of many variables could take for ever.
    """
    first, *middle, last = re.split(r"\$\{[^}]*\}", name)
    at = len(first)
    for part in middle:
        found = called.find(part, at + 1)
        if found < 0:
            return False
        at = found + len(part)
    return called.startswith(first) and called.endswith(last) and len(called) - len(last) > at


def read(tree: File) -> Outline:
    """The outline of a suite's syntax tree."""
    around: list[Step] = []

    tasks: list[tuple[Step, ...]] = []
    keywords: dict[str, tuple[Step, ...]] = {}
    values: dict[str, list[str]] = {}
    for section in tree.sections:
        if isinstance(section, SettingSection):
            around += [step for node in section.body for step in _fixture(node)]
        elif isinstance(section, TestCaseSection):
            tasks += [_body(node, values) for node in section.body if isinstance(node, TestCase)]
        elif isinstance(section, KeywordSection):
            keywords.update(
                {plain(node.name): _body(node, values) for node in section.body if isinstance(node, Keyword)}
            )
        elif isinstance(section, VariableSection):
            _variables(section, values)

    return Outline(tuple(around), tuple(tasks), keywords, {name: tuple(said) for name, said in values.items()})


def _body(node: Any, values: dict[str, list[str]]) -> tuple[Step, ...]:
    return tuple(_steps(node.body, False, values))


def _steps(nodes: Any, conditional: bool, values: dict[str, list[str]]) -> Iterator[Step]:
    for node in nodes:
        kind = type(node).__name__
        if kind == "KeywordCall":
            yield from _call(node, conditional, values)
        elif kind == "Var":
            _remember(node.name, " ".join(node.value), values)
        elif kind in ("Setup", "Teardown"):
            yield from _fixture(node)
        if hasattr(node, "body"):
            yield from _steps(node.body, conditional or _divides(node), values)
        for branch in _branches(node):
            yield from _steps([branch], True, values)


def _divides(node: Any) -> bool:
    """Whether a block's body may be skipped; what stands under a plain TRY runs."""
    return type(node).__name__ in _DIVIDES and not (type(node).__name__ == "Try" and node.type == Token.TRY)


def _branches(node: Any) -> Iterator[Any]:
    for name in ("orelse", "next"):
        branch = getattr(node, name, None)
        if branch is not None:
            yield branch


def _call(node: Any, conditional: bool, values: dict[str, list[str]]) -> Iterator[Step]:
    tokens = cast("list[Any]", node.get_tokens(Token.ARGUMENT))
    args, lines = tuple(token.value for token in tokens), tuple(token.lineno for token in tokens)
    step = Step(node.keyword or "", args, lines, node.lineno, conditional)
    for one in _run(step):
        _set(one, node.assign, values)
        yield one


def _run(step: Step) -> Iterator[Step]:
    """The step, and the one it is told to run."""
    yield step
    before = _RUNS.get(step.key)
    if before is not None and len(step.args) > before:
        inner = (step.args[before], step.args[before + 1 :], step.lines[before + 1 :])
        sure = before == 0 and not step.conditional
        yield from _run(Step(*inner, step.line, not sure))


def _set(step: Step, assigned: tuple[str, ...], values: dict[str, list[str]]) -> None:
    """Note the texts that a step gives to a variable."""
    key = step.key
    if key in _GIVES and len(assigned) == 1:
        texts = step.args[1:] if key == "setvariableif" else (" ".join(step.args),)
        for text in texts:
            _remember(assigned[0], text, values)
    elif key in _SETS and len(step.args) > 1:
        _remember(step.args[0], " ".join(step.args[1:]), values)


def _remember(name: str, text: str, values: dict[str, list[str]]) -> None:
    found = re.fullmatch(r"[$\\]*\{?([\w ]+)\}?\s*=?", name.strip())
    if not found:
        return
    text = re.sub(r"^SEPARATOR=\S*\s*", "", text)
    known = values.setdefault(found[1], [])
    if text != f"${{{found[1]}}}" and text not in known:
        known.append(text)


def _fixture(node: Any) -> Iterator[Step]:
    """The step of a setup or teardown setting."""
    if type(node).__name__ not in ("SuiteSetup", "SuiteTeardown", "TestSetup", "TestTeardown", "Setup", "Teardown"):
        return
    if node.name and node.name.upper() != "NONE":
        args = tuple(node.args)
        yield from _run(Step(node.name, args, (node.lineno,) * len(args), node.lineno, False))


def _variables(section: VariableSection, values: dict[str, list[str]]) -> None:
    for node in section.body:
        if type(node).__name__ == "Variable":
            said = cast("Any", node)
            _remember(said.name, " ".join(said.value), values)
