"""How well a CodeBundle is tested, 0 to 100, each point with its reason. Pure."""

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

from runstone.content.trial import verdict
from runstone.content.trial.report import CaseOutcome, Points
from runstone.model.content import Contract, Finding, PossibleIssue

_MOST = 20
"""Points of each of the five parts: no part is known to matter more."""
_NAMED = 3
"""Names of what is missing that a reason lists."""


def points(
    contracts: Mapping[str, Contract], unresolved: Sequence[Finding], cases: Sequence[CaseOutcome]
) -> tuple[Points, ...]:
    """The parts of the score of a bundle; ``contracts`` by the suite's file."""
    return (
        _dry_run(unresolved),
        _covered(contracts, cases),
        _issues(contracts, cases),
        _passing(cases),
        _both_sides(contracts, cases),
    )


def total(parts: Iterable[Points]) -> int:
    """The points of what applies, as a share of a hundred, rounded down: 100 means that nothing is missing."""
    known = [one for one in parts if one.most]
    most = sum(one.most for one in known)
    # The sum of thirds may lie a hair below a whole number.
    return int(100 * sum(one.points for one in known) / most + 1e-9) if most else 0


def _dry_run(unresolved: Sequence[Finding]) -> Points:
    what = "The suites resolve"
    if not unresolved:
        return Points(what=what, points=_MOST, most=_MOST, reason="Every library, keyword and argument does.")
    first = unresolved[0]
    reason = f"{len(unresolved)} do not, the first at {first.file}:{first.line}."
    return Points(what=what, points=0, most=_MOST, reason=reason)


def _covered(contracts: Mapping[str, Contract], cases: Sequence[CaseOutcome]) -> Points:
    ran = {(one.suite, task.title) for one in cases for task in one.tasks if task.state not in ("skipped", "not run")}
    every = {(file, task.title): task.title for file, found in contracts.items() for task in found.suite.tasks}
    return _share("Tasks are run by a case", every, ran)


def _issues(contracts: Mapping[str, Contract], cases: Sequence[CaseOutcome]) -> Points:
    raised = _raised(cases)
    every: dict[PossibleIssue, str] = {}
    met: set[PossibleIssue] = set()
    for file, found in contracts.items():
        for task in found.tasks:
            for one in task.issues:
                every[one] = f"{one.file}:{one.line}"
                if any(verdict.raises(one, title) for title in raised.get((file, task.title), ())):
                    met.add(one)
    return _share("Issues that the source can raise are raised", every, met)


def _passing(cases: Sequence[CaseOutcome]) -> Points:
    every = {number: one.name for number, one in enumerate(cases)}
    what = "Cases pass"
    if not every:
        return Points(what=what, points=0, most=_MOST, reason="There is no case. Write one in tests/*.yaml.")
    return _share(what, every, {number for number, one in enumerate(cases) if one.passed})


def _both_sides(contracts: Mapping[str, Contract], cases: Sequence[CaseOutcome]) -> Points:
    """Of the Tasks that can raise an Issue: those that a case found well and another ill."""
    raised = _raised(cases)
    well = {
        (one.suite, task.title) for one in cases for task in one.tasks if task.state == "passed" and not task.issues
    }
    every = {(file, task.title): task.title for file, found in contracts.items() for task in found.tasks if task.issues}
    return _share(
        "Tasks are seen healthy and unhealthy", every, {one for one in every if one in well and one in raised}
    )


def _raised(cases: Sequence[CaseOutcome]) -> dict[tuple[str, str], set[str]]:
    """Titles of raised Issues by suite and Task."""
    found: dict[tuple[str, str], set[str]] = {}
    for one in cases:
        for task in one.tasks:
            if task.issues:
                found.setdefault((one.suite, task.title), set()).update(task.issues)
    return found


def _share(what: str, every: Mapping[Any, str], met: Container[Any]) -> Points:
    """Points for the share of ``every`` that is met; the reason names what is not."""
    if not every:
        return Points(what=what, points=0, most=0, reason="There are none, so this does not count.")
    open_ = [name for one, name in every.items() if one not in met]
    count = len(every) - len(open_)
    named = "; ".join(open_[:_NAMED]) + (f" and {len(open_) - _NAMED} more" if len(open_) > _NAMED else "")
    reason = f"{count} of {len(every)}." + (f" Not: {named}." if open_ else "")
    return Points(what=what, points=round(_MOST * count / len(every), 2), most=_MOST, reason=reason)
