"""Resource ids of Azure Resource Manager, read. Pure.

``/subscriptions/S/resourceGroups/G/providers/Microsoft.Sql/servers/main/databases/orders``: Azure writes them in any
case and takes them in any; a ``uid`` is one in lower case.
"""

import re
from collections.abc import Container
from dataclasses import dataclass
from typing import Self

_ID = re.compile(r"/subscriptions/([^/]+)(?:/resourcegroups/([^/]+))?(?:/providers/(.+))?", re.IGNORECASE)
GROUP = "microsoft.resources/subscriptions/resourcegroups"
SUBSCRIPTION = "microsoft.resources/subscriptions"


@dataclass(frozen=True)
class ArmId:
    """One id, in its parts."""

    subscription: str
    group: str
    """Empty for what lies in no resource group."""
    provider: str
    """Such as ``Microsoft.Sql``; empty for a resource group and a subscription."""
    path: tuple[tuple[str, str], ...]
    """Types and names in turn, outermost first."""

    @classmethod
    def parse(cls, said: object) -> Self | None:
        """The parts of an id; None when it is none. Of an extension's id, the part behind the last provider counts."""
        match = _ID.fullmatch(said.rstrip("/")) if isinstance(said, str) else None
        if match is None:
            return None
        rest = re.split(r"/providers/", match[3] or "", flags=re.IGNORECASE)[-1]
        provider, *parts = rest.split("/")
        if len(parts) % 2 or (provider and not parts) or not all(parts):
            return None
        return cls(match[1], match[2] or "", provider, tuple(zip(parts[::2], parts[1::2], strict=True)))

    @property
    def type(self) -> str:
        """In lower case, such as ``microsoft.sql/servers/databases``."""
        if not self.provider:
            return GROUP if self.group else SUBSCRIPTION
        return "/".join([self.provider, *(type_ for type_, _ in self.path)]).lower()

    @property
    def name(self) -> str:
        """What sets it apart in its subscription: its group and its names, such as ``shop/main/orders``."""
        names = [self.group, *(name for _, name in self.path)]
        return "/".join(name for name in names if name) or self.subscription

    @property
    def uid(self) -> str:
        """The id, in lower case."""
        parts = ["", "subscriptions", self.subscription]
        parts += ["resourcegroups", self.group] if self.group else []
        parts += ["providers", self.provider] if self.provider else []
        return "/".join([*parts, *(part for pair in self.path for part in pair)]).lower()

    @property
    def parent(self) -> Self | None:
        """What it lies in: the resource it is a part of, else the group, else the subscription."""
        cls = type(self)
        if len(self.path) > 1:
            return cls(self.subscription, self.group, self.provider, self.path[:-1])
        if self.provider:
            return cls(self.subscription, self.group, "", ())
        return cls(self.subscription, "", "", ()) if self.group else None

    def nearest(self, types: Container[str]) -> Self:
        """The innermost part of it that is of one of these types: of a subnet's id its network. Else it, as it is."""
        found: Self | None = self
        while found is not None and found.provider:
            if found.type in types:
                return found
            found = found.parent
        return self
