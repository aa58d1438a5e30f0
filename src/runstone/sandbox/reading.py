"""Answers that change nothing: one object, a list in pages, a watch."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

from runstone.sandbox import events, metrics, selectors, table
from runstone.sandbox.kinds import EVENT, EVENT_VIEW, NODE_METRICS, POD_METRICS, Kind
from runstone.sandbox.objects import Obj, name_of, namespace_of
from runstone.sandbox.status import bad_request, gone, not_found
from runstone.sandbox.store import Change
from runstone.sandbox.target import Target
from runstone.sandbox.world import World

BOOKMARK_SECONDS = 60.0
"""How often a quiet watch that asked for bookmarks hears the current version; real servers take about a minute."""

WATCH_SECONDS = 1800.0
"""How long a watch lasts that did not say; real servers end it after 30-60 minutes."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How a client wants to read: the query parameters and the Accept header, parsed."""

    labels: str = ""
    fields: str = ""
    limit: int = 0
    token: str = ""
    version: str = ""
    watch: bool = False
    bookmarks: bool = False
    initial: bool | None = None
    timeout: float = 0.0
    shape: str = "json"
    include: str = "Metadata"

    @classmethod
    def parse(cls, query: dict[str, str], accept: str) -> "Wish":
        """Raises ApiError 400 for a number that is none."""
        initial = query.get("sendInitialEvents")
        try:
            limit, timeout = int(query.get("limit") or 0), float(query.get("timeoutSeconds") or 0)
        except ValueError as err:
            raise bad_request(f"invalid number in the query: {err}") from err
        shape = "table" if "as=Table" in accept else "partial" if "as=PartialObjectMetadata" in accept else "json"
        return cls(
            labels=query.get("labelSelector", ""),
            fields=query.get("fieldSelector", ""),
            limit=limit,
            token=query.get("continue", ""),
            version=query.get("resourceVersion", ""),
            watch=query.get("watch", "") in ("true", "1"),
            bookmarks=query.get("allowWatchBookmarks", "") in ("true", "1"),
            initial=None if initial is None else initial in ("true", "1"),
            timeout=timeout,
            shape=shape,
            include=query.get("includeObject", "Metadata"),
        )

    def test(self) -> selectors.Test:
        """Both selectors as one test."""
        by_label, by_field = selectors.labels(self.labels), selectors.fields(self.fields)
        return lambda obj: by_label(obj) and by_field(obj)


def kept_as(kind: Kind) -> Kind:
    """The kind under which objects are stored."""
    return EVENT if kind is EVENT_VIEW else kind


def typed(kind: Kind, obj: Obj) -> Obj:
    """A stored object as `kind` serves it."""
    if kind is EVENT_VIEW:
        return events.newer_form(obj)
    return {"apiVersion": kind.api_version, "kind": kind.name, **obj}


def found(world: World, kind: Kind, namespace: str) -> list[Obj]:
    """All objects of a kind, made up on the spot for metrics; sorted by namespace and name."""
    if kind is POD_METRICS:
        objects = metrics.pods(world, namespace)
    elif kind is NODE_METRICS:
        objects = metrics.nodes(world)
    else:
        objects = world.store.all(kept_as(kind), namespace)
    return sorted(objects, key=lambda obj: (namespace_of(obj), name_of(obj)))


def one(world: World, target: Target) -> Obj:
    """The object. Raises ApiError 404."""
    if target.kind in (POD_METRICS, NODE_METRICS):
        for obj in found(world, target.kind, target.namespace):
            if name_of(obj) == target.name:
                return obj
        raise not_found(target.kind.plural, target.kind.group, target.name)
    return world.registry.need(kept_as(target.kind), target.namespace, target.name)


def shown(world: World, kind: Kind, obj: Obj, wish: Wish) -> Obj:
    """One object in the shape that was asked for."""
    if wish.shape == "table":
        meta = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
        return table.table(kind, [typed(kept_as(kind), obj)], world.clock.now(), wish.include, meta)
    return table.partial(obj) if wish.shape == "partial" else typed(kind, obj)


def page(world: World, target: Target, wish: Wish) -> Obj:
    """A list, or one page of it. Raises ApiError 400 or 410 for a continue token we did not write."""
    kind, test = target.kind, wish.test()
    objects = [obj for obj in found(world, kind, target.namespace) if test(typed(kept_as(kind), obj))]
    version = str(world.store.version)
    if wish.token:
        version, after = _read_token(wish.token)
        objects = [obj for obj in objects if (namespace_of(obj), name_of(obj)) > after]
    meta: Obj = {"resourceVersion": version}
    if wish.limit and len(objects) > wish.limit:
        meta["remainingItemCount"] = len(objects) - wish.limit
        objects = objects[: wish.limit]
        meta["continue"] = _token(version, objects[-1])
    return _list(world, kind, objects, wish, meta)


def _list(world: World, kind: Kind, objects: list[Obj], wish: Wish, meta: Obj) -> Obj:
    if wish.shape == "table":
        rows = [typed(kept_as(kind), obj) for obj in objects]
        return table.table(kind, rows, world.clock.now(), wish.include, meta)
    if wish.shape == "partial":
        items = [table.partial(obj) for obj in objects]
        return {
            "kind": "PartialObjectMetadataList",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": meta,
            "items": items,
        }
    items = [typed(kind, obj) for obj in objects]
    return {"kind": f"{kind.name}List", "apiVersion": kind.api_version, "metadata": meta, "items": items}


def _token(version: str, last: Obj) -> str:
    text = json.dumps([version, namespace_of(last), name_of(last)])
    return base64.urlsafe_b64encode(text.encode()).decode()


def _read_token(token: str) -> tuple[str, tuple[str, str]]:
    try:
        version, namespace, name = json.loads(base64.urlsafe_b64decode(token))
    except ValueError as err:
        raise bad_request("continue key is not valid") from err
    return version, (namespace, name)


async def follow(world: World, target: Target, wish: Wish) -> AsyncIterator[Obj]:
    """Watch events, oldest first, until the time is up or the cluster stops. Raises ApiError 410 at once when late."""
    queue = world.store.watch()
    try:
        fields = f"{wish.fields},metadata.name={target.name}" if target.name else wish.fields
        test = Wish(labels=wish.labels, fields=fields.strip(",")).test()
        for event in _beginning(world, target, wish, test):
            yield event
        ends = asyncio.get_running_loop().time() + (wish.timeout or WATCH_SECONDS)
        while (left := ends - asyncio.get_running_loop().time()) > 0:
            try:
                async with asyncio.timeout(min(left, BOOKMARK_SECONDS)):
                    change = await queue.get()
            except TimeoutError:
                if wish.bookmarks:
                    yield _bookmark(world, target.kind, wish)
                continue
            if change is None:
                return
            event = _seen(world, target, wish, test, change)
            if event:
                yield event
    finally:
        world.store.unwatch(queue)


def _beginning(world: World, target: Target, wish: Wish, test: selectors.Test) -> list[Obj]:
    """What a watch starts with: missed changes, or the present state."""
    kind = kept_as(target.kind)
    if wish.initial is not True and wish.version not in ("", "0"):
        missed = world.store.since(int(wish.version) if wish.version.isdigit() else 0)
        if missed is None:
            raise gone(f"too old resource version: {wish.version} ({world.store.version})")
        return [event for change in missed if (event := _seen(world, target, wish, test, change))]
    present: list[Obj] = []
    if wish.initial is not False:
        here = found(world, target.kind, target.namespace)
        chosen = [obj for obj in here if test(typed(kind, obj))]
        present = [{"type": "ADDED", "object": shown(world, target.kind, obj, wish)} for obj in chosen]
    if wish.initial:
        present.append(_bookmark(world, target.kind, wish, last_initial=True))
    return present


def _bookmark(world: World, kind: Kind, wish: Wish, last_initial: bool = False) -> Obj:
    meta: Obj = {"resourceVersion": str(world.store.version)}
    if last_initial:
        meta["annotations"] = {"k8s.io/initial-events-end": "true"}
    empty: Obj = {"kind": kind.name, "apiVersion": kind.api_version, "metadata": meta}
    if wish.shape == "table":
        empty = table.table(kind, [], world.clock.now(), wish.include, meta)
    return {"type": "BOOKMARK", "object": empty}


def _seen(world: World, target: Target, wish: Wish, test: selectors.Test, change: Change) -> Obj | None:
    """A change as this watcher sees it: entering or leaving the selection is adding or deleting."""
    kind = kept_as(target.kind)
    if change.kind != kind or (target.namespace and namespace_of(change.after) != target.namespace):
        return None
    was = change.before is not None and test(typed(kind, change.before))
    stays = change.type != "DELETED" and test(typed(kind, change.after))
    if not was and not stays:
        return None
    word = "MODIFIED" if was and stays else "ADDED" if stays else "DELETED"
    return {"type": word, "object": shown(world, target.kind, change.after, wish)}
