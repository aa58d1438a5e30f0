"""How every SLI stands, for those who look: last score, trend, series, and whether that can be relied on."""

import datetime as dt

from runstone.control.clock import Clock, stamp
from runstone.control.measures.standing import standing
from runstone.control.measures.store import Kept, Slis
from runstone.control.series import store as series
from runstone.control.workspaces.store import Maps
from runstone.db.engine import Connection, Database
from runstone.errors import NotFound
from runstone.model.measure import Detail, Point, Reading
from runstone.model.workspace import SLX

RUNNER_SEEN_S = 60.0
"""A runner that has not asked for work for so long, and is not at work, is taken for gone."""
TREND = 16
"""Parts of a trend."""


class Board:
    """The SLIs of one workspace, to be read."""

    def __init__(self, database: Database, clock: Clock, maps: Maps, workspace: str, location: str) -> None:
        self._database = database
        self._clock = clock
        self._maps = maps
        self._location = location
        self._slis = Slis(workspace)

    async def readings(self, window_s: float) -> list[Reading]:
        """Every SLI on the Map with its trend over the last ``window_s`` seconds."""
        atlas, now = await self._maps.atlas(), self._clock.now()
        window = _window(now, window_s)
        async with self._database.reading() as connection:
            alive = await self._alive(connection)
            kept = await self._slis.all(connection)
            trends = await self._slis.trends(connection, window, TREND)
        pairs = [(one, slx) for one in kept if (slx := atlas.slx(one.slx))]
        return [self._reading(one, slx, now, alive, trends.get(one.slx, [])) for one, slx in pairs]

    async def detail(self, name: str, window_s: float, sub_name: str | None, buckets: int) -> Detail:
        """One SLI with its series of the last ``window_s`` seconds, read as by ``series.store``. Raises NotFound."""
        slx, now = (await self._maps.atlas()).slx(name), self._clock.now()
        window = _window(now, window_s)
        async with self._database.reading() as connection:
            kept = await self._slis.one(connection, name)
            if slx is None or kept is None:
                raise NotFound(f"{_absent(name, slx)} List those that are measured with: runstone sli")
            trends = await self._slis.trends(connection, window, TREND, kept.id)
            found = await series.read(connection, kept.id, window, sub_name, buckets)
            reading = self._reading(kept, slx, now, await self._alive(connection), trends.get(name, []))
        start, end = (_stamp(moment / 1000) for moment in window)
        return Detail(reading=reading, start=start, end=end, series=found)

    def _reading(self, one: Kept, slx: SLX, now: dt.datetime, alive: bool, trend: list[float | None]) -> Reading:
        history = one.history
        stands, reason = standing(history, now.timestamp(), self._location, alive)
        return Reading(
            slx=one.slx,
            alias=slx.alias,
            subject=slx.resources[0],
            interval_s=history.interval_s,
            standing=stands,
            reason=reason,
            since=_stamp(history.since),
            due=_stamp(history.due),
            ended_at=None if history.ended_at is None else _stamp(history.ended_at),
            last=None if one.value is None or one.value_at is None else Point(at=_stamp(one.value_at), value=one.value),
            trend=tuple(trend or [None] * TREND),
        )

    async def _alive(self, connection: Connection) -> bool:
        return await self._slis.alive(connection, self._location, self._clock.monotonic(), RUNNER_SEEN_S)


def _window(now: dt.datetime, window_s: float) -> tuple[int, int]:
    """Milliseconds: the last ``window_s`` seconds, and the next: numbers of one moment are kept after each other."""
    end = round(now.timestamp() * 1000) + 1000
    return end - round(window_s * 1000), end


def _absent(name: str, slx: SLX | None) -> str:
    if slx is None:
        return f"There is no SLX {name!r} on the Map."
    return f"SLX {name!r} is not measured" + ("; it has no SLI." if slx.sli is None else " yet; it is new on the Map.")


def _stamp(moment: float) -> str:
    return stamp(dt.datetime.fromtimestamp(moment, dt.UTC))
