"""Azure Resource Manager as far as discovery asks it, over the resources recorded in tests/data/platforms/azure.

Resource Graph is answered in its wire format: pages by ``$top`` and ``$skipToken`` in the order of ids, ``data`` as an
array of objects, 403 when none of the subscriptions asked for may be read.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conformance.wire import Asked, Reply

DATA = Path(__file__).parents[1] / "data/platforms/azure"
SHOP = "0b1f6471-1bf0-4dda-aec3-cb9272f09590"
LAB = "f5bdc1d2-8a0e-4c0b-9a5e-33d7d3a1f0c4"
HIDDEN = "99999999-0000-4000-8000-000000000000"
READER = [{"actions": ["*/read"], "notActions": [], "dataActions": [], "notDataActions": []}]
TOKEN = "token-of-the-reader"
Row = dict[str, Any]


def recorded(name: str) -> Any:
    """What a file of the recorded answers holds."""
    return json.loads((DATA / f"{name}.json").read_text())


@dataclass
class AzurePlace:
    """One tenant."""

    subscriptions: list[Row] = field(default_factory=lambda: recorded("subscriptions"))
    resources: list[Row] = field(default_factory=lambda: recorded("resources"))
    groups: list[Row] = field(default_factory=lambda: recorded("groups"))
    below: dict[str, list[Row]] = field(default_factory=lambda: recorded("below"))
    health: list[Row] = field(default_factory=lambda: recorded("health"))
    permissions: dict[str, list[Row]] = field(default_factory=dict[str, list[Row]])
    providers: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    most: int = 1000
    """Rows of a page, whatever is asked for."""
    headers: dict[str, str] = field(default_factory=dict[str, str])
    """Sent with every answer of Resource Graph."""
    tokens: set[str] = field(default_factory=lambda: {TOKEN})

    def __call__(self, asked: Asked) -> Reply:
        if asked.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            return error(401, "ExpiredAuthenticationToken")
        parts = asked.path.strip("/").split("/")
        if asked.path == "/subscriptions":
            return self.page(asked, self.subscriptions)
        if asked.path.endswith("/resources") and asked.method == "POST":
            return self.graph(asked.body)
        if parts[-1] == "permissions":
            return Reply(200, {"value": self.permissions.get(parts[1], READER)})
        if len(parts) == 4 and parts[2] == "providers":
            return self.provider(parts[3])
        if asked.path in self.below:
            return Reply(200, {"value": self.below[asked.path]})
        return error(404, "ResourceNotFound")

    def page(self, asked: Asked, rows: list[Row]) -> Reply:
        """Two at a time, by links."""
        start = int(asked.one("$skiptoken", "0"))
        said: Row = {"value": rows[start : start + 2]}
        if start + 2 < len(rows):
            link = f"http://{asked.headers['Host']}{asked.path}?api-version=2022-12-01&$skiptoken={start + 2}"
            said["nextLink"] = link
        return Reply(200, said)

    def provider(self, name: str) -> Reply:
        found = next((one for one in self.providers if one.lower() == name.lower()), None)
        if found is None:
            return error(404, "InvalidResourceNamespace")
        return Reply(200, {"namespace": found, "resourceTypes": [{"resourceType": t} for t in self.providers[found]]})

    def graph(self, body: Row) -> Reply:
        known = {row["subscriptionId"] for row in self.subscriptions}
        wanted = [one for one in body["subscriptions"] if one in known]
        if not wanted:
            return error(403, "AccessDenied")
        rows = sorted(self.selected(body["query"], wanted), key=lambda row: str(row["id"]))
        start = int(body["options"].get("$skipToken", "page-0").removeprefix("page-"))
        size = min(body["options"]["$top"], self.most)
        page = rows[start : start + size]
        said: Row = {
            "totalRecords": len(rows),
            "count": len(page),
            "data": page,
            "facets": [],
            "resultTruncated": "false",
        }
        if start + size < len(rows):
            said |= {"$skipToken": f"page-{start + size}", "resultTruncated": "true"}
        return Reply(200, said, self.headers)

    def selected(self, query: str, subscriptions: list[str]) -> list[Row]:
        table = query.partition(" ")[0]
        if table == "healthresources":
            return [row for row in self.health if any(one in row["target"] for one in subscriptions)]
        types = re.findall(r"'([^']+)'", query.partition("type in~")[2])
        rows = self.groups if table == "resourcecontainers" else self.resources
        return [
            row
            for row in rows
            if row["type"] in types and any(f"/subscriptions/{one}/" in str(row["id"]) for one in subscriptions)
        ]


def error(status: int, code: str, **headers: str) -> Reply:
    """An error as Azure Resource Manager words it."""
    said = {"error": {"code": code, "message": f"canary-message {TOKEN}"}}
    return Reply(status, said, {name.replace("_", "-"): value for name, value in headers.items()})


def lab() -> Row:
    """A second subscription."""
    return {**recorded("subscriptions")[0], "id": f"/subscriptions/{LAB}", "subscriptionId": LAB, "displayName": "Lab"}


def disk(number: int, subscription: str = SHOP, group: str = "bulk") -> Row:
    """One of many."""
    name = f"disk-{number:05}"
    return {
        "id": f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute/disks/{name}",
        "name": name,
        "type": "microsoft.compute/disks",
        "location": "westeurope",
        "tags": None,
        "properties": {"provisioningState": "Succeeded", "diskState": "Unattached"},
    }
