"""``runstone collection``: the CodeCollections of the catalogue, their builds and their versions."""

import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from runstone import settings
from runstone.catalog.collection import Build, Registered, Stage, Version
from runstone.catalog.registry import Registry
from runstone.cli import embedded, options, registry
from runstone.errors import Refused

T = TypeVar("T")
_MARKS = {"done": "[green]done[/]", "failed": "[red]failed[/]", "skipped": "[dim]skipped[/]", "running": "running"}


@click.group("collection")
def command() -> None:
    """Register CodeCollections, build their commits, go back to an earlier one."""


@command.command("add")
@click.argument("url")
@click.option("--ref", default="", help="A branch, tag or commit; the default branch by default.")
@click.option("--path", default="", help="The collection's folder in the repository; its root by default.")
@click.option("--name", default="", help="What to call it; the last word of the address by default.")
@click.option("--poll", "poll_s", type=int, default=0, help="Look for a new commit every so many seconds, 60 or more.")
@click.option("--hook-key", default="", help="The name of the secret that signs its webhook; see the reference.")
@click.option("--strict", is_flag=True, help="Hold back bundles in which the linter finds an error.")
@click.option("--no-build", is_flag=True, help="Only register it.")
@options.data
def add(
    url: str,
    ref: str,
    path: str,
    name: str,
    poll_s: int,
    hook_key: str,
    strict: bool,
    no_build: bool,
    data: Path | None,
) -> None:
    """Register the collection at URL and build it. URL: a git address, or the path of a repository here."""

    async def work(of: Registry) -> Build | None:
        one = await of.add(
            url, by="user:local", name=name, ref=ref, path=path, poll_s=poll_s, hook_key=hook_key, strict=strict
        )
        click.echo(f"{one.name} is registered.")
        return None if no_build else await of.build(one.name, "registered", _Progress())

    _ended(_with(data, work))


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
@options.data
def listed(as_json: bool, data: Path | None) -> None:
    """List what is registered and which commit of it is served."""

    async def work(of: Registry) -> list[tuple[Registered, Build | None]]:
        found = await of.store.collections()
        return [(one, next(iter(await of.store.builds(one.name, 1)), None)) for one in found]

    found = _with(data, work)
    if as_json:
        click.echo(json.dumps([_summary(one, last) for one, last in found], indent=1))
    elif not found:
        click.echo("No collection is registered. Add one with: runstone collection add URL")
    else:
        _print_list(Console(highlight=False), found)


@command.command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
@options.data
def show(name: str, as_json: bool, data: Path | None) -> None:
    """Show a collection: its last build stage by stage, what is held back, its versions."""

    async def work(of: Registry) -> tuple[Registered, tuple[Build, ...], tuple[Version, ...], Version | None]:
        one = await of.store.collection(name)
        served = await of.store.version(name, one.current) if one.current else None
        return one, await of.store.builds(name), await of.store.versions(name), served

    one, builds, versions, served = _with(data, work)
    if as_json:
        told = {
            "collection": one.model_dump(),
            "builds": [build.model_dump() for build in builds],
            "versions": [version.model_dump(exclude={"pieces"}) for version in versions],
            "served": served.model_dump() if served else None,
        }
        click.echo(json.dumps(told, indent=1))
    else:
        _print_one(Console(highlight=False), one, builds, versions, served)


@command.command("build")
@click.argument("name")
@options.data
def build(name: str, data: Path | None) -> None:
    """Build the newest commit of a collection, and show how it goes."""
    _ended(_with(data, lambda of: of.build(name, "user:local", _Progress())))


@command.command("rollback")
@click.argument("name")
@click.argument("commit", required=False, default="")
@options.data
def rollback(name: str, commit: str, data: Path | None) -> None:
    """Serve the version before the current one, or that of COMMIT, until another commit is built."""
    found = _with(data, lambda of: of.rollback(name, commit))
    click.echo(f"{name} serves version {found.number} at {found.commit} again.")


@command.command("remove")
@click.argument("name")
@options.data
def remove(name: str, data: Path | None) -> None:
    """Forget a collection with its builds and versions."""
    _with(data, lambda of: of.remove(name))
    click.echo(f"{name} is removed.")


def _with(data: Path | None, work: Callable[[Registry], Awaitable[T]]) -> T:
    told = settings.read(data=data)

    async def through() -> T:
        embedded.data_folder(told.data)
        async with registry.opened(told) as of:
            return await work(of)

    return options.run(through())


def _ended(found: Build | None) -> None:
    """Say how a build ended. Raises Refused when it failed, which the command's exit code tells."""
    if found is not None and found.state != "built":
        raise Refused(f"Build {found.number} of {found.collection} failed: {found.problem}")


class _Progress:
    """Prints each stage when it is over, with its log."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        self._shown: set[str] = set()
        self._since = time.monotonic()

    def __call__(self, found: Build) -> None:
        for stage in found.stages:
            if stage.state not in ("waiting", "running") and stage.name not in self._shown:
                self._shown.add(stage.name)
                _print_stage(self._console, stage)


def _print_stage(console: Console, stage: Stage) -> None:
    figures = f"{stage.duration_s:6.2f} s  {stage.cpu_s:6.2f} CPU s  {stage.hits:4d} kept  {stage.misses:4d} made"
    console.print(f"{stage.name:<9} {_MARKS[stage.state]:<15} {figures}")
    for line in stage.lines:
        console.print(f"          [dim]{escape(line)}[/]", soft_wrap=True)


def _summary(one: Registered, last: Build | None) -> dict[str, Any]:
    return {**one.model_dump(), "last_build": last.model_dump(exclude={"stages"}) if last else None}


def _print_list(console: Console, found: list[tuple[Registered, Build | None]]) -> None:
    table = Table("collection", "served", "last build", "address", box=box.SIMPLE, pad_edge=False)
    for one, last in found:
        told = f"{last.number} {last.state}" if last else "never built"
        where = one.url + (f" @ {one.ref}" if one.ref else "") + (f" / {one.path}" if one.path else "")
        table.add_row(escape(one.name), one.current[:12] or "-", told, escape(where))
    console.print(table)


def _print_one(
    console: Console,
    one: Registered,
    builds: tuple[Build, ...],
    versions: tuple[Version, ...],
    served: Version | None,
) -> None:
    console.print(f"[bold]{escape(one.name)}[/]  {escape(one.url)} {escape(one.ref)} {escape(one.path)}")
    for build in builds[:1]:
        console.print(f"build {build.number} of {build.commit[:12]}: {build.state} {escape(build.problem)}")
        for stage in build.stages:
            if stage.state != "waiting":
                _print_stage(console, stage)
    for version in versions:
        mark = "  [green]served[/]" if served and version.commit == served.commit else ""
        console.print(f"version {version.number}  {version.commit}  {version.published_at}{mark}")
    if served:
        for held in (*(piece.held for piece in served.pieces if piece.held), *served.missing):
            console.print(f"[yellow]held back[/] {escape(held.path)} ({held.stage}): {escape(held.reason)}")
