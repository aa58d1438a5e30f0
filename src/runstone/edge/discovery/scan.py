"""A round of discovery: platforms to readings, to resources and relations, to SLXs, to what is new for home.

All platforms are read at once. What is read first leaves first: as soon as the kinds that questions name are there, the
Map as known so far is worked out and only what differs from what home has is sent. A platform that fails stops no other
one; what it had stays on the Map.
"""

import asyncio
import contextlib
import datetime as dt
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from runstone.connectors.platforms import Batch, Platform
from runstone.edge.discovery.binding import Bindings
from runstone.edge.discovery.inventory import Inventory
from runstone.edge.discovery.news import News, news
from runstone.edge.discovery.picture import Picture
from runstone.edge.discovery.render import Setting
from runstone.errors import Broken, RunstoneError
from runstone.model.content import CodeCollection, Finding
from runstone.model.resource import ScopeReading
from runstone.model.wire import MapUpdate

log = structlog.get_logger()
_FIRST = ("Namespace", "Deployment", "StatefulSet", "DaemonSet", "Service", "Ingress", "PersistentVolumeClaim", "Pod")
_PATIENCE_S = (1.0, 2.0, 4.0, 8.0, 16.0)
"""How long to wait for more before what is there leaves: each piece costs a look at everything read so far."""


@dataclass(frozen=True)
class _Told:
    """One thing a platform told: a batch, its end (neither), or why it cannot be read."""

    picture: Picture
    batch: Batch | None = None
    error: RunstoneError | None = None


class Scanner:
    """Discovery of one Location."""

    def __init__(
        self,
        platforms: Sequence[Platform],
        collections: Sequence[tuple[CodeCollection, Path]],
        *,
        workspace: str,
        location: str,
        custom: Mapping[str, Any],
        inventory: Inventory,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        """``collections``: what was parsed, and the folder it is in. ``custom``: variables of rules and templates."""
        self._pictures = [Picture(platform, inventory.kept(platform.name)) for platform in platforms]
        self._bindings = Bindings(collections, Setting(workspace, location, custom))
        self._location = location
        self._inventory = inventory
        self._now = now

    @property
    def findings(self) -> list[Finding]:
        """What is wrong with rules and templates, by file and resource, as of the last look."""
        return self._bindings.findings()

    def forget(self) -> None:
        """Home may have missed something: send everything next time."""
        self._inventory.forget()
        for picture in self._pictures:
            picture.stirred = True

    async def updates(self, focus: tuple[str, ...] = ()) -> AsyncGenerator[MapUpdate]:
        """What is new for home, in a few pieces; the last one has ``final`` set.

        ``focus``: kinds such as ``Deployment``; the first piece leaves when these were read. Raises Unreachable,
        Forbidden or BadInput after all else was sent when not one platform could be read.
        """
        feed: asyncio.Queue[_Told] = asyncio.Queue(maxsize=32)
        readers = [asyncio.create_task(self._read(picture, feed)) for picture in self._pictures]
        try:
            async for update in self._round(feed, focus or _FIRST):
                yield update
        finally:
            for reader in readers:
                reader.cancel()
            await asyncio.gather(*readers, return_exceptions=True)

    async def _read(self, picture: Picture, feed: asyncio.Queue[_Told]) -> None:
        """One platform's batches into the feed, then its end or its failure."""
        picture.begin()
        try:
            async with contextlib.aclosing(picture.platform.read(self._bindings.custom_types())) as batches:
                async for batch in batches:
                    await feed.put(_Told(picture, batch))
            await feed.put(_Told(picture))
        except RunstoneError as err:
            await feed.put(_Told(picture, error=err))
        except Exception as err:
            # The edge of a loop: a connector's fault must not stop the other platforms; it is told as an unread scope.
            log.exception("platform failed", platform=picture.platform.name)
            said = f"Reading {picture.platform.name} failed unexpectedly: {type(err).__name__}: {err}"
            await feed.put(_Told(picture, error=Broken(said)))

    async def _round(self, feed: asyncio.Queue[_Told], first: Sequence[str]) -> AsyncIterator[MapUpdate]:
        waiting = {id(picture) for picture in self._pictures}
        errors: list[RunstoneError] = []
        patience = iter(_PATIENCE_S)
        due = time.monotonic() + next(patience)
        complete = False
        while waiting:
            told = await _next(feed, due)
            if told is not None:
                self._take(told, waiting, errors)
            early = not complete and all(picture.told(first) for picture in self._pictures)
            if waiting and (told is None or early):
                complete = complete or early
                due = time.monotonic() + next(patience, _PATIENCE_S[-1])
                for piece in await self._news([picture for picture in self._pictures if picture.stirred]):
                    yield self._update(piece, final=False)
                    self._delivered(piece)
        async for update in self._last(errors):
            yield update

    async def _last(self, errors: list[RunstoneError]) -> AsyncIterator[MapUpdate]:
        """What is still unsaid, as one final update; or the reason why nothing could be read."""
        pieces = await self._news(self._pictures)  # all: health changes with time alone, too
        nothing = bool(errors) and len(errors) == len(self._pictures)
        unread = [
            reading for picture in self._pictures for reading in picture.readings() if not reading.complete
        ]  # said again each round: whoever looks at the last update alone sees what it could not see
        yield self._update(News.joined(pieces), final=not nothing, unread=unread)
        for piece in pieces:
            self._delivered(piece)
        for picture in self._pictures:
            await asyncio.to_thread(self._inventory.keep, picture.platform.name, picture.batches)
        if nothing:
            raise errors[0]

    def _take(self, told: _Told, waiting: set[int], errors: list[RunstoneError]) -> None:
        if told.batch is not None:
            told.picture.take(told.batch)
            return
        waiting.discard(id(told.picture))
        if told.error is None:
            told.picture.end()
            return
        log.warning("platform not read", platform=told.picture.platform.name, problem=str(told.error))
        told.picture.unreachable(str(told.error))
        errors.append(told.error)

    async def _news(self, pictures: Sequence[Picture]) -> list[News]:
        """Worked out beside the event loop: on a large cluster it takes seconds, and others live in this process."""
        pieces: list[News] = []
        for picture in pictures:
            picture.stirred = False
            known = self._inventory.digests(picture.platform.name)
            piece = await asyncio.to_thread(news, picture, self._bindings, known, self._now())
            if piece.digests or piece.gone:
                pieces.append(piece)
        return pieces

    def _delivered(self, piece: News) -> None:
        """Home took it: only then is it known there."""
        self._inventory.sent(piece.platform, piece.digests, piece.gone)

    def _update(self, piece: News, *, final: bool, unread: Sequence[ScopeReading] = ()) -> MapUpdate:
        said = {reading.scope: reading for reading in (*unread, *piece.readings)}
        return MapUpdate(
            location=self._location,
            final=final,
            readings=tuple(said.values()),
            resources=piece.resources,
            relations=piece.relations,
            slxs=piece.slxs,
            slxs_gone=piece.slxs_gone,
        )


async def _next(feed: asyncio.Queue[_Told], due: float) -> _Told | None:
    """The next thing told, or None when nothing came until ``due``."""
    if not feed.empty():
        return feed.get_nowait()
    try:
        return await asyncio.wait_for(feed.get(), max(0.0, due - time.monotonic()))
    except TimeoutError:
        return None
