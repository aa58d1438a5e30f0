"""The edge as one: discovery and runner side by side, both speaking only to home."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import structlog

from runstone.edge.discovery.scan import Scanner
from runstone.edge.home import Home
from runstone.edge.runner.agent import Runner
from runstone.errors import RunstoneError

log = structlog.get_logger()


async def _nothing() -> None:
    pass


@dataclass
class Edge:
    """Scan, send, wait, again; and run Tasks meanwhile."""

    home: Home
    scanner: Scanner
    runner: Runner
    every_s: float = 30.0
    """Between two rounds of discovery."""
    renew: Callable[[], None] = lambda: None
    """Called before every round: puts fresh access to the platforms where Tasks find it, since tokens expire."""
    prepare: Callable[[], Coroutine[Any, Any, None]] = _nothing
    """Run once from the start, beside the rest: builds what the collections need, so that no run waits for it."""

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.prepare())
            group.create_task(self.runner.run())
            group.create_task(self._discover())

    async def _discover(self) -> None:
        while True:
            try:
                await self.scan()
            except RunstoneError as err:
                log.warning("discovery stopped", problem=str(err), again_in_s=self.every_s)
            await asyncio.sleep(self.every_s)

    async def scan(self) -> None:
        """One round of discovery, sent home piece by piece; sent whole next time if home did not take it."""
        self.renew()
        try:
            async with contextlib.aclosing(self.scanner.updates()) as updates:
                async for update in updates:
                    await self.home.map_update(update)
        except RunstoneError:
            self.scanner.forget()
            raise
