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
    """One Robot task as written. ``title`` is unresolved: it still carries ``${VARIABLES}``."""

    title: str
    documentation: str
    tags: tuple[str, ...]
    access: Access


class Input(Noun):
    """One ``Import User Variable`` (or platform variable) of a suite. ``default`` None means none is declared."""

    name: str
    description: str
    default: str | None
    example: str | None
    line: int


class SecretInput(Noun):
    """One ``Import Secret`` of a suite."""

    name: str
    description: str
    optional: bool
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


class Finding(Noun):
    """What is wrong with content, and where. ``line`` is 1-based; 0 when the whole file is meant."""

    file: str
    line: int
    message: str
    severity: Literal["error", "warning"]


class CodeBundle(Noun):
    """A folder of ``codebundles/``: its suites by file name, and its generation rule files."""

    name: str
    path: str
    suites: dict[str, Suite]
    rule_files: tuple[str, ...]
    findings: tuple[Finding, ...]


class GenerationRule(Noun):
    """Which resources get which SLXs. ``match`` and ``slxs`` stay as written; edge.discovery.rules reads them."""

    file: str
    platform: str
    resource_types: tuple[Any, ...]
    match: tuple[dict[str, Any], ...]
    slxs: tuple[dict[str, Any], ...]


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
