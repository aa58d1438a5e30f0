"""``runstone demo``: a broken shop in the sandbox cluster, from the alert to the root cause and its fix."""

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Any

import click
import httpx2
from rich.console import Console

from runstone import settings
from runstone.cli import embedded, follow, logs, options
from runstone.cli.terminal import Terminal
from runstone.cli.up import page
from runstone.sandbox import faults
from runstone.sandbox.cluster import Sandbox

_TIMEOUT_S = 120


@click.command("demo")
@click.option(
    "--fault", default="wrong-env-port", show_default=True, help="What to break; see: runstone sandbox --list"
)
@click.option(
    "--once", is_flag=True, help="Without a person: approves nothing; exits 0 when the right cause was found."
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port of the page; a free one by default.")
def command(fault: str, once: bool, port: int) -> None:
    """Break a sandbox shop and watch Runstone find out why. Ctrl-C stops everything."""
    logs.configure()
    if fault not in faults.names():
        raise click.UsageError(f"There is no fault {fault!r}. Known: {', '.join(faults.names())}.")
    sys.exit(options.run(_demo(fault, once, port)))


async def _demo(fault: str, once: bool, port: int) -> int:
    terminal = Terminal(Console())
    truth = faults.load(fault).truth
    with tempfile.TemporaryDirectory(prefix="runstone-demo-") as folder:
        terminal.say(f"[bold]1.[/] A sandbox cluster with a shop. Broken in it: {truth['title'].lower()}.")
        async with Sandbox.start(faults=(fault,), noise=True) as cluster:
            kubeconfig = Path(folder) / "kubeconfig"
            cluster.write_kubeconfig(kubeconfig)
            told = settings.read(data=Path(folder) / "data", port=port, kubeconfig=str(kubeconfig), context="")
            async with (
                embedded.start(told) as instance,
                embedded.listening(instance) as url,
                embedded.working(instance),
            ):
                return await _story(terminal, instance, url, cluster.alert(fault), truth, once)


async def _story(
    terminal: Terminal, instance: embedded.Embedded, url: str, alert: dict[str, Any], truth: dict[str, Any], once: bool
) -> int:
    client = instance.client
    map_ = await _mapped(client)
    terminal.say(
        f"[bold]2.[/] Discovered: {len(map_['resources'])} resources, {len(map_['relations'])} relations, "
        f"{len(map_['slxs'])} SLXs with Tasks."
    )
    opened = await follow.call(client, "POST", "/hooks/alertmanager", alert)
    session = opened["sessions"][0]["session"]
    labels = alert["alerts"][0]["labels"]
    terminal.say(
        f"[bold]3.[/] Alert {labels['alertname']} in namespace {labels.get('namespace', '')}: session {session}."
    )
    where = page(url, instance, session)
    terminal.say(f"[bold]4.[/] Follow it here, or at {where}")
    report = await follow.until_over(client, session, _TIMEOUT_S, terminal.event)
    terminal.report(report, where)
    right = _is_right(report, truth)
    terminal.say(
        f"The right cause {'[green]was found' if right else '[red]was not found'}[/]: {truth['root_cause_text']}."
    )
    if not once:
        await _wait_for_a_person(terminal, client, session, where)
    return 0 if right else 3


async def _mapped(client: httpx2.AsyncClient) -> dict[str, Any]:
    """The Map once a whole round of discovery is in it."""
    async with asyncio.timeout(60):
        while True:
            events = await follow.call(client, "GET", "/api/v1/events?limit=1000")
            if any(event["type"] == "map.updated" and event["data"]["final"] for event in events):
                found: dict[str, Any] = await follow.call(client, "GET", "/api/v1/map")
                return found
            await asyncio.sleep(0.1)


def _is_right(report: dict[str, Any], truth: dict[str, Any]) -> bool:
    if not report["causes"]:
        return False
    first = report["causes"][0]
    found = {field: first["resource"][field] for field in ("kind", "name", "namespace")}
    reason = first["reason"].lower()
    groups = truth["keywords_all_of_any"]
    return found == truth["root_cause"] and all(any(word.lower() in reason for word in group) for group in groups)


async def _wait_for_a_person(terminal: Terminal, client: httpx2.AsyncClient, session: str, where: str) -> None:
    terminal.say(f"Approve the fix at {where} and watch it heal. Ctrl-C stops everything.")
    seq, told = 0, False
    while True:
        for event in await follow.call(
            client, "GET", f"/api/v1/sessions/{session}/log?after={seq}&wait_s=20", wait_s=20
        ):
            seq = event["seq"]
            told = told or event["type"] == "proposal.approved"
            if told:
                terminal.event(event)
