"""``runstone discover --workspace-info``: a whole workspace's configuration from what a workspace builder is told."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from runstone import plugins
from runstone.connectors.platforms import Platform
from runstone.content import checkout, parse
from runstone.edge.discovery import groups, output, subjects, workspace_info
from runstone.edge.discovery.binding import Bound, Rules, Source
from runstone.edge.discovery.levels import Levels, Wanted
from runstone.edge.discovery.news import subjects_of
from runstone.edge.discovery.output import Written
from runstone.edge.discovery.picture import Picture
from runstone.edge.discovery.subjects import Cluster
from runstone.edge.discovery.workspace_info import CollectionEntry, WorkspaceInfo
from runstone.errors import BadInput, RunstoneError, Unreachable
from runstone.model.content import Finding


@dataclass
class Outcome:
    """What was made, and what could not be read: sentences."""

    written: Written
    unread: list[str] = field(default_factory=list[str])
    stale: list[str] = field(default_factory=list[str])
    """Collections whose server did not answer."""
    findings: list[Finding] = field(default_factory=list[Finding])
    unused: tuple[str, ...] = ()
    """Keys of the file that mean nothing here."""


@dataclass(frozen=True)
class Order:
    """What to build, and where."""

    info: Path
    folder: Path
    cache: Path | None
    """A folder of bare clones ``NAME.git``, used instead of the network."""
    checkouts: Path
    kubeconfig: str
    """Instead of the one the file names; empty for that."""
    map_rules: tuple[Path, ...]


async def build(order: Order) -> Outcome:
    """Read, match, render, write. Raises BadInput, Unreachable when there is nothing at all to go on."""
    info = workspace_info.read(order.info)
    map_rules = groups.read(order.map_rules or (groups.BUILTIN,))
    stale: list[str] = []
    sources = await _sources(info, order, stale.append)
    rules = Rules(sources, info.setting)
    found = _platforms(info, order)
    pictures = await asyncio.gather(*(_read(platform, rules) for platform, _ in found))
    bounds = [_bound(picture, rules, wanted) for picture, (_, wanted) in zip(pictures, found, strict=True)]
    unread = [one.problem for picture in pictures for one in picture.readings() if not one.complete]
    bounds.append((_workspace(info, rules), Cluster()))
    written = output.write(order.folder, bounds, rules, map_rules, complete=not unread)
    return Outcome(written, unread, stale, rules.findings, info.unused)


async def _sources(info: WorkspaceInfo, order: Order, stale: Callable[[str], None]) -> list[Source]:
    """The wanted bundles of every collection. One that cannot be had is told to ``stale``; raises when none can."""
    asked = await asyncio.gather(
        *(_source(one, info, order, stale) for one in info.collections), return_exceptions=True
    )
    found: list[Source] = []
    failed: list[RunstoneError] = []
    for one in asked:
        if isinstance(one, Source):
            found.append(one)
        elif isinstance(one, RunstoneError):
            failed.append(one)
        else:
            raise one
    if failed and not found:
        raise failed[0]
    for err in failed:
        stale(f"{err} It is left out.")
    return found


async def _source(entry: CollectionEntry, info: WorkspaceInfo, order: Order, stale: Callable[[str], None]) -> Source:
    clone = order.cache / f"{_name(entry.url)}.git" if order.cache else None
    if clone is not None and clone.exists():
        ref, root = await checkout.from_clone(clone, entry.url, entry.ref, order.checkouts)
    else:
        ref, root = await checkout.at(entry.url, entry.ref, order.checkouts, stale)
    # What is written out names the collection as the workspace does.
    ref = ref.model_copy(update={"url": entry.url})
    root = root / entry.path
    bundles = [one for one in parse.outline(root) if entry.bundle(one[0].rpartition("/")[2])]
    kept = [one for one in bundles if not (info.excluded_tags and parse.tags(root / one[0]) & info.excluded_tags)]
    return Source(ref, root, tuple(kept))


def _name(url: str) -> str:
    return url.rstrip("/").rpartition("/")[2].removesuffix(".git")


def _platforms(info: WorkspaceInfo, order: Order) -> list[tuple[Platform, Wanted]]:
    """Every context of the kubeconfig, and the clouds. Raises BadInput when there is none, NotFound without an SDK."""
    found = [(plugins.load("platforms", one.platform)(**one.settings), one.wanted) for one in info.clouds]
    if info.kubernetes is not None:
        kind = plugins.load("platforms", "kubernetes")
        file = order.kubeconfig or str(info.kubernetes.kubeconfig or "")
        contexts: Sequence[str] = kind.contexts(file)
        made = [kind(kubeconfig=file, context=context) for context in contexts]
        found += [(one, info.kubernetes.wanted(one.context)) for one in made]
    if not found:
        raise BadInput(f"{order.info}: 'cloudConfig' names no platform (kubernetes, aws, azure, gcp) to read.")
    return found


async def _read(platform: Platform, rules: Rules) -> Picture:
    """One platform as far as it can be read; what fails as a whole is an unread scope, and stops no other."""
    picture = Picture(platform)
    try:
        async for batch in platform.read(rules.custom_types(platform.family)):
            picture.take(batch)
        picture.end()
    except (BadInput, Unreachable) as err:
        picture.unreachable(str(err))
    return picture


def _workspace(info: WorkspaceInfo, rules: Rules) -> Bound:
    setting = info.setting
    where = setting.location_name or setting.location
    found = subjects.workspace(setting.workspace, setting.owner, setting.location, where)
    bound = Bound(rules, setting.workspace, found.family, Cluster())
    bound.change({found.key: found})
    return bound


def _bound(picture: Picture, rules: Rules, wanted: Wanted) -> tuple[Bound, Cluster]:
    platform = picture.platform
    cluster = Cluster(dict(platform.attributes()))
    bound = Bound(rules, platform.name, platform.family, cluster)
    found = subjects_of(picture, Levels(platform.family, wanted))
    # An aggregate is named after its first member: the first as the platform lists them, as its users know it.
    bound.change({key: one and replace(one, place=place) for place, (key, one) in enumerate(found.items())})
    return bound, cluster
