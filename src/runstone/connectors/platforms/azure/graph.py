"""What is asked of Azure Resource Manager: subscriptions, permissions, and queries of Resource Graph, in all pages.

Facts: Azure Resource Graph REST API 2022-10-01 (paging by ``$skipToken`` over rows in the order of their ids; at most
16 MB an answer; quotas told in ``x-ms-user-quota-*``), its guidance for throttled requests, and Azure RBAC's
permissions API.
"""

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from runstone.connectors import aks
from runstone.connectors.items import Item, at, items, text
from runstone.connectors.rest import Answer, Denied, Failure, Limits, Missing, Misunderstood, Rest, asked_to_wait

_QUERY = "/providers/Microsoft.ResourceGraph/resources"
_QUERY_VERSION = {"api-version": "2022-10-01"}
_SUBSCRIPTIONS = {"api-version": "2022-12-01"}
_PERMISSIONS = {"api-version": "2022-04-01"}
_PROVIDERS = {"api-version": "2021-04-01"}
_COLUMNS = "id, name, type, kind, location, tags, sku, plan, identity, zones, managedBy, extendedLocation, properties"
_PAGE = 1000
"""Rows of a page: the most there may be."""
_SMALLEST = 10
_TOGETHER = 300
"""Subscriptions of one query (guidance for throttled requests)."""

_UNVERSIONED = frozenset({"InvalidApiVersionParameter", "NoRegisteredProviderFound", "InvalidResourceType"})
"""How Azure says that it is the question that is wrong."""


@dataclass
class Rows:
    """What a query answered."""

    rows: list[Item] = field(default_factory=list[Item])
    problems: dict[str, Failure | str] = field(default_factory=dict[str, Failure | str])
    """Why a subscription was not read to the end."""


class Graph:
    """Azure Resource Manager, as far as discovery asks it."""

    def __init__(self, rest: Rest, limits: Limits) -> None:
        self._rest = rest
        self._limits = limits

    async def subscriptions(self) -> list[Item]:
        """Every subscription that may be seen at all. Raises Failure."""
        return await self._listed("/subscriptions", _SUBSCRIPTIONS)

    async def permissions(self, subscription: str) -> list[Item]:
        """What may be done in all of a subscription. Raises Failure; Denied when nothing may, in all of it."""
        path = f"/subscriptions/{subscription}/providers/Microsoft.Authorization/permissions"
        return await self._listed(path, _PERMISSIONS)

    async def clusters(self, subscription: str, group: str = "") -> list[Item]:
        """The AKS clusters of a subscription, or of one of its groups. Raises Failure."""
        return await self._listed(aks.clusters(subscription, group), {"api-version": aks.VERSION})

    async def cluster_login(self, subscription: str, group: str, name: str) -> Item:
        """How a user logs in to an AKS cluster. Raises Failure."""
        path = aks.credential(subscription, group, name)
        return (await self._rest.post(path, {"api-version": aks.VERSION})).body

    async def types(self, subscription: str, provider: str) -> list[str]:
        """The types of a provider, such as ``servers/databases``; none when there is no such provider.

        Raises Failure.
        """
        try:
            answer = await self._rest.get(f"/subscriptions/{subscription}/providers/{provider}", _PROVIDERS)
        except (Missing, Misunderstood):
            return []
        namespace = text(answer.body, "namespace") or provider
        return [
            f"{namespace}/{name}" for name in at(answer.body, "resourceTypes.resourceType") if isinstance(name, str)
        ]

    async def below(self, parent: str, type_: str, version: str) -> list[Item]:
        """What Resource Graph does not have: the parts of one resource. Raises Failure.

        None when it is gone, or cannot have such parts, as a Cosmos account of another API has no SQL databases.
        """
        try:
            return await self._listed(f"{parent}/{type_}", {"api-version": version})
        except Missing:
            return []
        except Misunderstood as err:
            if not err.codes or _UNVERSIONED & set(err.codes):
                raise
            return []

    async def resources(self, table: str, types: Iterable[str], subscriptions: Sequence[str]) -> Rows:
        """All resources of some types in some subscriptions."""
        named = ", ".join(f"'{type_}'" for type_ in types)
        query = f"{table} | where type in~ ({named}) | project {_COLUMNS} | order by id asc"
        return await self._in_all(query, subscriptions)

    async def health(self, subscriptions: Sequence[str]) -> Rows:
        """What Resource Health says of each resource it knows: ``target``, ``state`` and ``reason``."""
        query = (
            "healthresources | where type =~ 'microsoft.resourcehealth/availabilitystatuses' "
            "| where tostring(properties.availabilityState) in ('Unavailable', 'Degraded') "
            "| project id, target = tolower(tostring(properties.targetResourceId)), "
            "state = tostring(properties.availabilityState), reason = tostring(properties.reasonType) | order by id asc"
        )
        return await self._in_all(query, subscriptions)

    async def _in_all(self, query: str, subscriptions: Sequence[str]) -> Rows:
        parts = [subscriptions[start : start + _TOGETHER] for start in range(0, len(subscriptions), _TOGETHER)]
        found = Rows()
        for part in await asyncio.gather(*(self._in_some(query, part) for part in parts)):
            found.rows += part.rows
            found.problems |= part.problems
        return found

    async def _in_some(self, query: str, subscriptions: Sequence[str]) -> Rows:
        """Asked again by halves where one subscription that may not be read denies the others."""
        found = Rows()
        try:
            await self._paged(query, subscriptions, found)
        except Denied as err:
            if len(subscriptions) == 1:
                return Rows([], {subscriptions[0]: err})
            middle = len(subscriptions) // 2
            first = await self._in_some(query, subscriptions[:middle])
            second = await self._in_some(query, subscriptions[middle:])
            return Rows(first.rows + second.rows, first.problems | second.problems)
        except Failure as err:
            found.problems |= dict.fromkeys(subscriptions, err)
        return found

    async def _paged(self, query: str, subscriptions: Sequence[str], found: Rows) -> None:
        """Every page, into ``found``. Raises Failure."""
        size, token = _PAGE, ""
        while True:
            options = {"resultFormat": "objectArray", "$top": size, **({"$skipToken": token} if token else {})}
            body = {"subscriptions": list(subscriptions), "query": query, "options": options}
            try:
                answer = await self._rest.post(_QUERY, _QUERY_VERSION, body)
            except Misunderstood as err:
                if "ResponsePayloadTooLarge" not in err.codes or size <= _SMALLEST:
                    raise
                size, token = max(_SMALLEST, size // 4), ""  # a token holds for the size it was given for
                found.rows.clear()
                continue
            self._take(answer, subscriptions, found)
            following = text(answer.body, "$skipToken")
            if not following or following == token:
                return
            token = following
            await self._rested(answer)

    def _take(self, answer: Answer, subscriptions: Sequence[str], found: Rows) -> None:
        said: Any = answer.body.get("data")
        rows = items(said)
        if not isinstance(said, list) or len(rows) < len(said):
            found.problems |= dict.fromkeys(subscriptions, "answers with rows that are none")
        if text(answer.body, "resultTruncated").lower() == "true" and not text(answer.body, "$skipToken"):
            found.problems |= dict.fromkeys(subscriptions, "cuts its answer short")
        found.rows += rows

    async def _rested(self, answer: Answer) -> None:
        """Wait for the quota's next window before a query that would be refused."""
        if re.fullmatch(r"0+", answer.headers.get("x-ms-user-quota-remaining", "")):
            await asyncio.sleep(min(asked_to_wait(answer.headers, 0.0), self._limits.longest_s))

    async def _listed(self, path: str, query: dict[str, str]) -> list[Item]:
        answer = await self._rest.get(path, query)
        found = items(answer.body.get("value"))
        while following := text(answer.body, "nextLink"):
            answer = await self._rest.get(following)
            found += items(answer.body.get("value"))
        return found
