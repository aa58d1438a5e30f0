"""The tables of SLIs and of what was measured. Moments are seconds since the epoch."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from runstone.control.measures.standing import History
from runstone.db.engine import Connection, Database
from runstone.model.wire import LeaseRequest

OUTCOMES = ("ok", "errored", "lost")
"""As numbers in the table of measurements."""

_PUT = sa.text("""
    INSERT INTO sli (workspace, slx, interval_s, since, due) VALUES (:workspace, :slx, :interval_s, :now, :due)
    ON CONFLICT (workspace, slx) DO UPDATE SET interval_s = excluded.interval_s, due = excluded.due,
    since = CASE WHEN sli.due IS NULL THEN excluded.since ELSE sli.since END
""")
_DROP = sa.text("UPDATE sli SET due = NULL WHERE workspace = :workspace AND slx = :slx")
_PLANNED = sa.text("SELECT slx, interval_s, due FROM sli WHERE workspace = :workspace AND due IS NOT NULL")
_DUE = sa.text("""
    SELECT id, slx, interval_s, due FROM sli WHERE workspace = :workspace AND due <= :now AND run_at IS NULL
    ORDER BY due, id LIMIT :most
""")
_BEGIN = sa.text("""
    UPDATE sli SET run_at = :now, due = :next, late = 0, token = :token, lease_until = :until, runner = :runner,
    instance = :instance, last_seq = 0, pushed = 0, scored = NULL, problem = '', remark = '' WHERE id = :id
""")
_RUNNING = sa.text(
    "SELECT id, interval_s, slx FROM sli WHERE workspace = :workspace AND run_at IS NOT NULL AND due <= :now"
)
_LATE = sa.text("UPDATE sli SET late = 1, due = :next WHERE id = :id")
_ENDED_LEASES = sa.text("""
    SELECT * FROM sli WHERE workspace = :workspace AND run_at IS NOT NULL AND (lease_until < :now
    OR (:location = :here AND runner = :runner AND instance <> :instance))
""")
_SAID = sa.text("""
    UPDATE sli SET lease_until = :until, last_seq = :last_seq, pushed = :pushed, scored = :scored, problem = :problem,
    remark = :remark WHERE id = :id
""")
_END = sa.text("""
    UPDATE sli SET run_at = NULL, late = 0, ended_at = :ended_at, outcome = :outcome, message = :message,
    value = COALESCE(:scored, value), value_at = CASE WHEN :scored IS NULL THEN value_at ELSE :ended_at END
    WHERE id = :id
""")
_KEEP = sa.text("""
    INSERT INTO measurement (sli, at, took_ms, outcome, late, value)
    VALUES (:sli, :at, :took_ms, :outcome, :late, :value)
    ON CONFLICT (sli, at) DO NOTHING
""")
_HELD = sa.text("""
    SELECT COUNT(*) FROM sli WHERE workspace = :workspace AND run_at IS NOT NULL AND runner = :runner
    AND instance = :instance
""")
_ALIVE = sa.text("""
    SELECT EXISTS (SELECT 1 FROM runner WHERE location = :location AND seen_at > :since)
    OR EXISTS (SELECT 1 FROM request WHERE location = :location AND state IN ('leased', 'running')
    AND lease_until > :now)
    OR EXISTS (SELECT 1 FROM sli WHERE workspace = :workspace AND run_at IS NOT NULL AND lease_until > :now)
""")
_ALL = sa.text("SELECT * FROM sli WHERE workspace = :workspace AND due IS NOT NULL ORDER BY slx")
_ONE = sa.text("SELECT * FROM sli WHERE workspace = :workspace AND slx = :slx AND due IS NOT NULL")
# The order of the join is forced: a range of each SLI's own rows, never the whole table.
_TREND = sa.text("""
    SELECT sli.slx AS slx, (measurement.at - :start) / :width AS part, AVG(measurement.value) AS mean
    FROM sli CROSS JOIN measurement ON measurement.sli = sli.id AND measurement.at >= :start AND measurement.at < :end
    WHERE sli.workspace = :workspace AND sli.due IS NOT NULL AND (:only IS NULL OR sli.id = :only)
    AND measurement.value IS NOT NULL GROUP BY sli.id, part
""")
_PRUNE = sa.text("DELETE FROM measurement WHERE sli = :sli AND at < :before")
_FORGET = sa.text("""
    DELETE FROM sli WHERE workspace = :workspace AND due IS NULL AND run_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM measurement WHERE measurement.sli = sli.id)
    AND NOT EXISTS (SELECT 1 FROM series WHERE series.sli = sli.id)
""")


@dataclass(frozen=True)
class Planned:
    """When an SLI is due."""

    slx: str
    interval_s: int
    due: float


@dataclass(frozen=True)
class Due:
    """An SLI that is due and not under way."""

    id: int
    slx: str
    interval_s: int
    due: float


@dataclass(frozen=True)
class Run:
    """A run under way, or (``under_way`` False) over, and what it has said."""

    id: int
    run_at: float | None
    late: bool
    token: str
    last_seq: int
    pushed: int
    scored: float | None
    problem: str
    remark: str


@dataclass(frozen=True)
class Kept:
    """An SLI as it is shown: its history and its last score."""

    id: int
    slx: str
    history: History
    value: float | None
    value_at: float | None


class Slis:
    """The SLIs of one workspace as rows. Whoever calls holds the transaction."""

    def __init__(self, workspace: str) -> None:
        self._who = {"workspace": workspace}

    async def planned(self, connection: Connection) -> dict[str, Planned]:
        """All SLIs on the Map that are measured, by SLX."""
        rows = (await connection.execute(_PLANNED, self._who)).mappings()
        return {row["slx"]: Planned(**row) for row in rows}

    async def plan(self, connection: Connection, wanted: Iterable[Planned], gone: Iterable[str], now: float) -> None:
        """Set when the ``wanted`` ones are due; those of the SLXs in ``gone`` are measured no more."""
        puts = [{**self._who, **vars(one), "now": now} for one in wanted]
        drops = [{**self._who, "slx": slx} for slx in gone]
        if puts:
            await connection.execute(_PUT, puts)
        if drops:
            await connection.execute(_DROP, drops)

    async def due(self, connection: Connection, now: float, most: int) -> list[Due]:
        """What is due and not under way, the longest waiting first."""
        rows = (await connection.execute(_DUE, {**self._who, "now": now, "most": most})).mappings()
        return [Due(**row) for row in rows]

    async def begin(self, connection: Connection, id_: int, ask: LeaseRequest, more: dict[str, Any]) -> None:
        """Lease one to a runner. ``more``: now, next, token, until."""
        await connection.execute(_BEGIN, {"id": id_, "runner": ask.runner, "instance": ask.instance, **more})

    async def overtaken(self, connection: Connection, now: float) -> list[Due]:
        """Those still under way while the next is due."""
        rows = (await connection.execute(_RUNNING, {**self._who, "now": now})).mappings()
        return [Due(**row, due=now) for row in rows]

    async def late(self, connection: Connection, id_: int, following: float) -> None:
        """Mark a run under way as late; the next is due at ``following``."""
        await connection.execute(_LATE, {"id": id_, "next": following})

    async def ended_leases(self, connection: Connection, ask: LeaseRequest, here: str, now: float) -> list[Run]:
        """Runs whose runner gave no sign of life, or came back under another instance name."""
        values = {**self._who, "now": now, "here": here, "location": ask.location, "runner": ask.runner}
        rows = (await connection.execute(_ENDED_LEASES, {**values, "instance": ask.instance})).mappings()
        return [_run(row) for row in rows]

    async def run(self, connection: Connection, id_: int) -> Run | None:
        """One SLI's run by the SLI's id."""
        row = (await connection.execute(sa.text("SELECT * FROM sli WHERE id = :id"), {"id": id_})).mappings().first()
        return _run(row) if row else None

    async def said(self, connection: Connection, run: Run, until: float) -> None:
        """Keep what a run has said so far; its lease lasts until ``until``."""
        await connection.execute(_SAID, {**vars(run), "until": until})

    async def end(self, connection: Connection, run: Run, at: float, outcome: str, message: str) -> None:
        """End a run, and keep the measurement."""
        began = at if run.run_at is None else run.run_at
        row = {"id": run.id, "ended_at": at, "outcome": outcome, "message": message, "scored": run.scored}
        await connection.execute(_END, row)
        kept = {"sli": run.id, "at": round(began * 1000), "took_ms": round((at - began) * 1000), "value": run.scored}
        await connection.execute(_KEEP, {**kept, "outcome": OUTCOMES.index(outcome), "late": int(run.late)})

    async def held(self, connection: Connection, ask: LeaseRequest) -> int:
        """How many measurements a runner has under way."""
        values = {**self._who, "runner": ask.runner, "instance": ask.instance}
        return int((await connection.execute(_HELD, values)).scalar_one())

    async def alive(self, connection: Connection, location: str, now: float, within_s: float) -> bool:
        """Whether a runner of the Location asked for work in the last seconds, or is at work."""
        values = {**self._who, "location": location, "since": now - within_s, "now": now}
        return bool((await connection.execute(_ALIVE, values)).scalar_one())

    async def all(self, connection: Connection) -> list[Kept]:
        """Every SLI on the Map."""
        return [_kept(row) for row in (await connection.execute(_ALL, self._who)).mappings()]

    async def one(self, connection: Connection, slx: str) -> Kept | None:
        """One SLI on the Map."""
        row = (await connection.execute(_ONE, {**self._who, "slx": slx})).mappings().first()
        return _kept(row) if row else None

    async def trends(
        self, connection: Connection, window: tuple[int, int], parts: int, only: int | None = None
    ) -> dict[str, list[float | None]]:
        """Mean scores in ``parts`` equal parts of a window (milliseconds), by SLX; ``only`` one SLI by its id."""
        start, end = window
        width = max(1, -(-(end - start) // parts))
        values = {**self._who, "start": start, "end": end, "width": width, "only": only}
        found: dict[str, list[float | None]] = {}
        for row in (await connection.execute(_TREND, values)).mappings():
            found.setdefault(row["slx"], [None] * parts)[row["part"]] = row["mean"]
        return found


async def prune(database: Database, workspace: str, before_ms: int) -> int:
    """Delete measurements from before a moment, and SLIs that have left the Map and have nothing left."""
    who = {"workspace": workspace}
    async with database.transaction() as connection:
        rows = await connection.execute(sa.text("SELECT id FROM sli WHERE workspace = :workspace"), who)
        gone = 0
        for row in rows.all():
            gone += (await connection.execute(_PRUNE, {"sli": row.id, "before": before_ms})).rowcount
        await connection.execute(_FORGET, who)
    return gone


def _run(row: sa.RowMapping) -> Run:
    return Run(
        id=row["id"],
        run_at=row["run_at"],
        late=bool(row["late"]),
        token=row["token"],
        last_seq=row["last_seq"],
        pushed=row["pushed"],
        scored=row["scored"],
        problem=row["problem"],
        remark=row["remark"],
    )


def _kept(row: sa.RowMapping) -> Kept:
    history = History(
        interval_s=row["interval_s"],
        since=row["since"],
        due=row["due"],
        run_at=row["run_at"],
        late=bool(row["late"]),
        ended_at=row["ended_at"],
        outcome=row["outcome"],
        message=row["message"],
    )
    return Kept(id=row["id"], slx=row["slx"], history=history, value=row["value"], value_at=row["value_at"])
