"""What is known of a Task beyond its source, for search and planning. Every piece says where it is from."""

from typing import Literal

from pydantic import Field

from runstone.model.noun import Noun

Origin = Literal["local", "model"]
"""``local``: worked out from the source and the ontology; ``model``: written by a language model and checked."""


def _empty(value: object) -> bool:
    """Whether a field is left out where a document is written down: most Tasks take no command."""
    return not value


class Statement(Noun):
    """One sentence, phrase or name. An empty ``text`` says nothing: what another generator says stands."""

    text: str
    origin: Origin = "local"


class Signature(Noun):
    """A pattern that the Task's own source looks for in output: who sees such text has this Task's subject."""

    pattern: str
    means: tuple[str, ...]
    """Names of the ontology's signals that the pattern speaks of."""
    origin: Origin = "local"


class Follow(Noun):
    """A Task that should come after an Issue. ``score`` ranks it, from 0 to 1; ``why`` says what connects them."""

    key: str
    score: float
    why: str


class ExpectedIssue(Noun):
    """An Issue the Task can raise, its causes by code, and what to run next, best first."""

    title: str
    severity: int | None
    causes: tuple[str, ...]
    follows: tuple[Follow, ...]
    origin: Origin = "local"


class Scenario(Noun):
    """A situation in which the Task helps: symptom, resource, platform and surroundings, as somebody would tell it.

    ``says``: the symptom in the words of ``text``. ``looks``: what of the Task answers it, strongest first; none
    where its own words tell the symptom. ``expects``: the Issue it most likely ends in, if its source has one that
    speaks of the symptom. ``then``: the Tasks that should come next: what these surroundings suggest (what changed,
    after a release; what is used up, under load), then what else the symptom calls for and this Task does not show.
    ``inputs``: for a Task that runs what it is given, the command by the input's name; ``reads``: what to look for in
    what it prints.
    """

    text: str
    symptom: str
    says: str
    resource: str
    platform: str
    environment: str
    looks: tuple[str, ...]
    expects: str
    then: tuple[str, ...]
    inputs: dict[str, str] = Field(default_factory=dict, exclude_if=_empty)
    reads: str = Field(default="", exclude_if=_empty)
    origin: Origin = "local"

    @property
    def short(self) -> str:
        """What is turned into a vector: resource and symptom; platform and surroundings only blur it."""
        return f"{self.resource} {self.says}"


class TaskDocument(Noun):
    """The metadata of one Task. ``key`` is ``codebundle::title``; ``digest`` that of everything it was made from.

    ``purpose`` is in the author's words; ``summary`` in a model's, and ``next_steps`` are what it would do with what
    the Task shows. Both are empty where no model was asked.
    """

    key: str
    digest: str
    purpose: Statement
    use_when: tuple[Statement, ...]
    not_when: tuple[Statement, ...]
    symptoms: tuple[Statement, ...]
    signatures: tuple[Signature, ...]
    alerts: tuple[Statement, ...]
    questions: tuple[Statement, ...]
    preconditions: tuple[Statement, ...]
    blast_radius: Statement
    reversible: Statement
    issues: tuple[ExpectedIssue, ...]
    scenarios: tuple[Scenario, ...]
    summary: Statement = Statement(text="")
    next_steps: tuple[Statement, ...] = ()

    @classmethod
    def empty(cls, key: str, digest: str) -> "TaskDocument":
        """A document that says nothing yet."""
        nothing = Statement(text="")
        return cls(
            key=key,
            digest=digest,
            purpose=nothing,
            use_when=(),
            not_when=(),
            symptoms=(),
            signatures=(),
            alerts=(),
            questions=(),
            preconditions=(),
            blast_radius=nothing,
            reversible=nothing,
            issues=(),
            scenarios=(),
        )
