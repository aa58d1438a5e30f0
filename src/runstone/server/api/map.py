"""``/api/v1/map``: the Map as it is now, what is near a resource on it, and what changed on it when."""

import asyncio
import datetime as dt
import re
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query

from runstone.control.access import Actor
from runstone.control.clock import stamp
from runstone.control.finding.finder import Found
from runstone.control.workspace import Control
from runstone.control.workspaces import lookup
from runstone.control.workspaces.atlas import Atlas
from runstone.errors import BadInput, NotFound
from runstone.model.resource import Relation, Resource, ResourceRef
from runstone.server.auth import may
from runstone.server.state import control

router = APIRouter(prefix="/api/v1/map", tags=["map"])
Reader = Annotated[Actor, Depends(may("read"))]
Zone = Annotated[Control, Depends(control)]
Direction = Literal["upstream", "downstream", "both"]
Steps = Annotated[int, Query(ge=0, le=10)]
Limit = Annotated[int, Query(ge=1, le=5000)]
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@router.get("")
async def whole(_: Reader, zone: Zone) -> dict[str, Any]:
    """Resources, relations, SLXs with their bound Tasks, and how far discovery read."""
    atlas = await zone.maps.atlas()
    return atlas.map.model_dump(mode="json")


@router.get("/resources")
async def resources(
    _: Reader,
    zone: Zone,
    kind: str = "",
    namespace: str = "",
    health: str = "",
    software: str = "",
    q: str = "",
    limit: Limit = 200,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> dict[str, Any]:
    """Resources in the order of their paths.

    ``software``: the id of what was recognised; ``q``: a part of a name or label.
    """
    atlas = await zone.maps.atlas()
    found = [
        one
        for _, one in sorted(atlas.resources.items())
        if kind in ("", one.ref.kind)
        and namespace in ("", one.ref.namespace)
        and health in ("", one.health)
        and (not software or any(known.id == software for known in one.software))
        and (not q or _has(one, q.lower()))
    ]
    page = [one.model_dump(mode="json") for one in found[offset : offset + limit]]
    return {"total": len(found), "resources": page}


@router.get("/resource")
async def resource(_: Reader, zone: Zone, of: str, namespace: str = "") -> dict[str, Any]:
    """One resource: what it depends on, what depends on it, and the SLXs that care for it.

    ``of``: a path, ``Kind/namespace/name``, ``kind/name`` or a name.
    """
    atlas = await zone.maps.atlas()
    ref = lookup.resource(atlas, of, namespace)
    relations = [one for one in atlas.relations() if ref in (one.source, one.target)]
    return {
        "resource": atlas.resources[ref.path].model_dump(mode="json"),
        "relations": [one.model_dump(mode="json") for one in relations],
        "slxs": [{"name": slx.name, "alias": slx.alias, "statement": slx.statement} for slx in atlas.slxs(ref)],
    }


@router.get("/near")
async def near(
    _: Reader, zone: Zone, of: str, namespace: str = "", steps: Steps = 2, direction: Direction = "upstream"
) -> dict[str, Any]:
    """Everything within ``steps`` relations of a resource, the nearest first, with the way there.

    ``upstream`` is what it depends on, ``downstream`` what depends on it.
    """
    atlas = await zone.maps.atlas()
    ref = lookup.resource(atlas, of, namespace)
    found = [
        {**_summary(atlas, path), "distance": len(way), "direction": which, "way": [_edge(one) for one in way]}
        for which, ways in _ways(atlas, ref, steps, direction)
        for path, way in sorted(ways.items(), key=lambda item: (len(item[1]), item[0]))
        if way
    ]
    return {"of": ref.path, "resources": found}


@router.get("/tasks")
async def tasks(
    _: Reader, zone: Zone, q: str, workspace: str = "", limit: Annotated[int, Query(ge=1, le=100)] = 10
) -> Found:
    """Tasks bound on the Map for a question, an alert or an error's text, best first, with why."""
    if workspace not in ("", zone.workspace):
        raise NotFound(f"There is no workspace {workspace!r} here; this is {zone.workspace!r}.")
    if not q.strip():
        raise BadInput("Say what to search for: ?q=why is checkout slow")
    return await asyncio.to_thread(zone.finder.ask, await zone.maps.atlas(), q, limit)


@router.get("/changes")
async def changes(
    _: Reader,
    zone: Zone,
    near: str = "",
    namespace: str = "",
    steps: Steps = 2,
    since: str = "1h",
    limit: Limit = 200,
) -> dict[str, Any]:
    """What changed since a moment (``90s``, ``1h``, ``7d`` ago, or ISO 8601), the newest first.

    ``near``: only of resources within ``steps`` relations of one, upstream and downstream.
    """
    atlas = await zone.maps.atlas()
    moment = _since(since, zone.maps.now())
    distances: dict[str, int] = {}
    if near:
        ref = lookup.resource(atlas, near, namespace)
        for _which, ways in _ways(atlas, ref, steps, "both"):
            for path, way in ways.items():
                distances[path] = min(len(way), distances.get(path, len(way)))
        distances |= {path: distances[owner] for path, owner in atlas.owned() if owner in distances}
    found = await zone.maps.changes(stamp(moment), limit, distances if near else None)
    return {
        "since": stamp(moment),
        "changes": [
            {**one.model_dump(mode="json"), "said": str(one), "distance": distances.get(one.resource.path)}
            for one in found
            if near or namespace in ("", one.resource.namespace)
        ],
    }


def _ways(
    atlas: Atlas, ref: ResourceRef, steps: int, direction: Direction
) -> list[tuple[str, dict[str, tuple[Relation, ...]]]]:
    start = atlas.canonical(ref)
    wanted = ("upstream", "downstream") if direction == "both" else (direction,)
    return [(which, atlas.ways(start, steps, upstream=which == "upstream")) for which in wanted]


def _summary(atlas: Atlas, path: str) -> dict[str, Any]:
    found = atlas.resources.get(path)
    return {"path": path, "health": found.health if found else "unknown", "summary": found.summary if found else ""}


def _edge(relation: Relation) -> dict[str, str]:
    return {
        "source": relation.source.path,
        "type": relation.type,
        "target": relation.target.path,
        "detail": relation.detail,
    }


def _has(one: Resource, text: str) -> bool:
    return text in one.ref.name.lower() or any(text in f"{key}={value}".lower() for key, value in one.labels.items())


def _since(said: str, now: dt.datetime) -> dt.datetime:
    """A moment. Raises BadInput."""
    ago = re.fullmatch(r"(\d{1,6})([smhd])", said)
    if ago:
        return now - dt.timedelta(seconds=int(ago[1]) * _UNITS[ago[2]])
    try:
        moment = dt.datetime.fromisoformat(said)
    except ValueError as err:
        raise BadInput(f"{said!r} is no moment: write 90s, 1h or 7d for so long ago, or ISO 8601.") from err
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
