"""AKS clusters of a login's subscriptions: those named, and all of some groups, each with a kubeconfig."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

import yaml

from runstone.connectors import aks
from runstone.connectors.items import Item, text
from runstone.connectors.managed import Area, Clusters, Managed, Seeking, Sought
from runstone.connectors.platforms.azure.arm import ArmId
from runstone.connectors.platforms.azure.graph import Graph
from runstone.connectors.rest import Denied, Failure, Missing

_ROLE = "Grant the identity the role Azure Kubernetes Service Cluster User on it"


class Finder:
    """One search. ``token_for`` gives tokens for what clusters let people in by; it may block."""

    def __init__(self, graph: Graph, token_for: aks.TokenFor, auth: Mapping[str, str], where: str) -> None:
        """``auth``: how Tasks log in, in the words of templates; ``where`` is asked."""
        self._graph = graph
        self._token_for = token_for
        self._auth = auth
        self._where = where
        self._names: dict[str, str] = {}

    async def found(self, seeking: Seeking, subscriptions: Sequence[str]) -> Clusters:
        """Clusters, and what could not be had. ``subscriptions``: where to look if not told; none for all seen."""
        told = Clusters()
        seen = await self._seen(told)
        everywhere = tuple(subscriptions) or seen
        for one in seeking.named:
            told.add(await self._named(one, everywhere))
        for area in _within(seeking.areas, everywhere):
            told.add(await self._all(area))
        return told

    async def _seen(self, told: Clusters) -> tuple[str, ...]:
        try:
            rows = await self._graph.subscriptions()
        except Failure as err:
            told.add([f"Subscriptions to look for AKS clusters in: {self._where} {err}."])
            return ()
        self._names = {text(row, "subscriptionId").lower(): text(row, "displayName") for row in rows}
        return tuple(self._names)

    async def _named(self, sought: Sought, subscriptions: Sequence[str]) -> list[Managed | str]:
        """By its whole name, or looked up by as much of it as is said."""
        areas = _within([Area(sought.account, sought.place)], subscriptions)
        if sought.place:
            told = [await self._one(one.account, one.place, sought.name, sought) for one in areas]
            return [one for one in told if isinstance(one, Managed)] or told
        listed = [one for area in areas for one in await self._listed(area)]
        problems: list[Managed | str] = [one for one in listed if isinstance(one, str)]
        ids = [one for one in listed if isinstance(one, ArmId) and one.path[-1][1].lower() == sought.name.lower()]
        found = [await self._one(one.subscription, one.group, one.path[-1][1], sought) for one in ids]
        missing = (
            f"There is no AKS cluster {sought.name} where it was looked for. Say its resource_group in aksClusters."
        )
        return [*problems, *(found or ([] if problems else [missing]))]

    async def _all(self, area: Area) -> list[Managed | str]:
        listed = await self._listed(area)
        made = [
            self._one(one.subscription, one.group, one.path[-1][1], None) for one in listed if isinstance(one, ArmId)
        ]
        return [*(one for one in listed if isinstance(one, str)), *await asyncio.gather(*made)]

    async def _listed(self, area: Area) -> list[ArmId | str]:
        """The ids of an area's clusters, or why there are none."""
        group = f" in the group {area.place}" if area.place else ""
        what = f"AKS clusters of the subscription {self._called(area.account)}{group}"
        try:
            rows = await self._graph.clusters(area.account, area.place)
        except Failure as err:
            more = " Grant the identity the role Reader there." if isinstance(err, Denied) else ""
            return [f"{what}: {self._where} {err}.{more}"]
        ids = [ArmId.parse(row.get("id")) for row in rows]
        return [one for one in ids if one is not None and one.path and one.group]

    async def _one(self, subscription: str, group: str, name: str, sought: Sought | None) -> Managed | str:
        what = f"The AKS cluster {name} of the group {group} in {self._called(subscription)}"
        try:
            answer = await self._graph.cluster_login(subscription, group, name)
            document = await asyncio.to_thread(self._document, answer)
        except Missing:
            return f"{what} is not there. Correct its name, resource_group or subscriptionId, or take it out."
        except Denied as err:
            return f"{what}: {self._where} {err}. {_ROLE}."
        except Failure as err:
            return f"{what}: {self._where} {err}."
        except ValueError:
            return f"{what}: {self._where} answers with something that is no kubeconfig."
        known = {"cluster_type": "aks", "cluster_name": name, "resource_group": group, "subscription_id": subscription}
        attributes = {**known, "subscription_name": self._names.get(subscription.lower(), ""), **self._auth}
        return Managed(name, subscription, group, attributes, document, sought)

    def _document(self, answer: Item) -> Item:
        return yaml.safe_load(aks.kubeconfig(answer, self._token_for))

    def _called(self, subscription: str) -> str:
        return self._names.get(subscription.lower()) or subscription


def _within(areas: Iterable[Area], subscriptions: Sequence[str]) -> list[Area]:
    """The same with every subscription said."""
    whole = [
        Area(account, area.place) for area in areas for account in ([area.account] if area.account else subscriptions)
    ]
    return list(dict.fromkeys(whole))
