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
_SEPARATOR = "SEPARATOR="
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
        begins = f"{name}="
        for place, arg in enumerate(self.args):
            if arg.startswith(begins):
                return arg[len(begins) :], self.lines[place]
        return None

    def positional(self) -> list[tuple[str, int]]:
        """Arguments that have no name, with their lines."""
        return [(arg, line) for arg, line in zip(self.args, self.lines, strict=True) if not re.match(r"\w+=", arg)]


@dataclass(frozen=True, slots=True)
class Body:
    """A Task or a keyword of a suite: its steps, and the texts that it sets variables to."""

    steps: tuple[Step, ...] = ()
    values: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])


@dataclass(frozen=True, slots=True)
class Outline:
    """All steps of a suite. ``around``: its setups and teardowns.

    ``values``: the texts its variables are set to; ``shared``: those that are set for more than one body; ``made``: the
    steps whose results others of its variables hold.
    """

    around: tuple[Step, ...]
    tasks: tuple[Body, ...]
    keywords: dict[str, Body]
    values: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    made: dict[str, tuple[Step, ...]] = field(default_factory=dict[str, tuple[Step, ...]])
    shared: frozenset[str] = frozenset()

    def said(self, name: str, body: Body) -> tuple[str, ...]:
        """The texts that a variable may hold in a body: its own, where it sets the variable for itself."""
        own = () if name in self.shared else body.values.get(name, ())
        return own or self.values.get(name, ())

    def keyword(self, step: Step) -> tuple[str, Body]:
        """The suite's own keyword that a step calls, by key, and its body; nothing when it calls another's."""
        key = plain(step.name)
        if key in self.keywords:
            return key, self.keywords[key]
        for name, body in self.keywords.items():
            if re.search(r"\$\{[^}]*\}", name) and fits(name, key):
                return name, body
        return "", Body()


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


@dataclass(slots=True)
class _Variables:
    """What is known of variables while a suite is read. ``here``: in the body that is being read."""

    values: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    here: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    shared: set[str] = field(default_factory=set[str])
    made: dict[str, list[Step]] = field(default_factory=dict[str, list[Step]])


def read(tree: File) -> Outline:
    """The outline of a suite's syntax tree."""
    around: list[Step] = []

    tasks: list[Body] = []
    keywords: dict[str, Body] = {}
    known = _Variables()
    for section in tree.sections:
        if isinstance(section, SettingSection):
            around += [step for node in section.body for step in _fixture(node)]
        elif isinstance(section, TestCaseSection):
            tasks += [_body(node, known) for node in section.body if isinstance(node, TestCase)]
        elif isinstance(section, KeywordSection):
            keywords.update(
                {plain(node.name): _body(node, known) for node in section.body if isinstance(node, Keyword)}
            )
        elif isinstance(section, VariableSection):
            _variables(section, known)

    made = {name: tuple(by) for name, by in known.made.items()}
    return Outline(tuple(around), tuple(tasks), keywords, _kept(known.values), made, frozenset(known.shared))


def _body(node: Any, known: _Variables) -> Body:
    known.here = {}
    steps = tuple(_steps(node.body, False, known))
    return Body(steps, _kept(known.here))


def _kept(values: dict[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(said) for name, said in values.items()}


def _steps(nodes: Any, conditional: bool, known: _Variables, assigned: tuple[str, ...] = ()) -> Iterator[Step]:
    """The steps of a body. ``assigned``: the variables that an IF in one line gives the result to."""
    for node in nodes:
        kind = type(node).__name__
        if kind == "KeywordCall":
            yield from _call(node, conditional, known, node.assign or assigned)
        elif kind == "For" and node.flavor == "IN" and len(node.assign) == 1:
            for text in node.values:
                _remember(node.assign[0], text, known)
        elif kind == "Var":
            _remember(node.name, " ".join(node.value), known, shared=(node.scope or "LOCAL").upper() != "LOCAL")
        elif kind in ("Setup", "Teardown"):
            yield from _fixture(node)
        given = (node.assign if kind == "If" else ()) or assigned
        if hasattr(node, "body"):
            yield from _steps(node.body, conditional or _divides(node), known, given)
        for branch in _branches(node):
            yield from _steps([branch], True, known, given)


def _divides(node: Any) -> bool:
    """Whether a block's body may be skipped; what stands under a plain TRY runs."""
    return type(node).__name__ in _DIVIDES and not (type(node).__name__ == "Try" and node.type == Token.TRY)


def _branches(node: Any) -> Iterator[Any]:
    for name in ("orelse", "next"):
        branch = getattr(node, name, None)
        if branch is not None:
            yield branch


def _call(node: Any, conditional: bool, known: _Variables, assigned: tuple[str, ...]) -> Iterator[Step]:
    tokens = cast("list[Any]", node.get_tokens(Token.ARGUMENT))
    args, lines = tuple(token.value for token in tokens), tuple(token.lineno for token in tokens)
    step = Step(node.keyword or "", args, lines, node.lineno, conditional)
    for one in _run(step):
        _set(one, assigned, known)
        yield one


def _run(step: Step) -> Iterator[Step]:
    """The step, and those it is told to run."""
    yield step
    key = step.key
    if key == "runkeywords":
        yield from _all(step)
        return
    before = _RUNS.get(key)
    if before is None or len(step.args) <= before:
        return
    if key == "runkeywordif":
        yield from _branched(step)
    else:
        yield from _told(step, before, len(step.args), sure=before == 0)


def _told(step: Step, first: int, end: int, sure: bool) -> Iterator[Step]:
    """The step whose keyword and arguments stand in these of another's."""
    if first < end:
        inner = (step.args[first], step.args[first + 1 : end], step.lines[first + 1 : end])
        yield from _run(Step(*inner, step.line, step.conditional or not sure))


def _all(step: Step) -> Iterator[Step]:
    """The steps of ``Run Keywords``: parted by AND, or each argument one."""
    parted = [place for place, arg in enumerate(step.args) if arg == "AND"]
    starts = [0, *(place + 1 for place in parted)] if parted else range(len(step.args))
    ends = [*parted, len(step.args)] if parted else range(1, len(step.args) + 1)
    for first, end in zip(starts, ends, strict=True):
        yield from _told(step, first, end, sure=True)


def _branched(step: Step) -> Iterator[Step]:
    """The steps of ``Run Keyword If``, one for each branch."""
    ends = [place for place, arg in enumerate(step.args) if arg in ("ELSE", "ELSE IF")]
    first = 1
    for end in (*ends, len(step.args)):
        yield from _told(step, first, end, sure=False)
        first = end + (2 if step.args[end : end + 1] == ("ELSE IF",) else 1)


def _set(step: Step, assigned: tuple[str, ...], known: _Variables) -> None:
    """Note what a step gives to a variable."""
    key = step.key
    if key in _SETS and len(step.args) > 1:
        _remember(step.args[0], " ".join(step.args[1:]), known, shared=key != "setlocalvariable")
    elif len(assigned) == 1 and key in _GIVES:
        for text in _given(key, step.args):
            _remember(assigned[0], text, known)
    elif assigned and key not in _RUNS:
        for name in assigned:
            known.made.setdefault(_bare(name), []).append(step)


def _given(key: str, args: tuple[str, ...]) -> tuple[str, ...]:
    """The texts that ``Set Variable`` and its like give."""
    if key == "setvariableif":
        # Conditions and values by turns; a last one by itself is for when no condition holds.
        return (*args[1::2], *(args[-1:] if len(args) > 1 and len(args) % 2 else ()))
    if key == "catenate" and args and args[0].startswith(_SEPARATOR):
        return (args[0].removeprefix(_SEPARATOR).join(args[1:]),)
    return (" ".join(args),)


def _bare(name: str) -> str:
    found = re.fullmatch(r"[$@&\\]*\{?([\w ]+)\}?\s*=?", name.strip())
    return found[1] if found else ""


def _remember(name: str, text: str, known: _Variables, shared: bool = False) -> None:
    bare = "" if name.strip()[:1] in ("@", "&") else _bare(name)
    if not bare:
        return
    if shared:
        known.shared.add(bare)
    for values in (known.values, known.here):
        texts = values.setdefault(bare, [])
        if text != f"${{{bare}}}" and text not in texts:
            texts.append(text)


def _fixture(node: Any) -> Iterator[Step]:
    """The step of a setup or teardown setting."""
    if type(node).__name__ not in ("SuiteSetup", "SuiteTeardown", "TestSetup", "TestTeardown", "Setup", "Teardown"):
        return
    if node.name and node.name.upper() != "NONE":
        args = tuple(node.args)
        yield from _run(Step(node.name, args, (node.lineno,) * len(args), node.lineno, False))


def _variables(section: VariableSection, known: _Variables) -> None:
    for node in section.body:
        if type(node).__name__ == "Variable":
            said = cast("Any", node)
            _remember(said.name, " ".join(said.value), known)
