"""``workspaceInfo.yaml``: what a workspace builder is told, read as its users write it. Pure but for reading files.

Keys and their meaning are facts of the format. A key that says nothing here is named in ``unused``, so that nobody
thinks it is obeyed.
"""

import fnmatch
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import yaml

from runstone.edge.discovery import cloud_config
from runstone.edge.discovery.cloud_config import CloudEntry
from runstone.edge.discovery.documents import Override, Setting, repository
from runstone.edge.discovery.levels import Pairs, Wanted, level
from runstone.errors import BadInput

DEFAULT_COLLECTIONS = tuple(
    f"https://github.com/runwhen-contrib/{name}.git"
    for name in (
        *("rw-public-codecollection", "rw-cli-codecollection", "rw-workspace-utils", "rw-generic-codecollection"),
        *("azure-c7n-codecollection", "aws-c7n-codecollection"),
    )
)
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
class CollectionEntry:
    """One CodeCollection to read. ``bundle``: whether a bundle of that name is wanted."""

    url: str
    ref: str
    path: str
    bundle: Callable[[str], bool]


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
    unused = [*sorted(said.keys() - _KNOWN), *unknown, *strange, *(key for one in clouds for key in one.unused)]
    return WorkspaceInfo(
        setting=setting,
        collections=_collections(said.get("codeCollections"), file),
        kubernetes=_kubernetes(kubernetes, said, file) if "kubernetes" in cloud else None,
        clouds=tuple(clouds),
        excluded_tags=frozenset(str(tag).lower() for tag in _list(said.get("taskTagExclusions"), file)),
        unused=tuple(unused),
    )


def _kubernetes(said: Said, top: Said, file: Path) -> KubernetesEntry:
    written = said.get("kubeconfigFile")
    default = level(top.get("defaultLOD", "detailed"), f"{file}: defaultLOD")
    common = _levels(top.get("namespaceLODs"), file) | _levels(said.get("namespaceLODs"), file)
    every = Wanted(
        default=default,
        places=common,
        only=tuple(str(one) for one in _list(said.get("namespaces") or top.get("namespaces"), file)),
        include_labels=_pairs(said.get("includeLabels"), file),
        include_annotations=_pairs(said.get("includeAnnotations"), file),
        exclude_labels=_pairs(said.get("excludeLabels"), file),
        exclude_annotations=_pairs(said.get("excludeAnnotations"), file),
    )
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


def _collections(said: Any, file: Path) -> tuple[CollectionEntry, ...]:
    entries = _list(said, file)
    found: dict[str, CollectionEntry] = {}
    for entry in entries or ["defaults"]:
        _collected(entry, found, file)
    return tuple(found.values())


def _collected(entry: Any, found: dict[str, CollectionEntry], file: Path) -> None:
    one: Said = {"repoURL": entry} if isinstance(entry, str) else _mapping(entry, "codeCollections", file)
    url = str(one.get("repoURL") or "")
    leave_out = url.startswith("!") or str(one.get("action") or "include").lower() == "exclude"
    url = url.removeprefix("!")
    if not url:
        raise BadInput(f"{file}: an entry of 'codeCollections' has no repoURL.")
    for address in DEFAULT_COLLECTIONS if url == "defaults" else (url,):
        if leave_out:
            found.pop(repository(address), None)
        else:
            ref = str(one.get("ref") or one.get("tag") or one.get("branch") or "main")
            bundle = _selection(one, file)
            found[repository(address)] = CollectionEntry(address, ref, str(one.get("repoPath") or ""), bundle)


def _selection(entry: Said, file: Path) -> Callable[[str], bool]:
    defaults = _optional(entry.get("codeBundleMatchDefaults"), "codeBundleMatchDefaults", file)
    tests = [_selects(one, defaults, file) for one in _list(entry.get("codeBundles"), file) or ["*"]]

    def wanted(name: str) -> bool:
        return next((keep for test, keep in tests if test(name)), False)

    return wanted


def _selects(said: Any, defaults: Said, file: Path) -> tuple[Callable[[str], bool], bool]:
    """Whether an item decides about a bundle, and what it decides."""
    item: Said = {"pattern": said} if isinstance(said, str) else _mapping(said, "codeBundles", file)
    given = {**defaults, **item}
    pattern = str(given.get("pattern") or "")
    keep = str(given.get("action") or "include").lower() != "exclude"
    if isinstance(said, str) and pattern.startswith("!"):
        pattern, keep = pattern[1:], not keep
    flags = re.IGNORECASE if given.get("ignoreCase", True) else 0
    whole = str(given.get("matchMode") or "substring").lower() == "exact"
    compiled = re.compile(_expression(pattern, str(given.get("patternType") or "glob").lower(), file), flags)
    return lambda name: bool(compiled.fullmatch(name) if whole else compiled.search(name)), keep


def _expression(pattern: str, type_: str, file: Path) -> str:
    match type_:
        case "glob":
            # translate() ends in \Z, which would turn a search into a match to the end.
            return fnmatch.translate(pattern).removesuffix(r"\Z")
        case "literal":
            return re.escape(pattern)
        case "regex":
            try:
                re.compile(pattern)
            except re.error as err:
                raise BadInput(f"{file}: {pattern!r} is not a regular expression: {err}.") from err
            return pattern
        case other:
            raise BadInput(f"{file}: a patternType is glob, literal or regex, not {other!r}.")


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
