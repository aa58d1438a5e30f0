"""``runstone map why`` and ``runstone map lint``: GenerationRules against one resource, and against themselves."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape

from runstone import plugins, settings
from runstone.cli import embedded, logs, options
from runstone.connectors.platforms import Platform
from runstone.edge.discovery import linting
from runstone.edge.discovery.binding import Rules, Source
from runstone.edge.discovery.documents import Setting
from runstone.edge.discovery.levels import Levels
from runstone.edge.discovery.news import subjects_of
from runstone.edge.discovery.picture import Picture
from runstone.edge.discovery.rules import Verdict, World
from runstone.edge.discovery.subjects import Subject, by_type
from runstone.errors import BadInput, NotFound

_MOST = 3


@dataclass(frozen=True)
class Tried:
    """One rule on one resource."""

    file: str
    slxs: tuple[str, ...]
    """Names of what it makes; base names when it makes nothing."""
    matches: bool
    right_type: bool
    verdicts: tuple[Verdict, ...]
    remark: str
    """Why nothing is made though everything holds; empty otherwise."""

    @property
    def held(self) -> int:
        """How many of its predicates hold."""
        return sum(one.holds for one in self.verdicts)


@click.command("why")
@click.argument("resource")
@click.option("--all", "everything", is_flag=True, help="Also rules for other types.")
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
@options.cluster
def why(
    resource: str,
    everything: bool,
    as_json: bool,
    kubeconfig: str | None,
    context: str | None,
    namespaces: tuple[str, ...],
    collections: tuple[str, ...],
) -> None:
    """For every rule, why it matches a RESOURCE or does not. Reads the cluster once; sends and keeps nothing."""
    logs.configure()
    told = settings.read(
        kubeconfig=kubeconfig,
        context=context,
        namespaces=options.given(namespaces),
        collections=options.given(collections),
    )
    tried = options.run(_tried(told, resource))
    if as_json:
        click.echo(json.dumps([_said(one) for one in tried if everything or one.right_type], indent=2))
        return
    _show(Console(highlight=False), tried, everything=everything)


async def _tried(told: settings.Settings, wanted: str) -> list[Tried]:
    sources = [Source.of(*one) for one in await embedded.collections(told, told.data)]
    rules = Rules(sources, Setting(told.workspace, told.location, {}))
    platform: Platform = plugins.load("platforms", "kubernetes")(
        kubeconfig=told.kubeconfig, context=told.context, namespaces=told.namespaces
    )
    picture = Picture(platform)
    async for batch in platform.read(rules.custom_types(platform.family)):
        picture.take(batch)
    picture.end()
    found = subjects_of(picture, Levels(platform.family))
    subject = _chosen([one for one in found.values() if one], wanted)
    world = World(by_type(one for one in found.values() if one), rules.variables)
    return [_try(loaded, subject, world, told.workspace) for loaded in rules.of(platform.family)]


def _try(loaded: Any, subject: Subject, world: World, workspace: str) -> Tried:
    type_, *verdicts = loaded.rule.explain(subject, world)
    matches = loaded.rule.of(subject, world) if type_.holds else []
    names = tuple(loaded.short(match, workspace) for match in matches)
    holds = type_.holds and all(one.holds for one in verdicts)
    remark = ""
    if holds and not matches:
        qualifiers = {name for slx in loaded.rule.slxs for name in slx.qualifiers if not subject.qualifier(name)}
        missing = f"it has no {', '.join(sorted(qualifiers))} to be named after" if qualifiers else ""
        remark = missing or "nothing is asked for at its level of detail"
    bases = tuple(slx.base_name for slx in loaded.rule.slxs)
    return Tried(loaded.file, names or bases, bool(matches), type_.holds, tuple(verdicts), remark)


def _chosen(subjects: list[Subject], wanted: str) -> Subject:
    kind, _, rest = wanted.rpartition("/") if wanted.count("/") < 2 else wanted.partition("/")
    namespace, _, name = rest.rpartition("/") if wanted.count("/") >= 2 else ("", "", rest)
    found = [
        one
        for one in subjects
        if one.name == name
        and (not kind or kind.lower() in (one.kind.lower(), *one.words))
        and namespace in ("", one.namespace)
    ]
    if not found:
        raise NotFound(f"There is no {wanted} in the cluster. Write it as kind/name or kind/namespace/name.")
    if len(found) > 1:
        listed = ", ".join("/".join(part for part in one.key if part) for one in found[:_MOST])
        raise BadInput(f"{wanted} may be {listed}. Say which, as kind/namespace/name.")
    return found[0]


def _said(one: Tried) -> dict[str, Any]:
    verdicts = [{"says": verdict.text, "holds": verdict.holds, "inner": str(verdict)} for verdict in one.verdicts]
    return {
        "file": one.file,
        "slxs": one.slxs,
        "matches": one.matches,
        "right_type": one.right_type,
        "remark": one.remark,
        "verdicts": verdicts,
    }


def _show(console: Console, tried: list[Tried], *, everything: bool) -> None:
    for one in sorted(tried, key=lambda one: (not one.matches, -one.held, one.file)):
        if not (one.right_type or everything):
            continue
        sign = "[green]matches[/]" if one.matches else "[red]does not match[/]"
        console.print(f"{sign} {escape(one.file)} [dim]({escape(', '.join(one.slxs))})[/]", soft_wrap=True)
        if one.remark:
            console.print(f"    [yellow]but {escape(one.remark)}[/]")
        for verdict in one.verdicts if one.right_type else ():
            lines = str(verdict).splitlines()
            console.print("\n".join(f"    {escape(line)}" for line in lines), soft_wrap=True)
    others = sum(not one.right_type for one in tried)
    if others and not everything:
        console.print(f"{others} rules are for other types (see them with --all).")


@click.command("lint")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
def lint(paths: tuple[Path, ...], as_json: bool) -> None:
    """Find rules of CodeCollections that can never match or make nothing. Exit code 1 when one is an error."""
    found = [(path, one) for path in paths for one in linting.collection(path)]
    if as_json:
        click.echo(json.dumps([{"collection": str(path), **one.model_dump()} for path, one in found], indent=2))
    else:
        console = Console(highlight=False)
        for _, one in found:
            color = "red" if one.severity == "error" else "yellow"
            console.print(f"[{color}]{one.severity}[/] {escape(one.file)}: {escape(one.message)}", soft_wrap=True)
        console.print(f"{len(found)} findings")
    raise SystemExit(1 if any(one.severity == "error" for _, one in found) else 0)
