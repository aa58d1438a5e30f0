"""``runstone discover``: one round of discovery, printed; nothing is kept or sent."""

import json
import tempfile
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from runstone import settings
from runstone.cli import embedded, follow, logs, options


@click.command("discover")
@click.option("--json", "as_json", is_flag=True, help="The whole Map as JSON.")
@options.cluster
def command(
    as_json: bool,
    kubeconfig: str | None,
    context: str | None,
    namespaces: tuple[str, ...],
    collections: tuple[str, ...],
) -> None:
    """Scan once and print what is on the Map. Exit code 1 when a part could not be read."""
    logs.configure()
    with tempfile.TemporaryDirectory(prefix="runstone-discover-") as folder:
        told = settings.read(
            kubeconfig=kubeconfig,
            context=context,
            namespaces=options.given(namespaces),
            collections=options.given(collections),
            data=Path(folder),
        )
        map_ = options.run(_scan(told))
    unread = [reading for reading in map_["readings"] if not reading["complete"]]
    if as_json:
        click.echo(json.dumps(map_, indent=2))
    else:
        _print(map_, unread)
    raise SystemExit(1 if unread else 0)


async def _scan(told: settings.Settings) -> dict[str, Any]:
    async with embedded.start(told) as instance:
        await instance.edge.scan()
        found: dict[str, Any] = await follow.call(instance.client, "GET", "/api/v1/map")
        return found


def _print(map_: dict[str, Any], unread: list[dict[str, Any]]) -> None:
    console = Console()
    table = Table("kind", "resources", "ill", "SLXs")
    kinds = sorted({resource["ref"]["kind"] for resource in map_["resources"]})
    for kind in kinds:
        of_kind = [resource for resource in map_["resources"] if resource["ref"]["kind"] == kind]
        ill = sum(1 for resource in of_kind if resource["health"] == "ill")
        slxs = sum(1 for slx in map_["slxs"] if slx["resources"][0]["kind"] == kind)
        table.add_row(kind, str(len(of_kind)), str(ill or ""), str(slxs or ""))
    console.print(table)
    console.print(f"{len(map_['relations'])} relations, {len(map_['slxs'])} SLXs", highlight=False)
    for reading in unread:
        console.print(f"[yellow]not read:[/] {reading['problem']}", highlight=False)
