"""A change from its approval to its verification, as a durable workflow.

A person approves exactly one Proposal; a runner runs it once, with a signed Approval; then the Tasks that found the
cause run again, until they find nothing or the time for healing is over.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from runstone.control.audit.store import Audit
from runstone.control.clock import Clock, stamp
from runstone.control.runs import store
from runstone.control.runs.diagnose import Codebook, Fact, Seen, looked, place
from runstone.control.runs.journal import Journal, chosen
from runstone.control.runs.store import Case
from runstone.control.workspaces.atlas import Atlas
from runstone.control.workspaces.store import Maps
from runstone.db import durable
from runstone.db.durable import Durable
from runstone.db.engine import Connection, Database
from runstone.errors import Conflict, NotAllowed
from runstone.model import approval
from runstone.model.run import FLYING, Proposal, RunRequest, RunSession, SessionState

WORKFLOW = "change"
VERIFY_TRIES = 12
_UNHEALED = {
    "ill": "the Task that found the cause still finds it after the change; a person should look",
    "unseen": "the change was made, but no Task could look whether it helped; a person should look",
}
VERIFY_PAUSE_S = 4.0
"""A rollout takes a while to heal: up to about a minute of looks before a change counts as failed."""


class Changes:
    """Approvals of one workspace and what follows from them."""

    def __init__(
        self,
        database: Database,
        audit: Audit,
        clock: Clock,
        maps: Maps,
        workflows: Durable,
        codebook: Codebook,
        journal: Journal,
        runner_keys: Mapping[str, bytes],
    ) -> None:
        """``runner_keys`` holds, per Location, the key its runners check Approvals with."""
        self._database = database
        self._audit = audit
        self._clock = clock
        self._maps = maps
        self._workflows = workflows
        self._codebook = codebook
        self._journal = journal
        self._runner_keys = runner_keys
        workflows.workflow(WORKFLOW, self._run)

    async def approve(self, session: str, proposal_id: str, exact: str, actor: str) -> None:
        """Say yes to one proposal; ``exact`` is its digest as the person saw it. Raises Conflict, NotAllowed."""
        async with self._database.transaction() as connection:
            now, proposal = await self._offered(connection, session, proposal_id)
            if proposal.digest != exact:
                raise NotAllowed(f"Proposal {proposal_id} is not what you saw: reload the page and look again.")
            expired = proposal.expires <= stamp(self._clock.now())
            if expired:
                await store.move_proposal(connection, proposal_id, "open", "expired")
            elif not await store.move_proposal(connection, proposal_id, "open", "approved"):
                raise Conflict(f"Proposal {proposal_id} is {proposal.state}, not open; an approval works once.")
            if not expired:
                await self._audit.add(connection, "proposal.approved", session, actor, {"proposal": proposal_id})
                await self._journal.move(connection, now, "running", f"{proposal.title}, approved by {actor}", actor)
        self._journal.ring()
        if expired:
            raise Conflict(f"Proposal {proposal_id} expired at {proposal.expires}. Ask again for a new one.")
        await self._workflows.start(WORKFLOW, _key(proposal_id))

    async def reject(self, session: str, proposal_id: str, actor: str) -> None:
        """Say no to a proposal. Raises Conflict when it is not open any more."""
        async with self._database.transaction() as connection:
            await self._offered(connection, session, proposal_id)
            if not await store.move_proposal(connection, proposal_id, "open", "rejected"):
                raise Conflict(f"Proposal {proposal_id} is not open any more.")
            await self._audit.add(connection, "proposal.rejected", session, actor, {"proposal": proposal_id})
        self._journal.ring()

    async def approval(self, connection: Connection, request: RunRequest) -> str:
        """The signed Approval that a read-write request travels with."""
        proposal = await store.proposal(connection, f"{request.session}.{request.id.rsplit('.', 1)[-1]}")
        key = self._runner_keys[request.location]
        return approval.sign(key, proposal.id, proposal.digest, proposal.expires).model_dump_json()

    async def wake(self, session: str) -> None:
        """Let the session's approved changes look again."""
        async with self._database.reading() as connection:
            approved = await store.approved(connection, session)
        for proposal_id in approved:
            await self._workflows.wake(_key(proposal_id))

    async def _offered(self, connection: Connection, session: str, id_: str) -> tuple[RunSession, Proposal]:
        now, proposal = await store.session(connection, session), await store.proposal(connection, id_)
        if proposal.session != session:
            raise Conflict(f"Proposal {id_} belongs to session {proposal.session}, not to {session}.")
        return now, proposal

    # --- the workflow: each step reads all it needs and writes in one transaction, so it may run twice -------------

    async def _run(self, key: str) -> str:
        proposal_id = key.removeprefix(_key(""))
        if not await durable.step("change", lambda: self._change(proposal_id)):
            return await durable.step("cancelled", lambda: self._settle(proposal_id, False, "cancelled before it ran"))
        while (outcome := await durable.step("changed", lambda: self._changed(proposal_id))) == "":
            await durable.wait(5.0)
        if outcome != "done":
            return await durable.step("failed", lambda: self._settle(proposal_id, False, outcome))
        verdict = "unseen"
        for attempt in range(VERIFY_TRIES):
            await durable.step("verify", partial(self._verify, proposal_id, attempt))
            while (verdict := await durable.step("verified", partial(self._verified, proposal_id, attempt))) == "":
                await durable.wait(5.0)
            if verdict == "healed":
                return await durable.step("healed", lambda: self._settle(proposal_id, True, ""))
            await durable.wait(VERIFY_PAUSE_S)
        reason = _UNHEALED[verdict]
        return await durable.step("unhealed", lambda: self._settle(proposal_id, False, reason))

    async def resume(self, workspace: str) -> None:
        """Start the workflow of every approved change: one may have died between approval and start."""
        async with self._database.reading() as connection:
            approved = await store.approved_in(connection, workspace)
        for proposal_id in approved:
            await self._workflows.start(WORKFLOW, _key(proposal_id))

    async def _change(self, proposal_id: str) -> str:
        """The id of the change's request; empty when the session was ended before it was offered."""
        async with self._database.transaction() as connection:
            proposal = await store.proposal(connection, proposal_id)
            if (await store.session(connection, proposal.session)).state != "running":
                return ""
            choice = chosen(proposal.task, proposal.title, "approved by a person")
            request = self._journal.request(proposal.session, _suffix(proposal), proposal.slx, (choice,), 0)
            changes = {"purpose": "remedy", "access": "read-write", "overrides": {**proposal.parameters}}
            await self._journal.offer(connection, request.model_copy(update=changes))
        self._journal.ring(offers=True)
        return request.id

    async def _changed(self, proposal_id: str) -> str:
        """Empty while the change runs; ``done``; or why it did not work."""
        proposal, case = await self._of(proposal_id)
        request = case.request(f"{proposal.session}.{_suffix(proposal)}")
        if request.state in FLYING:
            return ""
        runs = [ended.run for ended in case.ended if ended.request == request.id]
        bad = [run for run in runs if run.state != "passed"]
        if request.state == "done" and runs and not bad:
            return "done"
        said = case.message(request.id)
        if bad:
            said = bad[0].message or (bad[0].issues[0].actual if bad[0].issues else said)
        return f"the change did not succeed: {said or 'its runner could not run it'}"

    async def _verify(self, proposal_id: str, attempt: int) -> str:
        proposal, _ = await self._of(proposal_id)
        atlas = await self._maps.atlas()
        async with self._database.transaction() as connection:
            if (await store.session(connection, proposal.session)).state != "running":
                return ""
            for number, (slx, titles) in enumerate(_by_slx(proposal.verify).items()):
                choices = tuple(chosen(title, _title(atlas, slx, title), "did the change help?") for title in titles)
                suffix = f"{_verifying(proposal, attempt)}{number}"
                request = self._journal.request(proposal.session, suffix, slx, choices, attempt)
                await self._journal.offer(connection, request.model_copy(update={"purpose": "verify"}))
        self._journal.ring(offers=True)
        return ""

    async def _verified(self, proposal_id: str, attempt: int) -> str:
        """Empty while it runs; ``healed`` when every Task looked and none finds it any more; ``ill``; or ``unseen``."""
        proposal, case = await self._of(proposal_id)
        prefix = f"{proposal.session}.{_verifying(proposal, attempt)}"
        requests = [request for request in case.requests if request.id.startswith(prefix)]
        if any(request.state in FLYING for request in requests):
            return ""
        ended = [one for one in case.ended if one.request.startswith(prefix)]
        facts = await self._facts(proposal, case, ended)
        if any(_still(fact, proposal) for fact in facts):
            return "ill"
        whole = bool(requests) and all(request.state == "done" for request in requests)
        return "healed" if whole and ended and all(looked(one.run) for one in ended) else "unseen"

    async def _facts(self, proposal: Proposal, case: Case, ended: Sequence[store.Ended]) -> list[Fact]:
        atlas = await self._maps.atlas()
        facts: list[Fact] = []
        for one in ended:
            slx = atlas.slx(case.request(one.request).slx)
            seen = Seen(one.run, slx.resources[0] if slx else proposal.target)
            facts += [place(issue, seen, atlas, self._codebook) for issue in one.run.issues]
        return facts

    async def _settle(self, proposal_id: str, healed: bool, reason: str) -> str:
        async with self._database.transaction() as connection:
            proposal = await store.proposal(connection, proposal_id)
            now = await store.session(connection, proposal.session)
            if await store.move_proposal(connection, proposal_id, "approved", "used"):
                data = {"proposal": proposal_id, "healed": healed, "reason": reason}
                await self._audit.add(connection, "proposal.used", proposal.session, "system", data)
            if now.state != "running":
                return "over"
            said = f"resolved: {proposal.title} helped, and the Task that found the cause finds nothing any more"
            state: SessionState = "concluded" if healed or now.diagnosis.causes else "inconclusive"
            await self._journal.move(
                connection, now, state, said if healed else reason, resolved=healed or now.resolved
            )
            if healed:
                data = {"proposal": proposal_id}
                await self._audit.add(connection, "session.resolved", proposal.session, "system", data)
        self._journal.ring()
        return "healed" if healed else "failed"

    async def _of(self, proposal_id: str) -> tuple[Proposal, Case]:
        async with self._database.reading() as connection:
            proposal = await store.proposal(connection, proposal_id)
            return proposal, await store.case(connection, proposal.session)


def _key(proposal_id: str) -> str:
    return f"change:{proposal_id}"


def _suffix(proposal: Proposal) -> str:
    """Of the change's request: its last part leads back to the proposal."""
    return f"change.{proposal.id.rsplit('.', 1)[-1]}"


def _verifying(proposal: Proposal, attempt: int) -> str:
    return f"verify.{proposal.id.rsplit('.', 1)[-1]}.{attempt:02d}."


def _still(fact: Fact, proposal: Proposal) -> bool:
    """Something that matters is still found at the target."""
    return fact.issue.severity <= 3 and (fact.code == proposal.cause or fact.resource == proposal.target)


def _title(atlas: Atlas, slx_name: str, title: str) -> str:
    slx = atlas.slx(slx_name)
    tasks = slx.runbook.tasks if slx and slx.runbook else ()
    return next((task.resolved_title for task in tasks if task.title == title), title)


def _by_slx(pairs: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for slx, title in pairs:
        grouped.setdefault(slx, []).append(title)
    return grouped
