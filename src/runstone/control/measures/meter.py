"""Measures every SLI of a workspace on its interval.

A measurement goes the way of a RunRequest (leased by a runner, followed, ended or lost), but it is no session's, is
never repeated (the next is due anyway), and leaves nothing but its numbers. What is due when stands in the database
alone, so a restart changes nothing.
"""

import re
from dataclasses import replace

from runstone.control.clock import Clock, parse, token
from runstone.control.measures import schedule, store
from runstone.control.measures.store import Due, Planned, Run, Slis
from runstone.control.series import store as series
from runstone.control.workspaces.atlas import Atlas
from runstone.control.workspaces.store import Maps
from runstone.db.bus import Bus
from runstone.db.engine import Connection, Database
from runstone.errors import Conflict, NotFound
from runstone.model.wire import FIRST_SIGN_S, TTL_S, Completion, Lease, LeaseRequest, Progress, ProgressReport
from runstone.model.workspace import SLX

RETENTION_S = 7 * 24 * 3600
"""How long numbers are kept as they were pushed."""
PRUNE_EVERY_S = 3600.0
MOST_METRICS = 500
"""Numbers of one run that are kept."""
_ID = re.compile(r"sli-(\d+)-(\d+)")
_MESSAGE_CAP = 500
_OVERFLOWED = f"more was pushed than is kept: {MOST_METRICS} numbers of a run, {series.MOST_SERIES} series of an SLI"


class Meter:
    """The SLIs of one workspace at one Location."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        clock: Clock,
        maps: Maps,
        workspace: str,
        location: str,
        retention_s: float = RETENTION_S,
    ) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._maps = maps
        self._workspace = workspace
        self._location = location
        self._retention_s = retention_s
        self._slis = Slis(workspace)
        self._planned: Atlas | None = None
        """The Map that the plan was made from; None until the first sweep of this process."""
        self._favoured = float("-inf")
        """When a measurement last went before a person's work."""
        self._pruned = float("-inf")

    # --- what is due ----------------------------------------------------------------------------------------------

    async def sweep(self) -> None:
        """Follow the Map, give up lost runs, mark late ones, call runners when something is due, prune."""
        atlas, now = await self._maps.atlas(), self._now()
        async with self._database.transaction() as connection:
            if self._planned is None or atlas.intervals is not self._planned.intervals:
                await self._plan(connection, atlas, now)
            await self.lose(connection, LeaseRequest(location="", runner="", instance="", free=0, wait_s=0))
            for one in await self._slis.overtaken(connection, now):
                await self._slis.late(connection, one.id, self._slot_after(one, now))
            waiting = bool(await self._slis.due(connection, now, 1))
        self._planned = atlas
        if waiting:
            self._bus.ring("offers")
        if now - self._pruned >= PRUNE_EVERY_S:
            self._pruned = now
            await self.prune()

    async def prune(self) -> int:
        """Delete what is older than the retention. How many points went."""
        before = round((self._now() - self._retention_s) * 1000)
        gone = await series.prune(self._database, before)
        await store.prune(self._database, self._workspace, before)
        return gone

    async def _plan(self, connection: Connection, atlas: Atlas, now: float) -> None:
        wanted = {name: schedule.interval(interval_s) for name, interval_s in atlas.intervals.items()}
        known = await self._slis.planned(connection)
        opening = {slx for slx in wanted if slx not in known or self._missed(known[slx], now)}
        moved = [slx for slx in wanted.keys() - opening if known[slx].interval_s != wanted[slx]]
        plans = [
            Planned(slx, wanted[slx], schedule.opening(now, wanted[slx], self._phase(slx), len(opening)))
            for slx in opening
        ]
        plans += [Planned(slx, wanted[slx], schedule.slot_after(now, wanted[slx], self._phase(slx))) for slx in moved]
        await self._slis.plan(connection, plans, [slx for slx in known if slx not in wanted], now)

    def _missed(self, known: Planned, now: float) -> bool:
        """Whether its moment passed while this process was not there, or a clock that was wrong put it far away."""
        return (self._planned is None and known.due <= now) or known.due > now + 2 * known.interval_s

    # --- the life of a measurement --------------------------------------------------------------------------------

    def owns(self, id_: str) -> bool:
        """Whether a lease's id is that of a measurement."""
        return _ID.fullmatch(id_) is not None

    async def take_starved(self, connection: Connection, ask: LeaseRequest) -> list[Lease]:
        """The measurement that has waited too long, if there is one: once in a while it goes before a person's work."""
        now = self._now()
        if not self._serves(ask) or ask.free <= 0 or now - self._favoured < schedule.SHORTEST_WAIT_S:
            return []
        due = [one for one in await self._slis.due(connection, now, 1) if self._starved(one, now)]
        leases = await self._leases(connection, ask, due, now)
        if leases:
            self._favoured = now
        return leases

    async def take(
        self, connection: Connection, ask: LeaseRequest, free: int, busy: int, *, people: bool
    ) -> list[Lease]:
        """Measurements for the slots that are left: ``free`` of them, beside ``busy`` ones that run RunRequests.

        ``people``: a session is at work, so that only what has waited too long begins now.
        """
        if not self._serves(ask) or free <= 0:
            return []
        now = self._now()
        room = schedule.room(free, busy + await self._slis.held(connection, ask))
        due = await self._slis.due(connection, now, room) if room else []
        return await self._leases(connection, ask, [one for one in due if not people or self._starved(one, now)], now)

    async def progress(self, id_: str, report: ProgressReport) -> bool:
        """Take in what a measurement said; what was taken before is skipped. True: stop, it is not wanted."""
        async with self._database.transaction() as connection:
            run = await self._held(connection, id_, report.token)
            if run.run_at is None:
                return True
            for said in sorted(report.progress, key=lambda one: one.seq):
                if said.seq > run.last_seq:
                    run = replace(await self._heard(connection, run, said), last_seq=said.seq)
            await self._slis.said(connection, run, self._clock.monotonic() + TTL_S)
        return False

    async def complete(self, id_: str, completion: Completion) -> None:
        """End a measurement. A repeat of the same completion changes nothing."""
        async with self._database.transaction() as connection:
            run = await self._held(connection, id_, completion.token)
            if run.run_at is None:
                return
            outcome, message = _outcome(run, completion)
            await self._slis.end(connection, run, self._now(), outcome, message[:_MESSAGE_CAP])
        self._bus.ring("offers")

    async def lose(self, connection: Connection, ask: LeaseRequest) -> None:
        """End the runs whose runner is gone, or has begun anew as ``ask`` shows."""
        for run in await self._slis.ended_leases(connection, ask, self._location, self._clock.monotonic()):
            await self._slis.end(connection, run, self._now(), "lost", "its runner was lost while it ran")

    async def _leases(self, connection: Connection, ask: LeaseRequest, due: list[Due], now: float) -> list[Lease]:
        atlas = await self._maps.atlas()
        leases: list[Lease] = []
        for one in due:
            slx = atlas.slx(one.slx)
            if slx is None or slx.sli is None:
                await self._slis.plan(connection, (), (one.slx,), now)
                continue
            lease = self._lease(slx, one, now)
            until = self._clock.monotonic() + FIRST_SIGN_S
            following = schedule.following(now, one.interval_s, self._phase(one.slx))
            more = {"now": now, "next": following, "token": lease.token, "until": until}
            await self._slis.begin(connection, one.id, ask, more)
            leases.append(lease)
        return leases

    def _lease(self, slx: SLX, one: Due, now: float) -> Lease:
        assert slx.sli is not None
        platform = {
            "RW_LOOKBACK_WINDOW": str(schedule.lookback(one.interval_s)),
            "RW_SLI_METRIC_NAME": re.sub(r"\W", "_", slx.name, flags=re.ASCII),
        }
        return Lease(
            request=f"sli-{one.id}-{round(now * 1000)}",
            session="",
            token=token(),
            attempt=1,
            bundle=slx.sli.bundle,
            titles=tuple(task.title for task in slx.sli.tasks),
            variables={**slx.sli.variables, **platform},
            secrets=slx.sli.secrets,
            subject=slx.resources[0],
            deadline_s=schedule.deadline(one.interval_s),
            ttl_s=TTL_S,
            approval="",
        )

    async def _heard(self, connection: Connection, run: Run, said: Progress) -> Run:
        if said.metric:
            return await self._pushed(connection, run, said)
        if said.note and said.note.kind == "could_not_check" and not run.remark:
            return replace(run, remark=f"could not check {said.note.what}: {said.note.why}"[:_MESSAGE_CAP])
        if said.type == "done" and said.state == "errored" and not run.problem:
            return replace(run, problem=f"{said.resolved_title or said.title}: {said.message}"[:_MESSAGE_CAP])
        return run

    async def _pushed(self, connection: Connection, run: Run, said: Progress) -> Run:
        assert said.metric is not None
        run = replace(run, pushed=run.pushed + 1)
        at_ms = round(self._moment(said.at, run) * 1000)
        if run.pushed > MOST_METRICS or not await series.add(connection, run.id, said.metric, at_ms):
            run = replace(run, remark=run.remark or _OVERFLOWED)
        return run if said.metric.sub_name else replace(run, scored=said.metric.value)

    def _moment(self, text: str, run: Run) -> float:
        """When a number was pushed by the runner's clock, kept within the run as seen from here."""
        now = self._now()
        try:
            said = parse(text).timestamp()
        except (ValueError, OverflowError):
            return now
        return min(max(said, run.run_at or now), now)

    async def _held(self, connection: Connection, id_: str, token_: str) -> Run:
        found = _ID.fullmatch(id_)
        run = await self._slis.run(connection, int(found[1])) if found else None
        if run is None:
            raise NotFound(f"There is no measurement {id_!r}.")
        if not token_ or run.token != token_:
            raise Conflict(f"The lease of measurement {id_} has ended; its result is not taken.")
        return run

    def _serves(self, ask: LeaseRequest) -> bool:
        return self._planned is not None and ask.location == self._location

    def _starved(self, one: Due, now: float) -> bool:
        return schedule.starved(now, one.due, one.interval_s)

    def _slot_after(self, one: Due, now: float) -> float:
        return schedule.slot_after(now, one.interval_s, self._phase(one.slx))

    def _phase(self, slx: str) -> float:
        return schedule.phase(self._workspace, slx)

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _outcome(run: Run, completion: Completion) -> tuple[str, str]:
    """How a run went, and why; of one that went well what there is to remark."""
    if completion.state == "failed":
        return "errored", completion.message or "the suite could not be run"
    if run.problem:
        return "errored", run.problem
    if not run.pushed:
        return "errored", "; ".join(one for one in ("pushed no metric", run.remark, completion.message) if one)
    if run.remark or completion.message or run.scored is not None:
        return "ok", run.remark or completion.message
    return "ok", "no metric was pushed without sub_name, so there is no score"
