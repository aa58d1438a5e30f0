"""A mapping of workspaceInfo.yaml that knows which of its keys were asked for, so that the others can be named. Pure.

A secret that stands in the file is never used, for a cloud or for a git server: the file is kept in repositories and
ConfigMaps, whose readers are more than the secret's. It is named instead, with where it belongs.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from runstone.edge.discovery.levels import Pairs, level
from runstone.errors import BadInput

Said = dict[str, Any]
_VARIABLES = {
    "awsAccessKeyId": "AWS_ACCESS_KEY_ID", "awsSecretAccessKey": "AWS_SECRET_ACCESS_KEY",
    "awsSessionToken": "AWS_SESSION_TOKEN", "clientSecret": "AZURE_CLIENT_SECRET",
    "serviceAccountKey": "GOOGLE_APPLICATION_CREDENTIALS", "personalAccessToken": "AZURE_DEVOPS_EXT_PAT",
}  # fmt: skip
_INLINE = {name: f"set {variable} where discovery runs" for name, variable in _VARIABLES.items()} | {
    "authToken": "name its environment variable in authTokenFromEnv, or its Kubernetes Secret in authTokenSecretName"
}
"""Secrets that people write into the file, and what to do instead."""
_IGNORED = frozenset(
    {"useWorkloadIdentity", "assumeRoleSessionName", "assumeRoleDurationSeconds", "accounts", "server"}
)
"""Keys without which the same is read: logins are found by themselves, accounts only name what is not read, and a cloud
tells itself where the server of a cluster is."""


@dataclass
class Keys:
    """A mapping of the file, that knows which of its keys were asked for, and of the mappings in it that were."""

    said: Said
    where: str
    asked: set[str] = field(default_factory=set[str])
    _inner: "list[Keys]" = field(default_factory=list["Keys"])

    def text(self, *names: str) -> str:
        self.asked.update(names)
        return next((str(self.said[name]) for name in names if self.said.get(name)), "")

    def texts(self, name: str) -> tuple[str, ...]:
        """A list, or a text with commas."""
        self.asked.add(name)
        said = self.said.get(name) or []
        words = said.split(",") if isinstance(said, str) else self._list(said, name)
        return tuple(word for one in words if (word := str(one).strip()))

    def values(self, name: str) -> Said:
        """A mapping whose keys are the user's own."""
        self.asked.add(name)
        return mapping(self.said.get(name), f"{self.where}.{name}")

    def mapping(self, name: str) -> "Keys":
        self.asked.add(name)
        return self.inner(name, self.said.get(name))

    def mappings(self, name: str) -> "list[Keys]":
        return [self.inner(name, one) for one in self.items(name)]

    def items(self, name: str) -> list[Any]:
        self.asked.add(name)
        return self._list(self.said.get(name) or [], name)

    def inner(self, name: str, said: Any) -> "Keys":
        """What stands below a key, as a mapping of its own."""
        keys = Keys(mapping(said, f"{self.where}.{name}"), f"{self.where}.{name}")
        self._inner.append(keys)
        return keys

    def flag(self, name: str) -> bool:
        self.asked.add(name)
        return self.said.get(name) in (True, "true", "True")

    def level(self, default: int, *names: str) -> int:
        self.asked.update(names)
        said = next((name for name in names if self.said.get(name) is not None), "")
        return level(self.said[said], f"{self.where}.{said}") if said else default

    def levels(self, name: str) -> dict[str, int]:
        return {place: level(one, f"{self.where}.{name}.{place}") for place, one in self.values(name).items()}

    def pairs(self, name: str) -> Pairs:
        values = ((key, one if isinstance(one, list) else [one]) for key, one in self.values(name).items())
        return frozenset((key, _tag(value)) for key, many in values for value in cast("list[Any]", many))

    def unused(self) -> Iterator[str]:
        """The keys that nobody asked for, here and below, each once."""
        for name in sorted(self.said.keys() - self.asked - _IGNORED):
            instead = _INLINE.get(name)
            yield f"{self.where}.{name}" + (f" (a secret; {instead})" if instead else "")
        yield from dict.fromkeys(one for inner in self._inner for one in inner.unused())

    def _list(self, said: Any, name: str) -> list[Any]:
        if not isinstance(said, list):
            raise BadInput(f"{self.where}.{name} must be a list, not {said!r}.")
        return cast("list[Any]", said)


def mapping(said: Any, where: str) -> Said:
    """Keys as texts; empty for nothing. Raises BadInput naming ``where``."""
    if said is None:
        return {}
    if not isinstance(said, dict):
        raise BadInput(f"{where} must be a mapping, not {said!r}.")
    return {str(key): value for key, value in cast("dict[Any, Any]", said).items()}


def _tag(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
