"""The event table."""

import json
import time
from typing import Any

import sqlalchemy as sa

from runstone.control.clock import Clock, stamp
from runstone.db.bus import Bus
from runstone.db.engine import Connection, Database
from runstone.model.event import Event, EventType

# The number is taken and used in one statement, inside the caller's write transaction: no two events share one.
_ADD = sa.text("""
    INSERT INTO event (workspace, seq, at, type, session, actor, data)
    SELECT :workspace, COALESCE(MAX(seq), 0) + 1, :at, :type, :session, :actor, :data
    FROM event WHERE workspace = :workspace
""")
_AFTER = sa.text("""
    SELECT seq, at, type, session, actor, data FROM event
    WHERE workspace = :workspace AND seq > :seq AND (:session = '' OR session = :session)
    ORDER BY seq LIMIT :limit
""")


class Audit:
    """Where Events are added (within the transaction of what they tell) and read."""

    def __init__(self, database: Database, bus: Bus, clock: Clock, workspace: str) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._workspace = workspace

    async def add(
        self, connection: Connection, type_: EventType, session: str, actor: str, data: dict[str, Any]
    ) -> None:
        """Add one Event in the caller's transaction. Call :meth:`ring` once that has ended."""
        row = {
            "workspace": self._workspace,
            "at": stamp(self._clock.now()),
            "type": type_,
            "session": session,
            "actor": actor,
            "data": json.dumps(data),
        }
        await connection.execute(_ADD, row)

    def ring(self) -> None:
        """Tell those who follow the events that there are new ones."""
        self._bus.ring("events")

    async def after(self, seq: int, session: str = "", limit: int = 500) -> list[Event]:
        """Events with a number above ``seq``, of one session or (empty) of all, oldest first."""
        async with self._database.reading() as connection:
            values = {"workspace": self._workspace, "seq": seq, "session": session, "limit": limit}
            rows = (await connection.execute(_AFTER, values)).mappings().all()
        return [Event(**{**row, "data": json.loads(row["data"])}) for row in rows]

    async def next(self, seq: int, session: str, seconds: float) -> list[Event]:
        """As :meth:`after`, waiting up to ``seconds`` for the first one."""
        end = time.monotonic() + seconds
        with self._bus.listen("events") as bell:
            found = await self.after(seq, session)
            while not found and await bell.wait(max(0.0, end - time.monotonic())):
                found = await self.after(seq, session)
        return found
