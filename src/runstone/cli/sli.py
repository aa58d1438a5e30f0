"""``runstone sli``: what is measured, how it stands, and its numbers."""

import asyncio
import contextlib
import datetime as dt
import json
import re
import tempfile
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any

import click
import httpx2
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from runstone import settings
from runstone.cli import embedded, follow, logs, options
from runstone.errors import BadInput

PARTS = 16
"""Characters of a trend."""
_BLOCKS = "▁▂▃▄▅▆▇█"
_GAP = "·"
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_STANDING = {
    "no_runner": "[bold red]no runner[/]",
    "failing": "[red]failing[/]",
    "late": "[yellow]late[/]",
    "never": "[yellow]never[/]",
    "ok": "[green]ok[/]",
}
"""In the order of the table: what needs a person first."""
_MOST_REASONS = 20


def _seconds(_: click.Context, __: click.Parameter, value: str) -> float:
    """A stretch of time such as ``90s``, ``30m``, ``1h``, ``7d`` in seconds. Raises BadParameter."""
    found = re.fullmatch(r"(\d{1,6})([smhd])", value)
    seconds = int(found[1]) * _UNITS[found[2]] if found else 0
    if not 60 <= seconds <= 7 * 86400:
        raise click.BadParameter(f"{value!r} is no time from 1m to 7d: a number and one of s, m, h, d, such as 1h.")
    return float(seconds)


@click.command("sli")
@click.argument("slx", required=False)
@click.option(
    "--window", callback=_seconds, default="1h", show_default=True, help="How far back the trend goes, up to 7d."
)
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
@click.option(
    "--timeout", "timeout_s", default=120.0, show_default=True, help="Seconds for measuring, when nothing runs yet."
)
@options.cluster
@options.data
def command(
    slx: str | None,
    window: float,
    as_json: bool,
    timeout_s: float,
    kubeconfig: str | None,
    context: str | None,
    namespaces: tuple[str, ...],
    collections: tuple[str, ...],
    data: Path | None,
) -> None:
    """Show what is measured and how it stands: the last score, its age and its trend; of one SLX all its numbers.

    Uses the running Runstone if there is one and no cluster is named; else starts one inside this command and shows
    what one round of measuring gives.
    """
    logs.configure()
    told = settings.read(
        kubeconfig=kubeconfig,
        context=context,
        namespaces=options.given(namespaces),
        collections=options.given(collections),
        data=data,
    )
    running = None if kubeconfig or context or collections else embedded.running_instance(told.data)
    found = options.run(_look(told, running, slx, window, timeout_s))
    if as_json:
        click.echo(json.dumps(found, indent=2))
    elif slx:
        show_one(Console(), found, dt.datetime.now(dt.UTC))
    else:
        show_all(Console(), found, dt.datetime.now(dt.UTC))


async def _look(
    told: settings.Settings, running: tuple[str, str] | None, slx: str | None, window_s: float, timeout_s: float
) -> Any:
    async with follow.speaking(*running) if running else _measured(told, timeout_s) as client:
        listed = await follow.call(client, "GET", f"/api/v1/slis?window_s={window_s:g}")
        if slx is None:
            return listed
        name = chosen(listed, slx)
        return await follow.call(client, "GET", f"/api/v1/slis/{name}?window_s={window_s:g}&buckets={PARTS}")


@contextlib.asynccontextmanager
async def _measured(told: settings.Settings, timeout_s: float) -> AsyncGenerator[httpx2.AsyncClient]:
    """A client of an instance that lives as long as this command, once it measured every SLI or the time is up."""
    with tempfile.TemporaryDirectory(prefix="runstone-sli-") as folder:
        alone = told.model_copy(update={"data": Path(folder)})
        async with embedded.start(alone) as instance:
            await instance.edge.scan()
            async with embedded.working(instance):
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(timeout_s):
                        await _until_measured(instance)
                yield instance.client


async def _until_measured(instance: embedded.Embedded) -> None:
    map_ = await follow.call(instance.client, "GET", "/api/v1/map")
    wanted = sum(1 for slx in map_["slxs"] if slx["sli"])
    click.echo(f"No Runstone runs: measuring {wanted} SLIs once.", err=True)
    measured = 0
    while measured < wanted:
        await asyncio.sleep(0.5)
        listed = await follow.call(instance.client, "GET", "/api/v1/slis")
        measured = sum(1 for one in listed if one["ended_at"])


def chosen(listed: Sequence[dict[str, Any]], said: str) -> str:
    """The SLX meant by its name, by its subject (``Kind namespace/name``), or by a part of either. Raises BadInput."""
    names = {one["slx"]: (one["slx"], _subject(one), one["alias"]) for one in listed}
    exact = [slx for slx, known in names.items() if said in known]
    found = exact or [slx for slx, known in names.items() if any(said in name for name in known)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise BadInput(f"No SLX that is measured is called {said!r}. List them with: runstone sli")
    more = ", ".join(found[:5]) + (f" and {len(found) - 5} more" if len(found) > 5 else "")
    raise BadInput(f"{said!r} can mean {len(found)} SLXs: {more}. Give one of these names.")


def show_all(console: Console, listed: list[dict[str, Any]], now: dt.datetime) -> None:
    """The table of SLIs, those first that need a person, and why they do."""
    if not listed:
        console.print("Nothing is measured: no SLX on the Map has an SLI. Is discovery through? See: runstone doctor")
        return
    shared = Counter(_subject(one) for one in listed)
    named = {one["slx"]: _subject(one) if shared[_subject(one)] == 1 else one["slx"] for one in listed}
    ordered = sorted(listed, key=lambda one: (*_urgency(one), named[one["slx"]]))
    table = Table("measured", "score", "age", "trend", "standing", box=box.SIMPLE, pad_edge=False)
    table.columns[1].justify = table.columns[2].justify = "right"
    for column in table.columns[1:]:
        column.no_wrap = True
    table.columns[0].overflow = "fold"
    for one in ordered:
        row = (*_last(one["last"], now), trend(one["trend"]), _STANDING[one["standing"]])
        table.add_row(escape(named[one["slx"]]), *row)
    console.print(table)
    for line in _reasons(ordered, named):
        console.print(line, highlight=False, soft_wrap=True)
    counts = Counter(one["standing"] for one in listed)
    said = ", ".join(f"{counts[name]} {_STANDING[name]}" for name in _STANDING if counts[name])
    console.print(f"{len(listed)} SLIs: {said}", highlight=False)


def _reasons(ordered: Sequence[dict[str, Any]], named: dict[str, str]) -> list[str]:
    """Why, a line for each SLI that has something to say; what all of a standing have in common once."""
    said = [one for one in ordered if one["reason"] and one["standing"] not in ("no_runner", "never")]
    lines = [f"{_STANDING[one['standing']]}  {escape(named[one['slx']])}: {escape(one['reason'])}" for one in said]
    lines[_MOST_REASONS:] = [f"and {len(lines) - _MOST_REASONS} more"] if len(lines) > _MOST_REASONS else []
    nobody = next((one for one in ordered if one["standing"] == "no_runner"), None)
    waiting = [one["since"] for one in ordered if one["standing"] == "never"]
    if waiting:
        lines.insert(0, f"{_STANDING['never']}  {len(waiting)} are not measured yet; they wait since {min(waiting)}")
    if nobody:
        lines.insert(0, f"{_STANDING['no_runner']}  {escape(nobody['reason'].partition('. ')[0])}")
    return lines


def show_one(console: Console, one: dict[str, Any], now: dt.datetime) -> None:
    """One SLI with its series."""
    score, since = _last(one["last"], now)
    about = f"score {score}, {since} ago" if since else "no score yet"
    for line in (
        f"[bold]{escape(one['alias'])}[/]  {escape(_subject(one))}",
        f"[dim]{escape(one['slx'])}[/]",
        f"{about}; measured every {one['interval_s']} s, next at {one['due']}",
        _standing(one),
    ):
        console.print(line, highlight=False, soft_wrap=True)
    table = Table("sub_name", "last", "age", "min", "mean", "max", "trend", box=box.SIMPLE, pad_edge=False)
    for column in table.columns[1:6]:
        column.justify = "right"
    table.columns[6].no_wrap = True
    for series in one["series"]:
        named = escape(_named(series))
        table.add_row(named, *_last(series["last"], now), *_extent(series["buckets"]), trend(_means(series, one)))
    if one["series"]:
        console.print(table)


def trend(values: Sequence[float | None]) -> str:
    """One character for each value; a dot where there is none. Scores from 0 to 1 are drawn on that scale."""
    known = [value for value in values if value is not None]
    if not known:
        return _GAP * len(values)
    low, high = min(0.0, *known), max(1.0, *known)
    return "".join(_GAP if value is None else _BLOCKS[round((value - low) / (high - low) * 7)] for value in values)


def age(at: str, now: dt.datetime) -> str:
    """How long ago a moment was, in one unit."""
    seconds = max(0.0, (now - dt.datetime.fromisoformat(at)).total_seconds())
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 172800 else f"{seconds / 86400:.0f} d"


def _urgency(one: dict[str, Any]) -> tuple[int, float]:
    return list(_STANDING).index(one["standing"]), one["last"]["value"] if one["last"] else 0.0


def _subject(one: dict[str, Any]) -> str:
    ref = one["subject"]
    return f"{ref['kind']} {ref['namespace']}/{ref['name']}" if ref["namespace"] else f"{ref['kind']} {ref['name']}"


def _standing(one: dict[str, Any]) -> str:
    reason = f" [dim]{escape(one['reason'])}[/]" if one["reason"] else ""
    return f"{_STANDING[one['standing']]}{reason}"


def _last(point: dict[str, Any] | None, now: dt.datetime) -> tuple[str, str]:
    return (f"{point['value']:g}", age(point["at"], now)) if point else ("–", "")


def _named(series: dict[str, Any]) -> str:
    labels = " ".join(f"{name}={text}" for name, text in series["labels"].items())
    return f"{series['sub_name'] or 'score'} {labels}".strip()


def _means(series: dict[str, Any], one: dict[str, Any]) -> list[float | None]:
    """The mean of each of the window's parts."""
    start, end = (dt.datetime.fromisoformat(one[edge]) for edge in ("start", "end"))
    means: list[float | None] = [None] * PARTS
    for bucket in series["buckets"]:
        part = (dt.datetime.fromisoformat(bucket["at"]) - start) / (end - start) * PARTS
        means[min(round(part), PARTS - 1)] = bucket["mean"]
    return means


def _extent(buckets: list[dict[str, Any]]) -> tuple[str, str, str]:
    if not buckets:
        return "–", "–", "–"
    count = sum(one["count"] for one in buckets)
    mean = sum(one["mean"] * one["count"] for one in buckets) / count
    return f"{min(one['min'] for one in buckets):g}", f"{mean:.3g}", f"{max(one['max'] for one in buckets):g}"
