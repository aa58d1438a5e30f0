"""Wakes those who wait for something to happen, inside one process.

It carries no content: a waiter reads the database again. So a missed wake-up costs a poll, never an event.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Generator


class Bell:
    """One waiter's view of a name. What rang since the last :meth:`wait` is not lost."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        """End the wait, now or when it begins."""
        self._event.set()

    async def wait(self, seconds: float) -> bool:
        """Sleep until rung (True) or until ``seconds`` have passed (False)."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            return False
        self._event.clear()
        return True


class Bus:
    """Named bells. Listen first, then read the database, then wait: nothing falls between."""

    def __init__(self) -> None:
        self._bells: dict[str, set[Bell]] = defaultdict(set)

    def ring(self, name: str) -> None:
        """Ring every bell of that name."""
        for bell in self._bells.get(name, ()):
            bell.ring()

    @contextlib.contextmanager
    def listen(self, name: str) -> Generator[Bell]:
        """A bell for ``name``, for as long as the block lasts."""
        bell = Bell()
        self._bells[name].add(bell)
        try:
            yield bell
        finally:
            self._bells[name].discard(bell)
