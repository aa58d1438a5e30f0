"""One reading of a login's subscriptions: every row of the table in each, by a few queries over all of them.

What cannot be read is told as an incomplete reading; only what ends all reading is raised: credentials that Azure takes
no more, and a login that can read nothing at all.
"""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from runstone.connectors.items import Item, text
from runstone.connectors.kept import Object
from runstone.connectors.platforms import Batch
from runstone.connectors.platforms.azure.arm import ArmId
from runstone.connectors.platforms.azure.derive import derived
from runstone.connectors.platforms.azure.graph import Graph, Rows
from runstone.connectors.platforms.azure.kinds import Kind
from runstone.connectors.platforms.azure.rights import readable
from runstone.connectors.platforms.azure.shape import Place, shaped
from runstone.connectors.platforms.azure.table import BY_ARM, GROUP, SUBSCRIPTION, TYPES
from runstone.connectors.rest import Denied, Expired, Failure, NoConnection, Throttled
from runstone.errors import Forbidden, Unreachable
from runstone.model.resource import Scope, ScopeReading

_HEALTH = "AzureResourceHealth"
"""The scope by which is said that Resource Health could not be asked."""


@dataclass
class Known:
    """What is remembered from one reading to the next, for when it cannot be learned for now."""

    subscriptions: dict[str, str] = field(default_factory=dict[str, str])
    groups: dict[str, str] = field(default_factory=dict[str, str])
    health: dict[str, Item] = field(default_factory=dict[str, Item])
    derived: dict[str, Kind] = field(default_factory=dict[str, Kind])


class Round:
    """One reading, called ``platform`` on the Map."""

    def __init__(
        self,
        graph: Graph,
        platform: str,
        kinds: Sequence[Kind],
        known: Known,
        auth: Mapping[str, str],
        where: str,
        salt: bytes,
    ) -> None:
        """``where``: the address that is asked."""
        self._graph = graph
        self._platform = platform
        self._kinds = kinds
        self._known = known
        self._auth = auth
        self._where = where
        self._salt = salt
        self._subscriptions: tuple[str, ...] = ()
        self._rights: dict[str, list[Item]] = {}
        """Of a subscription, by its id, where Azure tells them."""
        self._anything = False
        self._passing = False
        """Whether something failed that may pass by itself."""

    async def batches(self, wanted: Sequence[str], extra: Iterable[str]) -> AsyncGenerator[Batch]:
        """All of it. ``wanted``: subscriptions; none for all that are seen. Raises Forbidden, Unreachable."""
        for batch in await self._read_subscriptions(wanted):
            yield batch
        for batch in await self._first():
            yield batch
        reads = [self._read(kinds) for kinds in _together(self._kinds)]
        reads += [self._read_below(kind) for kind in self._kinds if kind.below]
        reads += [self._read_extra(type_) for type_ in sorted(set(extra))]
        async with aclosing(_in_order(reads)) as told:
            async for batches in told:
                for batch in batches:
                    yield self._taken(batch)
        self._unless_nothing()

    async def _read_subscriptions(self, wanted: Sequence[str]) -> list[Batch]:
        """The subscriptions themselves, and all kinds of those that are wanted and not seen."""
        asked = tuple(dict.fromkeys(one.lower() for one in wanted))
        try:
            rows = await self._graph.subscriptions()
        except Failure as err:
            said = self._said(err, "may not list subscriptions. Grant it the role Reader on them")
            if isinstance(err, Expired) or not asked:
                raise (Forbidden if isinstance(err, Expired | Denied) else Unreachable)(said) from err
            self._subscriptions = asked
            return [self._batch(SUBSCRIPTION.kind, "", said, [])]
        seen = {text(row, "subscriptionId").lower(): row for row in rows if text(row, "subscriptionId")}
        self._known.subscriptions |= {id_: text(row, "displayName") or id_ for id_, row in seen.items()}
        self._subscriptions = tuple(id_ for id_ in asked or seen if id_ in seen)
        if not self._subscriptions:
            raise Forbidden(
                f"The identity sees {'none of the subscriptions wanted' if asked else 'no subscription'} at "
                f"{self._where}. Grant it the role Reader on those to be read."
            )
        unseen = [id_ for id_ in asked if id_ not in seen]
        return [self._subscription_batch(seen, unseen), *self._unseen(unseen)]

    def _subscription_batch(self, seen: Mapping[str, Item], unseen: Sequence[str]) -> Batch:
        problem = f"The identity does not see the subscription {', '.join(unseen)}." if unseen else ""
        objects = (shaped(SUBSCRIPTION, seen[id_], self._place()) for id_ in self._subscriptions)
        return self._batch(SUBSCRIPTION.kind, "", problem, (one for one in objects if one is not None))

    def _unseen(self, subscriptions: Sequence[str]) -> list[Batch]:
        return [
            self._batch(
                kind.kind,
                id_,
                f"The identity does not see the subscription {id_}. Grant it the role Reader there, or leave it out.",
                [],
            )
            for id_ in subscriptions
            for kind in self._kinds
        ]

    async def _first(self) -> list[Batch]:
        """What the rest needs: rights, the names of groups, and what Resource Health says."""
        groups, health, _ = await asyncio.gather(
            self._graph.resources("resourcecontainers", [GROUP.key], self._subscriptions),
            self._graph.health(self._subscriptions),
            asyncio.gather(*(self._read_rights(one) for one in self._subscriptions)),
        )
        for row in groups.rows:
            if arm := ArmId.parse(row.get("id")):
                self._known.groups[arm.uid] = text(row, "name") or arm.group
        told = [self._taken(one) for one in self._split([GROUP], groups)] if GROUP in self._kinds else []
        return [*told, *self._healthy(health)]

    def _healthy(self, found: Rows) -> Iterator[Batch]:
        """Takes what Resource Health says; where it was not learned for now, what was known before goes on."""
        self._end_with(found)
        before = {uid: one for uid, one in self._known.health.items() if _subscription(uid) in found.problems}
        self._known.health = before | {text(row, "target"): row for row in found.rows}
        passing = [err for err in found.problems.values() if not isinstance(err, Denied)]
        if passing:
            yield self._batch(_HEALTH, "", self._said(passing[0], ""), [])

    async def _read_rights(self, subscription: str) -> None:
        """What may be read in all of a subscription; nothing is claimed where Azure does not tell."""
        try:
            self._rights[subscription] = await self._graph.permissions(subscription)
        except Denied:
            self._rights[subscription] = []
        except Failure:
            return

    async def _read(self, kinds: Sequence[Kind]) -> list[Batch]:
        """Kinds of one provider, in all subscriptions."""
        rows = await self._graph.resources("resources", [kind.key for kind in kinds], self._subscriptions)
        return list(self._split(kinds, rows))

    async def _read_below(self, kind: Kind) -> list[Batch]:
        """A kind that is listed under each resource it may be a part of."""
        parent, _, last = kind.arm.rpartition("/")
        parents = await self._graph.resources("resources", [parent.lower()], self._subscriptions)
        found = Rows(problems=dict(parents.problems))
        ids = [id_ for row in parents.rows if ArmId.parse(id_ := text(row, "id"))]
        for id_, rows in zip(ids, await asyncio.gather(*(self._below(id_, last, kind) for id_ in ids)), strict=True):
            if isinstance(rows, Failure):
                found.problems.setdefault(_subscription(id_), rows)
            else:
                found.rows += rows
        return list(self._split([kind], found))

    async def _below(self, parent: str, type_: str, kind: Kind) -> list[Item] | Failure:
        try:
            return await self._graph.below(parent, type_, kind.below)
        except Failure as err:
            return err

    async def _read_extra(self, type_: str) -> list[Batch]:
        """A type that rules name and the table does not have."""
        if not type_.startswith("azure_") or type_ in TYPES:
            return []
        try:
            kind = self._known.derived.get(type_) or await derived(type_, self._subscriptions[0], self._graph)
        except Failure as err:
            self._end(err)
            return [self._batch(type_, "", self._said(err, "may not list the types of a provider"), [])]
        if kind is None:
            said = f"Azure has no resource type that {type_} could mean. It is read only where it has a row of its own."
            return [self._batch(type_, "", said, [])]
        self._known.derived[type_] = kind
        if kind.key in BY_ARM:
            said = f"{type_} is what {BY_ARM[kind.key].type} is. Name it so in the rule."
            return [self._batch(type_, "", said, [])]
        return await self._read([kind])

    def _split(self, kinds: Sequence[Kind], found: Rows) -> Iterator[Batch]:
        """What one query answered, by scope. Raises Forbidden when it was not answered for want of credentials."""
        self._end_with(found)
        place, by_key = self._place(), {kind.key: kind for kind in kinds}
        scopes: dict[tuple[str, str], list[Object]] = {}
        strange = 0
        for row in found.rows:
            arm = ArmId.parse(row.get("id"))
            kind = by_key.get(arm.type) if arm else None
            obj = shaped(kind, row, place) if kind else None
            if obj is None:
                strange += 1
            else:
                scopes.setdefault((obj["kind"], obj["metadata"]["namespace"]), []).append(obj)
        for kind in kinds:
            for id_ in self._subscriptions:
                problem = self._problem(kind, id_, found, strange)
                yield self._batch(kind.kind, id_, problem, scopes.get((kind.kind, id_), []))

    def _problem(self, kind: Kind, subscription: str, found: Rows, strange: int) -> str:
        name = self._known.subscriptions.get(subscription) or subscription
        if err := found.problems.get(subscription):
            return self._said(
                err, f"may not read {kind.arm} in the subscription {name}. Grant it the role Reader there"
            )
        if strange:
            return f"Azure answers {strange} rows that are no resources of the types asked for."
        if subscription in self._rights and not readable(self._rights[subscription], kind.arm):
            return (
                f"The identity may read {kind.arm} in no more than a part of the subscription {name}. Grant it the "
                "role Reader on the whole subscription to know that this is all."
            )
        return ""

    def _said(self, err: Failure | str, denied: str) -> str:
        """A failure as a sentence; ``denied`` says what is not granted."""
        if isinstance(err, Denied) and denied:
            return f"The identity {denied}."
        if isinstance(err, Throttled):
            return f"Azure was asked too often ({err}). The next round tries again."
        if isinstance(err, NoConnection | Expired):
            return f"{self._where} {err}."
        return f"Azure {err}."

    def _end_with(self, found: Rows) -> None:
        for err in found.problems.values():
            if isinstance(err, Failure):
                self._end(err)

    def _end(self, err: Failure) -> None:
        """Raises Forbidden when it is the credentials: then nothing else will be answered either."""
        self._passing = self._passing or not isinstance(err, Denied)
        if isinstance(err, Expired):
            raise Forbidden(self._said(err, "")) from err

    def _taken(self, batch: Batch) -> Batch:
        self._anything = self._anything or batch.reading.complete or bool(batch.objects)
        return batch

    def _unless_nothing(self) -> None:
        """Raises Forbidden or Unreachable when nothing was read, by whether it may pass."""
        if not self._anything:
            said = f"The identity can read nothing at {self._where}: each scope says why."
            raise (Unreachable if self._passing else Forbidden)(said)

    def _place(self) -> Place:
        known = self._known
        return Place(known.subscriptions, known.groups, known.health, self._auth, self._salt)

    def _batch(self, kind: str, namespace: str, problem: str, objects: Iterable[Object]) -> Batch:
        """A scope, each object once, in the order of their names: so nothing changed when Azure answers in another."""
        scope = Scope(platform=self._platform, kind=kind, namespace=namespace)
        by_uid = {str(obj["metadata"]["uid"]): obj for obj in objects}
        ordered = sorted(by_uid.values(), key=lambda obj: str(obj["metadata"]["name"]))
        return Batch(ScopeReading(scope=scope, complete=not problem, problem=problem), tuple(ordered))


def _together(kinds: Sequence[Kind]) -> list[list[Kind]]:
    """Kinds of one provider are asked for in one query: few queries, and one that fails costs its provider alone."""
    providers: dict[str, list[Kind]] = {}
    for kind in kinds:
        if kind is not GROUP and not kind.below:
            providers.setdefault(kind.key.partition("/")[0], []).append(kind)
    return list(providers.values())


async def _in_order(reads: Sequence[Coroutine[Any, Any, list[Batch]]]) -> AsyncGenerator[list[Batch]]:
    """What several readings tell, all under way at once, in their order. Whoever leaves early stops the others."""
    tasks = [asyncio.ensure_future(one) for one in reads]
    try:
        for task in tasks:
            yield await task
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _subscription(uid: str) -> str:
    arm = ArmId.parse(uid)
    return arm.subscription.lower() if arm else ""
