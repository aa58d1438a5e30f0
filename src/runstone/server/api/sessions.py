"""``/api/v1/sessions``: ask, list, look, follow, cancel."""

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from runstone.control.access import Actor
from runstone.control.clock import token
from runstone.control.runs.session import session_key
from runstone.control.workspace import Control
from runstone.model.run import Trigger
from runstone.server.api import reports
from runstone.server.auth import may
from runstone.server.state import control

router = APIRouter(prefix="/api/v1/sessions", tags=["sessions"])
Reader = Annotated[Actor, Depends(may("read"))]
Asker = Annotated[Actor, Depends(may("ask"))]
Zone = Annotated[Control, Depends(control)]
Number = Annotated[int, Query(ge=0, le=2**62)]
_QUIET_S = 15.0
"""A comment line this often keeps proxies from closing a silent stream."""


class Question(BaseModel):
    """What to look into. ``namespaces`` narrows; ``budget_s`` bounds the whole session."""

    text: str = Field(min_length=1, max_length=4000)
    namespaces: tuple[str, ...] = ()
    budget_s: int = Field(default=300, ge=5, le=3600)
    key: str = Field(default="", max_length=100)
    """Two questions with the same key are one session; empty opens a new one."""


@router.post("", status_code=201)
async def ask(question: Question, who: Asker, zone: Zone) -> dict[str, Any]:
    """Open a session for a question."""
    trigger = Trigger(kind="question", text=question.text, labels={}, namespaces=question.namespaces)
    key = session_key(zone.workspace, "question", question.key or token())
    opened = await zone.sessions.open(trigger, key, question.budget_s, who.name)
    return {"session": opened.session, "new": opened.new}


@router.get("")
async def sessions(_: Reader, zone: Zone) -> list[dict[str, Any]]:
    """The newest sessions, newest first."""
    return [session.model_dump(mode="json", exclude={"diagnosis"}) for session in await zone.sessions.recent()]


@router.get("/{session}")
async def one(session: str, _: Reader, zone: Zone) -> dict[str, Any]:
    """A session's report: causes, Issues, what was ruled out, what could not be checked, proposals."""
    return reports.report(await zone.sessions.case(session))


@router.get("/{session}/timeline")
async def timeline(session: str, _: Reader, zone: Zone) -> dict[str, Any]:
    """Everything that ran, in order, with scores and output."""
    return reports.timeline(await zone.sessions.case(session))


@router.post("/{session}/cancel", status_code=204)
async def cancel(session: str, who: Asker, zone: Zone) -> None:
    """End a session that is not over."""
    await zone.sessions.cancel(session, who.name)


@router.get("/{session}/events")
async def events(session: str, request: Request, _: Reader, zone: Zone, after: Number = 0) -> StreamingResponse:
    """The session's Events from number ``after`` on, as server-sent events; ends with the client."""
    await zone.sessions.case(session)
    seen = request.headers.get("Last-Event-ID", "")
    start = int(seen) if seen.isdecimal() and len(seen) < 19 else after
    return StreamingResponse(_stream(zone, session, start, request), media_type="text/event-stream")


@router.get("/{session}/log")
async def log(session: str, _: Reader, zone: Zone, after: Number = 0, wait_s: float = 0) -> list[dict[str, Any]]:
    """The session's Events from number ``after`` on, waiting up to ``wait_s`` (at most 25) seconds for the first one.

    The same Events as the stream, one finite answer at a time: for clients that cannot hold a stream open.
    """
    found = await zone.audit.next(after, session, min(max(wait_s, 0.0), 25.0))
    return [event.model_dump(mode="json") for event in found]


async def _stream(zone: Control, session: str, seq: int, request: Request) -> AsyncIterator[str]:
    while not await request.is_disconnected():
        found = await zone.audit.next(seq, session, _QUIET_S)
        if not found:
            yield ": still here\n\n"
        for event in found:
            seq = event.seq
            yield f"id: {event.seq}\nevent: {event.type}\ndata: {json.dumps(event.model_dump(mode='json'))}\n\n"
