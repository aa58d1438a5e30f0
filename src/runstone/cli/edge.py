"""``runstone edge``: discovery and runner in the customer's network; it calls home, nothing calls it."""

import os
from pathlib import Path

import click
import httpx2
from rich.console import Console

from runstone import settings
from runstone.cli import edges, embedded, logs, options, platforms
from runstone.cli.terminal import Terminal
from runstone.edge.home import Home
from runstone.errors import BadInput

TOKEN = "RUNSTONE_EDGE_TOKEN"  # noqa: S105  the name of a variable, not a value


@click.command("edge")
@click.option("--home", required=True, metavar="URL", help="Where the control zone is: https://runstone.example.com.")
@click.option("--token-file", type=click.Path(path_type=Path, dir_okay=False), help=f"Instead of ${TOKEN}.")
@click.option("--location", help="How this place is called; 'local' by default.")
@click.option("--once", is_flag=True, help="One round of discovery, then end.")
@options.cluster
@options.data
def command(
    home: str,
    token_file: Path | None,
    location: str | None,
    once: bool,
    kubeconfig: str | None,
    context: str | None,
    namespaces: tuple[str, ...],
    collections: tuple[str, ...],
    data: Path | None,
) -> None:
    """Discover what runs here and run Tasks here, for a control zone elsewhere. Only outbound connections are made.

    Its token is the runner's one of the control zone, in $RUNSTONE_EDGE_TOKEN or a file; it is never an argument.
    """
    logs.configure()
    told = settings.read(
        location=location,
        kubeconfig=kubeconfig,
        context=context,
        namespaces=options.given(namespaces),
        collections=options.given(collections),
        data=data,
    )
    options.run(_run(told, _address(home), _token(token_file), once=once))


async def _run(told: settings.Settings, address: str, token: str, *, once: bool) -> None:
    folder = embedded.data_folder(told.data / "edge")
    with embedded.held(folder):
        known = await embedded.collections(told, folder)
        async with httpx2.AsyncClient(base_url=address) as client:
            found = platforms.chosen(told)
            edge = edges.built(told, folder, known, found, Home(client, token), token)
            names = ", ".join(one.name for one in found)
            Terminal(Console()).say(f"The edge {told.location} reads {names} for {address}. Ctrl-C stops.")
            if once:
                await edge.scan()
                return
            await edge.run()


def _address(home: str) -> str:
    """Raises BadInput for an address over which a token must not be sent."""
    url = httpx2.URL(home)
    if url.scheme != "https" and url.host not in ("localhost", "127.0.0.1", "::1"):
        raise BadInput(
            f"{home} is not https, so the token would be read on the way. Put TLS in front of the control zone."
        )
    return home.rstrip("/")


def _token(file: Path | None) -> str:
    try:
        token = file.read_text().strip() if file else os.environ.get(TOKEN, "").strip()
    except OSError as err:
        raise BadInput(f"The token file {file} cannot be read: {err.strerror}.") from err
    if not token:
        raise BadInput(
            f"An edge needs a token: set ${TOKEN}, or name a file with --token-file. It is the 'runner' of the "
            "control zone's credentials.json."
        )
    return token
