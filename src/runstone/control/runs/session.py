"""The RunSession as a durable workflow: look, choose, run, diagnose, until it is quiet.

The workflow itself is a small loop; each turn is one recorded step that reads everything from the database, decides
with pure functions, and writes in one transaction. So a turn that runs twice after a crash decides the same, and
writes nothing twice: a RunRequest's id is made from the session and what was chosen before it.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from runstone.control.audit.store import Audit
from runstone.control.clock import Clock, parse, stamp
from runstone.control.runs import plan, remedy, store
from runstone.control.runs.diagnose import Codebook, Fact, Seen, diagnose, place
from runstone.control.runs.focus import Focus, names_something, resolve
from runstone.control.runs.queue import Queue
from runstone.control.runs.store import Case
from runstone.control.workspaces.atlas import Atlas
from runstone.control.workspaces.store import Maps
from runstone.db import durable
from runstone.db.bus import Bus
from runstone.db.durable import Durable
from runstone.db.engine import Connection, Database
from runstone.errors import Conflict, NotAllowed
from runstone.model import approval
from runstone.model.run import Choice, Diagnosis, Proposal, RunRequest, RunSession, Score, SessionState, Trigger

IN_FLIGHT = 4
"""RunRequests of one session that are offered at the same time: two work, two are ready to follow."""
MAX_REQUESTS = 40
DEADLINE_S = 120
"""For one RunRequest, all its Tasks together."""
SURE = 0.8
"""From this confidence of a confirmed cause on, only what an Issue points to directly is still followed."""
FOLLOW_WHEN_SURE = 0.55
PROPOSAL_H = 1
RUNNER_SEEN_S = 60.0
VERIFY_TRIES = 12
VERIFY_PAUSE_S = 4.0
"""A rollout takes a while to heal: up to about a minute of looks before a change counts as failed."""
_OPEN = ("offered", "leased", "running", "lost")


@dataclass(frozen=True)
class Opened:
    """The answer to a trigger: which session, and whether it was opened by it or joined."""

    session: str
    new: bool


class Sessions:
    """Sessions of one workspace: open, follow, approve."""

    def __init__(
        self,
        database: Database,
        bus: Bus,
        audit: Audit,
        clock: Clock,
        maps: Maps,
        workflows: Durable,
        codebook: Codebook,
        runner_keys: Mapping[str, bytes],
        workspace: str,
        location: str,
    ) -> None:
        """``runner_keys`` holds, per Location, the key its runners check Approvals with."""
        self._database = database
        self._bus = bus
        self._audit = audit
        self._clock = clock
        self._maps = maps
        self._workflows = workflows
        self._codebook = codebook
        self._runner_keys = runner_keys
        self._workspace = workspace
        self._location = location
        self.queue = Queue(database, bus, audit, clock, maps, self._approval, self._wake)
        workflows.workflow("session", self._run)
        workflows.workflow("remedy", self._remedy)

    async def open(self, trigger: Trigger, key: str, budget_s: int, actor: str) -> Opened:
        """Open a session for ``trigger``, or join the one with the same ``key``, which becomes its id."""
        async with self._database.transaction() as connection:
            new = await store.open_session(connection, self._clock, key, self._workspace, trigger, budget_s)
            if new:
                data = {"kind": trigger.kind, "text": trigger.text}
                await self._audit.add(connection, "session.opened", key, actor, data)
        self._audit.ring()
        await self._workflows.start("session", key)
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
            if session.state in ("open", "running", "waiting"):
                await self._wake(session.id)

    async def cancel(self, id_: str, actor: str) -> None:
        """End a session that is not over. Raises NotFound, Conflict."""
        async with self._database.transaction() as connection:
            now = await store.session(connection, id_)
            await self._move(connection, now, "cancelled", f"cancelled by {actor}", actor)
            await self.queue.cancel(connection, id_)
        self._audit.ring()
        await self._wake(id_)

    async def approve(self, session: str, proposal_id: str, exact: str, actor: str) -> None:
        """Say yes to one proposal; ``exact`` is its digest as the person saw it. Raises Conflict, NotAllowed."""
        async with self._database.transaction() as connection:
            now, proposal = await self._offered(connection, session, proposal_id)
            if proposal.digest != exact:
                raise NotAllowed(f"Proposal {proposal_id} is not what you saw: reload the page and look again.")
            if proposal.expires <= stamp(self._clock.now()):
                await store.move_proposal(connection, proposal_id, "open", "expired")
                raise Conflict(f"Proposal {proposal_id} expired at {proposal.expires}. Ask again for a new one.")
            if not await store.move_proposal(connection, proposal_id, "open", "approved"):
                raise Conflict(f"Proposal {proposal_id} is {proposal.state}, not open; an approval works once.")
            await self._audit.add(connection, "proposal.approved", session, actor, {"proposal": proposal_id})
            await self._move(connection, now, "running", f"{proposal.title}, approved by {actor}", actor)
        self._audit.ring()
        await self._workflows.start("remedy", f"remedy:{proposal_id}")

    async def reject(self, session: str, proposal_id: str, actor: str) -> None:
        """Say no to a proposal. Raises Conflict when it is not open any more."""
        async with self._database.transaction() as connection:
            await self._offered(connection, session, proposal_id)
            if not await store.move_proposal(connection, proposal_id, "open", "rejected"):
                raise Conflict(f"Proposal {proposal_id} is not open any more.")
            await self._audit.add(connection, "proposal.rejected", session, actor, {"proposal": proposal_id})
        self._audit.ring()

    async def _offered(self, connection: Connection, session: str, id_: str) -> tuple[RunSession, Proposal]:
        now, proposal = await store.session(connection, session), await store.proposal(connection, id_)
        if proposal.session != session:
            raise Conflict(f"Proposal {id_} belongs to session {proposal.session}, not to {session}.")
        return now, proposal

    # --- the session workflow ---------------------------------------------------------------------------------

    async def _run(self, session: str) -> str:
        while True:
            turn = json.loads(await durable.step("turn", lambda: self._turn(session)))
            if turn["end"]:
                return turn["end"]
            await durable.wait(turn["wait_s"])

    async def _turn(self, session: str) -> str:
        """One look at everything. Returns JSON ``{"end": state or "", "wait_s": seconds}``."""
        case = await self.case(session)
        if case.session.state not in ("open", "running", "waiting"):
            return _ends(case.session.state)
        atlas = await self._maps.atlas()
        scanned = await self._maps.scanned()
        left = self._left(case.session)
        if not (scanned or names_something(case.session.trigger, atlas)) and left > 0:
            return await self._linger(case, "looking for what the question names", left)
        focus = resolve(case.session.trigger, atlas)
        seen, facts = self._facts(case, atlas)
        found = diagnose(seen, focus, atlas, self._codebook)
        flying = [request for request in case.requests if request.state in _OPEN]
        if left <= 0:
            return await self._finish(case, found, atlas, facts, "out of time")
        offers = self._offers(case, focus, facts, found, atlas, IN_FLIGHT - len(flying))
        if not offers and not flying:
            if not scanned:
                return await self._linger(case, "waiting for discovery to end", left)
            return await self._finish(case, found, atlas, facts, "")
        state, reason = await self._standing([*flying, *offers])
        await self._go_on(case, found, offers, state, reason)
        return json.dumps({"end": "", "wait_s": min(left, 5.0)})

    def _left(self, session: RunSession) -> float:
        spent = (self._clock.now() - parse(session.opened_at)).total_seconds()
        return session.budget_s - spent

    async def _linger(self, case: Case, reason: str, left: float) -> str:
        async with self._database.transaction() as connection:
            await self._move(connection, case.session, "running", reason, "system")
        self._audit.ring()
        return json.dumps({"end": "", "wait_s": min(left, 1.0)})

    async def _standing(self, waiting: Sequence[RunRequest]) -> tuple[SessionState, str]:
        """running, or waiting when no runner of the Location has been seen for a while."""
        if await self.queue.runners(self._location, RUNNER_SEEN_S) or not waiting:
            return "running", f"running Tasks at {self._location}"
        return (
            "waiting",
            f"no runner at location {self._location!r} was seen for {RUNNER_SEEN_S:.0f} s; start one there",
        )

    async def _go_on(
        self, case: Case, found: Diagnosis, offers: list[RunRequest], state: SessionState, reason: str
    ) -> None:
        async with self._database.transaction() as connection:
            now = await self._move(connection, case.session, "running", case.session.reason, "system")
            await self._diagnosed(connection, now, found)
            for request in offers:
                await self._offer(connection, request)
            await self._move(connection, now, state, reason, "system")
        self._audit.ring()
        if offers:
            self._bus.ring("offers")

    async def _finish(self, case: Case, found: Diagnosis, atlas: Atlas, facts: list[tuple[Fact, str]], cut: str) -> str:
        async with self._database.transaction() as connection:
            await self.queue.cancel(connection, case.session.id)
            now = await self._move(connection, case.session, "running", case.session.reason, "system")
            await self._diagnosed(connection, now, found)
            expires = stamp(self._clock.now() + dt.timedelta(hours=PROPOSAL_H))
            for proposal in remedy.propose(case.session.id, found.causes, facts, atlas, expires):
                if await store.add_proposal(connection, proposal):
                    data = json.loads(proposal.model_dump_json())
                    await self._audit.add(connection, "proposal.open", case.session.id, "system", data)
            state, reason = _verdict(case, found, facts, cut)
            await self._move(connection, now, state, reason, "system")
        self._audit.ring()
        return _ends(state)

    def _offers(
        self,
        case: Case,
        focus: Sequence[Focus],
        facts: list[tuple[Fact, str]],
        found: Diagnosis,
        atlas: Atlas,
        free: int,
    ) -> list[RunRequest]:
        free = min(free, MAX_REQUESTS - len(case.requests))
        if free <= 0:
            return []
        ran = frozenset((request.slx, choice.title) for request in case.requests for choice in request.choices)
        known = plan.Known(
            atlas=atlas,
            focus=tuple(focus),
            question=" ".join((case.session.trigger.text, *case.session.trigger.labels.values())),
            issues=tuple((fact.issue, fact.resource) for fact, _ in facts),
            ran=ran,
        )
        sure = any(cause.grade == "confirmed" and cause.confidence >= SURE for cause in found.causes)
        floor = FOLLOW_WHEN_SURE if sure else plan.THRESHOLD
        proposed = [one for one in plan.propose(known, free) if one.score >= floor]
        number = len(case.requests)
        return [
            self._request(case.session.id, f"{number + i:03d}", one.slx.name, one.choices, number)
            for i, one in enumerate(proposed)
        ]

    def _request(self, session: str, suffix: str, slx: str, choices: tuple[Choice, ...], round_: int) -> RunRequest:
        return RunRequest(
            id=f"{session}.{suffix}",
            session=session,
            slx=slx,
            location=self._location,
            choices=choices,
            access="read-only",
            deadline_s=DEADLINE_S,
            state="offered",
            attempt=1,
            round=round_,
            purpose="diagnose",
            overrides={},
        )

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

    # --- the remedy workflow ----------------------------------------------------------------------------------

    async def _remedy(self, key: str) -> str:
        proposal_id = key.removeprefix("remedy:")
        await durable.step("change", lambda: self._change(proposal_id))
        while (outcome := await durable.step("changed", lambda: self._changed(proposal_id))) == "":
            await durable.wait(5.0)
        if outcome != "done":
            return await durable.step("failed", lambda: self._settle(proposal_id, False, outcome))
        for attempt in range(VERIFY_TRIES):
            await durable.step("verify", partial(self._verify, proposal_id, attempt))
            while (verdict := await durable.step("verified", partial(self._verified, proposal_id, attempt))) == "":
                await durable.wait(5.0)
            if verdict == "healed":
                return await durable.step("healed", lambda: self._settle(proposal_id, True, ""))
            await durable.wait(VERIFY_PAUSE_S)
        reason = "the Task that found the cause still finds it after the change; a person should look"
        return await durable.step("unhealed", lambda: self._settle(proposal_id, False, reason))

    async def _change(self, proposal_id: str) -> str:
        async with self._database.transaction() as connection:
            proposal = await store.proposal(connection, proposal_id)
            choice = _chosen(proposal.task, proposal.title, "approved by a person")
            request = self._request(proposal.session, f"change.{proposal_id[-8:]}", proposal.slx, (choice,), 0)
            request = request.model_copy(
                update={"purpose": "remedy", "access": "read-write", "overrides": {**proposal.parameters}}
            )
            await self._offer(connection, request)
        self._audit.ring()
        self._bus.ring("offers")
        return request.id

    async def _changed(self, proposal_id: str) -> str:
        """Empty while the change runs; ``done``; or why it did not work."""
        proposal, case = await self._of(proposal_id)
        request = case.request(f"{proposal.session}.change.{proposal_id[-8:]}")
        if request.state in _OPEN:
            return ""
        runs = [ended.run for ended in case.ended if ended.request == request.id]
        bad = [run for run in runs if run.state != "passed"]
        if request.state == "done" and runs and not bad:
            return "done"
        said = bad[0].message or (bad[0].issues[0].title if bad[0].issues else "") if bad else ""
        return f"the change did not succeed: {said or 'its runner could not run it'}"

    async def _verify(self, proposal_id: str, attempt: int) -> str:
        proposal, _ = await self._of(proposal_id)
        atlas = await self._maps.atlas()
        async with self._database.transaction() as connection:
            for number, (slx, titles) in enumerate(_by_slx(proposal.verify).items()):
                choices = tuple(_chosen(title, _title(atlas, slx, title), "did the change help?") for title in titles)
                suffix = f"verify.{proposal_id[-8:]}.{attempt:02d}.{number}"
                request = self._request(proposal.session, suffix, slx, choices, attempt)
                await self._offer(connection, request.model_copy(update={"purpose": "verify"}))
        self._audit.ring()
        self._bus.ring("offers")
        return ""

    async def _verified(self, proposal_id: str, attempt: int) -> str:
        """Empty while it runs; ``healed`` when no Task finds anything ill at the target any more; else ``ill``."""
        proposal, case = await self._of(proposal_id)
        prefix = f"{proposal.session}.verify.{proposal_id[-8:]}.{attempt:02d}."
        requests = [request for request in case.requests if request.id.startswith(prefix)]
        if any(request.state in _OPEN for request in requests):
            return ""
        atlas = await self._maps.atlas()
        for ended in case.ended:
            if not ended.request.startswith(prefix):
                continue
            slx = atlas.slx(case.request(ended.request).slx)
            subject = slx.resources[0] if slx else proposal.target
            facts = [place(issue, Seen(ended.run, subject), atlas, self._codebook) for issue in ended.run.issues]
            same = any(_still(fact, proposal) for fact in facts)
            if same or ended.run.state == "errored":
                return "ill"
        return "healed" if any(request.state == "done" for request in requests) else "ill"

    async def _settle(self, proposal_id: str, healed: bool, reason: str) -> str:
        async with self._database.transaction() as connection:
            proposal = await store.proposal(connection, proposal_id)
            now = await store.session(connection, proposal.session)
            if await store.move_proposal(connection, proposal_id, "approved", "used"):
                data = {"proposal": proposal_id, "healed": healed, "reason": reason}
                await self._audit.add(connection, "proposal.used", proposal.session, "system", data)
            said = f"resolved: {proposal.title} helped, and its detecting Task finds nothing any more"
            state: SessionState = "concluded" if healed or now.diagnosis.causes else "inconclusive"
            await self._move(connection, now, state, said if healed else reason, "system", resolved=healed)
            if healed:
                await self._audit.add(
                    connection, "session.resolved", proposal.session, "system", {"proposal": proposal_id}
                )
        self._audit.ring()
        return "healed" if healed else "failed"

    async def _of(self, proposal_id: str) -> tuple[Proposal, Case]:
        async with self._database.reading() as connection:
            proposal = await store.proposal(connection, proposal_id)
            return proposal, await store.case(connection, proposal.session)

    # --- shared -----------------------------------------------------------------------------------------------

    async def _approval(self, connection: Connection, request: RunRequest) -> str:
        """The signed Approval that a read-write request travels with."""
        proposal = await store.proposal(connection, f"{request.session}.{request.id.rsplit('.', 1)[-1]}")
        key = self._runner_keys[request.location]
        return approval.sign(key, proposal.id, proposal.digest, proposal.expires).model_dump_json()

    async def _offer(self, connection: Connection, request: RunRequest) -> None:
        if await store.add_request(connection, self._clock, request):
            data = {
                "request": request.id,
                "slx": request.slx,
                "purpose": request.purpose,
                "tasks": [json.loads(choice.model_dump_json()) for choice in request.choices],
            }
            await self._audit.add(connection, "request.offered", request.session, "system", data)

    async def _diagnosed(self, connection: Connection, now: RunSession, found: Diagnosis) -> None:
        if found != now.diagnosis:
            await store.set_diagnosis(connection, now.id, found)
            data = {"causes": [json.loads(c.model_dump_json(include=_BRIEF)) for c in found.causes]}
            await self._audit.add(connection, "diagnosis.updated", now.id, "system", data)

    async def _move(
        self,
        connection: Connection,
        now: RunSession,
        state: SessionState,
        reason: str,
        actor: str,
        *,
        resolved: bool = False,
    ) -> RunSession:
        if await store.move_session(connection, self._clock, now, state, reason, resolved=resolved):
            data = {"state": state, "reason": reason, "resolved": resolved}
            await self._audit.add(connection, "session.state", now.id, actor, data)
        return now.model_copy(update={"state": state, "reason": reason, "resolved": resolved})

    async def _wake(self, session: str) -> None:
        await self._workflows.wake(session)
        async with self._database.reading() as connection:
            proposals = (await store.case(connection, session)).proposals
        for proposal in proposals:
            if proposal.state == "approved":
                await self._workflows.wake(f"remedy:{proposal.id}")


_BRIEF = {"resource", "reason", "code", "confidence", "grade"}


def _verdict(case: Case, found: Diagnosis, facts: Sequence[tuple[Fact, str]], cut: str) -> tuple[SessionState, str]:
    """concluded: a cause that is at least likely, or nothing ill at all. Otherwise inconclusive, and why."""
    sure = [cause for cause in found.causes if cause.grade != "possible"]
    if sure:
        return "concluded", f"found: {sure[0].reason}"
    ran = sum(1 for ended in case.ended if ended.run.state in ("passed", "failed"))
    ill = [fact for fact, _ in facts if fact.issue.severity <= 3]
    if not ran:
        return "inconclusive", _nothing_ran(case, cut)
    if not ill and not cut:
        return "concluded", f"nothing found: {ran} Tasks looked and none found anything ill"
    return "inconclusive", cut or "Issues were found, but no cause that is better than possible"


def _nothing_ran(case: Case, cut: str) -> str:
    if not case.requests:
        return cut or (
            "nothing on the Map answers to this: name a workload, service, ingress, claim, node or namespace, or "
            "check with `runstone doctor` that discovery sees your cluster"
        )
    return cut or "no Task could run; 'could not check' says why"


def _still(fact: Fact, proposal: Proposal) -> bool:
    """Something that matters is still found at the target."""
    return fact.issue.severity <= 3 and (fact.code == proposal.cause or fact.resource == proposal.target)


def _chosen(title: str, resolved: str, why: str) -> Choice:
    return Choice(title=title, resolved_title=resolved, score=Score(total=1.0, parts={}, why=why))


def _title(atlas: Atlas, slx_name: str, title: str) -> str:
    slx = atlas.slx(slx_name)
    tasks = slx.runbook.tasks if slx and slx.runbook else ()
    return next((task.resolved_title for task in tasks if task.title == title), title)


def _by_slx(pairs: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for slx, title in pairs:
        grouped.setdefault(slx, []).append(title)
    return grouped


def _ends(state: str) -> str:
    return json.dumps({"end": state, "wait_s": 0})


def session_key(workspace: str, *parts: str) -> str:
    """A session's id made from what it is about: the same parts give the same id, so a repeat joins it."""
    return hashlib.sha256("\n".join((workspace, *parts)).encode()).hexdigest()[:12]
