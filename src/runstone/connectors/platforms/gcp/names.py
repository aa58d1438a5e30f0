"""Names of resources at Google Cloud, read. Pure.

An asset's name is its full resource name (``//compute.googleapis.com/projects/p/zones/z/instances/web``); with the
project's id in place of its number it is the ``uid``. Fields name other resources by their address
(``https://www.googleapis.com/compute/v1/projects/…``), by their relative name (``projects/p/topics/t``), or an account
by its e-mail.
"""

import re
from collections.abc import Mapping

_ADDRESS = re.compile(
    r"https://(?:www\.googleapis\.com/([a-z]+)|([a-z]+\.googleapis\.com)(?:/[a-z]+)?)/(?:v[0-9a-z]+|alpha|beta)/(.+)"
)
_FULL = re.compile(r"//([a-z-]+\.googleapis\.com)/(.+)")
_PROJECT = re.compile(r"(^|/)projects/([^/]+)")
_PLACES = frozenset({"zones", "regions", "locations"})
_ZONE = re.compile(r"([a-z]+-[a-z]+\d+)-[a-z]")


def full(said: str, service: str, projects: Mapping[str, str]) -> str:
    """The full name of what a field names; ``service`` is where a relative name belongs. Empty for anything else.

    ``projects``: ids by number, since some fields name a project by its number.
    """
    if match := _ADDRESS.fullmatch(said):
        host = f"{match[1]}.googleapis.com" if match[1] else match[2]
        found = f"//{host}/{match[3]}"
    elif _FULL.fullmatch(said):
        found = said
    elif re.match(r"(projects|organizations)/[^/]+/.", said):
        found = f"//{service}/{said}"
    else:
        return ""
    return _PROJECT.sub(lambda match: f"{match[1]}projects/{projects.get(match[2], match[2])}", found, count=1)


def is_full(said: str) -> bool:
    """Whether it is a resource's full name. Its host is not always that of the asset's type (Cloud SQL, Bigtable)."""
    return bool(_FULL.fullmatch(said)) and not said.endswith("/")


def project_of(name: str) -> str:
    """The project in a full name, as it stands there; empty when none does."""
    match = _PROJECT.search(name)
    return match[2] if match else ""


def own(name: str) -> str:
    """What sets it apart in its project: the place and the names, such as ``europe-west4-a/web`` or ``main/orders``."""
    path = name.removeprefix("//").partition("/")[2]
    parts = _PROJECT.sub("", path, count=1).strip("/").split("/")
    parts = parts[1:] if parts[0] == "global" and len(parts) > 1 else parts
    return "/".join(parts[1::2]) if len(parts) > 1 else parts[0]


def parent(name: str) -> str:
    """The full name of what it is a part of."""
    return name.rsplit("/", 2)[0]


def leaf(said: str) -> str:
    """The last part."""
    return said.rstrip("/").rpartition("/")[2]


def place(name: str, location: str) -> Mapping[str, str]:
    """``zone``, ``region`` and ``location`` as far as the name or the asset's location tell."""
    parts = name.split("/")
    found = next((parts[at + 1] for at, part in enumerate(parts[:-1]) if part in _PLACES), "") or location
    if match := _ZONE.fullmatch(found):
        return {"zone": found, "region": match[1], "location": found}
    return {"region": found, "location": found} if "-" in found else {"location": found} if found else {}
