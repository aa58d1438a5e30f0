"""What trial runs say: failures with file and line, cases, the parts of a score, bundles."""

from runstone.model.content import Finding
from runstone.model.noun import Noun


class Failure(Noun):
    """One thing that is not as it has to be. ``file`` is relative to the bundle; ``line`` 0: none is known."""

    message: str
    file: str
    line: int


class TaskOutcome(Noun):
    """How one Task of a case ended, and the titles of the Issues it raised."""

    title: str
    state: str
    issues: tuple[str, ...]


class CaseOutcome(Noun):
    """One case. ``calls`` say what was asked and what answered, in order, ``complaints`` what commands wrote to stderr
    about themselves.
    """

    name: str
    file: str
    line: int
    suite: str
    elapsed_s: float
    failures: tuple[Failure, ...]
    tasks: tuple[TaskOutcome, ...]
    calls: tuple[str, ...]
    complaints: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether everything is as it has to be."""
        return not self.failures


class Points(Noun):
    """One part of a score and its reason. ``most`` 0: it does not apply here."""

    what: str
    points: float
    most: int
    reason: str


class BundleOutcome(Noun):
    """One CodeBundle. ``defects`` say which of its files cannot be read; ``score`` None: it was not worked out."""

    bundle: str
    path: str
    unresolved: tuple[Finding, ...]
    defects: tuple[str, ...]
    cases: tuple[CaseOutcome, ...]
    points: tuple[Points, ...]
    score: int | None

    @property
    def passed(self) -> bool:
        """Whether every case passed and everything resolves."""
        return not self.unresolved and not self.defects and all(one.passed for one in self.cases)


def exit_code(outcomes: tuple[BundleOutcome, ...]) -> int:
    """0 all passed, 1 something failed, 2 a case file cannot be read."""
    if any(one.defects for one in outcomes):
        return 2
    return 0 if all(one.passed for one in outcomes) else 1
