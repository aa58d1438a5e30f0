"""Cases as authors write them. docs/reference/trial-runs.md shows the format, :func:`schema` is its JSON schema."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from runstone.content.trial import pattern
from runstone.model.noun import Noun


def _pattern(text: str) -> str:
    if why := pattern.problem(text):
        raise ValueError(why)
    return text


def _text(value: Any) -> Any:
    """YAML reads 8080, true and 1.5 as what they look like; a variable is always text."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


Pattern = Annotated[str, BeforeValidator(_text), AfterValidator(_pattern)]
Text = Annotated[str, BeforeValidator(_text)]


class ToolAnswer(Noun):
    """What a program prints and how it ends, when its arguments and its stdin fit."""

    run: str = Field(pattern=r"^[A-Za-z0-9_.+-]+$")
    """The program's name."""
    args: Pattern = "*"
    """Of its arguments, joined by blanks."""
    stdin: Pattern | None = None
    """Of all it is given on stdin. Stdin is read only for an answer that asks for it."""
    out: str = ""
    out_file: str = ""
    """A file below ``tests/`` that holds what it prints."""
    err: str = ""
    exit: int = Field(default=0, ge=0, le=255)
    after_s: float = Field(default=0, ge=0, le=86_400)
    missing: bool = False
    """The program is not there at all, and the case means that."""


class HttpAnswer(Noun):
    """What the loopback server answers, when method and path fit."""

    method: Pattern = "GET"
    path: Pattern
    """Of the path, with or without its query. An address elsewhere, asked through the proxy, is matched as a whole."""
    status: int = Field(default=200, ge=100, le=599)
    headers: dict[str, Text] = Field(default={})
    body: str = ""
    body_file: str = ""
    """A file below ``tests/`` that holds the body."""
    json_body: Any = Field(default=None, alias="json")
    """The body as YAML, sent as JSON."""
    after_s: float = Field(default=0, ge=0, le=86_400)

    @model_validator(mode="after")
    def _one_body(self) -> "HttpAnswer":
        if sum(map(bool, (self.body, self.body_file, self.json_body is not None))) > 1:
            raise ValueError("has to have at most one of body, body_file and json")
        return self


class ExpectedIssue(Noun):
    """One Issue that has to be raised. Every pattern that is given has to fit the same Issue."""

    title: Pattern
    severity: Literal[1, 2, 3, 4] | None = None
    expected: Pattern | None = None
    actual: Pattern | None = None
    details: Pattern | None = None
    next_steps: Pattern | None = None
    """Of all next steps, one a line."""
    resource: Pattern | None = None
    cause: Pattern | None = None
    times: int | None = Field(default=None, ge=1)
    """How many such Issues there have to be; any number from one when it is not said."""


class Expectation(Noun):
    """What has to come of the run. That no Task breaks and every call has an answer need not be said."""

    issues: tuple[ExpectedIssue, ...] = ()
    no_other_issues: bool = False
    report: tuple[Pattern, ...] = ()
    """Of all output of the Tasks; each has to fit."""
    ruled_out: tuple[Pattern, ...] = ()
    could_not_check: tuple[Pattern, ...] = ()
    """Of ``resource what: why`` of a note."""
    metric: float | None = None
    """The last number pushed without a sub name."""
    metrics: dict[str, float] = Field(default={})
    """The last number pushed under each sub name."""
    status: Literal["passed", "failed", "errored"] | None = None
    """How the worst Task ends: failed when something is ill, errored when a Task breaks."""
    calls: tuple[Pattern, ...] = ()
    """Of ``program arguments`` or ``METHOD /path``; each has to have been asked."""
    never: tuple[Pattern, ...] = ()
    """The same for what must not have been asked."""


class Case(Noun):
    """One run of a suite in a scripted world."""

    name: str = Field(min_length=1)
    suite: str = Field(default="", pattern=r"^[^/]*$")
    """A file of the bundle; ``runbook.robot`` or ``task.yaml``, whichever there is, when it is not said."""
    tasks: tuple[Pattern, ...] = ()
    """Of titles, as written or with the values of the case; every Task not tagged read-write when none are given."""
    variables: dict[str, Text] = Field(default={})
    secrets: dict[str, Text] = Field(default={})
    tools: tuple[ToolAnswer, ...] = ()
    http: tuple[HttpAnswer, ...] = ()
    deadline_s: float = Field(default=60, gt=0, le=3600)
    expect: Expectation


class CaseFile(Noun):
    """A whole file below ``tests/``. What stands beside ``cases`` holds for each of them, behind its own."""

    variables: dict[str, Text] = Field(default={})
    secrets: dict[str, Text] = Field(default={})
    tools: tuple[ToolAnswer, ...] = ()
    http: tuple[HttpAnswer, ...] = ()
    cases: tuple[Case, ...] = Field(min_length=1)

    def whole(self, case: Case) -> Case:
        """A case with what holds for all."""
        return case.model_copy(
            update={
                "variables": {**self.variables, **case.variables},
                "secrets": {**self.secrets, **case.secrets},
                "tools": (*case.tools, *self.tools),
                "http": (*case.http, *self.http),
            }
        )


def schema() -> dict[str, Any]:
    """The JSON schema of a case file (draft 2020-12)."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **CaseFile.model_json_schema(by_alias=True)}
