"""The RunSession as a durable workflow: look, choose, run, diagnose, until it is quiet.

The workflow itself is a small loop; each turn is one recorded step that reads everything from the database, decides
with pure functions, and writes in one transaction. So a turn that runs twice after a crash decides the same, and
writes nothing twice: a RunRequest's id is made from the session and what was chosen before it.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from runstone.control.audit.store import Audit
from runstone.control.clock import Clock, parse, stamp
from runstone.control.runs import plan, remedy, store
from runstone.control.runs.diagnose import Codebook, Fact, Seen, diagnose, looked, place
from runstone.control.runs.focus import Focus, names_something, resolve
from runstone.control.runs.journal import Journal
from runstone.control.runs.queue import Queue
from runstone.control.runs.store import Case
from runstone.control.workspaces.atlas import Atlas
from runstone.control.workspaces.store import Maps
from runstone.db import durable
from runstone.db.durable import Durable
from runstone.db.engine import Database
from runstone.model.run import FLYING, LIVE, Diagnosis, Remark, RunRequest, RunSession, SessionState, Trigger

WORKFLOW = "session"
IN_FLIGHT = 4
"""RunRequests of one session that are offered at the same time: two work, two are ready to follow."""
MAX_REQUESTS = 40
SURE = 0.8
"""From this confidence of a confirmed cause on, only what an Issue points to directly is still followed."""
FOLLOW_WHEN_SURE = 0.55
PROPOSAL_H = 1
RUNNER_SEEN_S = 60.0
_ASKED_ABOUT = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Service", "Ingress", "Pod", "Namespace"})


@dataclass(frozen=True)
class Opened:
    """The answer to a trigger: which session, and whether it was opened by it or joined."""

    session: str
    new: bool


class Sessions:
    """Sessions of one workspace: open, follow, end."""

    def __init__(
        self,
        database: Database,
        audit: Audit,
        clock: Clock,
        maps: Maps,
        workflows: Durable,
        codebook: Codebook,
        journal: Journal,
        queue: Queue,
        workspace: str,
    ) -> None:
        self._database = database
        self._audit = audit
        self._clock = clock
        self._maps = maps
        self._workflows = workflows
        self._codebook = codebook
        self._journal = journal
        self._queue = queue
        self._workspace = workspace
        workflows.workflow(WORKFLOW, self._run)

    async def open(self, trigger: Trigger, key: str, budget_s: int, actor: str) -> Opened:
        """Open a session for ``trigger``, or join the one with the same ``key``, which becomes its id."""
        async with self._database.transaction() as connection:
            new = await store.open_session(connection, self._clock, key, self._workspace, trigger, budget_s)
            if new:
                data = {"kind": trigger.kind, "text": trigger.text}
                await self._audit.add(connection, "session.opened", key, actor, data)
        self._journal.ring()
        await self._workflows.start(WORKFLOW, key)
        return Opened(key, new)

    async def case(self, id_: str) -> Case:
        """A session with all that happened in it. Raises NotFound."""
        async with self._database.reading() as connection:
            return await store.case(connection, id_)

    async def recent(self, limit: int = 50) -> list[RunSession]:
        """The newest sessions, newest first."""
        async with self._database.reading() as connection:
            return await store.sessions(connection, self._workspace, limit)

    async def map_changed(self) -> None:
        """Let sessions that wait for the Map look again."""
        for session in await self.recent():
            if session.state in LIVE:
                await self._workflows.wake(session.id)

    async def cancel(self, id_: str, actor: str) -> None:
        """End a session that is not over. Raises NotFound, Conflict."""
        async with self._database.transaction() as connection:
            now = await store.session(connection, id_)
            await self._journal.move(connection, now, "cancelled", f"cancelled by {actor}", actor)
            await self._queue.cancel(connection, id_)
        self._journal.ring()
        await self._workflows.wake(id_)

    # --- the workflow ---------------------------------------------------------------------------------------------

    async def _run(self, session: str) -> str:
        while True:
            turn = json.loads(await durable.step("turn", lambda: self._turn(session)))
            if turn["end"]:
                return turn["end"]
            await durable.wait(turn["wait_s"])

    async def resume(self) -> None:
        """Start the workflow of every session that is not over: one may have died between its opening and its start."""
        async with self._database.reading() as connection:
            live = await store.live(connection, self._workspace)
        for session in live:
            await self._workflows.start(WORKFLOW, session)

    async def _turn(self, session: str) -> str:
        """One look at everything. Returns JSON ``{"end": state or "", "wait_s": seconds}``."""
        case = await self.case(session)
        if case.session.state not in LIVE:
            return _ends(case.session.state)
        # In this order: a round of discovery that ends between the two must not be believed to be in an older Map.
        scanned = await self._maps.scanned()
        atlas, left = await self._maps.atlas(), self._left(case.session)
        named, blind = names_something(case.session.trigger, atlas), _blind(atlas)
        if not (scanned or named or blind) and left > 0:
            return await self._linger(case, "looking for what the question names", left)
        known = _Known(case, atlas, resolve(case.session.trigger, atlas), *self._facts(case, atlas))
        found = diagnose(known.seen, known.focus, atlas, self._codebook)
        found = found.model_copy(update={"could_not_check": (*found.could_not_check, *_unrun(known, left))})
        flying = [request for request in case.requests if request.state in FLYING]
        if left <= 0 or (blind and not named):
            return await self._finish(known, found, "out of time" if left <= 0 else blind)
        offers = self._offers(known, found, IN_FLIGHT - len(flying))
        if not offers and not flying:
            if not scanned:
                return await self._linger(case, "waiting for discovery to end", left)
            return await self._finish(known, found, "")
        return await self._go_on(case, found, offers, await self._standing([*flying, *offers]), left)

    def _left(self, session: RunSession) -> float:
        spent = (self._clock.now() - parse(session.opened_at)).total_seconds()
        return session.budget_s - spent

    async def _linger(self, case: Case, reason: str, left: float) -> str:
        async with self._database.transaction() as connection:
            now = await store.session(connection, case.session.id)
            if now.state not in LIVE:
                return _ends(now.state)
            await self._journal.move(connection, now, "running", reason)
        self._journal.ring()
        return json.dumps({"end": "", "wait_s": min(left, 1.0)})

    async def _standing(self, waiting: Sequence[RunRequest]) -> tuple[SessionState, str]:
        """running, or waiting when no runner of the Location has been seen for a while."""
        location = self._journal.location
        at_work = any(request.state in ("leased", "running") for request in waiting)
        if at_work or not waiting or await self._queue.runners(location, RUNNER_SEEN_S):
            return "running", f"running Tasks at {location}"
        return "waiting", f"no runner at location {location!r} was seen for {RUNNER_SEEN_S:.0f} s; start one there"

    async def _go_on(
        self, case: Case, found: Diagnosis, offers: list[RunRequest], standing: tuple[SessionState, str], left: float
    ) -> str:
        async with self._database.transaction() as connection:
            now = await store.session(connection, case.session.id)
            if now.state not in LIVE:
                return _ends(now.state)
            now = await self._journal.move(connection, now, "running", now.reason)
            await self._journal.diagnosed(connection, now, found)
            for request in offers:
                await self._journal.offer(connection, request)
            await self._journal.move(connection, now, *standing)
        self._journal.ring(offers=bool(offers))
        return json.dumps({"end": "", "wait_s": min(left, 5.0)})

    async def _finish(self, known: "_Known", found: Diagnosis, cut: str) -> str:
        session = known.case.session
        async with self._database.transaction() as connection:
            now = await store.session(connection, session.id)
            if now.state not in LIVE:
                return _ends(now.state)
            await self._queue.cancel(connection, session.id)
            now = await self._journal.move(connection, now, "running", now.reason)
            await self._journal.diagnosed(connection, now, found)
            expires = stamp(self._clock.now() + dt.timedelta(hours=PROPOSAL_H))
            for proposal in remedy.propose(session.id, found.causes, known.facts, known.atlas, expires):
                await self._journal.propose(connection, proposal)
            state, reason = _verdict(known, found, cut)
            await self._journal.move(connection, now, state, reason)
        self._journal.ring()
        return _ends(state)

    def _offers(self, known: "_Known", found: Diagnosis, free: int) -> list[RunRequest]:
        case = known.case
        free = min(free, MAX_REQUESTS - len(case.requests))
        if free <= 0:
            return []
        question = plan.Known(
            atlas=known.atlas,
            focus=tuple(known.focus),
            question=" ".join((case.session.trigger.text, *case.session.trigger.labels.values())),
            issues=tuple((fact.issue, fact.resource) for fact, _ in known.facts),
            ran=frozenset((request.slx, choice.title) for request in case.requests for choice in request.choices),
        )
        sure = any(cause.grade == "confirmed" and cause.confidence >= SURE for cause in found.causes)
        floor = FOLLOW_WHEN_SURE if sure else plan.THRESHOLD
        proposed = [one for one in plan.propose(question, free) if one.score >= floor]
        number = len(case.requests)
        return [
            self._journal.request(case.session.id, f"{number + i:03d}", one.slx.name, one.choices, number)
            for i, one in enumerate(proposed)
        ]

    def _facts(self, case: Case, atlas: Atlas) -> tuple[list[Seen], list[tuple[Fact, str]]]:
        seen: list[Seen] = []
        facts: list[tuple[Fact, str]] = []
        for ended in case.ended:
            request = case.request(ended.request)
            slx = atlas.slx(request.slx)
            if request.purpose != "diagnose" or slx is None:
                continue
            one = Seen(ended.run, slx.resources[0])
            seen.append(one)
            facts += [(place(issue, one, atlas, self._codebook), request.slx) for issue in ended.run.issues]
        return seen, facts


@dataclass(frozen=True)
class _Known:
    """What one turn works with. ``facts`` come with the SLX whose Task found them."""

    case: Case
    atlas: Atlas
    focus: list[Focus]
    seen: list[Seen]
    facts: list[tuple[Fact, str]]


def _verdict(known: _Known, found: Diagnosis, cut: str) -> tuple[SessionState, str]:
    """concluded: a cause that is at least likely, or nothing ill at all. Otherwise inconclusive, and why."""
    sure = [cause for cause in found.causes if cause.grade != "possible"]
    if sure:
        return "concluded", f"the cause is in {sure[0].resource} ({sure[0].code}, {sure[0].grade})"
    ran = sum(1 for one in known.seen if looked(one.run))
    ill = [fact for fact, _ in known.facts if fact.issue.severity <= 3]
    if not ran:
        return "inconclusive", _nothing_ran(known.case, cut)
    if not ill and not cut:
        return _nothing_found(known, ran)
    return "inconclusive", cut or "Issues were found, but no cause that is better than possible"


def _nothing_found(known: _Known, ran: int) -> tuple[SessionState, str]:
    """Nothing ill is an answer only when what was asked about was seen."""
    said = f"nothing found: {ran} Tasks looked and none found anything ill"
    if len(known.case.requests) >= MAX_REQUESTS:
        return "inconclusive", f"{said}; {MAX_REQUESTS} RunRequests were made, the rest was not looked at"
    seen = {known.atlas.canonical(one.subject).path for one in known.seen if looked(one.run)}
    if not any(focus.ref.path in seen for focus in known.focus):
        return "inconclusive", "no Task could look at what was asked about; 'could not check' says why"
    if names_something(known.case.session.trigger, known.atlas):
        return "concluded", said
    readings = list(known.atlas.readings)
    unread = [one.problem for one in readings if not one.complete and one.scope.kind in _ASKED_ABOUT]
    if unread:
        return "inconclusive", f"what was asked about may be among what could not be read: {unread[0]}"
    return "concluded", f"{said}; nothing on the Map is called what the question names, so all was looked over"


def _unrun(known: _Known, left: float) -> list[Remark]:
    """Chosen Tasks that came to no end, with the reason: their runner could not run them, or the time was up."""
    ended = {(one.request, one.run.title) for one in known.case.ended}
    remarks: list[Remark] = []
    for request in known.case.requests:
        slx = known.atlas.slx(request.slx)
        cut = request.state in FLYING and left <= 0
        if request.purpose != "diagnose" or not (cut or request.state == "failed"):
            continue
        why = (
            "the time was up before it ended"
            if cut
            else known.case.message(request.id) or "its runner could not run it"
        )
        subject = slx.resources[0] if slx else None
        remarks += [
            Remark(resource=subject, what=choice.resolved_title, why=why, task=choice.resolved_title)
            for choice in request.choices
            if (request.id, choice.title) not in ended
        ]
    return remarks


def _blind(atlas: Atlas) -> str:
    """Why no platform can be read, as discovery told; empty when one can."""
    readings = [one for one in atlas.readings if one.scope.kind == "Cluster"]
    return readings[0].problem if readings and not any(one.complete for one in readings) else ""


def _nothing_ran(case: Case, cut: str) -> str:
    if not case.requests:
        return cut or (
            "nothing on the Map answers to this: name a workload, service, ingress, claim, node or namespace, or "
            "check with `runstone doctor` that discovery sees your cluster"
        )
    return cut or "no Task could run; 'could not check' says why"


def _ends(state: str) -> str:
    return json.dumps({"end": state, "wait_s": 0})


def session_key(workspace: str, *parts: str) -> str:
    """A session's id made from what it is about: the same parts give the same id, so a repeat joins it."""
    return hashlib.sha256("\n".join((workspace, *parts)).encode()).hexdigest()[:12]
