"""``runstone discover --workspace-info``: a whole workspace's configuration from what a workspace builder is told."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from runstone import plugins
from runstone.cli import clusters, sources
from runstone.cli.clusters import Found
from runstone.connectors.platforms import Platform
from runstone.edge.discovery import groups, output, subjects, workspace_info
from runstone.edge.discovery.binding import Bound, Rules
from runstone.edge.discovery.cloud_config import CloudEntry
from runstone.edge.discovery.levels import Levels
from runstone.edge.discovery.news import subjects_of
from runstone.edge.discovery.output import Written
from runstone.edge.discovery.picture import Picture
from runstone.edge.discovery.subjects import Cluster
from runstone.edge.discovery.workspace_info import KubernetesEntry, WorkspaceInfo
from runstone.errors import BadInput, Unreachable
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


def _opened(entry: CloudEntry) -> Platform:
    return plugins.load("platforms", entry.platform)(**entry.settings)


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
    opened: Callable[[CloudEntry], Platform] = _opened
    """Makes the platform of a cloud."""


async def build(order: Order) -> Outcome:
    """Read, match, render, write. Raises BadInput, Unreachable when there is nothing at all to go on."""
    info = workspace_info.read(order.info)
    map_rules = groups.read(order.map_rules or (groups.BUILTIN,))
    file = order.kubeconfig or str((info.kubernetes and info.kubernetes.kubeconfig) or "")
    fetched = await sources.fetched(info, sources.Places(order.cache, order.checkouts, file))
    rules = Rules(fetched.sources, info.setting)
    unread: list[str] = []
    found = await _platforms(info, [(order.opened(one), one) for one in info.clouds], file, unread)
    if not found and not unread:
        raise BadInput(f"{order.info}: 'cloudConfig' names no platform (kubernetes, aws, azure, gcp) to read.")
    pictures = await asyncio.gather(*(_read(one.platform, rules) for one in found))
    bounds = [_bound(picture, rules, one) for picture, one in zip(pictures, found, strict=True)]
    unread += [one.problem for picture in pictures for one in picture.readings() if not one.complete]
    bounds.append((_workspace(info, rules), Cluster()))
    written = output.write(order.folder, bounds, rules, map_rules, complete=not unread)
    return Outcome(written, unread, fetched.stale, rules.findings, info.unused)


async def _platforms(
    info: WorkspaceInfo, clouds: Sequence[tuple[Platform, CloudEntry]], kubeconfig: str, unread: list[str]
) -> list[Found]:
    """The clouds, every context of the kubeconfig, and the clusters that the clouds manage. Raises BadInput."""
    contexts = _contexts(info.kubernetes, kubeconfig) if info.kubernetes else []
    read = [Found(platform, one.wanted) for platform, one in clouds]
    return read + await clusters.managed(clouds, info.cluster, contexts, unread)


def _contexts(entry: KubernetesEntry, file: str) -> list[Found]:
    kind = plugins.load("platforms", "kubernetes")
    made = [kind(kubeconfig=file, context=context) for context in kind.contexts(file)]
    return [Found(one, entry.wanted(one.context)) for one in made]


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


def _bound(picture: Picture, rules: Rules, found: Found) -> tuple[Bound, Cluster]:
    platform = picture.platform
    cluster = Cluster({**platform.attributes(), **found.attributes})
    bound = Bound(rules, platform.name, platform.family, cluster)
    seen = subjects_of(picture, Levels(platform.family, found.wanted), attributes=cluster.attributes)
    # An aggregate is named after its first member: the first as the platform lists them, as its users know it.
    bound.change({key: one and replace(one, place=place) for place, (key, one) in enumerate(seen.items())})
    return bound, cluster
