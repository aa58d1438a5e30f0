"""Azure DevOps as far as discovery asks it, over the organization recorded in tests/data/platforms/azure_devops.

Lists are answered in their wire format: ``count`` and ``value``, going on by the header ``x-ms-continuationtoken``;
whoever is not let in gets the page to sign in at (203), and what a token has no scope for is 401.
"""

import json
from base64 import b64encode
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conformance.wire import Asked, Reply

DATA = Path(__file__).parents[1] / "data/platforms/azure_devops"
SHOP, LAB = "Web Shop", "Lab"
SHOP_ID, LAB_ID = "11111111-aaaa-4bbb-8ccc-000000000001", "22222222-aaaa-4bbb-8ccc-000000000002"
PAT = "pat-of-the-reader"
LISTS = {
    "git/repositories": "repositories",
    "build/definitions": "pipelines",
    "release/definitions": "releases",
    "serviceendpoint/endpoints": "connections",
}
Row = dict[str, Any]


def recorded() -> Row:
    """The recorded organization."""
    return json.loads((DATA / "organization.json").read_text())


def basic(pat: str) -> str:
    """A personal access token as it is sent."""
    return f"Basic {b64encode(f':{pat}'.encode()).decode()}"


@dataclass
class DevOpsPlace:
    """One organization."""

    content: Row = field(default_factory=recorded)
    most: int = 2
    """Things of a page, whatever is asked for."""
    accepted: set[str] = field(default_factory=lambda: {basic(PAT)})
    """Headers that are let in."""
    denied: set[str] = field(default_factory=set[str])
    """Security tokens that are not allowed to whoever asks."""
    headers: dict[str, str] = field(default_factory=dict[str, str])
    """Sent with every good answer."""

    def __call__(self, asked: Asked) -> Reply:
        if asked.headers.get("Authorization") not in self.accepted:
            return Reply(203, "<html>Sign in canary</html>", {"Content-Type": "text/html"})
        assert asked.one("api-version") == "7.1"
        organization, *rest = asked.path.strip("/").split("/")
        if organization != "contoso":
            return Reply(404, "<html>canary</html>", {"Content-Type": "text/html"})
        if rest == ["_apis", "projects"]:
            return self.page(asked, self.content["projects"])
        if rest == ["_apis", "security", "permissionevaluationbatch"]:
            return self.rights(asked.body)
        return self.within(asked, rest[0], "/".join(rest[2:]))

    def rights(self, body: Row) -> Reply:
        told = [{**one, "value": one["token"] not in self.denied} for one in body["evaluations"]]
        return Reply(200, {**body, "evaluations": told})

    def within(self, asked: Asked, named: str, what: str) -> Reply:
        known = {key.lower(): one["name"] for one in self.content["projects"] for key in (one["id"], one["name"])}
        if named.lower() not in known:
            return error(404, "ProjectDoesNotExistWithNameException")
        if what == "build/definitions":
            assert asked.one("queryOrder"), "without an order no token holds"
        found = self.content[LISTS[what]].get(known[named.lower()], [])
        if what in ("git/repositories", "serviceendpoint/endpoints"):
            return Reply(200, {"count": len(found), "value": found}, self.headers)
        return self.page(asked, found)

    def page(self, asked: Asked, rows: list[Row]) -> Reply:
        start = int(asked.one("continuationToken", "0"))
        size = min(int(asked.one("$top")), self.most)
        found = rows[start : start + size]
        more = {"x-ms-continuationtoken": str(start + size)} if start + size < len(rows) else {}
        return Reply(200, {"count": len(found), "value": found}, {**self.headers, **more})


def error(status: int, key: str, **headers: str) -> Reply:
    """An error as Azure DevOps words it."""
    said = {"$id": "1", "typeKey": key, "typeName": f"canary.{key}", "message": f"canary {PAT}", "errorCode": 0}
    return Reply(status, said, {name.replace("_", "-"): value for name, value in headers.items()})
