"""``runstone task run``: the Tasks of one suite, here and now, with the same engine as a runner."""

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape

from runstone import plugins
from runstone.cli import options
from runstone.content import suite
from runstone.content.suite import SuiteEvent, SuiteOrder, SuiteResult
from runstone.edge.runner.secrets import Vault
from runstone.errors import BadInput
from runstone.model.redact import Redactor
from runstone.model.workspace import SecretNeed

_STYLE = {"passed": "green", "failed": "red", "errored": "yellow", "skipped": "dim"}


@click.group("task")
def command() -> None:
    """Run the Tasks of a CodeBundle here, as a runner would."""


@command.command("run")
@click.argument("robot", type=click.Path(path_type=Path))
@click.option("--task", "titles", multiple=True, help="Only this Task, by its title as written (repeatable).")
@click.option("--var", "variables", multiple=True, metavar="NAME=VALUE", help="An input of the suite (repeatable).")
@click.option(
    "--secret", "secrets", multiple=True, metavar="NAME=KEY", help="A secret: NAME=file@PATH or NAME=env@NAME."
)
@click.option("--deadline", default=300.0, show_default=True, help="Seconds for the whole suite.")
def run(
    robot: Path, titles: tuple[str, ...], variables: tuple[str, ...], secrets: tuple[str, ...], deadline: float
) -> None:
    """Run ROBOT (a runbook.robot or sli.robot) and print what its Tasks find.

    Exit codes: 0 all passed, 3 something is ill, 1 a Task broke, 2 bad input.
    """
    if not robot.is_file():
        raise BadInput(f"There is no suite {robot}. Give the path of a CodeBundle's runbook.robot or sli.robot.")
    sys.exit(
        options.run(_run(robot.resolve(), titles, _pairs(variables, "--var"), _pairs(secrets, "--secret"), deadline))
    )


async def _run(
    robot: Path, titles: tuple[str, ...], variables: dict[str, str], secrets: dict[str, str], deadline: float
) -> int:
    needs = tuple(SecretNeed(name=name, key=key) for name, key in secrets.items())
    found, missing = Vault({}).resolve(needs)
    if missing:
        raise BadInput(" ".join(missing))
    printer = _Printer(Redactor(secret.reveal() for secret in found))
    workdir = Path(tempfile.mkdtemp(prefix="runstone-task-"))
    order = SuiteOrder(
        root=_root(robot),
        bundle=robot.parent,
        robot=robot.name,
        titles=titles or None,
        variables=variables,
        secrets={secret.name: secret.reveal() for secret in found},
        workdir=workdir,
        deadline_s=deadline,
        context={"RW_LOCATION": "local", "RW_SESSION_ID": "task-run", "RW_RUNREQUEST_ID": "task-run"},
    )
    try:
        result = await suite.run(order, plugins.load("executors", "process")(), printer.event)
    finally:
        await asyncio.to_thread(shutil.rmtree, workdir, ignore_errors=True)
    return printer.end(result)


def _root(robot: Path) -> Path:
    """The collection that holds the suite: the folder above ``codebundles``; the bundle itself if there is none."""
    return next((folder.parent for folder in robot.parents if folder.name == "codebundles"), robot.parent)


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
        self._states: list[str] = []

    async def event(self, event: SuiteEvent) -> None:
        """One thing the suite said."""
        match event.type:
            case "started":
                self._say(f"[bold]{self._clean(event.resolved_title)}[/]")
            case "output":
                self._say(f"[dim]{self._clean(event.text.rstrip())}[/]")
            case "issue":
                self._issue(event.record)
            case "note":
                word = "ruled out" if event.record["kind"] == "ruled_out" else "could not check"
                self._say(f"  {word}: {self._clean(_note(event.record))}")
            case "done":
                self._states.append(event.state)
                style, took = _STYLE[event.state], f"[dim]{event.elapsed_s:.2f} s[/]"
                self._say(f"[{style}]{event.state}[/] {self._clean(event.message)} {took}")
            case _:
                self._say(f"  metric {self._clean(str(event.record))}")

    def end(self, result: SuiteResult) -> int:
        """Say how it ended; the exit code."""
        if not result.ok:
            self._say(f"[red]{self._clean(result.message)}[/]")
            return 1
        if "errored" in self._states:
            return 1
        return 3 if "failed" in self._states else 0

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
        self._console.print(text, highlight=False)


def _note(record: dict[str, Any]) -> str:
    return f"{record.get('resource') or ''} {record['what']}: {record['why']}".strip()
