"""Cloud Asset Inventory and Resource Manager as far as discovery asks them, over what lies in tests/data/platforms/gcp.

``assets.list`` is answered in its wire format: pages by ``pageSize`` and ``pageToken`` (which holds for the request it
was given for), 400 for a type that is not known, 403 for a project that may not be listed or does not exist.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conformance.wire import Asked, Reply

DATA = Path(__file__).parents[1] / "data/platforms/gcp"
SHOP, NUMBER = "shop-prod", "482910334455"
LAB, LAB_NUMBER = "shop-lab", "551122334455"
ORGANIZATION = "1234567890"
TOKEN = "token-of-the-viewer"
DISK = "compute.googleapis.com/Disk"
REDIS = "redis.googleapis.com/Instance"
PROJECT = "cloudresourcemanager.googleapis.com/Project"
FURTHER = frozenset({"alloydb.googleapis.com/Backup", "cloudkms.googleapis.com/ImportJob"})
"""Types there are besides those recorded."""
Row = dict[str, Any]


def recorded() -> list[Row]:
    """The recorded assets, all of one project."""
    return json.loads((DATA / "assets.json").read_text())


@dataclass
class GcpPlace:
    """One organization."""

    assets: list[Row] = field(default_factory=recorded)
    projects: dict[str, str] = field(default_factory=lambda: {SHOP: NUMBER})
    """Numbers by id, of those whose assets may be listed."""
    searched: list[Row] | None = None
    """What a search of projects finds; without it, those above."""
    unknown: set[str] = field(default_factory=set[str])
    """Types that this inventory does not know."""
    most: int = 1000
    """Assets of a page, whatever is asked for."""
    tokens: set[str] = field(default_factory=lambda: {TOKEN})

    def __call__(self, asked: Asked) -> Reply:
        if asked.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            return error(401, "UNAUTHENTICATED", "ACCESS_TOKEN_EXPIRED")
        if asked.path == "/v3/projects:search":
            return self.search(asked)
        version, kind, parent, what = asked.path.strip("/").split("/")
        if (version, what) != ("v1", "assets"):
            return error(404, "NOT_FOUND")
        if kind == "projects" and parent not in self.projects:
            return error(403, "PERMISSION_DENIED", "IAM_PERMISSION_DENIED")
        number = self.projects.get(parent, "")
        return self.listed(
            asked, [one for one in self.assets if not number or f"projects/{number}" in one["ancestors"]]
        )

    def search(self, asked: Asked) -> Reply:
        """Two at a time."""
        assert asked.one("query") == "state:ACTIVE"
        known = [
            {"name": f"projects/{number}", "projectId": id_, "displayName": id_.title(), "state": "ACTIVE"}
            for id_, number in self.projects.items()
        ]
        found = known if self.searched is None else self.searched
        return page("projects", found, asked, 2)

    def listed(self, asked: Asked, assets: list[Row]) -> Reply:
        types = asked.query["assetTypes"]
        known = {*(one["assetType"] for one in recorded()), *FURTHER} - self.unknown
        size = int(asked.one("pageSize"))
        if set(types) - known or asked.one("contentType") != "RESOURCE" or size > 1000:
            return error(400, "INVALID_ARGUMENT")
        found = sorted((one for one in assets if one.get("assetType") in types), key=lambda one: str(one["name"]))
        return page("assets", found, asked, min(size, self.most))


def page(name: str, rows: list[Row], asked: Asked, size: int) -> Reply:
    """One page of a list; an empty list is left out, as Google leaves out what is empty."""
    start = int(asked.one("pageToken", "page-0").removeprefix("page-"))
    found = rows[start : start + size]
    said: Row = {"readTime": "2026-01-20T09:15:00Z", **({name: found} if found else {})}
    return Reply(200, said | ({"nextPageToken": f"page-{start + size}"} if start + size < len(rows) else {}))


def error(status: int, code: str, reason: str = "", **headers: str) -> Reply:
    """An error as Google's APIs word it."""
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com"}
    said: Row = {"code": status, "message": f"canary-message {TOKEN}", "status": code}
    said |= {"details": [info]} if reason else {}
    return Reply(status, {"error": said}, {name.replace("_", "-"): value for name, value in headers.items()})


def disk(number: int, project: str = SHOP, numbered: str = NUMBER) -> Row:
    """One of many."""
    name = f"disk-{number:05}"
    return {
        "name": f"//compute.googleapis.com/projects/{project}/zones/europe-west4-a/disks/{name}",
        "assetType": DISK,
        "ancestors": [f"projects/{numbered}", f"organizations/{ORGANIZATION}"],
        "resource": {"version": "v1", "location": "europe-west4-a", "data": {"name": name, "status": "READY"}},
    }


def project(id_: str = LAB, number: str = LAB_NUMBER) -> Row:
    """A project's own asset."""
    return {
        "name": f"//cloudresourcemanager.googleapis.com/projects/{number}",
        "assetType": PROJECT,
        "ancestors": [f"projects/{number}", f"organizations/{ORGANIZATION}"],
        "resource": {"data": {"projectNumber": number, "projectId": id_, "name": "Lab", "lifecycleState": "ACTIVE"}},
    }
