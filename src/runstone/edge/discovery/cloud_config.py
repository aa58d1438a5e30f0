"""``cloudConfig`` of a workspaceInfo.yaml but for Kubernetes: which platforms, with which settings. Pure.

Keys are facts of the format. What Tasks are to log in with (the names of Secrets) goes to the templates.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from runstone.edge.discovery import cluster_config
from runstone.edge.discovery.cluster_config import ClustersEntry
from runstone.edge.discovery.keys import Keys, Said
from runstone.edge.discovery.levels import Wanted, level


@dataclass(frozen=True)
class CloudEntry:
    """One platform to read: a connector's name, its settings, and how much is asked for."""

    platform: str
    settings: Mapping[str, Any]
    wanted: Wanted
    unused: tuple[str, ...] = ()
    """Sentences on keys that mean nothing here."""
    clusters: ClustersEntry | None = None
    """The Kubernetes clusters of it to read, too."""


def read(clouds: Mapping[str, Said], default: object, file: Path) -> tuple[list[CloudEntry], list[str]]:
    """The platforms of ``cloudConfig``, and keys that mean nothing here. Raises BadInput naming the key.

    ``default``: ``defaultLOD`` of the workspace.
    """
    found: list[CloudEntry] = []
    unknown: list[str] = []
    for name, said in clouds.items():
        where = f"{file}: cloudConfig.{name}"
        if name not in _READERS:
            unknown.append(f"cloudConfig.{name}")
            continue
        found += _READERS[name](Keys(said, where), level(default, f"{file}: defaultLOD"))
    return found, unknown


def _aws(keys: Keys, default: int) -> Iterator[CloudEntry]:
    regions = keys.texts("regions") or tuple(filter(None, [keys.text("region", "defaultRegion")]))
    keys.asked |= {"region", "defaultRegion"}
    settings = {
        "regions": regions,
        "role": keys.text("assumeRoleArn"),
        "external_id": keys.text("assumeRoleExternalId"),
        "auth_secret": keys.text("awsSecretName"),
    }
    wanted = _wanted(keys, default, keys.levels("accountLevelOfDetails"))
    clusters = cluster_config.eks(keys)
    yield CloudEntry("aws", _given(settings), wanted, tuple(keys.unused()), clusters)


def _azure(keys: Keys, default: int) -> Iterator[CloudEntry]:
    subscriptions = keys.mappings("subscriptions")
    ids = [one.text("subscriptionId") for one in subscriptions] or [keys.text("subscriptionId")]
    keys.asked.add("subscriptionId")
    groups = keys.levels("resourceGroupLevelOfDetails")
    for one in subscriptions:
        groups |= one.levels("resourceGroupLevelOfDetails")
        default = one.level(default, "defaultLOD", "defaultLevelOfDetail")
    settings = {
        "subscriptions": tuple(filter(None, ids)),
        "tenant": keys.text("tenantId"),
        "client_id": "",
        "auth_secret": keys.text("spSecretName"),
    }
    keys.asked.add("clientId")
    wanted = _wanted(keys, groups.pop("*", default), groups)
    devops, clusters = keys.mapping("devops"), cluster_config.aks(keys)
    beside = [_devops(devops, default)] if devops.said else []
    if any(settings.values()) or clusters or not beside:
        beside.insert(0, CloudEntry("azure", _given(settings), wanted, clusters=clusters))
    yield replace(beside[0], unused=tuple(keys.unused()))
    yield from beside[1:]


_DEVOPS_TYPES = {"repositories": "repository", "pipelines": "pipeline", "releases": "release"}


def _devops(keys: Keys, default: int) -> CloudEntry:
    scope = keys.mapping("scope")
    kinds = scope.mapping("resourceTypes")
    kinds.asked |= _DEVOPS_TYPES.keys()
    wanted = tuple(type_ for name, type_ in _DEVOPS_TYPES.items() if kinds.said.get(name, True))
    settings = {
        "organization": keys.text("organizationUrl"),
        "projects": scope.texts("includeProjects"),
        "exclude_projects": scope.texts("excludeProjects"),
        "types": wanted if len(wanted) < len(_DEVOPS_TYPES) else (),
        "auth_secret": keys.text("patSecretName"),
    }
    return CloudEntry("azure_devops", _given(settings), Wanted(default))


def _gcp(keys: Keys, default: int) -> Iterator[CloudEntry]:
    settings = {
        "projects": keys.texts("projects") or tuple(filter(None, [keys.text("projectId")])),
        "key_file": keys.text("applicationCredentialsFile"),
        "auth_secret": keys.text("saSecretName"),
    }
    keys.asked.add("projectId")
    wanted = _wanted(keys, default, keys.levels("projectLevelOfDetails"))
    clusters = cluster_config.gke(keys)
    yield CloudEntry("gcp", _given(settings), wanted, tuple(keys.unused()), clusters)


_READERS: Mapping[str, Callable[[Keys, int], Iterator[CloudEntry]]] = {"aws": _aws, "azure": _azure, "gcp": _gcp}


def _wanted(keys: Keys, default: int, places: Mapping[str, int]) -> Wanted:
    return Wanted(
        default=keys.level(default, "defaultLOD"),
        places=places,
        include_labels=keys.pairs("includeTags"),
        exclude_labels=keys.pairs("excludeTags"),
    )


def _given(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value}
