"""Every keyword call of a suite with the place of each argument: what rules on steps look at."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, cast

from robot.api import Token
from robot.api.parsing import File, Keyword, KeywordSection, SettingSection, TestCase, TestCaseSection

from runstone.content.outline import plain

_RUNS: dict[str, int] = {
    **dict.fromkeys(("runkeyword", "runkeywordandreturn", "runkeywordandcontinueonfailure"), 0),
    **dict.fromkeys(("runkeywordandignoreerror", "runkeywordandreturnstatus", "runkeywordandpushmetric"), 0),
    **dict.fromkeys(("runkeywordandexpecterror", "repeatkeyword"), 1),
    "waituntilkeywordsucceeds": 2,
}
"""Keywords that run the one they are given, and how many arguments stand before it. Forms with ELSE are left out."""
_FIXTURES = ("SuiteSetup", "SuiteTeardown", "TestSetup", "TestTeardown", "Setup", "Teardown")

Kind = Literal["task", "keyword", "suite"]


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument as written. ``column`` is 1-based."""

    text: str
    line: int
    column: int

    @property
    def value(self) -> str:
        """What follows ``name=``; all of it when there is no name."""
        name, equals, value = self.text.partition("=")
        return value if equals and name.isidentifier() else self.text


@dataclass(frozen=True)
class Use:
    """One keyword call. ``kind``: where it stands; ``owner``: the title of that Task or name of that keyword."""

    name: str
    args: tuple[Argument, ...]
    line: int
    column: int
    kind: Kind
    owner: str
    assigned: tuple[str, ...] = ()

    @cached_property
    def key(self) -> str:
        """The name as Robot compares it, without a library's."""
        return plain(self.name).rpartition(".")[2]

    def given(self, name: str) -> Argument | None:
        """A named argument."""
        return next((arg for arg in self.args if arg.text.startswith(f"{name}=")), None)

    def said(self, *order: str) -> dict[str, Argument]:
        """Arguments by name; those without a name take the names of ``order``, as Robot gives them."""
        found: dict[str, Argument] = {}
        for place, arg in enumerate(self.args):
            name, equals, _ = arg.text.partition("=")
            if equals and name.isidentifier():
                found[name] = arg
            elif place < len(order):
                found.setdefault(order[place], arg)
        return found


def read(tree: File) -> tuple[Use, ...]:
    """Every call of a suite, in the order of the file; a keyword that is told to run another gives both."""
    return tuple(_sections(tree))


def _sections(tree: File) -> Iterator[Use]:
    for section in tree.sections:
        if isinstance(section, SettingSection):
            for node in section.body:
                yield from _fixture(node, "suite", "")
        elif isinstance(section, TestCaseSection | KeywordSection):
            for node in section.body:
                if isinstance(node, TestCase | Keyword):
                    yield from _body(node, "task" if isinstance(node, TestCase) else "keyword", node.name)


def _body(node: Any, kind: Kind, owner: str) -> Iterator[Use]:
    for one in node.body:
        if type(one).__name__ == "KeywordCall":
            yield from _call(one, kind, owner)
        elif type(one).__name__ in _FIXTURES:
            yield from _fixture(one, kind, owner)
        if hasattr(one, "body"):
            yield from _block(one, kind, owner)


def _block(node: Any, kind: Kind, owner: str) -> Iterator[Use]:
    """A block and the branches that follow it."""
    yield from _body(node, kind, owner)
    for name in ("orelse", "next"):
        branch = getattr(node, name, None)
        if branch is not None:
            yield from _block(branch, kind, owner)


def _call(node: Any, kind: Kind, owner: str) -> Iterator[Use]:
    keyword = node.get_token(Token.KEYWORD)
    if keyword is None:
        return
    assigned = tuple(cast("tuple[str, ...]", node.assign))
    yield from _run(Use(keyword.value, _arguments(node), *_place(keyword), kind, owner, assigned))


def _fixture(node: Any, kind: Kind, owner: str) -> Iterator[Use]:
    if type(node).__name__ not in _FIXTURES or not node.name or node.name.upper() == "NONE":
        return
    token = node.get_token(Token.NAME)
    yield from _run(Use(node.name, _arguments(node), *_place(token), kind, owner))


def _arguments(node: Any) -> tuple[Argument, ...]:
    return tuple(Argument(token.value, *_place(token)) for token in node.get_tokens(Token.ARGUMENT))


def _place(token: Any) -> tuple[int, int]:
    return token.lineno, token.col_offset + 1


def _run(use: Use) -> Iterator[Use]:
    yield use
    before = _RUNS.get(use.key)
    if before is not None and len(use.args) > before:
        inner = use.args[before]
        rest = use.args[before + 1 :]
        yield from _run(Use(inner.text, rest, inner.line, inner.column, use.kind, use.owner))
