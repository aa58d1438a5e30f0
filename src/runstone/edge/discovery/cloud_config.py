"""``cloudConfig`` of a workspaceInfo.yaml but for Kubernetes: which platforms, with which settings. Pure.

Keys are facts of the format. Credentials that are written down in the file are never used: they are named with where
they belong instead. What Tasks are to log in with (the names of Secrets) goes to the templates.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from runstone.edge.discovery.levels import Pairs, Wanted, level
from runstone.errors import BadInput

Said = dict[str, Any]
_INLINE = {
    "awsAccessKeyId": "AWS_ACCESS_KEY_ID", "awsSecretAccessKey": "AWS_SECRET_ACCESS_KEY",
    "awsSessionToken": "AWS_SESSION_TOKEN", "clientSecret": "AZURE_CLIENT_SECRET",
    "serviceAccountKey": "GOOGLE_APPLICATION_CREDENTIALS", "personalAccessToken": "AZURE_DEVOPS_EXT_PAT",
}  # fmt: skip
"""Secrets that people write into the file, and the variable of the environment they belong in."""
_IGNORED = frozenset({"useWorkloadIdentity", "assumeRoleSessionName", "assumeRoleDurationSeconds", "accounts"})
"""Keys without which the same is read: logins are found by themselves, and accounts only name what is not read."""


@dataclass(frozen=True)
class CloudEntry:
    """One platform to read: a connector's name, its settings, and how much is asked for."""

    platform: str
    settings: Mapping[str, Any]
    wanted: Wanted
    unused: tuple[str, ...] = ()
    """Sentences on keys that mean nothing here."""


@dataclass
class _Keys:
    """A mapping of the file, that knows which of its keys were asked for."""

    said: Said
    where: str
    asked: set[str] = field(default_factory=set[str])

    def text(self, *names: str) -> str:
        self.asked.update(names)
        return next((str(self.said[name]) for name in names if self.said.get(name)), "")

    def texts(self, name: str) -> tuple[str, ...]:
        """A list, or a text with commas."""
        self.asked.add(name)
        said = self.said.get(name) or []
        words = said.split(",") if isinstance(said, str) else self._list(said, name)
        return tuple(word for one in words if (word := str(one).strip()))

    def mapping(self, name: str) -> "_Keys":
        self.asked.add(name)
        return _Keys(_mapping(self.said.get(name), f"{self.where}.{name}"), f"{self.where}.{name}")

    def mappings(self, name: str) -> "list[_Keys]":
        self.asked.add(name)
        listed = self._list(self.said.get(name) or [], name)
        return [_Keys(_mapping(one, f"{self.where}.{name}"), f"{self.where}.{name}") for one in listed]

    def levels(self, name: str) -> dict[str, int]:
        return {place: level(one, f"{self.where}.{name}.{place}") for place, one in self.mapping(name).said.items()}

    def pairs(self, name: str) -> Pairs:
        values = ((key, one if isinstance(one, list) else [one]) for key, one in self.mapping(name).said.items())
        return frozenset((key, _tag(value)) for key, many in values for value in cast("list[Any]", many))

    def unused(self) -> Iterator[str]:
        for name in sorted(self.said.keys() - self.asked - _IGNORED):
            belongs = _INLINE.get(name)
            yield f"{self.where}.{name}" + (f" (a secret; set {belongs} where discovery runs)" if belongs else "")

    def _list(self, said: Any, name: str) -> list[Any]:
        if not isinstance(said, list):
            raise BadInput(f"{self.where}.{name} must be a list, not {said!r}.")
        return cast("list[Any]", said)


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
        found += _READERS[name](_Keys(said, where), level(default, f"{file}: defaultLOD"))
    return found, unknown


def _aws(keys: _Keys, default: int) -> Iterator[CloudEntry]:
    regions = keys.texts("regions") or tuple(filter(None, [keys.text("region", "defaultRegion")]))
    keys.asked |= {"region", "defaultRegion"}
    settings = {
        "regions": regions,
        "role": keys.text("assumeRoleArn"),
        "external_id": keys.text("assumeRoleExternalId"),
        "auth_secret": keys.text("awsSecretName"),
    }
    wanted = _wanted(keys, default, keys.levels("accountLevelOfDetails"))
    yield CloudEntry("aws", _given(settings), wanted, tuple(keys.unused()))


def _azure(keys: _Keys, default: int) -> Iterator[CloudEntry]:
    subscriptions = keys.mappings("subscriptions")
    ids = [one.text("subscriptionId") for one in subscriptions] or [keys.text("subscriptionId")]
    keys.asked.add("subscriptionId")
    groups = keys.levels("resourceGroupLevelOfDetails")
    for one in subscriptions:
        groups |= one.levels("resourceGroupLevelOfDetails")
        default = _level(one, default, "defaultLOD", "defaultLevelOfDetail")
    settings = {
        "subscriptions": tuple(filter(None, ids)),
        "tenant": keys.text("tenantId"),
        "client_id": "",
        "auth_secret": keys.text("spSecretName"),
    }
    keys.asked.add("clientId")
    devops = keys.mapping("devops")
    wanted = _wanted(keys, groups.pop("*", default), groups)
    more = (said for one in subscriptions for said in one.unused())
    if any(settings.values()) or not devops.said:
        yield CloudEntry("azure", _given(settings), wanted, (*keys.unused(), *more))
    if devops.said:
        yield _devops(devops, default)


_DEVOPS_TYPES = {"repositories": "repository", "pipelines": "pipeline", "releases": "release"}


def _devops(keys: _Keys, default: int) -> CloudEntry:
    scope = keys.mapping("scope")
    kinds = scope.mapping("resourceTypes")
    wanted = tuple(type_ for name, type_ in _DEVOPS_TYPES.items() if kinds.said.get(name, True))
    settings = {
        "organization": keys.text("organizationUrl"),
        "projects": scope.texts("includeProjects"),
        "exclude_projects": scope.texts("excludeProjects"),
        "types": wanted if len(wanted) < len(_DEVOPS_TYPES) else (),
        "auth_secret": keys.text("patSecretName"),
    }
    return CloudEntry("azure_devops", _given(settings), Wanted(default), (*keys.unused(), *scope.unused()))


def _gcp(keys: _Keys, default: int) -> Iterator[CloudEntry]:
    settings = {
        "projects": keys.texts("projects") or tuple(filter(None, [keys.text("projectId")])),
        "key_file": keys.text("applicationCredentialsFile"),
        "auth_secret": keys.text("saSecretName"),
    }
    keys.asked.add("projectId")
    wanted = _wanted(keys, default, keys.levels("projectLevelOfDetails"))
    yield CloudEntry("gcp", _given(settings), wanted, tuple(keys.unused()))


_READERS: Mapping[str, Callable[[_Keys, int], Iterator[CloudEntry]]] = {"aws": _aws, "azure": _azure, "gcp": _gcp}


def _wanted(keys: _Keys, default: int, places: Mapping[str, int]) -> Wanted:
    return Wanted(
        default=_level(keys, default, "defaultLOD"),
        places=places,
        include_labels=keys.pairs("includeTags"),
        exclude_labels=keys.pairs("excludeTags"),
    )


def _level(keys: _Keys, default: int, *names: str) -> int:
    keys.asked.update(names)
    return next((level(keys.said[name], f"{keys.where}.{name}") for name in names if name in keys.said), default)


def _given(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value}


def _mapping(said: Any, where: str) -> Said:
    if said is None:
        return {}
    if not isinstance(said, dict):
        raise BadInput(f"{where} must be a mapping, not {said!r}.")
    return {str(key): value for key, value in cast("dict[Any, Any]", said).items()}


def _tag(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
