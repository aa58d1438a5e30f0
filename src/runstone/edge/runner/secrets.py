"""Secrets on the runner: from a key to a value, here and nowhere else."""

from collections.abc import Mapping

from runstone import plugins
from runstone.connectors.secrets import SecretProvider
from runstone.errors import NotFound, RunstoneError
from runstone.model.secret import Secret, SecretRef
from runstone.model.workspace import SecretNeed


class Vault:
    """Resolves secret keys. ``named`` gives keys without a provider their address: ``kubeconfig`` to ``file@…``."""

    def __init__(self, named: Mapping[str, str]) -> None:
        self._named = named

    def resolve(self, needs: tuple[SecretNeed, ...]) -> tuple[list[Secret], list[str]]:
        """The values, and a sentence for each that was not found: the suite decides whether it can do without."""
        found: list[Secret] = []
        missing: list[str] = []
        for need in needs:
            try:
                found.append(self._one(need))
            except RunstoneError as err:
                missing.append(str(err))
        return found, missing

    def _one(self, need: SecretNeed) -> Secret:
        if "@" not in need.key and need.key not in self._named:
            known = ", ".join(sorted(self._named)) or "none"
            raise NotFound(
                f"No secret {need.key!r} is known on this runner (known: {known}). Add it to the runner's settings, or "
                f"write provider@path in the SLX's secretsProvided."
            )
        ref = SecretRef.parse(self._named.get(need.key, need.key))
        provider: SecretProvider = plugins.load("secrets", ref.provider)()
        return Secret(need.name, provider.get(ref.path))
