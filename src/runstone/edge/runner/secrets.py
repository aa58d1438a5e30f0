"""Secrets on the runner: from a key to a value, here and nowhere else."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import structlog

from runstone import plugins
from runstone.connectors.secrets import Found, SecretProvider
from runstone.errors import BadInput, NotFound, RunstoneError
from runstone.model.secret import Secret, SecretRef
from runstone.model.workspace import SecretNeed

log = structlog.get_logger()
_KEPT_S = 60.0
"""How long a value is kept in memory: a burst of runs asks a place once, and a rotated secret is soon the new one."""
_MOST_KEPT = 256


@dataclass(frozen=True)
class Resolved:
    """What a run is given: secrets by name, and files below its folder. ``missing``: a sentence for each not found."""

    secrets: tuple[Secret, ...]
    hidden: tuple[Secret, ...]
    """What must be masked: those that are not sentences about a login, and what is secret in the files."""
    files: Mapping[str, bytes] = field(repr=False)
    missing: tuple[str, ...]

    def values(self) -> Iterator[str]:
        """Everything that must never leave."""
        return (secret.reveal() for secret in self.hidden)


class Vault:
    """Resolves secret keys. ``named`` gives keys without a provider their address: ``kubeconfig`` to ``file@…``."""

    def __init__(self, named: Mapping[str, str], now: Callable[[], float] = time.monotonic) -> None:
        self._named = named
        self._now = now
        self._kept: dict[SecretRef, tuple[float, Found]] = {}

    def resolve(self, needs: tuple[SecretNeed, ...]) -> Resolved:
        """What is found, and why the rest is not: the suite decides whether it can do without. Blocks for seconds."""
        asked = _Asked(self, {need.name: need.key for need in needs})
        answers = {need.name: _answered(asked, need) for need in needs}
        found = {name: one for name, one in answers.items() if isinstance(one, Found)}
        files = {path: content for one in found.values() for path, content in one.files.items()}
        return Resolved(
            secrets=tuple(Secret(name, one.value) for name, one in found.items()),
            hidden=tuple(Secret(name, value) for name, one in found.items() for value in _hidden(one)),
            files={**_kubeconfig(needs, found), **files},
            missing=tuple(one for one in answers.values() if isinstance(one, str)),
        )

    def ref(self, key: str) -> SecretRef:
        """The address behind a key. Raises NotFound for a bare name that nothing is known of, BadInput."""
        said = self._named.get(key, key)
        if "@" in said:
            found = SecretRef.parse(said)
            own = _own_vault(found.provider)
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
        before = len(asked.used)
        found = asked.provider(ref.provider).get(ref.kind, ref.path, asked.value)
        if len(asked.used) == before and not found.public:
            self._keep(ref, found)
        return found

    def _keep(self, ref: SecretRef, found: Found) -> None:
        self._kept.pop(ref, None)
        self._kept[ref] = (self._now(), found)
        for old in [*self._kept][:-_MOST_KEPT]:
            self._kept.pop(old, None)


def _answered(asked: "_Asked", need: SecretNeed) -> Found | str:
    """The secret, or a sentence why there is none."""
    try:
        return asked.one(need.name)
    except RunstoneError as err:
        return f"Secret {need.name}: {err}"
    except Exception as err:  # noqa: BLE001  a plugin call; without its traceback, which may show the value
        fault = type(err).__name__
        log.warning("secret provider broke", secret=need.name, key=need.key, fault=fault)
        return f"Secret {need.name}: the provider of {need.key!r} broke ({fault})."


def _kubeconfig(needs: tuple[SecretNeed, ...], found: Mapping[str, Found]) -> dict[str, bytes]:
    """What public collections find at ``$KUBECONFIG``: a secret whose key says so, unless one is named so itself."""
    if any("kubeconfig" in need.name.lower() for need in needs):
        return {}
    keyed = [need.name for need in needs if "kubeconfig" in need.key.lower() and need.name in found]
    return {".kube/config": found[keyed[0]].value.encode()} if keyed else {}


def _hidden(found: Found) -> tuple[str, ...]:
    return tuple(value for value in (*(() if found.public else (found.value,)), *found.hidden) if value)


def _own_vault(word: str) -> bool:
    """Whether the runner's settings name a Vault by that word, in whatever case."""
    setting = f"SECRET_PROVIDER_{word}_VAULT_ADDR".replace("-", "_").upper()
    return any(name.upper() == setting for name in os.environ)


class _Asked:
    """One run's secrets, each resolved once; a provider may ask for the others."""

    def __init__(self, vault: Vault, keys: Mapping[str, str]) -> None:
        self._vault = vault
        self._keys = keys
        self._done: dict[str, Found] = {}
        self._open: set[str] = set()
        self._providers: dict[str, SecretProvider] = {}
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

    def provider(self, name: str) -> SecretProvider:
        """The provider of that name, one for all of the run: it logs in once. Raises NotFound."""
        if name not in self._providers:
            known = plugins.names("secrets")
            if name not in known:
                raise NotFound(
                    f"There is no {name!r} among secrets (known: {', '.join(known)}). Correct the key, or name a Vault "
                    f"with SECRET_PROVIDER_{name}_VAULT_ADDR where the runner is started."
                )
            self._providers[name] = plugins.load("secrets", name)()
        return self._providers[name]

    def value(self, name: str) -> str | None:
        """For providers: the value of another secret of the run, if there is one. Raises as :meth:`one`."""
        self.used.append(name)
        return self.one(name).value if name in self._keys else None
