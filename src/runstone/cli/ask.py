"""``runstone ask``: a question or an alert in, the root cause out."""

import contextlib
import json
import sys
import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import click
import httpx2
from rich.console import Console

from runstone import settings
from runstone.cli import embedded, follow, logs, options
from runstone.cli.terminal import Terminal
from runstone.errors import BadInput

EXIT = {"concluded": 0, "inconclusive": 3, "waiting": 4, "cancelled": 3}


@click.command("ask")
@click.argument("question", required=False)
@click.option(
    "--alert", type=click.Path(path_type=Path), help="An Alertmanager webhook body (- for stdin) instead of a question."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout at the end, and nothing else.")
@click.option("--timeout", "timeout_s", default=180.0, show_default=True, help="Seconds to wait; then partial results.")
@options.cluster
@options.data
def command(
    question: str | None,
    alert: Path | None,
    as_json: bool,
    timeout_s: float,
    kubeconfig: str | None,
    context: str | None,
    namespaces: tuple[str, ...],
    collections: tuple[str, ...],
    data: Path | None,
) -> None:
    """Find out why something is failing.

    Uses the running Runstone if there is one and no cluster is named; else starts one inside this command.
    Exit codes: 0 concluded, 3 inconclusive, 4 still waiting when the time was up.
    """
    if bool(question) == bool(alert):
        raise click.UsageError('Say what to look into: runstone ask "why is checkout failing?", or --alert FILE.')
    if timeout_s <= 0:
        raise click.UsageError("--timeout must be more than 0 seconds.")
    logs.configure()
    told = settings.read(
        kubeconfig=kubeconfig,
        context=context,
        namespaces=options.given(namespaces),
        collections=options.given(collections),
        data=data,
    )
    named = bool(kubeconfig or context or collections)
    body = _alert_body(alert) if alert else None
    report = options.run(_ask(question or "", body, told, named, as_json, timeout_s))
    sys.exit(EXIT[report["state"]])


async def _ask(
    question: str, alert: Any, told: settings.Settings, named: bool, as_json: bool, timeout_s: float
) -> dict[str, Any]:
    terminal = Terminal(Console(stderr=as_json))
    async with _instance(told, named) as client:
        session = await _open(client, question, alert, told.namespaces, timeout_s)
        report = await follow.until_over(client, session, timeout_s, terminal.event)
    if as_json:
        click.echo(json.dumps(report, indent=2))
    else:
        terminal.report(report)
    return report


async def _open(
    client: httpx2.AsyncClient, question: str, alert: Any, namespaces: tuple[str, ...], timeout_s: float
) -> str:
    # The session ends a moment before the command would, so that its own words on why are the answer.
    budget = int(min(max(timeout_s - 1, 5), 3600))
    if alert is None:
        body = {"text": question, "namespaces": namespaces, "budget_s": budget}
        return (await follow.call(client, "POST", "/api/v1/sessions", body))["session"]
    query = f"budget_s={budget}" + (f"&namespace={namespaces[0]}" if namespaces else "")
    opened = await follow.call(client, "POST", f"/hooks/alertmanager?{query}", alert)
    first, *others = opened["sessions"]
    if others:
        more = ", ".join(one["session"] for one in others)
        click.echo(f"The body holds {len(others) + 1} firing alerts; following the first. The others: {more}", err=True)
    return first["session"]


@contextlib.asynccontextmanager
async def _instance(told: settings.Settings, named: bool) -> AsyncGenerator[httpx2.AsyncClient]:
    """A client of the running instance, or of one that lives as long as this command, in a temporary folder."""
    running = None if named else embedded.running_instance(told.data)
    if running:
        url, token = running
        async with follow.speaking(url, token) as client:
            yield client
        return
    with tempfile.TemporaryDirectory(prefix="runstone-ask-") as folder:
        alone = told.model_copy(update={"data": Path(folder)})
        async with embedded.start(alone) as instance, embedded.working(instance):
            yield instance.client


def _alert_body(path: Path) -> Any:
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text()
        return json.loads(text)
    except OSError as err:
        raise BadInput(f"The alert file {path} cannot be read: {err.strerror}.") from err
    except ValueError as err:
        raise BadInput(f"The alert file {path} is not JSON: {err}. Give the body that Alertmanager posts.") from err
