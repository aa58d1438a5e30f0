"""Discovery at work: platforms to pictures, to what is new for home, sent as it comes.

A round reads all platforms at once. What is read first leaves first: as soon as the kinds that questions name are
there, the Map as known so far is worked out and only what differs from what home has is sent. After a round, platforms
that can be watched tell each change as it happens; the others are read again. A platform that fails stops no other one;
what it had stays on the Map.
"""

import asyncio
import contextlib
import datetime as dt
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from runstone.connectors.platforms import Batch, Change, Platform
from runstone.edge.discovery.binding import Rules, Source
from runstone.edge.discovery.documents import Setting
from runstone.edge.discovery.inventory import Inventory
from runstone.edge.discovery.levels import Levels, Wanted
from runstone.edge.discovery.news import Difference, News
from runstone.edge.discovery.picture import Picture
from runstone.errors import Broken, RunstoneError
from runstone.model.content import Finding
from runstone.model.wire import MapAnswer, MapUpdate

log = structlog.get_logger()
Send = Callable[[MapUpdate], Awaitable[MapAnswer]]
_FIRST = ("Namespace", "Deployment", "StatefulSet", "DaemonSet", "Service", "Ingress", "PersistentVolumeClaim", "Pod")
_PATIENCE_S = (1.0, 2.0, 4.0, 8.0, 16.0)
"""How long a round waits for more before what is there leaves: each piece costs a look at what was read so far."""
_SETTLE_S = 0.15
"""How long a watch waits for more of the same change: a rollout touches a dozen objects at once."""
_RESYNC_S = 600.0
"""How often what is watched is read anew all the same: for types that are new, and for what a watch may have missed."""
_LONGEST_PAUSE_S = 60.0


@dataclass(frozen=True)
class _Told:
    """One thing a platform told: a batch, a change, the end of its reading (none of them), or why it cannot be read."""

    news: News
    piece: Batch | Change | None = None
    error: RunstoneError | None = None


class Scanner:
    """Discovery of one Location."""

    def __init__(
        self,
        platforms: Sequence[Platform],
        sources: Sequence[Source],
        *,
        setting: Setting,
        inventory: Inventory,
        wanted: Mapping[str, Wanted] | None = None,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        """``sources``: the rules of collections. ``wanted``: what is asked for of a platform, by its name."""
        self._rules = Rules(sources, setting)
        self._setting = setting
        self._inventory = inventory
        self._now = now
        self._news = [self._begun(platform, (wanted or {}).get(platform.name)) for platform in platforms]

    def _begun(self, platform: Platform, wanted: Wanted | None) -> News:
        platform.salt = self._inventory.salt
        picture = Picture(platform, self._inventory.kept(platform.name))
        levels = Levels(platform.family, wanted)
        return News(picture, self._rules, levels, self._inventory.digests(platform.name))

    @property
    def findings(self) -> list[Finding]:
        """What is wrong with rules and templates, by file and resource, as of the last look."""
        return [*self._rules.findings, *(one for news in self._news for one in news.bound.findings())]

    async def scan(self, send: Send, focus: tuple[str, ...] = ()) -> None:
        """One round of all platforms, sent in a few pieces; the last one of each platform is ``final``.

        ``focus``: kinds such as ``Deployment``; the first piece leaves when these were read. Raises what ``send`` does,
        and after all else Unreachable, Forbidden or BadInput when not one platform could be read.
        """
        feed: asyncio.Queue[_Told] = asyncio.Queue(maxsize=32)
        readers = [asyncio.create_task(self._read(news, feed)) for news in self._news]
        try:
            await self._round(feed, focus or _FIRST, send)
        finally:
            await _cancelled(readers)

    async def follow(self, send: Send, every_s: float) -> None:
        """After a round: watch, or read again every ``every_s`` seconds what cannot be watched, until cancelled."""
        feed: asyncio.Queue[_Told] = asyncio.Queue(maxsize=1000)
        readers = [asyncio.create_task(self._live(news, feed, every_s)) for news in self._news]
        pause = 1.0
        try:
            while True:
                ended = await self._settled(feed)
                try:
                    for news in self._news:
                        if news in ended or news.picture.stirred:
                            await self._tell(news, send, final=news in ended)
                    pause = 1.0
                except RunstoneError as err:
                    # Nothing is lost: what home did not take is told again.
                    log.warning("map not sent", problem=str(err), again_in_s=pause)
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, _LONGEST_PAUSE_S)
        finally:
            await _cancelled(readers)

    async def _settled(self, feed: asyncio.Queue[_Told]) -> list[News]:
        """Take in what comes, until it is quiet for a moment; returns the platforms whose reading has ended."""
        told: _Told | None = await feed.get()
        until = time.monotonic() + 4 * _SETTLE_S
        ended: list[News] = []
        while told is not None:
            if self._take(told):
                ended.append(told.news)
            told = await _next(feed, min(until, time.monotonic() + _SETTLE_S))
        return ended

    async def _live(self, news: News, feed: asyncio.Queue[_Told], every_s: float) -> None:
        """One platform's changes into the feed, read anew now and then; never ends."""
        pause = 1.0
        while True:
            began = time.monotonic()
            try:
                async with asyncio.timeout(_RESYNC_S):
                    await self._watch(news, feed)
            except TimeoutError:
                pass
            except RunstoneError as err:
                log.info("watch ended", platform=news.picture.platform.name, problem=str(err), again_in_s=pause)
            watched_s = time.monotonic() - began
            pause = 1.0 if watched_s > _LONGEST_PAUSE_S else min(2 * pause, _LONGEST_PAUSE_S)
            await asyncio.sleep(max(every_s - watched_s, 0) if watched_s < 1 else pause)
            await self._read(news, feed)

    async def _watch(self, news: News, feed: asyncio.Queue[_Told]) -> None:
        types = self._rules.custom_types(news.picture.platform.family)
        async with contextlib.aclosing(news.picture.platform.watch(types)) as pieces:
            async for piece in pieces:
                await feed.put(_Told(news, piece))

    async def _read(self, news: News, feed: asyncio.Queue[_Told]) -> None:
        """One platform's batches into the feed, then its end or its failure."""
        platform = news.picture.platform
        news.picture.begin()
        try:
            async with contextlib.aclosing(platform.read(self._rules.custom_types(platform.family))) as batches:
                async for batch in batches:
                    await feed.put(_Told(news, batch))
            await feed.put(_Told(news))
        except RunstoneError as err:
            await feed.put(_Told(news, error=err))
        except Exception as err:
            # The edge of a loop: a connector's fault must not stop the other platforms; it is told as an unread scope.
            log.exception("platform failed", platform=platform.name)
            said = f"Reading {platform.name} failed unexpectedly: {type(err).__name__}: {err}"
            await feed.put(_Told(news, error=Broken(said)))

    async def _round(self, feed: asyncio.Queue[_Told], first: Sequence[str], send: Send) -> None:
        waiting = {id(news) for news in self._news}
        errors: list[RunstoneError] = []
        patience = iter(_PATIENCE_S)
        due = time.monotonic() + next(patience)
        complete = False
        while waiting:
            told = await _next(feed, due)
            if told is not None and self._take(told):
                waiting.discard(id(told.news))
                errors += [told.error] if told.error else []
                await self._tell(told.news, send, final=True)
                continue
            early = not complete and all(news.picture.told(first) for news in self._news)
            if told is None or early:
                complete = complete or early
                due = time.monotonic() + next(patience, _PATIENCE_S[-1])
                for news in self._news:
                    if id(news) in waiting and news.picture.stirred:
                        await self._tell(news, send, final=False)
        if errors and len(errors) == len(self._news):
            raise errors[0]

    def _take(self, told: _Told) -> bool:
        """Take in one thing; whether it ends the reading of its platform."""
        picture = told.news.picture
        if isinstance(told.piece, Batch):
            picture.take(told.piece)
        elif isinstance(told.piece, Change):
            picture.change(told.piece)
        elif told.error is None:
            picture.end()
        else:
            log.warning("platform not read", platform=picture.platform.name, problem=str(told.error))
            picture.unreachable(str(told.error))
        return told.piece is None

    async def _tell(self, news: News, send: Send, *, final: bool) -> None:
        """Send what is new of one platform; all of it when home turns out not to have what it was thought to have.

        Worked out beside the event loop: on a large cluster it takes seconds, and others live in this process.
        """
        picture = news.picture
        again = True
        while again:
            picture.stirred = False
            difference = await asyncio.to_thread(news.look, self._now())
            last = final and not difference.more
            whole = not difference.base and picture.whole
            if not difference and not last:
                break
            answer = await self._sent(news, difference, send, final=last or whole)
            if answer.fits:
                news.delivered(difference)
                self._inventory.sent(picture.platform.name, difference.digests)
                again = difference.more
            elif not difference.base:
                # Home has something of this platform, and we know only a part of it yet: the end of the round decides.
                picture.stirred = True
                break
            else:
                log.info("map sent whole", platform=picture.platform.name, held=answer.held)
                news.forget()
                self._inventory.forget(picture.platform.name)
        if final:
            await asyncio.to_thread(self._keep, picture)

    async def _sent(self, news: News, difference: Difference, send: Send, *, final: bool) -> MapAnswer:
        update = MapUpdate(
            location=self._setting.location,
            platform=news.picture.platform.name,
            platforms=tuple(one.picture.platform.name for one in self._news),
            base=difference.base,
            digest=difference.digest,
            final=final,
            readings=difference.readings,
            scopes_gone=difference.scopes_gone,
            resources=difference.resources,
            gone=difference.gone,
            related=difference.related,
            slxs=difference.slxs,
            slxs_gone=difference.slxs_gone,
        )
        try:
            return await send(update)
        except RunstoneError:
            news.picture.stirred = True
            raise

    def _keep(self, picture: Picture) -> None:
        changed, picture.changed = picture.changed, set()
        self._inventory.keep(picture.platform.name, picture.scopes, picture.batches(changed))


async def _next(feed: asyncio.Queue[_Told], due: float) -> _Told | None:
    """The next thing told, or None when nothing came until ``due``."""
    if not feed.empty():
        return feed.get_nowait()
    try:
        async with asyncio.timeout(max(0.0, due - time.monotonic())):
            return await feed.get()
    except TimeoutError:
        return None


async def _cancelled(tasks: Iterable[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
