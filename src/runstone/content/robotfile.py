"""One ``.robot`` file as data: its Tasks and what it asks for. Robot's own parser reads it; nothing is executed."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

from robot.api import get_model
from robot.api.parsing import (
    DefaultTags,
    Documentation,
    File,
    KeywordCall,
    Metadata,
    ModelVisitor,
    SettingSection,
    Tags,
    TestCase,
    TestCaseSection,
    TestTags,
    TestTimeout,
    Timeout,
    Variable,
)
from robot.errors import DataError
from robot.utils import escaping

from runstone.errors import BadInput
from runstone.model.content import Access, Finding, Input, SecretInput, ServiceInput, Suite, Task

_Named = TypeVar("_Named", Input, SecretInput, ServiceInput)
_CAP = 4 * 1024 * 1024
"""Bytes of a suite worth reading; the largest public one has 120 kB."""
_INPUT_ORDER = ("varname", "type", "description", "example", "pattern", "enum", "format", "default")
_SECRET_ORDER = ("varname", "description", "example", "pattern", "optional")
_SERVICE_ORDER = ("varname", "description", "example", "default")
_INPUTS = {"importuservariable", "importplatformvariable"}
_SECRETS = {"importsecret", "importoptionalsecret", "importusersecret"}


def read(path: Path) -> tuple[Suite, tuple[Finding, ...]]:
    """The suite and what Robot's parser says is wrong in it. Raises BadInput when it is no text, OSError."""
    return described(path.name, model(path))


def model(path: Path) -> File:
    """Robot's syntax tree of the file. Raises BadInput when it cannot be read as text or parsed, OSError."""
    if path.stat().st_size > _CAP:
        raise BadInput(f"{path.name} has more than {_CAP} bytes; no suite is meant to be that large.")
    try:
        source = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as err:
        raise BadInput(f"{path.name} is not UTF-8 text (byte {err.start}), so Robot cannot read it.") from err
    try:
        # A text without a newline would be taken for a path.
        return get_model(source + "\n", data_only=True)
    except (DataError, RecursionError) as err:
        raise BadInput(f"{path.name} cannot be parsed: {err}.") from err


def described(name: str, tree: File) -> tuple[Suite, tuple[Finding, ...]]:
    """The suite ``name`` and its findings, from its syntax tree. Raises BadInput when that is nested too deeply."""
    visitor = _Reader()
    try:
        visitor.visit(tree)
    except RecursionError as err:
        raise BadInput(f"{name} is nested too deeply to be read.") from err
    inputs = _unique(visitor.inputs)
    values = {**visitor.variables, **{one.name: said for one in inputs if (said := one.default or one.example)}}
    found = Suite(
        file=name,
        documentation=visitor.documentation,
        display_name=visitor.metadata.get("display name", ""),
        author=visitor.metadata.get("author", ""),
        supports=tuple(word for word in re.split(r"[,\s]+", visitor.metadata.get("supports", "")) if word),
        tasks=tuple(_task(node, visitor, values) for node in visitor.cases),
        inputs=inputs,
        secrets=_unique(visitor.secrets),
        services=_unique(visitor.services),
    )
    return found, tuple(_findings(name, found, visitor))


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
        self.services: list[ServiceInput] = []
        self.variables: dict[str, str] = {}
        self.timeout = ""
        self._branches = 0
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
            elif isinstance(statement, TestTimeout):
                self.timeout = statement.value or ""
        self.generic_visit(node)

    def visit_Variable(self, node: Variable) -> None:  # noqa: N802
        name = re.fullmatch(r"\$\{(.+)\}", node.name)
        if name and len(node.value) == 1:
            self.variables[name[1]] = text(node.value[0])
        self.generic_visit(node)

    def visit_If(self, node: Any) -> None:  # noqa: N802
        self._branches += 1
        self.generic_visit(node)
        self._branches -= 1

    visit_Try = visit_For = visit_While = visit_If  # noqa: N815

    def visit_TestCaseSection(self, node: TestCaseSection) -> None:  # noqa: N802
        self.has_section = True
        self.cases += [case for case in node.body if isinstance(case, TestCase)]
        self.generic_visit(node)

    def visit_KeywordCall(self, node: KeywordCall) -> None:  # noqa: N802
        name = re.sub(r"[\s_]", "", node.keyword or "").lower().rpartition(".")[2]
        if name in _INPUTS:
            self._input(node, "platform" if "platform" in name else "user")
        elif name in _SECRETS:
            self._secret(node, optional=name == "importoptionalsecret")
        elif name == "importservice":
            self._service(node)
        self.generic_visit(node)

    def generic_visit(self, node: Any) -> None:
        """Note what the parser found wrong, at every node."""
        self.errors += [(node.lineno, str(message)) for message in getattr(node, "errors", None) or ()]
        super().generic_visit(node)

    def _input(self, node: KeywordCall, kind: Literal["user", "platform"]) -> None:
        given = _arguments(node.args, _INPUT_ORDER)
        if given.get("varname"):
            self.inputs.append(
                Input(
                    name=given["varname"],
                    description=given.get("description", ""),
                    default=given.get("default"),
                    example=given.get("example"),
                    line=node.lineno,
                    kind=kind,
                    type=given.get("type") or "string",
                    pattern=_pattern(node.args),
                    enum=_choices(given.get("enum", "")),
                    conditional=self._branches > 0,
                )
            )

    def _service(self, node: KeywordCall) -> None:
        given = _arguments(node.args, _SERVICE_ORDER)
        if given.get("varname"):
            self.services.append(
                ServiceInput(
                    name=given["varname"],
                    description=given.get("description", ""),
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
                    example=given.get("example"),
                    conditional=self._branches > 0,
                )
            )


def _task(node: TestCase, visitor: _Reader, values: Mapping[str, str]) -> Task:
    documentation, own, timeout = "", cast("list[str] | None", None), visitor.timeout
    for statement in node.body:
        if isinstance(statement, Documentation):
            documentation = statement.value
        elif isinstance(statement, Tags):
            own = list(statement.values)
        elif isinstance(statement, Timeout):
            timeout = statement.value or ""
    tags: dict[str, None] = dict.fromkeys([*visitor.forced, *(visitor.default if own is None else own)])
    return Task(
        title=node.name,
        documentation=documentation,
        tags=tuple(tags),
        access=_access(tags),
        resolved_title=_resolved(node.name, values),
        timeout=timeout,
        line=node.lineno,
    )


def _resolved(title: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\$\{([\w ]+)\}", lambda found: values.get(found[1], found[0]), title)


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
            found[name] = text(value)
        elif place < len(order):
            found.setdefault(order[place], text(arg))
    return found


def text(raw: str) -> str:
    """What Robot would pass on, as far as that can be told without running: built-in blanks and escapes."""
    unescape = cast("Callable[[str], str]", escaping.unescape)  # pyright: ignore[reportUnknownMemberType]
    return unescape(raw.replace("${EMPTY}", "").replace("${SPACE}", " "))


def _pattern(args: tuple[str, ...]) -> str:
    """As written: authors mean a regular expression, in which Robot would take ``\\w`` for a plain ``w``."""
    said = next((arg for arg in args if arg.startswith("pattern=")), "pattern=")
    return said.partition("=")[2].replace("${EMPTY}", "").replace("\\\\", "\\")


def _choices(said: str) -> tuple[str, ...]:
    """The words of an enum: text with commas, with or without brackets and quotes."""
    words = (word.strip().strip("\"'") for word in said.strip().removeprefix("[").removesuffix("]").split(","))
    return tuple(word for word in words if word)


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
