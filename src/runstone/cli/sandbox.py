"""``runstone sandbox``: the demo cluster by itself, for kubectl, for trying Tasks, for tests of your own."""

import asyncio
from pathlib import Path

import click

from runstone.cli import logs, options
from runstone.sandbox import faults
from runstone.sandbox.cluster import Sandbox


@click.command("sandbox")
@click.argument("action", type=click.Choice(["up"]), default="up")
@click.option("--fault", "broken", multiple=True, help="Break this (repeatable).")
@click.option("--list", "as_list", is_flag=True, help="List the faults and end.")
@click.option("--noise", is_flag=True, help="Two unrelated unhealthy workloads in another namespace.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="A free one by default.")
@click.option("--kubeconfig", type=click.Path(path_type=Path), default=Path("sandbox.kubeconfig"), show_default=True)
def command(action: str, broken: tuple[str, ...], as_list: bool, noise: bool, port: int, kubeconfig: Path) -> None:
    """Run the built-in demo cluster, healthy or with a fault, until Ctrl-C."""
    if as_list:
        for name in faults.names():
            click.echo(f"{name:24} {faults.load(name).title}")
        return
    unknown = [name for name in broken if name not in faults.names()]
    if unknown:
        raise click.UsageError(f"There is no fault {unknown[0]!r}. Known: {', '.join(faults.names())}.")
    logs.configure()
    options.run(_up(broken, noise, port, kubeconfig))


async def _up(broken: tuple[str, ...], noise: bool, port: int, kubeconfig: Path) -> None:
    async with Sandbox.start(port=port, faults=broken, noise=noise) as cluster:
        cluster.write_kubeconfig(kubeconfig)
        click.echo(f"Sandbox cluster at {cluster.url}, broken: {', '.join(broken) or 'nothing'}. Ctrl-C stops it.")
        click.echo(f"export KUBECONFIG={kubeconfig.resolve()}")
        await asyncio.Event().wait()
