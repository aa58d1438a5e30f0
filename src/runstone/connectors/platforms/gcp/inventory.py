"""What is asked of Google Cloud: the projects that are seen, and assets by type, in all pages.

Facts: Cloud Asset Inventory v1 ``assets.list`` (at most 1000 assets a page; 100 requests a minute are allowed to the
project they are counted for; a type it does not know makes the whole request wrong) and Resource Manager v3
``projects.search``.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from runstone.connectors.items import Item, items, text
from runstone.connectors.platforms.gcp.pace import Pace
from runstone.connectors.rest import Failure, Misunderstood, Rest

_PAGE = 1000
_PROJECTS = 500


@dataclass
class Assets:
    """What a parent holds."""

    found: list[Item] = field(default_factory=list[Item])
    problems: dict[str, Failure | str] = field(default_factory=dict[str, Failure | str])
    """Why an asset type was not read to the end."""


class Inventory:
    """Cloud Asset Inventory, and Resource Manager beside it."""

    def __init__(self, assets: Rest, manager: Rest, pace: Pace) -> None:
        self._assets = assets
        self._manager = manager
        self._pace = pace

    async def projects(self) -> list[Item]:
        """Every active project that is seen. Raises Failure."""
        found: list[Item] = []
        query: dict[str, Any] = {"query": "state:ACTIVE", "pageSize": _PROJECTS}
        while True:
            answer = await self._manager.get("/v3/projects:search", query)
            found += items(answer.body.get("projects"))
            if not (token := text(answer.body, "nextPageToken")):
                return found
            query["pageToken"] = token

    async def assets(self, parent: str, types: Sequence[str]) -> Assets:
        """All assets of some types in a project or an organization. Types it does not know cost themselves alone.

        The first type is taken to be known: when that is not understood either, it is the parent that is not.
        """
        found = await self._asked(parent, types)
        if len(types) == 1 or not _misunderstood(found):
            return found
        first = await self._asked(parent, types[:1])
        if _misunderstood(first):
            return Assets([], dict.fromkeys(types, next(iter(first.problems.values()))))
        rest = await self._halved(parent, types[1:])
        return Assets(first.found + rest.found, first.problems | rest.problems)

    async def _halved(self, parent: str, types: Sequence[str]) -> Assets:
        """By halves for as long as something among them is not understood."""
        found = await self._asked(parent, types)
        if len(types) == 1 or not _misunderstood(found):
            return found
        middle = len(types) // 2
        first, second = await self._halved(parent, types[:middle]), await self._halved(parent, types[middle:])
        return Assets(first.found + second.found, first.problems | second.problems)

    async def _asked(self, parent: str, types: Sequence[str]) -> Assets:
        found = Assets()
        try:
            await self._paged(parent, types, found)
        except Failure as err:
            found.problems |= dict.fromkeys(types, err)
        return found

    async def _paged(self, parent: str, types: Sequence[str], found: Assets) -> None:
        """Every page, into ``found``. Raises Failure."""
        query: dict[str, Any] = {"contentType": "RESOURCE", "pageSize": _PAGE, "assetTypes": list(types)}
        while True:
            await self._pace.turn()
            answer = await self._assets.get(f"/v1/{parent}/assets", query)
            said: Any = answer.body.get("assets", [])
            found.found += items(said)
            if not isinstance(said, list) or len(items(said)) < len(said):
                found.problems |= dict.fromkeys(types, "answers with assets that are none")
            if not (token := text(answer.body, "nextPageToken")):
                return
            if token == query.get("pageToken"):
                raise Failure("names the same page twice")
            query["pageToken"] = token


def _misunderstood(found: Assets) -> bool:
    return any(isinstance(err, Misunderstood) for err in found.problems.values())
