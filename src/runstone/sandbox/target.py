"""Which resource a path means, and which verb a method means there."""

from dataclasses import dataclass

from runstone.sandbox.access import Asked
from runstone.sandbox.kinds import Kind, KindTable
from runstone.sandbox.status import no_such_path


@dataclass(frozen=True, slots=True)
class Target:
    """A resource address. Empty `name` means the collection, empty `namespace` all namespaces."""

    kind: Kind
    namespace: str
    name: str
    subresource: str
    rest: str = ""

    def asked(self, method: str, watching: bool) -> Asked:
        """The request as the gate and the audit see it."""
        resource = f"{self.kind.plural}/{self.subresource}" if self.subresource else self.kind.plural
        return Asked(self._verb(method, watching), self.kind.group, resource, self.namespace, self.name)

    def _verb(self, method: str, watching: bool) -> str:
        match method:
            case "GET" | "HEAD":
                return "get" if self.name and not watching else "watch" if watching else "list"
            case "POST":
                return "create"
            case "PUT":
                return "update"
            case "PATCH":
                return "patch"
            case _:
                return "delete" if self.name else "deletecollection"


def locate(kinds: KindTable, path: str) -> Target:
    """The target of a path such as /apis/apps/v1/namespaces/shop/deployments/cart/scale. Raises ApiError 404."""
    parts = [part for part in path.split("/") if part]
    if parts[:1] == ["api"] and len(parts) > 2:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[:1] == ["apis"] and len(parts) > 3:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        raise no_such_path()
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in ("status", "finalize"):
        namespace, rest = rest[1], rest[2:]
    kind = kinds.served(group, version, rest[0])
    if kind is None:
        raise no_such_path()
    name, subresource = ([*rest[1:], "", ""])[:2]
    if subresource and subresource not in kind.subresources:
        raise no_such_path()
    if kind.plural == "namespaces" and name:
        namespace = ""
    return Target(kind, namespace, name, subresource, "/".join(rest[3:]))
