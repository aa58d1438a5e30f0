"""Keeping within what Google allows in a minute, so that nothing has to be refused."""

import asyncio
from collections import deque

_WINDOW_S = 60.0


class Pace:
    """At most so many questions in any minute, of all rounds of a platform together."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._asked: deque[float] = deque()

    async def turn(self) -> None:
        """Return as soon as one more may be asked."""
        clock = asyncio.get_running_loop().time
        while pause := self.pause(clock()):  # noqa: ASYNC110  nothing happens meanwhile but time
            await asyncio.sleep(pause)

    def pause(self, now: float) -> float:
        """Seconds until one more may be asked; with none, it counts as asked now."""
        while self._asked and self._asked[0] + _WINDOW_S <= now:
            self._asked.popleft()
        if len(self._asked) >= self._most:
            return self._asked[0] + _WINDOW_S - now
        self._asked.append(now)
        return 0.0
