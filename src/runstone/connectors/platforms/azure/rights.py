"""Whether all of a subscription may be read: Resource Graph leaves out in silence what may not. Pure.

Permissions are lists of actions with ``*`` in them, and of exceptions to each (Azure RBAC, role definitions).
"""

import re
from collections.abc import Iterable

from runstone.connectors.items import Item, at


def readable(permissions: Iterable[Item], type_: str) -> bool:
    """Whether they allow to read every resource of a type, such as ``Microsoft.Compute/disks``."""
    action = f"{type_}/read"
    return any(_any(one, "actions", action) and not _any(one, "notActions", action) for one in permissions)


def _any(permission: Item, field: str, action: str) -> bool:
    return any(_covers(str(pattern), action) for pattern in at(permission, field))


def _covers(pattern: str, action: str) -> bool:
    return bool(re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), action, re.IGNORECASE))
