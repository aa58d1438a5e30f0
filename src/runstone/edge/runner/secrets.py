"""Secrets on the runner: from a key to a value, here and nowhere else."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from runstone import plugins
from runstone.connectors.secrets import Found, SecretProvider
from runstone.errors import BadInput, NotFound, RunstoneError
from runstone.model.secret import Secret, SecretRef
from runstone.model.workspace import SecretNeed

_KEPT_S = 60.0
"""How long a value is kept in memory: a burst of runs asks a place once, and a rotated secret is soon the new one."""
_MOST_KEPT = 256


@dataclass(frozen=True)
class Resolved:
    """What a run is given: secrets by name, and files below its folder. ``missing``: a sentence for each not found."""

    secrets: tuple[Secret, ...]
    hidden: tuple[Secret, ...]
    """What must be masked beside them."""
    files: Mapping[str, bytes] = field(repr=False)
    missing: tuple[str, ...]

    def values(self) -> Iterator[str]:
        """Everything that must never leave."""
        return (secret.reveal() for secret in (*self.secrets, *self.hidden))


class Vault:
    """Resolves secret keys. ``named`` gives keys without a provider their address: ``kubeconfig`` to ``file@…``."""

    def __init__(self, named: Mapping[str, str], now: Callable[[], float] = time.monotonic) -> None:
        self._named = named
        self._now = now
        self._kept: dict[SecretRef, tuple[float, Found]] = {}

    def resolve(self, needs: tuple[SecretNeed, ...]) -> Resolved:
        """What is found, and why the rest is not: the suite decides whether it can do without. Blocks for seconds."""
        asked = _Asked(self, {need.name: need.key for need in needs})
        secrets: list[Secret] = []
        hidden: list[Secret] = []
        files: dict[str, bytes] = {}
        missing: list[str] = []
        for need in needs:
            try:
                found = asked.one(need.name)
            except RunstoneError as err:
                missing.append(str(err))
                continue
            secrets.append(Secret(need.name, found.value))
            hidden += [Secret(need.name, value) for value in found.hidden if value]
            files.update(found.files)
        return Resolved(tuple(secrets), tuple(hidden), files, tuple(missing))

    def ref(self, key: str) -> SecretRef:
        """The address behind a key. Raises NotFound for a bare name that nothing is known of, BadInput."""
        said = self._named.get(key, key)
        if "@" in said:
            found = SecretRef.parse(said)
            own = f"SECRET_PROVIDER_{found.provider}_VAULT_ADDR" in os.environ
            return SecretRef(provider="vault", kind=found.provider, path=found.path) if own else found
        if os.environ.get("RW_VAULT_ADDR") or os.environ.get("RW_VAULT_URL"):
            return SecretRef(provider="vault", kind="workspace", path=said)
        known = ", ".join(sorted(self._named)) or "none"
        raise NotFound(
            f"No secret {key!r} is known on this runner (known: {known}). Add it to the runner's settings, or "
            f"write provider@path in the SLX's secretsProvided."
        )

    def found(self, ref: SecretRef, asked: "_Asked") -> Found:
        """What lies there, kept for a moment. Logins are made anew: what they need may differ from run to run."""
        at, kept = self._kept.get(ref, (float("-inf"), None))
        if kept is not None and self._now() - at < _KEPT_S:
            return kept
        provider: SecretProvider = plugins.load("secrets", ref.provider)()
        before = len(asked.used)
        found = provider.get(ref.kind, ref.path, asked.value)
        if len(asked.used) == before and not found.files:
            self._kept.pop(ref, None)
            self._kept[ref] = (self._now(), found)
            while len(self._kept) > _MOST_KEPT:
                del self._kept[next(iter(self._kept))]
        return found


class _Asked:
    """One run's secrets, each resolved once; a provider may ask for the others."""

    def __init__(self, vault: Vault, keys: Mapping[str, str]) -> None:
        self._vault = vault
        self._keys = keys
        self._done: dict[str, Found] = {}
        self._open: set[str] = set()
        self.used: list[str] = []

    def one(self, name: str) -> Found:
        """The secret of that name. Raises as its provider does, BadInput when it needs itself."""
        if name not in self._done:
            if name in self._open:
                raise BadInput(f"The secret {name} needs itself. Correct its key {self._keys[name]!r}.")
            self._open.add(name)
            try:
                self._done[name] = self._vault.found(self._vault.ref(self._keys[name]), self)
            finally:
                self._open.discard(name)
        return self._done[name]

    def value(self, name: str) -> str | None:
        """For providers: the value of another secret of the run, if there is one. Raises as :meth:`one`."""
        self.used.append(name)
        return self.one(name).value if name in self._keys else None
