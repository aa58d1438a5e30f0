"""The edge as one: discovery and runner side by side, both speaking only to home."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import structlog

from runstone.edge.discovery.scan import Scanner
from runstone.edge.home import Home
from runstone.edge.runner.agent import Runner
from runstone.errors import RunstoneError
from runstone.model.wire import MapAnswer, MapUpdate

log = structlog.get_logger()


async def _nothing() -> None:
    pass


@dataclass
class Edge:
    """Scan, send, watch; and run Tasks meanwhile."""

    home: Home
    scanner: Scanner
    runner: Runner
    every_s: float = 30.0
    """Between two readings of what cannot be watched."""
    renew: Callable[[], None] = lambda: None
    """Called now and then: puts fresh access to the platforms where Tasks find it, since tokens expire."""
    prepare: Callable[[], Coroutine[Any, Any, None]] = _nothing
    """Run once from the start, beside the rest: builds what the collections need, so that no run waits for it."""

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.prepare())
            group.create_task(self.runner.run())
            group.create_task(self._discover())
            group.create_task(self._renewed())

    async def _discover(self) -> None:
        while True:
            try:
                await self.scan()
                await self.scanner.follow(self._send, self.every_s)
            except RunstoneError as err:
                log.warning("discovery stopped", problem=str(err), again_in_s=self.every_s)
            await asyncio.sleep(self.every_s)

    async def _renewed(self) -> None:
        """Tasks find fresh access to the platforms all the time."""
        while True:
            await asyncio.sleep(self.every_s)
            await asyncio.to_thread(self.renew)

    async def scan(self) -> None:
        """One round of discovery, sent home piece by piece."""
        self.renew()
        await self.scanner.scan(self._send)

    async def _send(self, update: MapUpdate) -> MapAnswer:
        return await self.home.map_update(update)
