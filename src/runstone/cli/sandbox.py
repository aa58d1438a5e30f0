"""``runstone sandbox``: the demo cluster by itself, for kubectl, for trying Tasks, for tests of your own."""

import asyncio
import json
from pathlib import Path
from typing import Any

import click

from runstone.cli import logs, options
from runstone.sandbox import faults
from runstone.sandbox.cluster import Sandbox


@click.command("sandbox")
@click.argument("action", type=click.Choice(["up"]), default="up")
@click.option("--fault", "broken", multiple=True, help="Break this (repeatable).")
@click.option("--list", "as_list", is_flag=True, help="List the faults and end.")
@click.option("--truth", metavar="FAULT", help="Print what is true of a fault, as JSON, and end.")
@click.option("--alert", metavar="FAULT", help="Print the Alertmanager webhook body of a fault's symptom, and end.")
@click.option("--noise", is_flag=True, help="Two unrelated unhealthy workloads in another namespace.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="A free one by default.")
@click.option("--kubeconfig", type=click.Path(path_type=Path), default=Path("sandbox.kubeconfig"), show_default=True)
def command(
    action: str,
    broken: tuple[str, ...],
    as_list: bool,
    truth: str | None,
    alert: str | None,
    noise: bool,
    port: int,
    kubeconfig: Path,
) -> None:
    """Run the built-in demo cluster, healthy or with a fault, until Ctrl-C."""
    if truth:
        click.echo(json.dumps(faults.load(truth).truth, indent=2))
        return
    if alert:
        click.echo(json.dumps(options.run(_alert(alert)), indent=2))
        return
    if as_list:
        for name in faults.names():
            click.echo(f"{name:24} {faults.load(name).title}")
        return
    unknown = [name for name in broken if name not in faults.names()]
    if unknown:
        raise click.UsageError(f"There is no fault {unknown[0]!r}. Known: {', '.join(faults.names())}.")
    logs.configure()
    options.run(_up(broken, noise, port, kubeconfig.resolve()))


async def _alert(fault: str) -> dict[str, Any]:
    """The alert of a fault, from a cluster that has it, so that its Pods have names."""
    async with Sandbox.start(faults=(fault,)) as cluster:
        return cluster.alert(fault)


async def _up(broken: tuple[str, ...], noise: bool, port: int, kubeconfig: Path) -> None:
    async with Sandbox.start(port=port, faults=broken, noise=noise) as cluster:
        cluster.write_kubeconfig(kubeconfig)
        click.echo(f"Sandbox cluster at {cluster.url}, broken: {', '.join(broken) or 'nothing'}. Ctrl-C stops it.")
        click.echo(f"export KUBECONFIG={kubeconfig}")
        await asyncio.Event().wait()
