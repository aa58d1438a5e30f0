"""What authors write: CodeCollections, CodeBundles, Tasks, GenerationRules, CauseCodes. Public by nature."""

from typing import Any, Literal

from runstone.model.noun import Noun

Access = Literal["read-only", "read-write", "unknown"]
"""What a Task may do to its subject. ``unknown`` (no ``access:`` tag) is never treated as read-only."""


class CollectionRef(Noun):
    """A git repository at a commit: the address of published content."""

    url: str
    ref: str
    commit: str
    """40 hex digits, or ``worktree`` for a local folder that is used as it lies."""


class BundleRef(Noun):
    """One CodeBundle of a collection at a commit. ``path`` is relative to the collection's root."""

    collection: CollectionRef
    path: str
    robot: str
    """The suite inside the bundle: ``runbook.robot`` or ``sli.robot`` or another ``.robot`` file."""


class Task(Noun):
    """One Robot task as written. ``title`` is unresolved: it still carries ``${VARIABLES}``.

    ``resolved_title`` has each of them replaced by the declared default of the input of that name, or by its example
    where the default is missing or empty, or by the value in the suite's ``*** Variables ***``; what none of them
    gives stays as written. It shows how the title reads; a run resolves the title with the values it is given.
    ``timeout`` is Robot's own, as written; empty when there is none. ``line`` 0 means that it is not known.
    """

    title: str
    documentation: str
    tags: tuple[str, ...]
    access: Access
    resolved_title: str = ""
    timeout: str = ""
    line: int = 0


class Input(Noun):
    """One ``Import User Variable`` (or platform variable) of a suite. ``default`` None means none is declared.

    ``type``, ``pattern`` and ``enum`` as declared; a pattern is empty when there is none, an enum lists its words.
    ``conditional``: it is imported in a branch, a loop or a TRY, so that a run may do without.
    """

    name: str
    description: str
    default: str | None
    example: str | None
    line: int
    kind: Literal["user", "platform"] = "user"
    type: str = "string"
    pattern: str = ""
    enum: tuple[str, ...] = ()
    conditional: bool = False

    @property
    def required(self) -> bool:
        """Whether a run must give it a value: it is always imported, and nothing is declared to fall back on."""
        return self.default is None and not self.conditional


class SecretInput(Noun):
    """One ``Import Secret`` of a suite."""

    name: str
    description: str
    optional: bool
    line: int
    example: str | None = None
    conditional: bool = False
    """As for an Input."""


class ServiceInput(Noun):
    """One ``Import Service`` of a suite: a remote shell, by the name under which a run is given its address."""

    name: str
    description: str
    example: str | None
    line: int


class Suite(Noun):
    """One ``.robot`` file, read without running it."""

    file: str
    documentation: str
    display_name: str
    author: str
    supports: tuple[str, ...]
    tasks: tuple[Task, ...]
    inputs: tuple[Input, ...]
    secrets: tuple[SecretInput, ...]
    services: tuple[ServiceInput, ...] = ()


class Finding(Noun):
    """What is wrong with content, and where. ``line`` is 1-based; 0 when the whole file is meant."""

    file: str
    line: int
    message: str
    severity: Literal["error", "warning"]


class Tool(Noun):
    """A program that a Task calls, and where it is called first.

    ``need``: ``always`` (every run of the Task reaches it, or gives up when it is missing), ``sometimes`` (in a branch,
    a loop, after ``&&``), ``optional`` (only where a test found it), ``remote`` (in a pod, on another machine or behind
    a shell service: not needed where the Task runs).
    """

    name: str
    need: Literal["always", "sometimes", "optional", "remote"]
    file: str
    line: int


class Change(Noun):
    """A command or call that changes something: the words, and where they stand."""

    file: str
    line: int
    words: str


class PossibleIssue(Noun):
    """An Issue that a Task can raise, as far as its source tells.

    ``title`` and ``next_steps`` are as written, with their variables; ``severity`` None means it is worked out. Its
    ``origin`` is a call of ``Add Issue`` (``robot``) or a script that describes it (``script``).
    """

    title: str
    severity: int | None
    next_steps: tuple[str, ...]
    origin: Literal["robot", "script"]
    file: str
    line: int


class CommandTimeout(Noun):
    """How long one command may take, where that is written as a number."""

    seconds: float
    file: str
    line: int


class TaskContract(Noun):
    """What one Task does, by its source: the suite's setup, its own steps, the keywords and scripts they reach.

    ``title`` is the Task's in the suite. ``scripts`` and the files of everything are relative to the bundle.
    ``commands`` names the inputs whose values are run as commands, ``unknown`` other variables of which that is so and
    whose values are not in the source: what those do cannot be told.
    """

    title: str
    tools: tuple[Tool, ...]
    scripts: tuple[str, ...]
    commands: tuple[str, ...]
    unknown: tuple[str, ...] = ()
    issues: tuple[PossibleIssue, ...]
    changes: tuple[Change, ...]
    timeouts: tuple[CommandTimeout, ...]

    @property
    def mutates(self) -> bool:
        """Whether it changes something, by its source.

        False with ``commands`` or ``unknown`` means: as far as can be told.
        """
        return bool(self.changes)


class SourceFile(Noun):
    """One file's text, or the part of it that belongs to a Task. ``name`` is relative to the bundle or collection."""

    name: str
    text: str


class TaskSource(Noun):
    """What an author published of one Task: its own steps, the scripts it reaches, and its bundle's README."""

    files: tuple[SourceFile, ...]
    readme: str


class Contract(Noun):
    """A suite and what its Tasks do; nothing of it was run. ``tasks`` stand in the order of the suite's."""

    suite: Suite
    tasks: tuple[TaskContract, ...]
    findings: tuple[Finding, ...]


class CodeBundle(Noun):
    """A folder of ``codebundles/``: its suites by file name, and its generation rule files."""

    name: str
    path: str
    suites: dict[str, Suite]
    rule_files: tuple[str, ...]
    findings: tuple[Finding, ...]


class GenerationRule(Noun):
    """Which resources get which SLXs. What is Any stays as written; edge.discovery.rules reads it.

    ``outputs`` are documents that belong to no SLX.
    """

    file: str
    platform: str
    resource_types: tuple[Any, ...]
    match: tuple[dict[str, Any], ...]
    slxs: tuple[dict[str, Any], ...]
    outputs: tuple[dict[str, Any], ...] = ()


class CauseCode(Noun):
    """A named kind of cause, shipped as content in ``causes/*.yaml`` of a collection.

    ``kind`` says whether the code can be the end of a search (``root``) or asks for a deeper one (``symptom``).
    ``explains`` lists the codes this one can bring about in resources that depend on its own. ``patterns`` are
    regular expressions that recognise the code in the text of an Issue that carries no code of its own. ``checks``
    are words that rank Tasks able to confirm it.
    """

    code: str
    title: str
    kind: Literal["root", "symptom"]
    resource_kinds: tuple[str, ...]
    explains: tuple[str, ...]
    patterns: tuple[str, ...]
    checks: tuple[str, ...]


class CodeCollection(Noun):
    """A repository read at a commit."""

    ref: CollectionRef
    bundles: tuple[CodeBundle, ...]
    causes: tuple[CauseCode, ...]
    findings: tuple[Finding, ...]
