"""The tables of sessions, RunRequests, TaskRuns and Proposals. Every write is one transaction with its Event."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from runstone.control.clock import Clock, stamp
from runstone.db.engine import Connection
from runstone.errors import Conflict, NotFound
from runstone.model.run import (
    SESSION_MOVES,
    Diagnosis,
    Proposal,
    RunRequest,
    RunSession,
    SessionState,
    TaskRun,
    Trigger,
)

EMPTY = Diagnosis(causes=(), ruled_out=(), could_not_check=())

_NEW_SESSION = sa.text("""
    INSERT INTO session (id, workspace, trigger_body, state, reason, opened_at, ended_at, resolved, diagnosis, budget_s)
    VALUES (:id, :workspace, :trigger_body, 'open', :reason, :opened_at, NULL, 0, :diagnosis, :budget_s)
    ON CONFLICT (id) DO NOTHING
""")
_MOVE_SESSION = sa.text("""
    UPDATE session SET state = :state, reason = :reason, ended_at = :ended_at, resolved = :resolved
    WHERE id = :id AND state = :before
""")
_NEW_REQUEST = sa.text("""
    INSERT INTO request (id, session, slx, location, body, state, attempt, message, offered_at, ended_at, token,
                         lease_until, runner, instance, last_seq)
    VALUES (:id, :session, :slx, :location, :body, 'offered', 1, '', :at, NULL, '', 0, '', '', 0)
    ON CONFLICT (id) DO NOTHING
""")
_REQUESTS = sa.text(
    "SELECT body, state, attempt, message FROM request WHERE session = :session ORDER BY offered_at, id"
)
# done: 0 while it runs, 1 when it ended, 2 when its runner was lost on the way (kept, never shown as a result).
_TASK_RUNS = sa.text("SELECT request, body FROM task_run WHERE session = :session AND done = 1 ORDER BY rowid")
_PROPOSALS = sa.text("SELECT body, state FROM proposal WHERE session = :session ORDER BY rowid")


@dataclass(frozen=True)
class Ended:
    """A TaskRun with the RunRequest it belongs to."""

    request: str
    run: TaskRun


@dataclass(frozen=True)
class Case:
    """A session with all that happened in it."""

    session: RunSession
    requests: tuple[RunRequest, ...]
    ended: tuple[Ended, ...]
    proposals: tuple[Proposal, ...]
    messages: Mapping[str, str]
    """Per RunRequest, why it ended as it did; empty when there is nothing to say."""

    def message(self, id_: str) -> str:
        """Why a RunRequest ended as it did."""
        return self.messages.get(id_, "")

    def request(self, id_: str) -> RunRequest:
        """One of the session's RunRequests by id."""
        return next(request for request in self.requests if request.id == id_)


async def open_session(
    connection: Connection, clock: Clock, id_: str, workspace: str, trigger: Trigger, budget_s: int
) -> bool:
    """Add a session; False when it is there already."""
    row = {
        "id": id_,
        "workspace": workspace,
        "trigger_body": trigger.model_dump_json(),
        "reason": "opened by " + ("a question" if trigger.kind == "question" else "an alert"),
        "opened_at": stamp(clock.now()),
        "diagnosis": EMPTY.model_dump_json(),
        "budget_s": budget_s,
    }
    return (await connection.execute(_NEW_SESSION, row)).rowcount == 1


async def session(connection: Connection, id_: str) -> RunSession:
    """One session. Raises NotFound."""
    row = (await connection.execute(sa.text("SELECT * FROM session WHERE id = :id"), {"id": id_})).mappings().first()
    if row is None:
        raise NotFound(f"There is no session {id_!r} here. List them with: runstone sessions")
    return _session(dict(row))


async def sessions(connection: Connection, workspace: str, limit: int) -> list[RunSession]:
    """The newest sessions of a workspace, newest first."""
    query = sa.text("SELECT * FROM session WHERE workspace = :workspace ORDER BY opened_at DESC LIMIT :limit")
    rows = await connection.execute(query, {"workspace": workspace, "limit": limit})
    return [_session(dict(row)) for row in rows.mappings()]


async def case(connection: Connection, id_: str) -> Case:
    """A session with its requests, ended TaskRuns and proposals. Raises NotFound."""
    which = {"session": id_}
    found = await session(connection, id_)
    rows = (await connection.execute(_REQUESTS, which)).mappings().all()
    requests = [_request(row) for row in rows]
    messages = {request.id: row["message"] for request, row in zip(requests, rows, strict=True)}
    ended = [
        Ended(row["request"], TaskRun.model_validate_json(row["body"]))
        for row in (await connection.execute(_TASK_RUNS, which)).mappings()
    ]
    proposals = [
        Proposal.model_validate({**json.loads(row["body"]), "state": row["state"]})
        for row in (await connection.execute(_PROPOSALS, which)).mappings()
    ]
    return Case(found, tuple(requests), tuple(ended), tuple(proposals), messages)


async def move_session(
    connection: Connection, clock: Clock, now: RunSession, state: SessionState, reason: str, *, resolved: bool
) -> bool:
    """Put a session into ``state``; False when it is there already, with that reason. Raises Conflict."""
    if now.state == state and now.reason == reason and now.resolved == resolved:
        return False
    if now.state != state and state not in SESSION_MOVES[now.state]:
        raise Conflict(f"Session {now.id} is {now.state} and cannot become {state}.")
    ended = stamp(clock.now()) if state in ("concluded", "inconclusive", "cancelled") else None
    row = {"id": now.id, "state": state, "reason": reason, "ended_at": ended, "resolved": int(resolved)}
    if (await connection.execute(_MOVE_SESSION, {**row, "before": now.state})).rowcount != 1:
        raise Conflict(f"Session {now.id} is not {now.state} any more.")
    return True


async def set_diagnosis(connection: Connection, id_: str, diagnosis: Diagnosis) -> None:
    """Replace what a session has come to."""
    query = sa.text("UPDATE session SET diagnosis = :diagnosis WHERE id = :id")
    await connection.execute(query, {"id": id_, "diagnosis": diagnosis.model_dump_json()})


async def add_request(connection: Connection, clock: Clock, request: RunRequest) -> bool:
    """Offer a RunRequest; False when one with its id is there already."""
    row = {
        "id": request.id,
        "session": request.session,
        "slx": request.slx,
        "location": request.location,
        "body": request.model_dump_json(),
        "at": stamp(clock.now()),
    }
    return (await connection.execute(_NEW_REQUEST, row)).rowcount == 1


async def add_proposal(connection: Connection, proposal: Proposal) -> bool:
    """Add a proposal; False when it is there already."""
    query = sa.text("""
        INSERT INTO proposal (id, session, body, state) VALUES (:id, :session, :body, :state)
        ON CONFLICT (id) DO NOTHING
    """)
    row = {"id": proposal.id, "session": proposal.session, "body": proposal.model_dump_json(), "state": proposal.state}
    return (await connection.execute(query, row)).rowcount == 1


async def proposal(connection: Connection, id_: str) -> Proposal:
    """One proposal. Raises NotFound."""
    query = sa.text("SELECT body, state FROM proposal WHERE id = :id")
    row = (await connection.execute(query, {"id": id_})).mappings().first()
    if row is None:
        raise NotFound(f"There is no proposal {id_!r}. The session's page lists those that are open.")
    return Proposal.model_validate({**json.loads(row["body"]), "state": row["state"]})


async def live(connection: Connection, workspace: str) -> list[str]:
    """Ids of a workspace's sessions that are not over."""
    query = sa.text("SELECT id FROM session WHERE workspace = :workspace AND state IN ('open', 'running', 'waiting')")
    return [row.id for row in await connection.execute(query, {"workspace": workspace})]


async def approved(connection: Connection, session: str) -> list[str]:
    """Ids of a session's proposals whose change is under way."""
    query = sa.text("SELECT id FROM proposal WHERE session = :session AND state = 'approved'")
    return [row.id for row in await connection.execute(query, {"session": session})]


async def approved_in(connection: Connection, workspace: str) -> list[str]:
    """Ids of all proposals of a workspace whose change is under way."""
    query = sa.text("""
        SELECT proposal.id FROM proposal JOIN session ON session.id = proposal.session
        WHERE session.workspace = :workspace AND proposal.state = 'approved'
    """)
    return [row.id for row in await connection.execute(query, {"workspace": workspace})]


async def move_proposal(connection: Connection, id_: str, before: str, after: str) -> bool:
    """Change a proposal's state from ``before`` to ``after``; False when it was not in ``before``: used once only."""
    query = sa.text("UPDATE proposal SET state = :after WHERE id = :id AND state = :before")
    return (await connection.execute(query, {"id": id_, "before": before, "after": after})).rowcount == 1


def _session(row: dict[str, Any]) -> RunSession:
    return RunSession(
        id=row["id"],
        workspace=row["workspace"],
        trigger=Trigger.model_validate_json(row["trigger_body"]),
        state=row["state"],
        reason=row["reason"],
        opened_at=row["opened_at"],
        ended_at=row["ended_at"],
        resolved=bool(row["resolved"]),
        diagnosis=Diagnosis.model_validate_json(row["diagnosis"]),
        budget_s=row["budget_s"],
    )


def _request(row: sa.RowMapping) -> RunRequest:
    return RunRequest.model_validate({**json.loads(row["body"]), "state": row["state"], "attempt": row["attempt"]})
