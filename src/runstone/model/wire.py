"""What crosses between edge and control. Versioned by :data:`VERSION`; both ends refuse another major."""

from typing import Literal

from runstone.model.content import BundleRef
from runstone.model.measure import Metric
from runstone.model.noun import Noun
from runstone.model.resource import Relation, Resource, ResourceRef, Scope, ScopeReading
from runstone.model.run import Issue, Note, TaskState
from runstone.model.workspace import SLX, SecretNeed

VERSION = "2"

FIRST_SIGN_S = 10.0
"""How long a lease waits for the runner's first sign of life."""
TTL_S = 30.0
"""How long a lease lasts after each sign of life."""


class LeaseRequest(Noun):
    """A runner asks for work. ``instance`` changes at every start, so an older poll of the same runner is dropped."""

    location: str
    runner: str
    instance: str
    free: int
    wait_s: float


class Lease(Noun):
    """A time-limited claim on a RunRequest or a measurement. ``token`` fences: a report with an older one is refused.

    A measurement runs the suite of an SLI. ``variables`` of one hold ``RW_LOOKBACK_WINDOW`` and ``RW_SLI_METRIC_NAME``
    besides those of the SLI.
    """

    request: str
    session: str
    """Empty for a measurement: it belongs to no session, and its suite gets no RW_SESSION_ID and RW_RUNREQUEST_ID."""
    token: str
    attempt: int
    bundle: BundleRef
    titles: tuple[str, ...]
    """Unresolved titles, as in the suite."""
    variables: dict[str, str]
    secrets: tuple[SecretNeed, ...]
    subject: ResourceRef
    """What the SLX is about: where Issues that name no resource belong."""
    deadline_s: int
    ttl_s: float
    approval: str
    """A signed Approval for a Task that may change things; empty for a read-only one."""


class Leases(Noun):
    """The answer to a LeaseRequest; empty when nothing was offered in time."""

    leases: tuple[Lease, ...]


class Heartbeat(Noun):
    """A lease is still worked on. The answer tells whether to go on."""

    token: str


class HeartbeatAnswer(Noun):
    """``cancel`` true: stop the work, its result is not wanted any more."""

    cancel: bool


class Progress(Noun):
    """One thing a running Task said, numbered from 1 within its lease, so that a repeat changes nothing."""

    seq: int
    type: Literal["started", "output", "issue", "note", "metric", "done"]
    title: str
    """Unresolved title of the Task it belongs to; empty for the suite itself."""
    resolved_title: str
    at: str
    output: str = ""
    issue: Issue | None = None
    note: Note | None = None
    metric: Metric | None = None
    state: TaskState | None = None
    message: str = ""
    elapsed_s: float = 0.0
    truncated: bool = False


class ProgressReport(Noun):
    """A batch of Progress for one lease."""

    token: str
    progress: tuple[Progress, ...]


class Completion(Noun):
    """The lease's end. ``failed`` with a sentence when the suite itself could not be run."""

    token: str
    state: Literal["done", "failed"]
    message: str


class Related(Noun):
    """All relations that start at one resource."""

    source: ResourceRef
    relations: tuple[Relation, ...]


class MapUpdate(Noun):
    """What discovery saw of one platform that home does not know: a difference, or (empty ``base``) the whole.

    A difference fits when home holds ``base``. A whole one replaces all that home holds of the platform, but for
    resources whose Scope was not completely read; one that is whole but not ``final`` is only for a home that holds
    nothing of the platform. A resource that goes takes its relations and the SLXs named after it along.
    """

    location: str
    platform: str
    platforms: tuple[str, ...]
    """Every platform this Location reads. When ``final``, what it had of others is dropped."""
    base: str
    """Digest of what home must hold of the platform."""
    digest: str
    """Digest of what home holds of it afterwards; only compared, never worked out, by home."""
    final: bool
    """Ends a whole round of discovery of the platform."""
    readings: tuple[ScopeReading, ...]
    scopes_gone: tuple[Scope, ...]
    resources: tuple[Resource, ...]
    gone: tuple[ResourceRef, ...]
    related: tuple[Related, ...]
    slxs: tuple[SLX, ...]
    slxs_gone: tuple[str, ...]


class MapAnswer(Noun):
    """How many rows the update changed. Not ``fits``: nothing was applied, home holds ``held``; send the whole."""

    changed: int
    fits: bool
    held: str
