"""Where an organization is asked, by its name or its address. Pure.

Facts: ``https://dev.azure.com/{organization}``, of old ``https://{organization}.visualstudio.com``; releases at
``vsrm.``; on a server of one's own, a collection's address for both.
"""

import re
from dataclasses import dataclass

from runstone.errors import BadInput

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,48}[A-Za-z0-9])?")
_ADDRESS = re.compile(r"(https?://[^/?#@\s]+(?:/[^?#@\s]*)?)")


@dataclass(frozen=True)
class Place:
    """An organization."""

    name: str
    address: str
    releases: str
    """The address of its releases."""


def found(organization: str, endpoint_url: str = "") -> Place:
    """Where a name or an address leads; ``endpoint_url`` instead of dev.azure.com. Raises BadInput."""
    said = organization.strip().rstrip("/")
    if _NAME.fullmatch(said):
        address = f"{(endpoint_url or 'https://dev.azure.com').rstrip('/')}/{said}"
        return Place(said, address, address.replace("://dev.azure.com/", "://vsrm.dev.azure.com/", 1))
    if endpoint_url or not _ADDRESS.fullmatch(said):
        raise BadInput(
            f"{said!r} is no organization of Azure DevOps. Set organization to its name (contoso) or its address "
            "(https://dev.azure.com/contoso)."
        )
    return _addressed(said)


def _addressed(address: str) -> Place:
    host, _, path = address.partition("://")[2].partition("/")
    if host.endswith(".visualstudio.com"):
        name = host.partition(".")[0]
        return Place(name, address, address.replace(f"://{name}.", f"://{name}.vsrm.", 1))
    name = path.rpartition("/")[2]
    if not name:
        raise BadInput(f"{address} names no organization. Write https://dev.azure.com/contoso.")
    return Place(name, address, address.replace("://dev.azure.com/", "://vsrm.dev.azure.com/", 1))
