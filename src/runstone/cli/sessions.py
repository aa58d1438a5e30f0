"""``runstone sessions``: what the running Runstone looked into."""

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from runstone import settings
from runstone.cli import embedded, follow, options
from runstone.cli.terminal import Terminal
from runstone.errors import Unreachable


@click.command("sessions")
@click.argument("session", required=False)
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
@options.data
def command(session: str | None, as_json: bool, data: Path | None) -> None:
    """List the sessions of the running Runstone, or show one."""
    told = settings.read(data=data)
    running = embedded.running_instance(told.data)
    if running is None:
        raise Unreachable(f"No Runstone runs on {told.data}. Start it with: runstone up")
    found = options.run(_get(*running, session))
    if as_json:
        click.echo(json.dumps(found, indent=2))
    elif session:
        Terminal(Console()).report(found)
    else:
        for one in found:
            click.echo(f"{one['id']}  {one['state']:<12}  {one['opened_at']}  {one['trigger']['text']}")


async def _get(url: str, token: str, session: str | None) -> Any:
    async with follow.speaking(url, token) as client:
        return await follow.call(client, "GET", f"/api/v1/sessions/{session}" if session else "/api/v1/sessions")
