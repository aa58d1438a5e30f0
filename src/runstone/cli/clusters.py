"""The Kubernetes clusters of a workspaceInfo.yaml: the contexts of a kubeconfig, and those that clouds manage.

A cluster that is both is read once: by the kubeconfig's login and under its name, with what the cloud says of it; how
much of it is asked for is what its context says, unless the cloud's entry names it. Two clusters of one name are told
apart by where they are, as ``project--name``.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from runstone import plugins
from runstone.connectors.managed import Clusters, Managed
from runstone.connectors.platforms import Platform
from runstone.edge.discovery.cloud_config import CloudEntry
from runstone.edge.discovery.cluster_config import ClustersEntry
from runstone.edge.discovery.levels import Wanted
from runstone.errors import BadInput, Unreachable


@dataclass(frozen=True)
class Found:
    """A platform to read, how much of it is asked for, and what templates see of it besides its own attributes."""

    platform: Platform
    wanted: Wanted
    attributes: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True)
class _Told:
    """A cluster of a cloud, by the entry it was looked for."""

    cluster: Managed
    wanted: Wanted


async def managed(
    clouds: Sequence[tuple[Platform, CloudEntry]], every: Wanted, contexts: Sequence[Found], unread: list[str]
) -> list[Found]:
    """``contexts`` and the clusters of all clouds, each once; what could not be had is told to ``unread``.

    ``every``: what is asked for of a cluster that says nothing itself.
    """
    asked = [(platform, one.clusters) for platform, one in clouds if one.clusters]
    answers = await asyncio.gather(*(_clusters(platform, entry) for platform, entry in asked))
    unread += [problem for answer in answers for problem in answer.problems]
    told = [
        _Told(cluster, entry.wanted(cluster, every))
        for answer, (_, entry) in zip(answers, asked, strict=True)
        for cluster in answer.found
    ]
    by_server = {_server(one.cluster.server): one for one in told}
    known = [_known(one, by_server) for one in contexts]
    taken = {_server(getattr(one.platform, "server", "")) for one in contexts}
    fresh = [one for server, one in by_server.items() if server not in taken]
    names = _names([one.cluster for one in fresh], {one.platform.name for one in contexts})
    return [*known, *(made for one, name in zip(fresh, names, strict=True) if (made := _made(one, name, unread)))]


async def _clusters(platform: Platform, entry: ClustersEntry) -> Clusters:
    try:
        return await platform.clusters(entry.seeking)
    except (BadInput, Unreachable) as err:
        return Clusters([], [f"Clusters of {platform.name}: {err}"])


def _known(context: Found, by_server: Mapping[str, _Told]) -> Found:
    """A context of the kubeconfig, with what a cloud says of its cluster if one does."""
    told = by_server.get(_server(getattr(context.platform, "server", "")))
    if told is None:
        return context
    wanted = told.wanted if told.cluster.sought else context.wanted
    return replace(context, wanted=wanted, attributes=told.cluster.attributes)


def _made(told: _Told, name: str, unread: list[str]) -> Found | None:
    cluster = told.cluster
    kind: Any = plugins.load("platforms", "kubernetes")
    try:
        platform: Platform = kind(document=cluster.kubeconfig, name=name)
    except BadInput as err:
        unread.append(f"The cluster {name}: {err}")
        return None
    return Found(platform, told.wanted, cluster.attributes)


def _names(clusters: Sequence[Managed], taken: set[str]) -> list[str]:
    """A name of its own for each: as long as it has to be."""
    ways = [(one.name, f"{_place(one)}--{one.name}", f"{one.account}--{one.place}--{one.name}") for one in clusters]
    counts = [Counter(way[length] for way in ways) for length in range(3)]
    return [
        next((name for name, count in zip(way, counts, strict=True) if count[name] == 1 and name not in taken), way[-1])
        for way in ways
    ]


def _place(cluster: Managed) -> str:
    """What sets clusters of one name apart most often: the project of Google Cloud, the group or region elsewhere."""
    return cluster.account if cluster.attributes.get("cluster_type") == "gke" else cluster.place


def _server(address: str) -> str:
    """The same text for the same server."""
    return address.lower().rstrip("/").removesuffix(":443")
