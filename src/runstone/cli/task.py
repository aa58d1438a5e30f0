"""``runstone task``: the Tasks of one suite, here and now, with the same engine as a runner."""

import asyncio
import contextlib
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape

from runstone import settings
from runstone.cli import executors, options
from runstone.connectors.executors import Executor
from runstone.content import dependencies, suite, taskfile
from runstone.content.suite import SuiteEvent, SuiteOrder, SuiteResult
from runstone.edge.runner.artefacts import Artefacts
from runstone.edge.runner.secrets import Resolved, Vault
from runstone.errors import BadInput
from runstone.model.redact import Redactor, Stream
from runstone.model.workspace import SecretNeed

_STYLE = {"passed": "green", "failed": "red", "errored": "yellow", "skipped": "dim"}
_LOOK_S = 0.3
"""Between two looks at the files, with ``--watch``."""


@click.group("task")
def command() -> None:
    """Run the Tasks of a CodeBundle here, as a runner would."""


@command.command("run")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--task", "titles", multiple=True, help="Only this Task, by its title as written (repeatable).")
@click.option("--var", "variables", multiple=True, metavar="NAME=VALUE", help="An input of the suite (repeatable).")
@click.option(
    "--secret", "secrets", multiple=True, metavar="NAME=KEY", help="A secret: NAME=file@PATH or NAME=env@NAME."
)
@click.option("--deadline", default=300.0, show_default=True, help="Seconds for the whole suite.")
@click.option("--watch", is_flag=True, help="Run again whenever a file of the bundle or its libraries changes.")
@click.option("--log", type=click.Path(path_type=Path), help="Write Robot's own log (log.html) to this folder.")
@options.data
def run(
    path: Path,
    titles: tuple[str, ...],
    variables: tuple[str, ...],
    secrets: tuple[str, ...],
    deadline: float,
    watch: bool,
    log: Path | None,
    data: Path | None,
) -> None:
    """Run PATH (a runbook.robot, sli.robot, task.yaml or a bundle's folder) and print what its Tasks find.

    Exit codes: 0 all passed, 3 something is ill, 1 a Task broke, 2 bad input.
    """
    told = settings.read(data=data)
    trial = _Trial(
        suite=_suite_at(path),
        titles=titles or None,
        variables=_pairs(variables, "--var"),
        secrets=_pairs(secrets, "--secret"),
        deadline_s=deadline,
        log=log,
        settings=told,
        executor=executors.chosen(told),
    )
    sys.exit(options.run(_watched(trial) if watch else trial.run()))


@command.command("output")
@click.argument("request")
@click.argument("place", type=int, default=1)
@options.data
def output(request: str, place: int, data: Path | None) -> None:
    """Print the output beyond the cap of Task number PLACE of a RunRequest, as its runner kept it."""
    file = Artefacts(settings.read(data=data).data / "artefacts").text(request, place)
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            click.echo(line, nl=False)


def _suite_at(path: Path) -> Path:
    """The suite's file: ``path`` itself, or the one that a bundle's folder has."""
    names = ("runbook.robot", taskfile.NAME, "sli.robot")
    found = next((path / name for name in names if (path / name).is_file()), path) if path.is_dir() else path
    if not found.is_file():
        raise BadInput(f"There is no suite {path}. Give a CodeBundle's folder, or its {', '.join(names)}.")
    return found.resolve()


@dataclass(frozen=True)
class _Trial:
    """One suite with what it is given, to be run once or again and again."""

    suite: Path
    titles: tuple[str, ...] | None
    variables: dict[str, str]
    secrets: dict[str, str]
    deadline_s: float
    log: Path | None
    settings: settings.Settings
    executor: Executor

    @property
    def root(self) -> Path:
        """The collection that holds the suite: the folder above ``codebundles``; the bundle itself if there is none."""
        above = (folder.parent for folder in self.suite.parents if folder.name == "codebundles")
        return next(above, self.suite.parent)

    async def run(self) -> int:
        """Run it; the exit code."""
        resolved = await self._resolved()
        environment = await dependencies.built(self.root, self.settings.data, sources=self.settings.build_sources)
        printer = _Printer(Redactor(resolved.values()))
        for finding in environment.findings:
            printer.warn(f"{finding.file}: {finding.message}")
        workdir = Path(tempfile.mkdtemp(prefix="runstone-task-"))
        try:
            order = self._order(resolved, environment, workdir)
            if problems := suite.unready(order, self.executor):
                raise BadInput("\n".join(problems))
            result = await suite.run(order, self.executor, printer.event)
            if self.log:
                await asyncio.to_thread(_copy_log, workdir / "logs", self.log)
        finally:
            await asyncio.to_thread(shutil.rmtree, workdir, ignore_errors=True)
        return printer.end(result)

    async def _resolved(self) -> Resolved:
        needs = tuple(SecretNeed(name=name, key=key) for name, key in self.secrets.items())
        resolved = await asyncio.to_thread(Vault({}).resolve, needs)
        if resolved.missing:
            raise BadInput(" ".join(resolved.missing))
        return resolved

    def _order(self, resolved: Resolved, environment: dependencies.Environment, workdir: Path) -> SuiteOrder:
        context = {"RW_LOCATION": "local", "RW_SESSION_ID": "task-run"}
        if self.suite.stem != "sli":
            context["RW_RUNREQUEST_ID"] = "task-run"
        return SuiteOrder(
            root=self.root,
            bundle=self.suite.parent,
            robot=self.suite.name,
            titles=self.titles,
            variables=self.variables,
            secrets={secret.name: secret.reveal() for secret in resolved.secrets},
            files=resolved.files,
            workdir=workdir,
            deadline_s=self.deadline_s,
            context=context,
            dependencies=environment.folders,
            tool_path=self.settings.tool_path,
            log=self.log is not None,
        )

    def stamp(self) -> dict[Path, tuple[int, int]]:
        """What a run depends on: every file of the bundle and of the collection's libraries, with time and size."""
        files = [*self.suite.parent.rglob("*"), *(self.root / "libraries").rglob("*"), self.root / "requirements.txt"]
        found: dict[Path, tuple[int, int]] = {}
        for file in files:
            with contextlib.suppress(OSError):
                if file.is_file():
                    found[file] = (file.stat().st_mtime_ns, file.stat().st_size)
        return found


async def _watched(trial: _Trial) -> int:
    """Run, and again when something changes; a run that is under way then is stopped. Until interrupted."""
    while True:
        stamp = trial.stamp()
        running = asyncio.create_task(trial.run())
        changed = await _changed(trial, stamp)
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError, BadInput):
            await running
        click.echo(click.style(f"\n{changed} changed: again\n", dim=True))


async def _changed(trial: _Trial, stamp: dict[Path, tuple[int, int]]) -> str:
    """Wait for a change; the name of a file that changed."""
    while True:
        await asyncio.sleep(_LOOK_S)
        now = trial.stamp()
        if different := {file for file in {*now, *stamp} if now.get(file) != stamp.get(file)}:
            return min(different).name


def _copy_log(logs: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for name in ("log.html", "output.xml"):
        if (logs / name).is_file():
            shutil.copy(logs / name, target / name)


def _pairs(said: tuple[str, ...], option: str) -> dict[str, str]:
    pairs = [one.partition("=") for one in said]
    for name, equals, _ in pairs:
        if not (name and equals):
            raise click.UsageError(f"{option} wants NAME=VALUE, not {name!r}.")
    return {name: value for name, _, value in pairs}


class _Printer:
    """Prints what a suite says, redacted, and remembers how it went."""

    def __init__(self, redactor: Redactor) -> None:
        self._console = Console()
        self._redactor = redactor
        self._stream = Stream(redactor)
        self._states: list[str] = []
        self._messages: set[str] = set()

    async def event(self, event: SuiteEvent) -> None:
        """One thing the suite said."""
        if event.type != "output":
            self._print(self._stream.end())
        match event.type:
            case "started":
                self._say(f"[bold]{self._clean(event.resolved_title)}[/]")
            case "output":
                self._print(self._stream.feed(event.text))
            case "issue":
                self._issue(event.record)
            case "note":
                word = "ruled out" if event.record["kind"] == "ruled_out" else "could not check"
                self._say(f"  {word}: {self._clean(_note(event.record))}")
            case "done":
                self._states.append(event.state)
                self._messages.add(event.message)
                style, took = _STYLE[event.state], f"[dim]{event.elapsed_s:.2f} s[/]"
                where = f" [dim]({escape(event.file)}:{event.line})[/]" if event.file else ""
                self._say(f"[{style}]{event.state}[/] {self._clean(event.message)}{where} {took}")
            case _:
                self._say(f"  metric {self._clean(str(event.record))}")

    def warn(self, text: str) -> None:
        """A sentence before the run that does not stop it."""
        self._say(f"[yellow]{self._clean(text)}[/]")

    def end(self, result: SuiteResult) -> int:
        """Say how it ended; the exit code."""
        if not result.ok:
            # Where the setup failed every Task has said so already.
            if result.message not in self._messages:
                self._say(f"[red]{self._clean(result.message)}[/]")
            return 1
        if "errored" in self._states:
            return 1
        return 3 if "failed" in self._states else 0

    def _print(self, masked: str) -> None:
        if masked.strip():
            self._say(f"[dim]{escape(masked.rstrip())}[/]")

    def _issue(self, record: dict[str, Any]) -> None:
        self._say(f"  [red]severity {record['severity']}[/] {self._clean(record['title'])}")
        for field in ("actual", "expected", "details"):
            if record.get(field):
                self._say(f"    [dim]{field}:[/] {self._clean(str(record[field]))}")
        for step in record.get("next_steps") or ():
            self._say(f"    [dim]next:[/] {self._clean(step)}")

    def _clean(self, text: str) -> str:
        return escape(self._redactor.text(text))

    def _say(self, text: str) -> None:
        self._console.print(text, highlight=False, soft_wrap=True)


def _note(record: dict[str, Any]) -> str:
    return f"{record.get('resource') or ''} {record['what']}: {record['why']}".strip()
