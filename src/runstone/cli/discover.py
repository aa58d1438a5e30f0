"""``runstone discover``: one round of discovery, printed; nothing is kept or sent."""

import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from runstone import settings
from runstone.cli import builder, logs, options

FILE = click.Path(path_type=Path, exists=True)
FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command("discover")
@click.option("--json", "as_json", is_flag=True, help="The whole Map as JSON.")
@click.option("--workspace-info", type=FILE, help="A workspaceInfo.yaml to write a whole configuration from.")
@click.option("--output", type=FOLDER, help="Where to write it (with --workspace-info).")
@click.option("--collections-cache", type=FOLDER, help="Bare clones NAME.git to use instead of the network.")
@click.option("--map-rules", multiple=True, type=FILE, help="Map rules instead of the built-in ones (file or folder).")
@options.cluster
def command(
    as_json: bool,
    workspace_info: Path | None,
    output: Path | None,
    collections_cache: Path | None,
    map_rules: tuple[Path, ...],
    kubeconfig: str | None,
    context: str | None,
    namespaces: tuple[str, ...],
    collections: tuple[str, ...],
) -> None:
    """Scan once and print what is on the Map. Exit code 1 when a part could not be read.

    With --workspace-info the configuration of a whole workspace is written to --output instead.
    """
    logs.configure()
    if workspace_info or output:
        if not (workspace_info and output):
            raise click.UsageError("--workspace-info and --output belong together.")
        checkouts = settings.read().data / "checkouts"
        order = builder.Order(workspace_info, output, collections_cache, checkouts, kubeconfig or "", tuple(map_rules))
        raise SystemExit(_built(options.run(builder.build(order)), output, as_json=as_json))
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


def _built(outcome: builder.Outcome, folder: Path, *, as_json: bool) -> int:
    written = outcome.written
    if as_json:
        said = {**asdict(written), "unread": outcome.unread, "stale": outcome.stale, "unused": outcome.unused}
        click.echo(json.dumps({**said, "findings": [one.model_dump() for one in outcome.findings]}, indent=2))
        return 1 if outcome.unread or outcome.stale else 0
    console = Console(highlight=False)
    console.print(f"{written.slxs} SLXs in {written.groups} groups, {written.files} files in {folder}/workspaces")
    for key in outcome.unused:
        console.print(f"[yellow]not used:[/] {key}", soft_wrap=True)
    for finding in outcome.findings:
        console.print(f"[yellow]rule skipped:[/] {finding.message}", soft_wrap=True)
    if written.problems:
        console.print(
            f"[yellow]{len(written.problems)} templates failed:[/] see workspaces/skipped_templates_report.md"
        )
    for problem in [*outcome.stale, *outcome.unread]:
        console.print(f"[yellow]not read:[/] {problem}", soft_wrap=True)
    if written.kept:
        console.print(f"{len(written.kept)} SLXs of an earlier time stay, since what they are about was not read.")
    return 1 if outcome.unread or outcome.stale else 0


async def _scan(told: settings.Settings) -> dict[str, Any]:
    from runstone.cli import embedded, follow

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
