"""``runstone up``: Runstone on your cluster, in one process."""

import asyncio
from pathlib import Path

import click
from rich.console import Console

from runstone import settings
from runstone.cli import embedded, logs, options
from runstone.cli.terminal import Terminal


@click.command("up")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port of the API and page; 8765 by default, 0 takes a free one."
)
@click.option("--host", help="Address to listen on; 127.0.0.1 by default. Anything else needs TLS in front of it.")
@options.cluster
@options.data
def command(
    port: int | None,
    host: str | None,
    kubeconfig: str | None,
    context: str | None,
    namespaces: tuple[str, ...],
    collections: tuple[str, ...],
    data: Path | None,
) -> None:
    """Run Runstone on your cluster: discovery, runner, API and page in one process, until Ctrl-C."""
    logs.configure()
    told = settings.read(
        port=port,
        host=host,
        kubeconfig=kubeconfig,
        context=context,
        namespaces=options.given(namespaces),
        collections=options.given(collections),
        data=data,
    )
    options.run(_up(told))


async def _up(told: settings.Settings) -> None:
    terminal = Terminal(Console())
    async with embedded.start(told) as instance, embedded.listening(instance) as url, embedded.working(instance):
        terminal.say(f"Runstone works on {told.data}. Page: {page(url, instance)}")
        terminal.say(f"Alertmanager webhook: {url}/hooks/alertmanager (bearer token: {told.data}/credentials.json)")
        terminal.say('Ask in another terminal: runstone ask "why is checkout failing?"   Ctrl-C stops.')
        await asyncio.Event().wait()


def page(url: str, instance: embedded.Embedded, session: str = "") -> str:
    """The page's URL with the local token in its fragment, which browsers do not send anywhere."""
    return f"{url}/#token={instance.credentials.user}" + (f"&session={session}" if session else "")
