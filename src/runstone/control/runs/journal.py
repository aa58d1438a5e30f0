"""Writes of a session with the Events that tell of them, inside the caller's transaction."""

import json

from runstone.control.audit.store import Audit
from runstone.control.clock import Clock
from runstone.control.runs import store
from runstone.db.bus import Bus
from runstone.db.engine import Connection
from runstone.model.run import Choice, Diagnosis, Proposal, RunRequest, RunSession, Score, SessionState

DEADLINE_S = 120
"""For one RunRequest, all its Tasks together."""
_BRIEF = {"resource", "reason", "code", "confidence", "grade"}


class Journal:
    """Moves sessions, offers RunRequests, adds diagnoses and proposals; call :meth:`ring` after the transaction."""

    def __init__(self, bus: Bus, audit: Audit, clock: Clock, location: str) -> None:
        self._bus = bus
        self._audit = audit
        self._clock = clock
        self.location = location

    def request(self, session: str, suffix: str, slx: str, choices: tuple[Choice, ...], round_: int) -> RunRequest:
        """A read-only RunRequest to diagnose, not offered yet. The same suffix is the same request."""
        return RunRequest(
            id=f"{session}.{suffix}",
            session=session,
            slx=slx,
            location=self.location,
            choices=choices,
            access="read-only",
            deadline_s=DEADLINE_S,
            state="offered",
            attempt=1,
            round=round_,
            purpose="diagnose",
            overrides={},
        )

    async def offer(self, connection: Connection, request: RunRequest) -> None:
        """Offer a request, once."""
        if await store.add_request(connection, self._clock, request):
            data = {
                "request": request.id,
                "slx": request.slx,
                "purpose": request.purpose,
                "tasks": [json.loads(choice.model_dump_json()) for choice in request.choices],
            }
            await self._audit.add(connection, "request.offered", request.session, "system", data)

    async def diagnosed(self, connection: Connection, now: RunSession, found: Diagnosis) -> None:
        """Keep what a session has come to, if it is new."""
        if found != now.diagnosis:
            await store.set_diagnosis(connection, now.id, found)
            data = {"causes": [json.loads(c.model_dump_json(include=_BRIEF)) for c in found.causes]}
            await self._audit.add(connection, "diagnosis.updated", now.id, "system", data)

    async def propose(self, connection: Connection, proposal: Proposal) -> None:
        """Add a proposal, once."""
        if await store.add_proposal(connection, proposal):
            data = json.loads(proposal.model_dump_json())
            await self._audit.add(connection, "proposal.open", proposal.session, "system", data)

    async def move(
        self,
        connection: Connection,
        now: RunSession,
        state: SessionState,
        reason: str,
        actor: str = "system",
        *,
        resolved: bool = False,
    ) -> RunSession:
        """Put a session into a state with a reason, if it is not there already. Raises Conflict."""
        if await store.move_session(connection, self._clock, now, state, reason, resolved=resolved):
            data = {"state": state, "reason": reason, "resolved": resolved}
            await self._audit.add(connection, "session.state", now.id, actor, data)
        return now.model_copy(update={"state": state, "reason": reason, "resolved": resolved})

    def ring(self, *, offers: bool = False) -> None:
        """Tell those who follow the events, and with ``offers`` the runners that poll."""
        self._audit.ring()
        if offers:
            self._bus.ring("offers")


def chosen(title: str, resolved: str, why: str) -> Choice:
    """A Task that was not scored against others."""
    return Choice(title=title, resolved_title=resolved, score=Score(total=1.0, parts={}, why=why))
