"""``runstone search``: the right Task for a question, an alert or an error's text."""

import json
import re
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import click
from rich.console import Console
from rich.markup import escape

from runstone import settings
from runstone.catalog import library, read, served
from runstone.catalog.registry import FILE
from runstone.catalog.search import Answer, Filters, Hit, Search
from runstone.cli import embedded, follow, logs, meaning, options, registry
from runstone.errors import BadInput, Unreachable
from runstone.model.content import Access


@click.command("search")
@click.argument("text", required=False)
@click.option(
    "--catalog",
    "folder",
    type=click.Path(path_type=Path),
    help="A CodeCollection's folder; by default what is registered, and the built-in one when nothing is.",
)
@click.option("--workspace", metavar="NAME", help="Tasks bound on this workspace's Map, of the running Runstone.")
@click.option("--platform", default="", help="Only Tasks of this platform: kubernetes, aws, azure, gcp …")
@click.option("--kind", default="", help="Only Tasks about this kind of resource: deployment, node, ingress …")
@click.option("--access", type=click.Choice(["read-only", "read-write", "unknown"]), help="Only Tasks tagged so.")
@click.option("--limit", default=5, show_default=True, help="How many Tasks to print.")
@click.option("--learn", type=click.Path(path_type=Path, exists=True), help="Take the model from this wheel or folder.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document: confidence, Tasks, scores and their parts.")
@options.data
def command(
    text: str | None,
    folder: Path | None,
    workspace: str | None,
    platform: str,
    kind: str,
    access: Access | None,
    limit: int,
    learn: Path | None,
    as_json: bool,
    data: Path | None,
) -> None:
    """Find the Task for a question, an alert or an error.

    TEXT: what somebody asks or reads, or an alert as JSON; - reads it from standard input.

    A Task that changes things is never first unless a change was asked for.
    """
    logs.configure()
    told = settings.read(data=data)
    if learn:
        click.echo(f"The model is in {meaning.learn(learn, told.data)}.", err=True)
    if text is None:
        if learn:
            return
        raise BadInput('Say what to search for: runstone search "why does the pod restart".')
    asked = sys.stdin.read() if text == "-" else text
    console = Console(highlight=False)
    if workspace is not None:
        if folder or platform or kind or access:
            raise BadInput("--workspace goes with --limit and --json only: the question names what it is about.")
        found = _bound(told.data, asked, workspace, limit)
        if as_json:
            click.echo(json.dumps(found, indent=1))
        else:
            _print_bound(console, found)
        return
    search = opened(folder, told)
    answer = search.ask(asked, Filters(platform=platform, kind=kind, access=access), limit)
    if as_json:
        click.echo(answer.model_dump_json(indent=1))
    else:
        _print(console, answer)


def opened(folder: Path | None, told: settings.Settings) -> Search:
    """The collection of a folder, ready to be asked; else what is registered, or the built-in one."""
    model = meaning.found(told.data)
    found = None if folder else options.run(_registered(told, model))
    if found:
        return found
    root = folder or embedded.builtin()[1]
    return library.searchable(read.collection(root), told.data, library.causes(root), model)


async def _registered(told: settings.Settings, model: library.Meaning | None) -> Search | None:
    if not (told.data / FILE).exists():
        return None
    async with registry.opened(told) as of:
        return await served.searchable(of.store, model)


def _bound(data: Path, text: str, workspace: str, limit: int) -> Any:
    running = embedded.running_instance(data)
    if running is None:
        raise Unreachable(f"No Runstone runs on {data}. Start it with: runstone up")
    query = urlencode({"q": text, "workspace": workspace, "limit": limit})
    return options.run(_get(*running, f"/api/v1/map/tasks?{query}"))


async def _get(url: str, token: str, path: str) -> Any:
    async with follow.speaking(url, token) as client:
        return await follow.call(client, "GET", path)


def _print_bound(console: Console, found: dict[str, Any]) -> None:
    """Tasks with what they are bound to."""
    for note in found["notes"]:
        console.print(f"[yellow]{escape(note)}[/]")
    for place, hit in enumerate(found["hits"], 1):
        marks = f"[{'red' if hit['changes'] else 'green'}]{'changes things' if hit['changes'] else hit['access']}[/]"
        about = "/".join(part for part in (hit["resource"][name] for name in ("kind", "namespace", "name")) if part)
        parts = " ".join(f"{name} {value:.2f}" for name, value in hit["components"].items())
        console.print(f"{place}. [bold]{escape(hit['resolved_title'])}[/]  {marks}", soft_wrap=True)
        console.print(f"   [dim]{escape(about)}  {escape(hit['slx'])}  {hit['score']:.2f}: {escape(parts)}[/]")
        console.print(f"   {escape(hit['why'])}")
    named = f", named: {', '.join(found['named'])}" if found["named"] else ""
    console.print(f"[dim]confidence {found['confidence']:.2f}{escape(named)}[/]")


def _print(console: Console, answer: Answer) -> None:
    for note in answer.notes:
        console.print(f"[yellow]{escape(note)}[/]")
    for place, hit in enumerate(answer.hits, 1):
        marks = f"[{'red' if hit.changes else 'green'}]{'changes things' if hit.changes else hit.access}[/]"
        console.print(f"{place}. [bold]{escape(_named(hit))}[/]  {marks}")
        console.print(f"   [dim]{escape(hit.bundle)}  {hit.score:.2f}: {escape(_parts(hit))}[/]")
        console.print(f"   {escape(hit.why)}")
        for name, command in hit.inputs.items():
            console.print(f"   give {escape(name)}: {escape(command)}", soft_wrap=True)
            console.print(f"   [dim]read: {escape(hit.reads)}[/]", soft_wrap=True)
    console.print(f"[dim]confidence {answer.confidence:.2f}, read as: {answer.intent}[/]")


def _named(hit: Hit) -> str:
    """A Task whose title is an input has the name of its bundle until it is given one."""
    return hit.bundle.replace("-", " ") if re.fullmatch(r"\$\{\w+\}", hit.title) else hit.title


def _parts(hit: Hit) -> str:
    return " ".join(f"{name} {value:+.2f}" for name, value in hit.components.items())
