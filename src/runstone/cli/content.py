"""``runstone content``: what a CodeCollection holds and does, read without running it, and its own tests."""

import itertools
import json
import os
import re
import sys
from collections import Counter
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.text import Text

from runstone import settings
from runstone.cli import executors, linting, options, trials
from runstone.connectors.executors import Executor
from runstone.content import dependencies, inspection
from runstone.content.inspection import InspectedSuite, Inspection
from runstone.content.trial import bundle
from runstone.content.trial.play import Stage
from runstone.content.trial.report import BundleOutcome, exit_code
from runstone.errors import BadInput
from runstone.model.content import Finding, Input, Suite, Task, TaskContract

_SHOWN = 5
"""Warnings of a kind that are listed; the rest is counted."""
_ACCESS = {"read-only": "green", "read-write": "yellow", "unknown": "dim"}
_WIDE = 100
_LEGEND = (
    "input*: must be given  secret?: may be left out  "
    "tool~: called in some cases  tool?: used if there  tool@: called elsewhere"
)


@click.group("content")
def command() -> None:
    """Look into CodeBundles: what their Tasks need, change and can raise; run their own tests."""


@command.command("inspect")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON document: files, contracts, defects.")
def inspect(path: Path, as_json: bool) -> None:
    """Print what every Task below PATH needs, changes and can raise, then what is wrong with the content.

    PATH: a CodeBundle, a CodeCollection, a folder of CodeCollections, or one suite's file.
    """
    found = inspection.of(path)
    if as_json:
        click.echo(json.dumps(inspection.document(found), ensure_ascii=False, indent=1))
    else:
        _Printer(Console(highlight=False)).inspection(found)


command.add_command(linting.lint)


@command.command("test")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON document: bundles, cases, failures, scores.")
@click.option("--case", "only", default="", metavar="NAME", help="Only the cases of this name, or that fit NAME*.")
@options.data
def test(paths: tuple[Path, ...], as_json: bool, only: str, data: Path | None) -> None:
    """Run the tests/*.yaml of every CodeBundle below PATHS: their suites, against scripted tools.

    First every suite is resolved without executing a step. Exit codes: 0 all passed, 1 something failed, 2 a case file
    or a path is not what it should be.
    """
    told = settings.read(data=data)
    executor = executors.chosen(told)
    if not executor.local:
        raise BadInput(f"Trial runs need an executor of this machine, not {told.executor}. Set RUNSTONE_EXECUTOR.")
    found = {one: os.path.relpath(one) for path in paths for one in bundle.below(path)}
    printer = None if as_json else trials.Printer()
    outcomes = options.run(_tested(found, executor, told, only, printer))
    if only and not any(one.cases for one in outcomes):
        raise BadInput(f"No case below {', '.join(map(str, paths))} has the name {only!r}.")
    if printer:
        printer.end(outcomes)
    else:
        click.echo(trials.document(outcomes))
    sys.exit(exit_code(outcomes))


async def _tested(
    bundles: dict[Path, str], executor: Executor, told: settings.Settings, only: str, printer: trials.Printer | None
) -> tuple[BundleOutcome, ...]:
    """Test one after another, and print each as it ends."""
    outcomes: list[BundleOutcome] = []
    for one, shown in bundles.items():
        root = bundle.collection_of(one)
        environment = await dependencies.built(root, told.data, sources=told.build_sources)
        outcome = await bundle.examined(Stage(root, one, executor, environment.folders), shown, only)
        if outcome.cases or outcome.defects or not only:
            outcomes.append(outcome)
            if printer:
                printer.bundle(outcome)
    return tuple(outcomes)


class _Printer:
    def __init__(self, console: Console) -> None:
        self._console = console

    def inspection(self, found: Inspection) -> None:
        """Suites by folder, defects by file, then the figures."""
        for folder, suites in itertools.groupby(found.suites, key=lambda one: one.folder):
            self._console.print(Text(folder if folder != "." else found.root, style="bold cyan"))
            for one in suites:
                self._suite(one)
            self._console.print()
        self._defects(found.defects)
        self._figures(found)

    def _suite(self, one: InspectedSuite) -> None:
        suite = one.contract.suite
        self._line(1, f"[bold]{escape(suite.file)}[/]  [dim]{escape(suite.display_name)}[/]")
        self._inputs(suite)
        for task, does in zip(suite.tasks, one.contract.tasks, strict=True):
            self._task(task, does)

    def _inputs(self, suite: Suite) -> None:
        if suite.inputs:
            self._line(2, "[dim]inputs[/]   " + "  ".join(escape(_input(one)) for one in suite.inputs))
        secrets = [one.name + ("?" if one.optional or one.conditional else "") for one in suite.secrets]
        if secrets:
            self._line(2, "[dim]secrets[/]  " + escape("  ".join(secrets)))
        if suite.services:
            self._line(2, "[dim]services[/] " + escape("  ".join(one.name for one in suite.services)))

    def _task(self, task: Task, does: TaskContract) -> None:
        changes = "  [red]changes things[/]" if does.mutates else ""
        self._line(2, f"[{_ACCESS[task.access]}]{task.access:<10}[/] {escape(task.title)}{changes}")
        for change in does.changes[:3]:
            self._line(4, f"[red]changes[/]  {change.file}:{change.line}  {escape(_cut(change.words))}")
        if len(does.changes) > 3:
            self._line(4, f"[dim]… and {len(does.changes) - 3} more places that change something[/]")
        if does.commands or does.unknown:
            names = " ".join(f"${{{name}}}" for name in (*does.commands, *does.unknown))
            self._line(4, f"[yellow]runs[/]     {escape(names)}")
        self._tools(does)
        if does.issues:
            graded = Counter(str(one.severity or "?") for one in does.issues)
            words = ", ".join(f"{count} of severity {grade}" for grade, count in sorted(graded.items()))
            self._line(4, f"[dim]issues[/]   {len(does.issues)} possible: {words}")

    def _tools(self, does: TaskContract) -> None:
        words = [f"{tool.name}{_MARKS[tool.need]}" for tool in does.tools]
        if words:
            self._line(4, "[dim]tools[/]    " + escape(" ".join(words)))

    def _defects(self, defects: tuple[Finding, ...]) -> None:
        self._console.print(Text("Defects", style="bold"))
        if not defects:
            self._line(1, "none")
        for one in defects:
            if one.severity == "error":
                self._defect(one, "red")
        kinds: Counter[str] = Counter()
        for one in defects:
            if one.severity == "warning":
                kinds[_kind(one)] += 1
                if kinds[_kind(one)] <= _SHOWN:
                    self._defect(one, "yellow")
        for kind, count in kinds.items():
            if count > _SHOWN:
                self._line(1, f"[dim]and {count - _SHOWN} more like: {escape(kind)}[/]")

    def _defect(self, one: Finding, style: str) -> None:
        self._line(1, f"[{style}]{one.severity:<7}[/] {escape(one.file)}:{one.line}  {escape(one.message)}")

    def _figures(self, found: Inspection) -> None:
        does = [task for one in found.suites for task in one.contract.tasks]
        changing = sum(one.mutates for one in does)
        errors = sum(one.severity == "error" for one in found.defects)
        figures = (
            _count(len(found.files), "file"),
            f"{_count(len(does), 'Task')} ({changing} changing something)",
            _count(errors, "error"),
            _count(len(found.defects) - errors, "warning"),
        )
        self._console.print(f"\n{', '.join(figures)}\n[dim]{_LEGEND}[/]")

    def _line(self, depth: int, text: str) -> None:
        self._console.print(Padding(Text.from_markup(text), (0, 0, 0, depth * 2), expand=False))


_MARKS = {"always": "", "sometimes": "~", "optional": "?", "remote": "@"}


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _input(one: Input) -> str:
    said = "" if one.default is None else f"={one.default}" if len(one.default) <= 24 else "=…"
    return f"{one.name}{'*' if one.required else ''}{said}"


def _kind(one: Finding) -> str:
    """What findings of one sort have in common: their text without names and values."""
    return re.sub(r"'[^']*'|\"[^\"]*\"|(?<=Input )\S+(?=:)|(?<=script )\S+", "…", one.message)


def _cut(text: str) -> str:
    return text if len(text) <= _WIDE else text[: _WIDE - 1] + "…"
