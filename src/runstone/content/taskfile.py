"""``task.yaml``: a CodeBundle of plain scripts, without Robot Framework.

One manifest holds a bundle's Tasks: each a bash or python script, an SQL query or an HTTP request. It becomes the same
Suite that a ``.robot`` file becomes, so that everything behind it treats both alike. docs/reference/task-yaml.md shows
the format, :func:`schema` is its JSON schema.
"""

import re
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationError, model_validator

from runstone.errors import BadInput
from runstone.model.content import Access, Finding, Input, SecretInput, Suite, Task
from runstone.model.noun import Noun

NAME = "task.yaml"
_CAP = 1024 * 1024
_VARIABLE = re.compile(r"\$\{(\w+)\}")


class ManifestInput(Noun):
    """One input. Scripts find it in their environment, texts of the manifest as ``${name}``, SQL as ``:name``."""

    name: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    description: str = ""
    type: Literal["string", "integer", "number", "boolean"] = "string"
    pattern: str = ""
    enum: tuple[str, ...] = ()
    default: str | None = None
    example: str | None = None


class ManifestSecret(Noun):
    """One secret: an environment variable of that name, or a file whose path is in one."""

    name: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    description: str = ""
    optional: bool = False
    given_as: Literal["env", "file"] = Field(default="env", alias="as")


class Expectation(Noun):
    """What an HTTP answer must be; what it is not becomes an Issue."""

    status: tuple[int, ...] = (200,)
    contains: str = ""
    json_values: dict[str, Any] = Field(default={}, alias="json")
    """Values by path, such as ``status/ready``; a number in a path is a place in a list."""
    within_ms: int | None = None


class Http(Noun):
    """One request. Secrets may stand in ``headers`` and ``body`` as ``${name}``."""

    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    url: str
    headers: dict[str, str] = Field(default={})
    body: str = ""
    expect: Expectation = Expectation()


class Sql(Noun):
    """One query; each row is an Issue, its columns are the Issue's fields (``title`` at least)."""

    engine: Literal["postgres", "sqlite"]
    dsn: str
    """A connection string or, for sqlite, a file. Inputs and secrets may stand in it as ``${name}``."""
    query: str = ""
    file: str = ""


class IssueTemplate(Noun):
    """What an HTTP Task says when the answer is not as expected."""

    title: str = ""
    severity: Literal[1, 2, 3, 4] = 2
    details: str = ""
    next_steps: tuple[str, ...] = ()


class ManifestTask(Noun):
    """One Task: exactly one of ``script``, ``http`` and ``sql``."""

    title: str = Field(min_length=1)
    documentation: str = ""
    access: Access = "unknown"
    tags: tuple[str, ...] = ()
    timeout_seconds: int = Field(default=60, ge=1)
    script: str = ""
    """A file of the bundle: ``.sh`` for bash, ``.py`` for python."""
    http: Http | None = None
    sql: Sql | None = None
    issue: IssueTemplate = IssueTemplate()

    @model_validator(mode="after")
    def _one_way(self) -> "ManifestTask":
        if sum(map(bool, (self.script, self.http, self.sql))) != 1:
            raise ValueError("has to have exactly one of script, http and sql")
        if self.script and not self.script.endswith((".sh", ".py")):
            raise ValueError("script has to end in .sh (bash) or .py (python)")
        if self.sql and bool(self.sql.query) == bool(self.sql.file):
            raise ValueError("sql has to have exactly one of query and file")
        return self


class Manifest(Noun):
    """A whole ``task.yaml``."""

    display_name: str = ""
    documentation: str = ""
    author: str = ""
    supports: tuple[str, ...] = ()
    inputs: tuple[ManifestInput, ...] = ()
    secrets: tuple[ManifestSecret, ...] = ()
    tasks: tuple[ManifestTask, ...] = Field(min_length=1)


def schema() -> dict[str, Any]:
    """The JSON schema of a manifest (draft 2020-12)."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Manifest.model_json_schema(by_alias=True)}


def manifest(path: Path) -> Manifest:
    """One ``task.yaml``, checked. Raises BadInput saying what is wrong where."""
    try:
        if path.stat().st_size > _CAP:
            raise BadInput(f"{path.parent.name}/{NAME} has more than {_CAP} bytes; none is meant to be so large.")
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        return Manifest.model_validate(document)
    except ValidationError as err:
        first = err.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the top"
        raise BadInput(f"{path.parent.name}/{NAME} is wrong at {place}: {first['msg']}.") from err
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as err:
        what = " ".join(str(err).split())
        raise BadInput(f"{path.parent.name}/{NAME} cannot be read: {what}.") from err


def read(path: Path) -> tuple[Suite, tuple[Finding, ...]]:
    """The manifest as a Suite, and what is wrong with its files. Raises BadInput when it cannot be read at all."""
    found = manifest(path)
    lines = _lines(path)
    suite = Suite(
        file=NAME,
        documentation=found.documentation,
        display_name=found.display_name,
        author=found.author,
        supports=found.supports,
        tasks=tuple(_task(one, found, lines) for one in found.tasks),
        inputs=tuple(_input(one, lines) for one in found.inputs),
        secrets=tuple(
            SecretInput(name=one.name, description=one.description, optional=one.optional, line=lines.get(one.name, 0))
            for one in found.secrets
        ),
    )
    return suite, tuple(_findings(found, path, lines))


def _task(one: ManifestTask, found: Manifest, lines: dict[str, int]) -> Task:
    tags = (*one.tags, *((f"access:{one.access}",) if one.access != "unknown" else ()))
    said = {given.name: given.default or given.example for given in found.inputs}
    return Task(
        title=one.title,
        documentation=one.documentation,
        tags=tags,
        access=one.access,
        resolved_title=_VARIABLE.sub(lambda name: said.get(name[1]) or name[0], one.title),
        line=lines.get(one.title, 0),
    )


def _input(one: ManifestInput, lines: dict[str, int]) -> Input:
    return Input(
        name=one.name,
        description=one.description,
        default=one.default,
        example=one.example,
        line=lines.get(one.name, 0),
        type=one.type,
        pattern=one.pattern,
        enum=one.enum,
    )


def _lines(path: Path) -> dict[str, int]:
    """The line on which each text of the file first stands, for findings."""
    found: dict[str, int] = {}
    ask: list[Any] = [yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)]
    while ask:
        node = ask.pop(0)
        if isinstance(node, yaml.ScalarNode):
            found.setdefault(node.value, node.start_mark.line + 1)
        elif isinstance(node, yaml.SequenceNode):
            ask += node.value
        elif isinstance(node, yaml.MappingNode):
            ask += [part for pair in node.value for part in pair]
    return found


def _findings(found: Manifest, path: Path, lines: dict[str, int]) -> list[Finding]:
    problems: list[Finding] = []
    seen: set[str] = set()
    known = {one.name for one in (*found.inputs, *found.secrets)}
    for one in found.tasks:
        line = lines.get(one.title, 0)
        if one.title.lower() in seen:
            problems.append(_error(f"Two Tasks have the title {one.title!r}. Rename one.", line))
        seen.add(one.title.lower())
        needed = one.script or (one.sql.file if one.sql else "")
        if needed and not (path.parent / needed).is_file():
            problems.append(_error(f"Task {one.title!r} needs the file {needed}, which is not in the bundle.", line))
        problems += [
            _error(f"The title {one.title!r} uses ${{{name}}}, which is no input of the bundle.", line)
            for name in sorted(set(_VARIABLE.findall(one.title)) - known)
        ]
    return problems


def _error(message: str, line: int) -> Finding:
    return Finding(file=NAME, line=line, message=message, severity="error")
