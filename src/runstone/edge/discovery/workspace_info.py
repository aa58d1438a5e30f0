"""``workspaceInfo.yaml``: what a workspace builder is told, read as its users write it. Pure but for reading files.

Keys and their meaning are facts of the format. A key that says nothing here is named in ``unused``, so that nobody
thinks it is obeyed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import yaml

from runstone.edge.discovery import cloud_config, cluster_config, collection_entries
from runstone.edge.discovery.cloud_config import CloudEntry
from runstone.edge.discovery.collection_entries import CollectionEntry
from runstone.edge.discovery.documents import Override, Setting, repository
from runstone.edge.discovery.levels import Pairs, Wanted, level
from runstone.errors import BadInput

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_KNOWN = frozenset(
    (
        *("workspaceName", "workspaceOwnerEmail", "defaultLocation", "locationId", "defaultLocationName"),
        *("locationName", "defaultLOD", "namespaceLODs", "namespaces", "cloudConfig", "codeCollections", "custom"),
        *("secrets", "overrides", "taskTagExclusions", "writeWorkspaceFilesToDisk"),
    )
)
_KUBERNETES = frozenset(
    (
        *("kubeconfigFile", "inClusterAuth", "namespaces", "namespaceLODs", "contexts"),
        *("includeAnnotations", "includeLabels", "excludeAnnotations", "excludeLabels"),
    )
)
Said = dict[str, Any]


@dataclass(frozen=True)
class KubernetesEntry:
    """``cloudConfig.kubernetes``."""

    kubeconfig: Path | None
    in_cluster: bool
    every: Wanted
    contexts: Mapping[str, Wanted] = field(default_factory=dict[str, Wanted])

    def wanted(self, context: str) -> Wanted:
        """What is asked for of a context."""
        return self.contexts.get(context, self.every)


@dataclass(frozen=True)
class WorkspaceInfo:
    """All that was told."""

    setting: Setting
    collections: tuple[CollectionEntry, ...]
    kubernetes: KubernetesEntry | None
    clouds: tuple[CloudEntry, ...]
    """``cloudConfig`` of the other platforms."""
    cluster: Wanted
    """What is asked for of a managed cluster that says nothing itself."""
    excluded_tags: frozenset[str]
    """A bundle with a Task that has one of these tags, in lower case, is left out."""
    unused: tuple[str, ...]


def read(file: Path) -> WorkspaceInfo:
    """Raises BadInput naming the key and what is wrong with it."""
    try:
        said: Any = yaml.load(file.read_text(encoding="utf-8"), _LOADER)  # noqa: S506  a safe loader
    except OSError as err:
        raise BadInput(f"{file} cannot be read: {err.strerror}.") from err
    except (UnicodeDecodeError, yaml.YAMLError) as err:
        raise BadInput(f"{file} is not YAML: {' '.join(str(err).split())[:200]}") from err
    return _read(_mapping(said, "the file", file), file)


def _read(said: Said, file: Path) -> WorkspaceInfo:
    cloud = _mapping(said.get("cloudConfig"), "cloudConfig", file)
    named = _required(said, file, "workspaceName")
    location = str(said.get("locationId") or said.get("defaultLocation") or "")
    if not location:
        raise BadInput(f"{file}: 'defaultLocation' (or 'locationId') must name the location that Tasks run at.")
    setting = Setting(
        workspace=named,
        location=location,
        location_name=str(said.get("locationName") or said.get("defaultLocationName") or ""),
        owner=_required(said, file, "workspaceOwnerEmail"),
        custom=_optional(said.get("custom"), "custom", file),
        secrets=_optional(said.get("secrets"), "secrets", file),
        overrides=tuple(_overrides(said.get("overrides"), file)),
        exact=True,
    )
    kubernetes = _optional(cloud.get("kubernetes"), "cloudConfig.kubernetes", file)
    others = {name: _optional(one, name, file) for name, one in cloud.items() if name != "kubernetes"}
    clouds, strange = cloud_config.read(others, said.get("defaultLOD", "detailed"), file)
    unknown = (f"cloudConfig.kubernetes.{key}" for key in sorted(kubernetes.keys() - _KUBERNETES))
    every = _every(kubernetes, said, cluster_config.shared(one.clusters for one in clouds), file)
    collections = collection_entries.read(_list(said.get("codeCollections"), file), file)
    unused = [*sorted(said.keys() - _KNOWN), *unknown, *strange, *(key for one in clouds for key in one.unused)]
    return WorkspaceInfo(
        setting=setting,
        collections=collections.wanted,
        kubernetes=_kubernetes(kubernetes, every, file) if "kubernetes" in cloud else None,
        clouds=tuple(clouds),
        cluster=replace(every, only=()),
        excluded_tags=frozenset(str(tag).lower() for tag in _list(said.get("taskTagExclusions"), file)),
        unused=(*unused, *collections.unused),
    )


def _every(said: Said, top: Said, shared: Mapping[str, int], file: Path) -> Wanted:
    """What is asked for of a cluster that says nothing itself. ``shared``: levels said of namespaces elsewhere."""
    common = _levels(top.get("namespaceLODs"), file) | _levels(said.get("namespaceLODs"), file)
    return Wanted(
        default=level(top.get("defaultLOD", "detailed"), f"{file}: defaultLOD"),
        places={**shared, **common},
        only=tuple(str(one) for one in _list(said.get("namespaces") or top.get("namespaces"), file)),
        include_labels=_pairs(said.get("includeLabels"), file),
        include_annotations=_pairs(said.get("includeAnnotations"), file),
        exclude_labels=_pairs(said.get("excludeLabels"), file),
        exclude_annotations=_pairs(said.get("excludeAnnotations"), file),
    )


def _kubernetes(said: Said, every: Wanted, file: Path) -> KubernetesEntry:
    written = said.get("kubeconfigFile")
    contexts = _optional(said.get("contexts"), "cloudConfig.kubernetes.contexts", file)
    return KubernetesEntry(
        kubeconfig=(file.parent / str(written)) if written else None,
        in_cluster=bool(said.get("inClusterAuth")),
        every=every,
        contexts={name: _context(_optional(one, name, file), every, file) for name, one in contexts.items()},
    )


def _context(said: Said, every: Wanted, file: Path) -> Wanted:
    default = said.get("defaultNamespaceLOD")
    return Wanted(
        default=every.default if default is None else level(default, f"{file}: defaultNamespaceLOD"),
        places={**every.places, **_levels(said.get("namespaceLODs"), file)},
        only=tuple(str(one) for one in _list(said.get("namespaces"), file)) or every.only,
        include_labels=every.include_labels,
        include_annotations=every.include_annotations,
        exclude_labels=every.exclude_labels,
        exclude_annotations=every.exclude_annotations,
    )


def _levels(said: Any, file: Path) -> dict[str, int]:
    return {name: level(one, f"{file}: {name}") for name, one in _optional(said, "namespaceLODs", file).items()}


def _pairs(said: Any, file: Path) -> Pairs:
    found = _optional(said, "include and exclude", file)
    values = ((key, one if isinstance(one, list) else [one]) for key, one in found.items())
    return frozenset((key, _text(value)) for key, many in values for value in cast("list[Any]", many))


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _overrides(said: Any, file: Path) -> Iterable[Override]:
    for entry in _list(_optional(said, "overrides", file).get("codebundles"), file):
        one = _mapping(entry, "overrides.codebundles", file)
        values = _optional(one.get("configProvided"), "configProvided", file)
        yield Override(
            repository=repository(str(one.get("repoURL") or "")),
            bundle=str(one.get("codebundleDirectory") or ""),
            type=str(one.get("type") or "").lower(),
            values={name: str(value) for name, value in values.items()},
        )


def _required(said: Said, file: Path, key: str) -> str:
    value = str(said.get(key) or "")
    if not value:
        raise BadInput(f"{file}: {key!r} is missing.")
    return value


def _mapping(said: Any, what: str, file: Path) -> Said:
    if not isinstance(said, dict):
        raise BadInput(f"{file}: {what} must be a mapping, not {said!r}.")
    return {str(key): value for key, value in cast("dict[Any, Any]", said).items()}


def _optional(said: Any, what: str, file: Path) -> Said:
    return {} if said is None else _mapping(said, what, file)


def _list(said: Any, file: Path) -> list[Any]:
    if said is None:
        return []
    if not isinstance(said, list):
        raise BadInput(f"{file}: {said!r} must be a list.")
    return cast("list[Any]", said)
