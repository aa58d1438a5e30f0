"""``runstone map``: what is on the Map, what is near what, what changed, and why a rule matched or did not."""

import contextlib
import json
import tempfile
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import click
import httpx2
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from runstone import settings
from runstone.cli import embedded, follow, logs, options, rules

_HEALTH = {"ok": "[green]ok[/]", "ill": "[bold red]ill[/]", "unknown": "[yellow]?[/]"}
_json = click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
_MOST = 40


@click.group("map")
def command() -> None:
    """Look at the Map: resources, what they depend on, what changed, which rules match.

    A RESOURCE is a name, kind/name (deploy/cart), Kind/namespace/name or a whole path. Uses the running Runstone if
    there is one and no cluster is named; else scans once inside this command.
    """


def _asking(function: Callable[..., Any]) -> Any:
    """The options of every question."""
    return _json(options.cluster(options.data(function)))


@command.command("show")
@click.argument("resource", required=False, default="")
@click.option("--health", type=click.Choice(["ok", "ill", "unknown"]), help="Only what looks so.")
@click.option("--kind", default="", help="Only of this kind.")
@click.option("--software", default="", help="Only where this was recognised, such as redis.")
@_asking
def show(resource: str, health: str | None, kind: str, software: str, as_json: bool, **where: Any) -> None:
    """List resources, or show one with its relations and SLXs."""
    namespace = _namespace(where)
    if resource:
        query = {"of": resource, "namespace": namespace}
        found = _asked(where, f"/api/v1/map/resource?{urlencode(query)}")
    else:
        query = {"kind": kind, "namespace": namespace, "health": health or "", "software": software, "limit": "5000"}
        found = _asked(where, f"/api/v1/map/resources?{urlencode(query)}")
    if as_json:
        click.echo(json.dumps(found, indent=2))
    elif resource:
        _show_one(Console(highlight=False), found)
    else:
        _show_all(Console(highlight=False), found)


@command.command("near")
@click.argument("resource")
@click.option("--steps", default=2, show_default=True, type=click.IntRange(0, 10), help="How many relations away.")
@click.option("--downstream", is_flag=True, help="What depends on it, instead of what it depends on.")
@click.option("--both", is_flag=True, help="Both ways.")
@_asking
def near(resource: str, steps: int, downstream: bool, both: bool, as_json: bool, **where: Any) -> None:
    """What a resource depends on, the nearest first, with the way there."""
    direction = "both" if both else "downstream" if downstream else "upstream"
    query = {"of": resource, "namespace": _namespace(where), "steps": steps, "direction": direction}
    found = _asked(where, f"/api/v1/map/near?{urlencode(query)}")
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    console = Console(highlight=False)
    console.print(f"[bold]{escape(found['of'])}[/]")
    if not found["resources"]:
        console.print(f"Nothing within {steps} steps {direction}.")
    for one in found["resources"]:
        last = one["way"][-1]
        detail = f" ({last['detail']})" if last["detail"] else ""
        arrow = "→" if one["direction"] == "upstream" else "←"
        summary = f" {one['summary']}" if one["summary"] else ""
        console.print(
            f"{'  ' * one['distance']}{arrow} {_HEALTH[one['health']]} {escape(_short(one['path']))}"
            f"[dim]{escape(summary)}  {last['type']}{escape(detail)}[/]",
            soft_wrap=True,
        )


@command.command("changes")
@click.option("--near", "of", default="", metavar="RESOURCE", help="Only of what is near this resource.")
@click.option("--steps", default=2, show_default=True, type=click.IntRange(0, 10), help="How near, in relations.")
@click.option("--since", default="1h", show_default=True, help="90s, 1h, 7d ago, or a moment in ISO 8601.")
@_asking
def changes(of: str, steps: int, since: str, as_json: bool, **where: Any) -> None:
    """What changed, the newest first: images, replicas, configuration, health, what appeared and what is gone."""
    query = {"near": of, "namespace": _namespace(where), "steps": steps, "since": since}
    found = _asked(where, f"/api/v1/map/changes?{urlencode(query)}")
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    console = Console(highlight=False)
    if not found["changes"]:
        console.print(f"Nothing changed since {found['since']}.")
    for one in found["changes"]:
        ref = one["resource"]
        place = f"{ref['kind']}/{ref['namespace']}/{ref['name']}".replace("//", "/")
        console.print(f"[dim]{one['at']}[/] {escape(place)}  {escape(one['said'])}", soft_wrap=True)


command.add_command(rules.why)
command.add_command(rules.lint)


def _show_all(console: Console, found: dict[str, Any]) -> None:
    table = Table("health", "kind", "namespace", "name", "state", "software")
    for one in found["resources"][: _MOST * 5]:
        ref = one["ref"]
        software = ", ".join(known["name"] for known in one["software"])
        cells = (ref["kind"], ref["namespace"], ref["name"], one["summary"], software)
        table.add_row(_HEALTH[one["health"]], *map(escape, cells))
    console.print(table)
    if found["total"] > _MOST * 5:
        console.print(f"{found['total']} in all; narrow with --kind, --health, -n, or see all with --json.")


def _show_one(console: Console, found: dict[str, Any]) -> None:
    one = found["resource"]
    path = _path(one["ref"])
    console.print(f"{_HEALTH[one['health']]} [bold]{escape(_short(path))}[/] {escape(one['summary'])}")
    for known in one["software"]:
        version = f" {known['version']}" if known["version"] else ""
        why = escape("; ".join(known["evidence"]))
        console.print(f"  runs {known['name']}{version} ({known['confidence']:.0%}): {why}", soft_wrap=True)
    for name, value in sorted(one["facts"].items()):
        hidden = name.startswith(("env/", "config/")) and ":" not in value and "." not in value and " " not in value
        console.print(f"  [dim]{escape(name)}[/] {'(set)' if hidden and value else escape(value)}")
    for relation in found["relations"]:
        out = _path(relation["source"]) == path
        other = relation["target" if out else "source"]
        detail = f" [dim]{escape(relation['detail'])}[/]" if relation["detail"] else ""
        console.print(f"  {'→' if out else '←'} {relation['type']} {escape(_short(_path(other)))}{detail}")
    for slx in found["slxs"]:
        console.print(f"  [cyan]{escape(slx['alias'])}[/] [dim]{escape(slx['name'])}[/]")


def _path(ref: dict[str, str]) -> str:
    return f"{ref['platform']}/{ref['kind']}/{ref['namespace']}/{ref['name']}"


def _short(path: str) -> str:
    _, kind, namespace, name = path.split("/", 3)
    return "/".join(part for part in (kind, namespace, name) if part)


def _namespace(where: dict[str, Any]) -> str:
    names = where.get("namespaces") or ()
    return str(names[0]) if names else ""


def _asked(where: dict[str, Any], path: str) -> Any:
    logs.configure()
    told = settings.read(
        kubeconfig=where["kubeconfig"],
        context=where["context"],
        collections=options.given(where["collections"]),
        data=where["data"],
    )
    named = where["kubeconfig"] or where["context"] or where["collections"]
    running = None if named else embedded.running_instance(told.data)
    return options.run(_call(told, running, path))


async def _call(told: settings.Settings, running: tuple[str, str] | None, path: str) -> Any:
    async with follow.speaking(*running) if running else _scanned(told) as client:
        return await follow.call(client, "GET", path)


@contextlib.asynccontextmanager
async def _scanned(told: settings.Settings) -> AsyncGenerator[httpx2.AsyncClient]:
    with tempfile.TemporaryDirectory(prefix="runstone-map-") as folder:
        async with embedded.start(told.model_copy(update={"data": Path(folder)})) as instance:
            await instance.edge.scan()
            yield instance.client
