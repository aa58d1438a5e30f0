"""Builds in the background: what webhooks, people and the clock ask for, one after the other."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from runstone.catalog.registry import Registry
from runstone.errors import Conflict, RunstoneError

log = structlog.get_logger()


@dataclass
class Builder:
    """A queue of collections by name; each stands in it once, however often it is asked for.

    ``problems`` says of a collection why the last look at it or its last build came to nothing.
    """

    registry: Registry
    clock: Callable[[], float] = time.monotonic
    problems: dict[str, str] = field(default_factory=dict[str, str])
    _wanted: dict[str, tuple[str, bool]] = field(default_factory=dict[str, tuple[str, bool]])
    _busy: dict[str, tuple[str, bool]] = field(default_factory=dict[str, tuple[str, bool]])
    """What is asked for again in the next round."""
    _looked: dict[str, float] = field(default_factory=dict[str, float])
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def ask(self, name: str, reason: str, always: bool = False) -> None:
        """Have a collection's newest commit built. Without ``always`` one that was built or failed is left alone."""
        _, before = self._wanted.get(name, ("", False))
        self._wanted[name] = reason, always or before
        self._news.set()

    async def look(self) -> None:
        """Ask for every collection whose last look is as long ago as it wants."""
        for one in await self.registry.store.collections():
            if one.poll_s and self.clock() - self._looked.get(one.name, float("-inf")) >= one.poll_s:
                self.ask(one.name, "poll")

    async def work(self) -> None:
        """Build what is asked for until nothing is."""
        while self._wanted:
            name, (reason, always) = next(iter(self._wanted.items()))
            del self._wanted[name]
            self._looked[name] = self.clock()
            await self._one(name, reason, always)
        await self.registry.rest()

    async def run(self, look_s: float = 15.0) -> None:
        """Build for ever, and look at the clock every so many seconds."""
        while True:
            self._news.clear()
            await self._round()
            try:
                async with asyncio.timeout(look_s):
                    await self._news.wait()
            except TimeoutError:
                continue

    async def _round(self) -> None:
        for name, (reason, always) in self._busy.items():
            self.ask(name, reason, always)
        self._busy.clear()
        try:
            await self.look()
            await self.work()
        except Exception:
            log.exception("the catalogue could not be looked through")

    async def _one(self, name: str, reason: str, always: bool) -> None:
        build = self.registry.build if always else self.registry.update
        try:
            found = await build(name, reason)
        except Conflict as err:
            # Another process builds it, and may have begun before what was pushed now.
            self._busy[name] = reason, always
            self.problems[name] = str(err)
            return
        except RunstoneError as err:
            self.problems[name] = str(err)
            log.warning("not built", collection=name, problem=str(err))
            return
        except Exception as err:
            self.problems[name] = f"Looking at it broke ({type(err).__name__}). See the server's log."
            log.exception("not built", collection=name)
            return
        if found is not None and found.state != "built":
            self.problems[name] = found.problem
        else:
            self.problems.pop(name, None)
