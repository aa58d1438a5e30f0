"""One ``.robot`` file as data: its Tasks and what it asks for. Robot's own parser reads it; nothing is executed."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from robot.api import get_model
from robot.api.parsing import (
    DefaultTags,
    Documentation,
    KeywordCall,
    Metadata,
    ModelVisitor,
    SettingSection,
    Tags,
    TestCase,
    TestCaseSection,
    TestTags,
)
from robot.errors import DataError
from robot.utils import escaping

from runstone.errors import BadInput
from runstone.model.content import Access, Finding, Input, SecretInput, Suite, Task

_Named = TypeVar("_Named", Input, SecretInput)
_INPUT_ORDER = ("varname", "type", "description", "example", "pattern", "enum", "format", "default")
_SECRET_ORDER = ("varname", "description", "example", "pattern", "optional")
_INPUTS = {"importuservariable", "importplatformvariable"}
_SECRETS = {"importsecret", "importoptionalsecret", "importusersecret"}


def read(path: Path) -> tuple[Suite, tuple[Finding, ...]]:
    """The suite and what Robot's parser says is wrong in it. Raises BadInput when it is no text, OSError."""
    try:
        source = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as err:
        raise BadInput(f"{path.name} is not UTF-8 text (byte {err.start}), so Robot cannot read it.") from err
    try:
        # A text without a newline would be taken for a path.
        model = get_model(source + "\n", data_only=True)
    except (DataError, RecursionError) as err:
        raise BadInput(f"{path.name} cannot be parsed: {err}.") from err
    visitor = _Reader()
    visitor.visit(model)
    found = Suite(
        file=path.name,
        documentation=visitor.documentation,
        display_name=visitor.metadata.get("display name", ""),
        author=visitor.metadata.get("author", ""),
        supports=tuple(word for word in re.split(r"[,\s]+", visitor.metadata.get("supports", "")) if word),
        tasks=tuple(_task(node, visitor) for node in visitor.cases),
        inputs=_unique(visitor.inputs),
        secrets=_unique(visitor.secrets),
    )
    return found, tuple(_findings(path.name, found, visitor))


class _Reader(ModelVisitor):
    """Collects from the whole file, whatever the order of its sections."""

    def __init__(self) -> None:
        self.documentation = ""
        self.metadata: dict[str, str] = {}
        self.forced: list[str] = []
        self.default: list[str] = []
        self.cases: list[TestCase] = []
        self.inputs: list[Input] = []
        self.secrets: list[SecretInput] = []
        self.errors: list[tuple[int, str]] = []
        self.has_section = False

    def visit_SettingSection(self, node: SettingSection) -> None:  # noqa: N802  Robot's name for it
        for statement in node.body:
            if isinstance(statement, Documentation):
                self.documentation = statement.value
            elif isinstance(statement, Metadata):
                self.metadata[statement.name.strip().lower()] = statement.value.strip()
            elif isinstance(statement, TestTags):
                self.forced += statement.values
            elif isinstance(statement, DefaultTags):
                self.default += statement.values
        self.generic_visit(node)

    def visit_TestCaseSection(self, node: TestCaseSection) -> None:  # noqa: N802
        self.has_section = True
        self.cases += [case for case in node.body if isinstance(case, TestCase)]
        self.generic_visit(node)

    def visit_KeywordCall(self, node: KeywordCall) -> None:  # noqa: N802
        name = re.sub(r"[\s_]", "", node.keyword or "").lower().rpartition(".")[2]
        if name in _INPUTS:
            self._input(node)
        elif name in _SECRETS:
            self._secret(node, optional=name == "importoptionalsecret")
        self.generic_visit(node)

    def generic_visit(self, node: Any) -> None:
        """Note what the parser found wrong, at every node."""
        self.errors += [(node.lineno, str(message)) for message in getattr(node, "errors", None) or ()]
        super().generic_visit(node)

    def _input(self, node: KeywordCall) -> None:
        given = _arguments(node.args, _INPUT_ORDER)
        if given.get("varname"):
            self.inputs.append(
                Input(
                    name=given["varname"],
                    description=given.get("description", ""),
                    default=given.get("default"),
                    example=given.get("example"),
                    line=node.lineno,
                )
            )

    def _secret(self, node: KeywordCall, optional: bool) -> None:
        given = _arguments(node.args, _SECRET_ORDER)
        if given.get("varname"):
            self.secrets.append(
                SecretInput(
                    name=given["varname"],
                    description=given.get("description", ""),
                    optional=optional or given.get("optional", "").strip("${}").lower() in ("true", "yes", "on", "1"),
                    line=node.lineno,
                )
            )


def _task(node: TestCase, visitor: _Reader) -> Task:
    documentation, own = "", cast("list[str] | None", None)
    for statement in node.body:
        if isinstance(statement, Documentation):
            documentation = statement.value
        elif isinstance(statement, Tags):
            own = list(statement.values)
    tags: dict[str, None] = dict.fromkeys([*visitor.forced, *(visitor.default if own is None else own)])
    return Task(title=node.name, documentation=documentation, tags=tuple(tags), access=_access(tags))


def _access(tags: dict[str, None]) -> Access:
    """``access:read-write`` wins when both are given: the cautious reading."""
    words = {re.sub(r"[\s_]", "", tag).lower() for tag in tags}
    if "access:read-write" in words:
        return "read-write"
    return "read-only" if "access:read-only" in words else "unknown"


def _arguments(args: tuple[str, ...], order: tuple[str, ...]) -> dict[str, str]:
    """Arguments by name. Positional ones come first, as in Robot; a name nobody knows is kept and ignored."""
    found: dict[str, str] = {}
    for place, arg in enumerate(args):
        name, equals, value = arg.partition("=")
        if equals and re.fullmatch(r"\w+", name):
            found[name] = _text(value)
        elif place < len(order):
            found.setdefault(order[place], _text(arg))
    return found


def _text(raw: str) -> str:
    """What Robot would pass on, as far as that can be told without running: built-in blanks and escapes."""
    unescape = cast("Callable[[str], str]", escaping.unescape)  # pyright: ignore[reportUnknownMemberType]
    return unescape(raw.replace("${EMPTY}", "").replace("${SPACE}", " "))


def _unique(found: list[_Named]) -> tuple[_Named, ...]:
    """The first of each name."""
    return tuple({one.name: one for one in reversed(found)}.values())[::-1]


def _findings(file: str, suite: Suite, visitor: _Reader) -> list[Finding]:
    found = [Finding(file=file, line=line, message=text, severity="warning") for line, text in sorted(visitor.errors)]
    if not suite.tasks:
        text = "There is no Task in this file. Write one under *** Tasks ***."
        found.append(Finding(file=file, line=0, message=text, severity="error"))
    seen: dict[str, str] = {}
    for node in visitor.cases:
        key = re.sub(r"[\s_]", "", node.name).lower()
        if key in seen:
            text = f"Two Tasks cannot be told apart by title: {node.name!r} and {seen[key]!r}. Rename one."
            found.append(Finding(file=file, line=node.lineno, message=text, severity="error"))
        seen[key] = node.name
    return found
