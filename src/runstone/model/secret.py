"""A secret's address, and its value in a wrapper that will not show it."""

from typing import NoReturn

from runstone.errors import BadInput
from runstone.model.noun import Noun


class SecretRef(Noun):
    """Where a secret lies: ``provider@path`` as CodeBundles write it (``file@/run/kubeconfig``, ``env@TOKEN``)."""

    provider: str
    path: str

    @classmethod
    def parse(cls, key: str) -> "SecretRef":
        """Read ``provider@path``. Raises BadInput when there is no provider or no path."""
        provider, at, path = key.partition("@")
        if not (provider and at and path):
            raise BadInput(f"Secret key {key!r} names no provider. Write provider@path, such as file@/run/kubeconfig.")
        return cls(provider=provider, path=path)


class Secret:
    """A secret value. It does not print, compare, pickle or serialise; :meth:`reveal` is the only way out."""

    __slots__ = ("_value", "name")

    def __init__(self, name: str, value: str) -> None:
        self.name = name
        self._value = value

    def reveal(self) -> str:
        """The value. Call it only where a child process's environment or file is made, and in redaction."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({self.name!r})"

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"Secret {self.name!r} does not serialise.")
