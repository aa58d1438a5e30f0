"""``/api/v1/catalog``: registered CodeCollections, their builds and versions, and what pages show of them."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from runstone.catalog import publish
from runstone.catalog.builder import Builder
from runstone.catalog.store import Store
from runstone.control.access import Actor
from runstone.server.auth import may
from runstone.server.state import catalogue

router = APIRouter(prefix="/api/v1/catalog", tags=["catalog"])
Reader = Annotated[Actor, Depends(may("read"))]
Publisher = Annotated[Actor, Depends(may("publish"))]
Shelf = Annotated[Builder, Depends(catalogue)]
_LOOK_S = 0.5
"""Seconds between two looks at a build that is followed; it is saved as often, by whichever process builds."""
_QUIET_S = 15.0


class Registration(BaseModel):
    """A collection to keep up to date; see :class:`runstone.catalog.collection.Registered`."""

    url: str = Field(min_length=1, max_length=2000)
    name: str = Field(default="", max_length=63)
    ref: str = Field(default="", max_length=250)
    path: str = Field(default="", max_length=500)
    poll_s: int = Field(default=0, ge=0, le=31 * 86400)
    hook_key: str = Field(default="", max_length=500)
    strict: bool = False


class Commit(BaseModel):
    """The version to go back to; empty for the one before the current."""

    commit: str = Field(default="", max_length=40)


@router.get("/collections")
async def collections(_: Reader, shelf: Shelf) -> list[dict[str, Any]]:
    """Every registered collection with its newest build."""
    store = shelf.registry.store
    return [await _summary(shelf, store, one.name) for one in await store.collections()]


@router.post("/collections", status_code=201)
async def add(said: Registration, who: Publisher, shelf: Shelf) -> dict[str, Any]:
    """Register a collection and have it built."""
    one = await shelf.registry.add(**said.model_dump(), by=who.name)
    shelf.ask(one.name, who.name)
    return one.model_dump()


@router.get("/collections/{name}")
async def collection(name: str, _: Reader, shelf: Shelf) -> dict[str, Any]:
    """A collection with its newest builds and all its versions, newest first."""
    store = shelf.registry.store
    builds = [one.model_dump() for one in await store.builds(name)]
    versions = [one.model_dump(exclude={"pieces"}) for one in await store.versions(name)]
    return {**await _summary(shelf, store, name), "builds": builds, "versions": versions}


@router.delete("/collections/{name}", status_code=204)
async def remove(name: str, _: Publisher, shelf: Shelf) -> None:
    """Forget a collection with its builds and versions."""
    await shelf.registry.remove(name)


@router.post("/collections/{name}/builds", status_code=202)
async def build(name: str, who: Publisher, shelf: Shelf) -> dict[str, Any]:
    """Have the newest commit built; ``after`` is the number of the newest build so far."""
    await shelf.registry.store.collection(name)
    last = await shelf.registry.store.builds(name, 1)
    shelf.ask(name, who.name, always=True)
    return {"collection": name, "after": last[0].number if last else 0}


@router.get("/collections/{name}/builds/{number}")
async def one_build(name: str, number: int, _: Reader, shelf: Shelf) -> dict[str, Any]:
    """One build, stage by stage."""
    return (await shelf.registry.store.build(name, number)).model_dump()


@router.get("/collections/{name}/builds/{number}/events")
async def follow(name: str, number: int, request: Request, _: Reader, shelf: Shelf) -> StreamingResponse:
    """A build as it changes, as server-sent events; ends with the build."""
    store = shelf.registry.store
    await store.build(name, number)
    return StreamingResponse(_stream(store, name, number, request), media_type="text/event-stream")


@router.post("/collections/{name}/rollback")
async def rollback(name: str, said: Commit, _: Publisher, shelf: Shelf) -> dict[str, Any]:
    """Serve an earlier version until another commit is built."""
    return (await shelf.registry.rollback(name, said.commit)).model_dump(exclude={"pieces"})


@router.get("/collections/{name}/page")
async def page(name: str, _: Reader, shelf: Shelf, commit: str = "") -> dict[str, Any]:
    """A collection's bundles, at a commit or as they are served."""
    return (await publish.collection(shelf.registry.store, name, commit)).model_dump()


@router.get("/collections/{name}/bundles/{bundle}")
async def bundle(name: str, bundle: str, _: Reader, shelf: Shelf, commit: str = "") -> dict[str, Any]:
    """A bundle: its Tasks, README, findings, generation rules and how to use it."""
    return (await publish.bundle(shelf.registry.store, name, bundle, commit)).model_dump()


@router.get("/builds")
async def builds(_: Reader, shelf: Shelf, limit: Annotated[int, Query(ge=1, le=200)] = 20) -> list[dict[str, Any]]:
    """The newest builds of all collections, newest first."""
    store = shelf.registry.store
    found = [build for one in await store.collections() for build in await store.builds(one.name, limit)]
    return [one.model_dump() for one in sorted(found, key=lambda one: one.started_at, reverse=True)[:limit]]


async def _summary(shelf: Builder, store: Store, name: str) -> dict[str, Any]:
    last = await store.builds(name, 1)
    told = {"last_build": last[0].model_dump() if last else None, "problem": shelf.problems.get(name, "")}
    return {**(await store.collection(name)).model_dump(), **told}


async def _stream(store: Store, name: str, number: int, request: Request) -> AsyncIterator[str]:
    before, quiet = "", 0.0
    while not await request.is_disconnected():
        found = await store.build(name, number)
        told = json.dumps(found.model_dump())
        if told != before:
            before, quiet = told, 0.0
            yield f"event: build\ndata: {told}\n\n"
        elif quiet >= _QUIET_S:
            quiet = 0.0
            yield ": still here\n\n"
        if found.state != "running":
            return
        quiet += _LOOK_S
        await asyncio.sleep(_LOOK_S)
