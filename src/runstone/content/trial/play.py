"""One case played: its suite run by an executor, with the case's stand-ins and its loopback server around it."""

import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from runstone.connectors.executors import Executor
from runstone.content import suite
from runstone.content.suite import SuiteEvent, SuiteOrder, SuiteResult
from runstone.content.trial import loopback, pattern, placeholder, toolbox
from runstone.content.trial.casefile import Trial
from runstone.model.content import Contract, Task


@dataclass(frozen=True)
class Stage:
    """Where cases of one bundle are played."""

    root: Path
    """The bundle's collection."""
    bundle: Path
    executor: Executor
    dependencies: tuple[Path, ...] = ()
    """Folders of what the collection's requirements ask for; see :mod:`runstone.content.dependencies`."""


@dataclass(frozen=True)
class Call:
    """One thing that was asked: ``program arguments`` or ``METHOD /path``.

    ``kind`` is ``tools`` or ``http``; ``answer`` is the place in those of what answered, None when nothing did.
    """

    kind: str
    text: str
    answer: int | None


@dataclass(frozen=True)
class Played:
    """What came of it. ``titles`` are those of the Tasks that were to run."""

    titles: tuple[str, ...]
    result: SuiteResult
    events: tuple[SuiteEvent, ...]
    calls: tuple[Call, ...]
    elapsed_s: float

    @property
    def issues(self) -> tuple[SuiteEvent, ...]:
        """The Issues raised."""
        return tuple(one for one in self.events if one.type == "issue")

    @property
    def done(self) -> tuple[SuiteEvent, ...]:
        """How each Task ended."""
        return tuple(one for one in self.events if one.type == "done")


async def played(trial: Trial, titles: tuple[str, ...], contract: Contract, stage: Stage) -> Played:
    """Run the Tasks of these titles in the case's world."""
    now = datetime.now(UTC)
    events: list[SuiteEvent] = []

    async def hear(event: SuiteEvent) -> None:
        events.append(event)

    # In a folder of the run alone: an executor may hide every other.
    workdir = Path(tempfile.mkdtemp(prefix="runstone-trial-"))
    try:
        with loopback.serving(trial, now) as there:
            fill = partial(placeholder.filled, url=there.url, now=now)
            programs = toolbox.write(workdir / "tools", trial, fill, _called(contract))
            order = SuiteOrder(
                root=stage.root,
                bundle=stage.bundle,
                robot=contract.suite.file,
                titles=titles,
                variables={name: fill(value) for name, value in trial.case.variables.items()},
                secrets={name: fill(value) for name, value in trial.case.secrets.items()},
                workdir=workdir,
                deadline_s=trial.case.deadline_s,
                context=_context(trial, contract, str(programs), there.url),
                dependencies=stage.dependencies,
                tool_path=str(programs),
                commands=True,
            )
            result = await suite.run(order, stage.executor, hear)
            asked = toolbox.calls(workdir / "tools")
        calls = (*map(_call, asked), *(Call("http", *one) for one in there.asked))
    finally:
        shutil.rmtree(workdir, ignore_errors=True)
    elapsed_s = (datetime.now(UTC) - now).total_seconds()
    return Played(titles, result, tuple(events), calls, elapsed_s)


def titles(trial: Trial, contract: Contract) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The Tasks that the case wants, as written, and the indices of those patterns that no Task fits."""
    tasks = contract.suite.tasks
    wanted = trial.case.tasks
    if not wanted:
        return tuple(task.title for task in tasks if task.access != "read-write"), ()
    chosen = tuple(task.title for task in tasks if any(_named(one, task, trial) for one in wanted))
    idle = tuple(at for at, one in enumerate(wanted) if not any(_named(one, task, trial) for task in tasks))
    return chosen, idle


def _named(wanted: str, task: Task, trial: Trial) -> bool:
    """Whether a Task's title fits: as written, with the declared defaults, or with the case's values."""
    resolved = task.title
    for name, value in trial.case.variables.items():
        resolved = resolved.replace(f"${{{name}}}", value)
    return any(pattern.fits(wanted, title) for title in (task.title, task.resolved_title, resolved))


def _called(contract: Contract) -> set[str]:
    """Programs that a run calls or may call, and does without no test of whether they are there."""
    return {tool.name for task in contract.tasks for tool in task.tools if tool.need in ("always", "sometimes")}


def _context(trial: Trial, contract: Contract, path: str, url: str) -> dict[str, str]:
    """Variables of the platform; a case may give its own value to any."""
    world = {
        "RW_WORKSPACE": "trial",
        "RW_SLX": "trial--slx",
        "RW_LOCATION": "local",
        "RW_SESSION_ID": "trial",
        "RW_SLI_METRIC_NAME": "trial__slx",
        **({} if contract.suite.file == "sli.robot" else {"RW_RUNREQUEST_ID": "trial"}),
        "PATH": path,
        # An address outside is refused at once, instead of after many attempts to find it.
        "HTTP_PROXY": url,
        "HTTPS_PROXY": url,
        "NO_PROXY": "127.0.0.1,localhost",
    }
    return {name: value for name, value in world.items() if name not in trial.case.variables}


def _call(one: toolbox.Asked) -> Call:
    return Call("tools", f"{one.program} {one.args}".rstrip(), one.answer)
