"""``/runner/v1``: what edges call. Outbound for them, by long poll: nothing ever connects to an edge."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Header

from runstone.control.access import Action, Actor
from runstone.control.workspace import Control
from runstone.errors import Conflict, NotAllowed
from runstone.model.wire import (
    VERSION,
    Completion,
    Heartbeat,
    HeartbeatAnswer,
    LeaseRequest,
    Leases,
    MapAnswer,
    MapUpdate,
    ProgressReport,
)
from runstone.server.auth import may
from runstone.server.state import control


def speaking(action: Action) -> Callable[..., Actor]:
    """A route dependency: the actor, if it may do ``action`` and speaks our version. Raises NotAllowed, Conflict."""

    def allowed(who: Annotated[Actor, Depends(may(action))], runstone_wire: Annotated[str, Header()] = "") -> Actor:
        if runstone_wire != VERSION:
            raise Conflict(
                f"This control zone speaks version {VERSION} of the protocol, the edge {runstone_wire or 'none'}. "
                f"Upgrade the older one."
            )
        return who

    return allowed


router = APIRouter(prefix="/runner/v1", tags=["runner"])
Leaser = Annotated[Actor, Depends(speaking("lease"))]
Reporter = Annotated[Actor, Depends(speaking("report"))]
Zone = Annotated[Control, Depends(control)]
LONGEST_POLL_S = 25.0
"""Proxies often cut a silent request at 30 s."""


@router.post("/lease")
async def lease(ask: LeaseRequest, who: Leaser, zone: Zone) -> Leases:
    """Work for this runner, waiting for some to be offered."""
    if who.name != f"runner:{ask.location}":
        raise NotAllowed(f"{who.name} may not lease the work of location {ask.location!r}. Use that location's token.")
    bounded = ask.model_copy(update={"wait_s": min(ask.wait_s, LONGEST_POLL_S), "free": min(max(ask.free, 0), 32)})
    return Leases(leases=tuple(await zone.queue.lease(bounded)))


@router.post("/requests/{request}/progress")
async def progress(request: str, report: ProgressReport, _: Reporter, zone: Zone) -> HeartbeatAnswer:
    """What a running request said."""
    return HeartbeatAnswer(cancel=await zone.queue.progress(request, report))


@router.post("/requests/{request}/heartbeat")
async def heartbeat(request: str, beat: Heartbeat, _: Reporter, zone: Zone) -> HeartbeatAnswer:
    """A sign of life."""
    return HeartbeatAnswer(cancel=await zone.queue.heartbeat(request, beat.token))


@router.post("/requests/{request}/complete", status_code=204)
async def complete(request: str, completion: Completion, _: Reporter, zone: Zone) -> None:
    """The request's end."""
    await zone.queue.complete(request, completion)


@router.post("/map")
async def map_update(update: MapUpdate, who: Reporter, zone: Zone) -> MapAnswer:
    """What discovery saw."""
    answer = await zone.maps.apply(update, who.name)
    if answer.changed or update.final:
        await zone.sessions.map_changed()
    return answer
