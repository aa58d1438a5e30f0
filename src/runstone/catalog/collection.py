"""A registered CodeCollection, its builds and its published versions. Moments are UTC, ISO 8601."""

from typing import Literal, get_args

from runstone.model.noun import Noun

StageName = Literal["checkout", "parse", "lint", "test", "augment", "index", "publish"]
STAGES: tuple[StageName, ...] = get_args(StageName)
"""In the order they run."""
StageState = Literal["waiting", "running", "done", "skipped", "failed"]
BuildState = Literal["running", "built", "failed", "interrupted"]
"""``interrupted``: what it needed did not answer, or its process ended; the commit may well be fine."""


class Registered(Noun):
    """A CodeCollection that is kept up to date. ``ref`` empty: its default branch; ``path`` empty: its root.

    ``poll_s``: seconds between looks for a new commit, 0 for never. ``hook_key`` names where the secret of its webhook
    lies; the secret itself is never kept here. ``strict``: a lint error holds a bundle back. ``current`` is the commit
    that is served, empty before the first version.
    """

    name: str
    url: str
    ref: str = ""
    path: str = ""
    added_by: str
    added_at: str
    poll_s: int = 0
    hook_key: str = ""
    strict: bool = False
    current: str = ""


class Stage(Noun):
    """One stage of a build. ``hits`` bundles were as an earlier build had made them, ``misses`` were made now.

    ``cpu_s`` counts this process, git and the reader; what else this process does meanwhile is counted too.
    """

    name: StageName
    state: StageState = "waiting"
    duration_s: float = 0
    cpu_s: float = 0
    hits: int = 0
    misses: int = 0
    lines: tuple[str, ...] = ()


class Build(Noun):
    """One commit on its way into the catalogue. ``reason``: who or what asked. ``problem``: why it failed."""

    collection: str
    number: int
    commit: str
    reason: str
    state: BuildState
    started_at: str
    ended_at: str = ""
    problem: str = ""
    stages: tuple[Stage, ...]

    def stage(self, name: StageName) -> Stage:
        """The stage of this name."""
        return self.stages[STAGES.index(name)]


class Held(Noun):
    """A bundle that did not pass a stage, at which commit, and why in a sentence."""

    path: str
    stage: StageName
    commit: str
    reason: str


class Piece(Noun):
    """One bundle of a version. ``commit`` is where its content is from: an older one when ``held`` says why.

    The other fields name what the stages made of it; ``tested`` and ``augmented`` are empty when that did not run.
    """

    path: str
    commit: str
    digest: str
    parsed: str
    linted: str
    tested: str = ""
    augmented: str = ""
    indexed: str
    held: Held | None = None


class Version(Noun):
    """What a collection offers at one commit; never changed. ``number`` counts the collection's versions from 1."""

    collection: str
    commit: str
    number: int
    published_at: str
    pieces: tuple[Piece, ...]
    missing: tuple[Held, ...] = ()
