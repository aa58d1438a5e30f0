"""What SLIs measure: the numbers their suites push, kept as series. All times are UTC, ISO 8601."""

from typing import Literal

from pydantic import FiniteFloat

from runstone.model.noun import Noun
from runstone.model.resource import ResourceRef

Standing = Literal["ok", "late", "failing", "never", "no_runner"]
"""ok: measured in time. late: nothing for two intervals, or a run that is still going when the next is due. failing:
the last run errored, or pushed nothing. never: nothing yet. no_runner: nobody at the Location could measure."""


class Metric(Noun):
    """One number as a suite pushed it. ``sub_name`` empty: it is the score of the SLI itself."""

    sub_name: str
    value: FiniteFloat
    type: str
    """``gauge``, ``counter``, ``histogram`` or ``untyped``, as the Task said; the value is kept as pushed."""
    labels: dict[str, str]


class Point(Noun):
    """A number and when it was pushed."""

    at: str
    value: float


class Bucket(Noun):
    """The numbers of one stretch of time, which begins at ``at``; at least one lies in it."""

    at: str
    min: float
    mean: float
    max: float
    count: int


class Series(Noun):
    """The numbers of one ``sub_name`` with the same labels, oldest first: ``points`` as pushed, or ``buckets``."""

    sub_name: str
    labels: dict[str, str]
    type: str
    last: Point | None
    """The newest number there is, also from before the window."""
    points: tuple[Point, ...]
    buckets: tuple[Bucket, ...]


class Reading(Noun):
    """One SLI as it stands: its last score, and whether that can be relied on."""

    slx: str
    alias: str
    subject: ResourceRef
    interval_s: int
    standing: Standing
    reason: str
    """Why it stands so, as a sentence; of an ``ok`` one what its suite remarked, mostly nothing."""
    since: str
    """When it came to be measured."""
    due: str
    """When it is measured next."""
    ended_at: str | None
    """When its last run ended, well or not."""
    last: Point | None
    """Its last score."""
    trend: tuple[float | None, ...]
    """Mean scores of equal parts of the window, oldest first; None where nothing was measured."""


class Detail(Noun):
    """One SLI with its series from ``start`` to before ``end``."""

    reading: Reading
    start: str
    end: str
    series: tuple[Series, ...]
