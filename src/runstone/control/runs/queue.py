"""Offer, lease, follow, complete, lose: the life of a RunRequest between the zones.

A lease is an offer until the runner's first sign of life: unanswered it ends in seconds. A new poll of the same runner
under another instance name takes back what the older instance held. What is lost is offered again as a marked retry
with only the Tasks that had not ended, except a change: that is never repeated by itself.

A person's work comes before measurements: they begin while no session is at work, in the slots that are left, and of a
runner with several never in the last one. One that has waited for too long begins all the same.
"""

import itertools
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import sqlalchemy as sa

from runstone.control.audit.store import Audit
from runstone.control.clock import Clock, stamp, token
from runstone.control.measures.meter import Meter
from runstone.control.workspaces.store import Maps
from runstone.db.bus import Bus
from runstone.db.engine import Connection, Database
from runstone.errors import Conflict, NotFound
from runstone.model.event import EventType
from runstone.model.run import RunRequest, TaskRun
from runstone.model.wire import FIRST_SIGN_S, TTL_S, Completion, Lease, LeaseRequest, Progress, ProgressReport

MAX_ATTEMPTS = 3
OUTPUT_CAP = 256 * 1024
"""Characters of a Task's output that are kept here."""

MOST_ISSUES = 200
"""Issues, and notes, of one TaskRun that are kept; a Task that says more says nothing."""

_SEEN = sa.text("""
    INSERT INTO runner (location, name, instance, seen_at) VALUES (:location, :runner, :instance, :now)
    ON CONFLICT (location, name) DO UPDATE SET instance = excluded.instance, seen_at = excluded.seen_at
""")
_ENDED_LEASES = sa.text("""
    SELECT id, session, body, attempt FROM request WHERE state IN ('leased', 'running') AND (lease_until < :now
    OR (location = :location AND runner = :runner AND instance <> :instance))
""")
_OFFERED = sa.text("""
    SELECT id, session, slx, body, attempt FROM request WHERE location = :location AND state = 'offered'
    ORDER BY offered_at, id LIMIT :free
""")
_BUSY = sa.text("""
    SELECT COUNT(*) FROM request WHERE location = :location AND state IN ('leased', 'running') AND runner = :runner
    AND instance = :instance
""")
_PEOPLE = sa.text("SELECT EXISTS (SELECT 1 FROM session WHERE state IN ('open', 'running', 'waiting'))")
_TAKE = sa.text("""
    UPDATE request SET state = 'leased', token = :token, lease_until = :until, runner = :runner, instance = :instance,
    last_seq = 0 WHERE id = :id AND state = 'offered'
""")
_HELD = sa.text("SELECT id, session, body, state, attempt, last_seq, token FROM request WHERE id = :id")
_ALIVE = sa.text("UPDATE request SET state = 'running', lease_until = :until, last_seq = :seq WHERE id = :id")
_END = sa.text("UPDATE request SET state = :state, message = :message, ended_at = :at WHERE id = :id")
_AGAIN = sa.text("UPDATE request SET state = 'offered', attempt = attempt + 1, token = '' WHERE id = :id")
_LOSE_RUNS = sa.text("UPDATE task_run SET done = 2 WHERE request = :request AND done = 0")
_PUT_RUN = sa.text("""
    INSERT INTO task_run (request, title, attempt, session, body, done)
    VALUES (:request, :title, :attempt, :session, :body, :done)
    ON CONFLICT (request, title, attempt) DO UPDATE SET body = excluded.body, done = excluded.done
""")
_GET_RUN = sa.text("SELECT body FROM task_run WHERE request = :request AND title = :title AND attempt = :attempt")
_FINISHED = sa.text("SELECT title FROM task_run WHERE request = :request AND done = 1")


class Queue:
    """RunRequests of one workspace between offer and end; and the one door through which runners get measurements."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        audit: Audit,
        clock: Clock,
        maps: Maps,
        meter: Meter,
        approve: Callable[[Connection, RunRequest], Awaitable[str]],
        wake: Callable[[str], Awaitable[None]],
    ) -> None:
        """``approve`` gives the signed Approval of a read-write request; ``wake`` tells a session that it changed."""
        self._database = database
        self._bus = bus
        self._audit = audit
        self._clock = clock
        self._maps = maps
        self._meter = meter
        self._approve = approve
        self._wake = wake

    async def lease(self, ask: LeaseRequest) -> list[Lease]:
        """Up to ``ask.free`` leases, waiting up to ``ask.wait_s`` seconds for the first one."""
        end = time.monotonic() + ask.wait_s
        with self._bus.listen("offers") as bell:
            found = await self._take(ask)
            while not found and await bell.wait(max(0.0, end - time.monotonic())):
                found = await self._take(ask)
        return found

    async def progress(self, id_: str, report: ProgressReport) -> bool:
        """Take in what a running request said; what was taken before is skipped. True: stop, it is not wanted."""
        if self._meter.owns(id_):
            return await self._meter.progress(id_, report)
        async with self._database.transaction() as connection:
            held = await self._held(connection, id_, report.token)
            if held["state"] not in ("leased", "running"):
                return True
            last = held["last_seq"]
            news = [said for said in sorted(report.progress, key=lambda p: p.seq) if said.seq > last]
            for _, of_one in itertools.groupby(news, key=lambda said: said.title):
                last = await self._take_in(connection, held, list(of_one))
            until = self._clock.monotonic() + TTL_S
            await connection.execute(_ALIVE, {"id": id_, "until": until, "seq": last})
        self._audit.ring()
        if any(said.type == "done" for said in report.progress):
            await self._wake(held["session"])
        return False

    async def heartbeat(self, id_: str, token_: str) -> bool:
        """A sign of life with nothing to tell. True: stop."""
        return await self.progress(id_, ProgressReport(token=token_, progress=()))

    async def complete(self, id_: str, completion: Completion) -> None:
        """End a request. A repeat of the same completion changes nothing."""
        if self._meter.owns(id_):
            await self._meter.complete(id_, completion)
            return
        async with self._database.transaction() as connection:
            held = await self._held(connection, id_, completion.token)
            if held["state"] not in ("leased", "running"):
                return
            await self._end(connection, id_, completion.state, completion.message)
            data = {"request": id_, "state": completion.state, "message": completion.message}
            await self._audit.add(connection, "request.done", held["session"], "system", data)
        self._audit.ring()
        await self._wake(held["session"])

    async def sweep(self) -> None:
        """Take back leases that ended without a sign of life; let what is to be measured become due."""
        nobody = LeaseRequest(location="", runner="", instance="", free=0, wait_s=0)
        async with self._database.transaction() as connection:
            woken = await self._lose(connection, nobody)
        await self._told(woken)
        await self._meter.sweep()

    async def cancel(self, connection: Connection, session: str) -> None:
        """Take back what a session has offered and stop what runs for it, in the caller's transaction."""
        query = sa.text("""
            UPDATE request SET state = 'cancelled', ended_at = :at
            WHERE session = :session AND state IN ('offered', 'leased', 'running')
        """)
        await connection.execute(query, {"session": session, "at": stamp(self._clock.now())})

    async def runners(self, location: str, within_s: float) -> int:
        """How many runners of a location gave a sign of life in the last ``within_s`` seconds."""
        query = sa.text("SELECT COUNT(*) FROM runner WHERE location = :location AND seen_at > :since")
        values = {"location": location, "since": self._clock.monotonic() - within_s}
        async with self._database.reading() as connection:
            return int((await connection.execute(query, values)).scalar_one())

    async def _take(self, ask: LeaseRequest) -> list[Lease]:
        async with self._database.transaction() as connection:
            row = {"location": ask.location, "runner": ask.runner, "instance": ask.instance}
            await connection.execute(_SEEN, {**row, "now": self._clock.monotonic()})
            woken = await self._lose(connection, ask)
            await self._meter.lose(connection, ask)
            leases = await self._meter.take_starved(connection, ask)
            leases += await self._requests(connection, ask, ask.free - len(leases))
            busy = int((await connection.execute(_BUSY, row)).scalar_one())
            people = bool((await connection.execute(_PEOPLE)).scalar_one())
            leases += await self._meter.take(connection, ask, ask.free - len(leases), busy, people=people)
        await self._told(woken)
        return leases

    async def _requests(self, connection: Connection, ask: LeaseRequest, free: int) -> list[Lease]:
        offered = await connection.execute(_OFFERED, {"location": ask.location, "free": free})
        claimed = [await self._claim(connection, offer, ask) for offer in offered.mappings().all()]
        return [lease for lease in claimed if lease]

    async def _claim(self, connection: Connection, offer: sa.RowMapping, ask: LeaseRequest) -> Lease | None:
        request = RunRequest.model_validate_json(offer["body"])
        slx = (await self._maps.atlas()).slx(request.slx)
        if slx is None or slx.runbook is None:
            await self._end(
                connection, request.id, "failed", f"SLX {request.slx} has left the Map since it was chosen."
            )
            return None
        fence = token()
        until = self._clock.monotonic() + FIRST_SIGN_S
        values = {"id": request.id, "token": fence, "until": until, "runner": ask.runner, "instance": ask.instance}
        await connection.execute(_TAKE, values)
        finished = {row.title for row in await connection.execute(_FINISHED, {"request": request.id})}
        data = {"request": request.id, "runner": ask.runner, "attempt": offer["attempt"]}
        await self._audit.add(connection, "request.leased", request.session, f"runner:{ask.runner}", data)
        return Lease(
            request=request.id,
            session=request.session,
            token=fence,
            attempt=offer["attempt"],
            bundle=slx.runbook.bundle,
            titles=tuple(choice.title for choice in request.choices if choice.title not in finished),
            variables={**slx.runbook.variables, **request.overrides},
            secrets=slx.runbook.secrets,
            subject=slx.resources[0],
            deadline_s=request.deadline_s,
            ttl_s=TTL_S,
            approval=await self._approve(connection, request) if request.access != "read-only" else "",
        )

    async def _lose(self, connection: Connection, ask: LeaseRequest) -> set[str]:
        values = {"now": self._clock.monotonic(), "location": ask.location, "runner": ask.runner}
        rows = await connection.execute(_ENDED_LEASES, {**values, "instance": ask.instance})
        woken: set[str] = set()
        for row in rows.mappings().all():
            request = RunRequest.model_validate_json(row["body"])
            await connection.execute(_LOSE_RUNS, {"request": request.id})
            again = request.access == "read-only" and row["attempt"] < MAX_ATTEMPTS
            if again:
                await connection.execute(_AGAIN, {"id": request.id})
            else:
                await self._end(connection, request.id, "failed", _lost(request, row["attempt"]))
            data = {"request": request.id, "attempt": row["attempt"], "again": again}
            await self._audit.add(connection, "request.lost", request.session, "system", data)
            woken.add(request.session)
        return woken

    async def _told(self, sessions: set[str]) -> None:
        if sessions:
            self._audit.ring()
            self._bus.ring("offers")
        for session in sessions:
            await self._wake(session)

    async def _held(self, connection: Connection, id_: str, token_: str) -> sa.RowMapping:
        held = (await connection.execute(_HELD, {"id": id_})).mappings().first()
        if held is None:
            raise NotFound(f"There is no RunRequest {id_!r}.")
        if not token_ or held["token"] != token_:
            raise Conflict(f"RunRequest {id_} is leased anew since; this lease has ended and its result is not taken.")
        return held

    async def _end(self, connection: Connection, id_: str, state: str, message: str) -> None:
        at = stamp(self._clock.now())
        await connection.execute(_END, {"id": id_, "state": state, "message": message, "at": at})

    async def _take_in(self, connection: Connection, held: sa.RowMapping, of_one: list[Progress]) -> int:
        """Take in what one Task said, in order: one read and one write of its TaskRun. Returns the last number."""
        key = {"request": held["id"], "title": of_one[0].title, "attempt": held["attempt"]}
        stored = (await connection.execute(_GET_RUN, key)).scalar()
        run = TaskRun.model_validate_json(stored) if stored else _begun(of_one[0])
        for said in of_one:
            full = run.truncated and said.type in ("output", "metric")
            run = _grown(run, said)
            if not full:
                data = {"request": held["id"], "task": said.resolved_title, **_told_of(said)}
                await self._audit.add(connection, _EVENTS[said.type], held["session"], "system", data)
        done = any(said.type == "done" for said in of_one)
        row = {**key, "session": held["session"], "body": run.model_dump_json(), "done": int(done)}
        await connection.execute(_PUT_RUN, row)
        return of_one[-1].seq


_EVENTS: dict[str, EventType] = {
    "started": "task.started",
    "output": "task.output",
    "issue": "task.issue",
    "note": "task.note",
    "metric": "task.output",
    "done": "task.done",
}


def _lost(request: RunRequest, attempt: int) -> str:
    if request.access != "read-only":
        return (
            "Its runner was lost while it made a change, which is never repeated by itself. Look at "
            "the target to see whether the change was made, then propose it again if it was not."
        )
    return f"Its runner was lost {attempt} times; no more attempts."


def _begun(said: Progress) -> TaskRun:
    return TaskRun(
        title=said.title,
        resolved_title=said.resolved_title,
        state="errored",
        message="it has not ended yet",
        started_at=said.at,
        elapsed_s=0.0,
        issues=(),
        notes=(),
        output="",
        truncated=False,
    )


def _grown(run: TaskRun, said: Progress) -> TaskRun:
    changes: dict[str, Any] = {}
    if said.issue and len(run.issues) < MOST_ISSUES:
        changes["issues"] = (*run.issues, said.issue)
    if said.note and len(run.notes) < MOST_ISSUES:
        changes["notes"] = (*run.notes, said.note)
    if said.output or said.metric:
        output = run.output + (said.output or _pushed(said))
        changes["output"] = output[:OUTPUT_CAP]
        changes["truncated"] = run.truncated or said.truncated or len(output) > OUTPUT_CAP
    if said.type == "done" and said.state:
        changes |= {"state": said.state, "message": said.message, "elapsed_s": said.elapsed_s}
    return run.model_copy(update=changes)


def _told_of(said: Progress) -> dict[str, Any]:
    """What the Event tells: enough to draw a timeline, not the whole output."""
    if said.issue:
        return {
            "issue": json.loads(
                said.issue.model_dump_json(include={"severity", "title", "actual", "cause", "resource"})
            )
        }
    if said.note:
        return {"note": json.loads(said.note.model_dump_json())}
    if said.type == "done":
        return {"state": said.state, "message": said.message, "elapsed_s": said.elapsed_s}
    output = said.output or _pushed(said)
    return {"output": output[:2000]} if output else {}


def _pushed(said: Progress) -> str:
    """A metric pushed outside of a measurement: no SLI's, so it stands in the Task's output."""
    return f"metric {said.metric.sub_name} = {said.metric.value:g}\n" if said.metric else ""
