"""Sessions and what happens in them. Written (content), to run (RunRequest) and happened (TaskRun) are apart."""

from typing import Literal

from runstone.model.content import Access
from runstone.model.noun import Noun
from runstone.model.resource import ResourceRef

SessionState = Literal["open", "running", "waiting", "concluded", "inconclusive", "cancelled"]
RequestState = Literal["offered", "leased", "running", "done", "failed", "lost", "cancelled"]
TaskState = Literal["passed", "failed", "skipped", "errored"]
"""passed: looked and found nothing ill. failed: the subject is ill. skipped: not meant to run. errored: the Task
itself broke, so nothing is known of the subject."""

Grade = Literal["confirmed", "likely", "possible"]

SESSION_MOVES: dict[SessionState, frozenset[SessionState]] = {
    "open": frozenset({"running", "cancelled"}),
    "running": frozenset({"waiting", "concluded", "inconclusive", "cancelled"}),
    "waiting": frozenset({"running", "concluded", "inconclusive", "cancelled"}),
    "concluded": frozenset({"running"}),
    "inconclusive": frozenset({"running"}),
    "cancelled": frozenset(),
}
"""Which state may follow which. A concluded session runs again when a Proposal of its is approved."""

REQUEST_MOVES: dict[RequestState, frozenset[RequestState]] = {
    "offered": frozenset({"leased", "cancelled"}),
    "leased": frozenset({"running", "lost", "cancelled"}),
    "running": frozenset({"done", "failed", "lost", "cancelled"}),
    "lost": frozenset({"offered", "cancelled", "failed"}),
    "done": frozenset(),
    "failed": frozenset(),
    "cancelled": frozenset(),
}

LIVE: frozenset[SessionState] = frozenset({"open", "running", "waiting"})
"""States of a RunSession that is not over."""

FLYING: frozenset[RequestState] = frozenset({"offered", "leased", "running", "lost"})
"""States of a RunRequest whose result is still to come."""


class Issue(Noun):
    """Something ill that a Task found. ``severity`` is 1 (needs a human now) to 4 (for information)."""

    severity: Literal[1, 2, 3, 4]
    title: str
    expected: str
    actual: str
    details: str
    next_steps: tuple[str, ...]
    reproduce_hint: str
    observed_at: str
    """UTC, ISO 8601."""
    resource: ResourceRef | None
    """The subject as named by the Task; None when the Task names none and it must be found from the text."""
    cause: str
    """A CauseCode, or empty when the Task gives none."""
    evidence: tuple[str, ...]
    """Lines of the Task's own output that show it."""
    blames: tuple[ResourceRef, ...]
    """Where the Task itself points for the reason."""


class Note(Noun):
    """What a Task says it excluded, or could not look at."""

    kind: Literal["ruled_out", "could_not_check"]
    resource: ResourceRef | None
    what: str
    why: str


class TaskRun(Noun):
    """One Task, happened. Times are UTC, ISO 8601; ``output`` is redacted and capped."""

    title: str
    resolved_title: str
    state: TaskState
    message: str
    started_at: str
    elapsed_s: float
    issues: tuple[Issue, ...]
    notes: tuple[Note, ...]
    output: str
    truncated: bool


class Score(Noun):
    """Why a Task was chosen: every component in 0..1, their weighted sum, and a sentence."""

    total: float
    parts: dict[str, float]
    why: str


class Choice(Noun):
    """A Task chosen for a RunRequest, with its score."""

    title: str
    resolved_title: str
    score: Score


class RunRequest(Noun):
    """Chosen Tasks of one SLX's Runbook, offered to a Location. ``attempt`` above 1 is a marked retry."""

    id: str
    session: str
    slx: str
    location: str
    choices: tuple[Choice, ...]
    access: Access
    deadline_s: int
    state: RequestState
    attempt: int
    round: int
    purpose: Literal["diagnose", "remedy", "verify"]
    overrides: dict[str, str]


class Evidence(Noun):
    """A line of output, the Task that printed it and its subject."""

    task: str
    resource: ResourceRef
    line: str


class Cause(Noun):
    """A root cause, ranked. No evidence, no Cause."""

    resource: ResourceRef
    reason: str
    code: str
    confidence: float
    grade: Grade
    evidence: tuple[Evidence, ...]
    explains: tuple[str, ...]
    """Titles of the Issues that this cause accounts for."""


class Remark(Noun):
    """One thing ruled out, or one that could not be checked."""

    resource: ResourceRef | None
    what: str
    why: str
    task: str


class Proposal(Noun):
    """A change offered, exactly: Task, target and parameters. Nothing is done before an Approval of it."""

    id: str
    session: str
    slx: str
    task: str
    """Unresolved title, as in the suite."""
    title: str
    """Resolved title, for people."""
    target: ResourceRef
    parameters: dict[str, str]
    access: Access
    expires: str
    """UTC, ISO 8601; later approvals are refused."""
    state: Literal["open", "approved", "used", "expired", "rejected"]
    cause: str
    verify: tuple[tuple[str, str], ...]
    """(SLX, Task title) of the Tasks that found the cause: run again after the change to see whether it helped."""
    digest: str
    """SHA-256 over task, target, parameters and expiry: what an Approval signs."""


class Diagnosis(Noun):
    """What a session has come to."""

    causes: tuple[Cause, ...]
    ruled_out: tuple[Remark, ...]
    could_not_check: tuple[Remark, ...]


class Trigger(Noun):
    """What opened a session: a person's question or an alert, and the resources it names as text."""

    kind: Literal["question", "alert"]
    text: str
    labels: dict[str, str]
    namespaces: tuple[str, ...]


class RunSession(Noun):
    """One investigation. Times are UTC, ISO 8601."""

    id: str
    workspace: str
    trigger: Trigger
    state: SessionState
    reason: str
    """Why it is in this state, as a sentence."""
    opened_at: str
    ended_at: str | None
    resolved: bool
    diagnosis: Diagnosis
    budget_s: int
