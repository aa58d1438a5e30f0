"""A CodeBundle tested: its suites resolved, its cases played, its score worked out."""

import shutil
import tempfile
from pathlib import Path

from runstone.content import contract, inspection, suite, taskfile
from runstone.content.suite import SuiteEvent, SuiteOrder
from runstone.content.trial import casefile, complaint, pattern, play, score, verdict
from runstone.content.trial.casefile import Trial
from runstone.content.trial.play import Played, Stage
from runstone.content.trial.report import BundleOutcome, CaseOutcome, Failure, TaskOutcome
from runstone.errors import BadInput
from runstone.model.content import Contract, Finding

_DRY_RUN_S = 120.0
"""Seconds to import the libraries of one suite and resolve its steps."""
_DEFAULT = ("runbook.robot", taskfile.NAME, "sli.robot")
"""The suites of a case that names none: the first that is there."""


def below(path: Path) -> tuple[Path, ...]:
    """The bundles at or below a path: folders that hold a suite. Raises BadInput when there is none."""
    found = dict.fromkeys(file.parent for file in sorted(inspection.suite_files(path.resolve())))
    if not found:
        raise BadInput(f"There is no CodeBundle at {path}. Give a CodeBundle, a CodeCollection or a folder of those.")
    return tuple(found)


def collection_of(bundle: Path) -> Path:
    """The folder above ``codebundles``; the bundle itself if there is none."""
    above = (folder.parent for folder in bundle.parents if folder.name == "codebundles")
    return next(above, bundle)


async def examined(stage: Stage, path: str, only: str = "") -> BundleOutcome:
    """Test one bundle, called ``path`` in the outcome. ``only``: the cases whose name fits, and no score then."""
    contracts, defects = _contracts(stage.bundle)
    trials: list[Trial] = []
    for file in casefile.files(stage.bundle):
        try:
            trials += (one for one in casefile.read(file) if not only or pattern.fits(only, one.case.name))
        except BadInput as err:
            defects.append(str(err))
    unresolved: list[Finding] = []
    if trials or not only:
        for found in contracts.values():
            unresolved += await _unresolved(found, stage)
    outcomes = [await _outcome(one, contracts, stage) for one in trials]
    points = () if only else score.points(contracts, unresolved, outcomes)
    return BundleOutcome(
        bundle=stage.bundle.name,
        path=path,
        unresolved=tuple(unresolved),
        defects=tuple(defects),
        cases=tuple(outcomes),
        points=points,
        score=None if only else score.total(points),
    )


def _contracts(bundle: Path) -> tuple[dict[str, Contract], list[str]]:
    """The bundle's suites that have Tasks, by file, and why others cannot be read."""
    found: dict[str, Contract] = {}
    defects: list[str] = []
    for file in sorted((*bundle.glob("*.robot"), *bundle.glob(taskfile.NAME))):
        try:
            read = contract.of(file)
        except BadInput as err:
            defects.append(str(err))
            continue
        if read.suite.tasks:
            found[file.name] = read
    return found, defects


async def _unresolved(found: Contract, stage: Stage) -> list[Finding]:
    """What of a suite does not resolve. For a ``task.yaml``: what is wrong with it and its files."""
    if found.suite.file == taskfile.NAME:
        return [one for one in found.findings if one.severity == "error"]
    problems: list[Finding] = []

    async def hear(event: SuiteEvent) -> None:
        if event.type == "unresolved":
            problems.append(Finding(file=event.file, line=event.line, message=event.message, severity="error"))

    workdir = Path(tempfile.mkdtemp(prefix="runstone-trial-"))
    order = SuiteOrder(
        root=stage.root,
        bundle=stage.bundle,
        robot=found.suite.file,
        titles=None,
        variables={},
        secrets={},
        workdir=workdir,
        deadline_s=_DRY_RUN_S,
        context={},
        dependencies=stage.dependencies,
        dry=True,
    )
    try:
        result = await suite.run(order, stage.executor, hear)
    finally:
        shutil.rmtree(workdir, ignore_errors=True)
    if not result.ok:
        problems.append(Finding(file=found.suite.file, line=0, message=result.message, severity="error"))
    return problems


async def _outcome(trial: Trial, contracts: dict[str, Contract], stage: Stage) -> CaseOutcome:
    name = trial.case.suite or next((one for one in _DEFAULT if one in contracts), _DEFAULT[0])
    found = contracts.get(name)
    if not found:
        known = ", ".join(contracts) or "none"
        return _idle(trial, name, f"The bundle has no suite {name} with Tasks. It has: {known}.", "suite")
    titles, idle = play.titles(trial, found)
    if idle or not titles:
        known = "; ".join(task.title for task in found.suite.tasks)
        what = (
            f"No Task fits {trial.case.tasks[idle[0]]!r}" if idle else "Every Task is tagged read-write, so name some"
        )
        return _idle(trial, name, f"{what}. {name} has: {known}.", "tasks", *idle[:1])
    seen = await play.played(trial, titles, found, stage)
    return CaseOutcome(
        name=trial.case.name,
        file=trial.file,
        line=trial.line("name"),
        suite=name,
        elapsed_s=round(seen.elapsed_s, 3),
        failures=verdict.failures(trial, found, seen),
        tasks=_tasks(seen),
        calls=tuple(verdict.told(trial, one) for one in seen.calls),
        complaints=tuple(complaint.told(seen.events, stage.bundle)),
        notes=tuple(dict.fromkeys(verdict.note(one) for one in seen.events if one.type == "note")),
    )


def _idle(trial: Trial, suite: str, why: str, *place: str | int) -> CaseOutcome:
    """A case that cannot be played."""
    return CaseOutcome(
        name=trial.case.name,
        file=trial.file,
        line=trial.line("name"),
        suite=suite,
        elapsed_s=0.0,
        failures=(Failure(message=why, file=trial.file, line=trial.line(*place)),),
        tasks=(),
        calls=(),
        complaints=(),
        notes=(),
    )


def _tasks(seen: Played) -> tuple[TaskOutcome, ...]:
    """How the Tasks ended, with the Issues of each; one that never began is ``not run``."""
    ended = {one.title: one.state for one in seen.done}
    return tuple(
        TaskOutcome(
            title=title,
            state=ended.get(title, "not run"),
            issues=tuple(str(one.record["title"]) for one in seen.issues if one.title == title),
        )
        for title in seen.titles
    )
