"""A secret's address, and its value in a wrapper that will not show it."""

import re
from typing import NoReturn

from runstone.errors import BadInput
from runstone.model.noun import Noun

_FORM = re.compile(r"([A-Za-z][\w-]*)(?::([\w-]+))?@([^\x00-\x1f\x7f]+)")
_ALIASES = {"k8s": "kubernetes", "google": "gcp"}


class SecretRef(Noun):
    """Where a secret lies: ``provider[:kind]@path``, as ``workspaceKey`` of an SLX and settings of a runner write it.

    ``file@/run/token``, ``env@TOKEN``, ``k8s:env@shop/secret/db:password``, ``vault@secret/shop:token``,
    ``aws:ssm@/shop/token``. What a path may be is the provider's; docs/reference/secrets.md lists all.
    """

    provider: str
    kind: str
    """Empty when the key names none."""
    path: str

    @classmethod
    def parse(cls, key: str) -> "SecretRef":
        """Read a key. Raises BadInput when there is no provider or no path."""
        found = _FORM.fullmatch(key.strip())
        if not found:
            raise BadInput(f"Secret key {key!r} names no provider. Write provider@path, such as file@/run/kubeconfig.")
        provider = found[1].lower()
        return cls(provider=_ALIASES.get(provider, provider), kind=(found[2] or "").lower(), path=found[3])


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
