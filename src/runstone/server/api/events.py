"""``/api/v1/events``: everything that happened in the workspace, for audit."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from runstone.control.access import Actor
from runstone.control.workspace import Control
from runstone.server.auth import may
from runstone.server.state import control

router = APIRouter(prefix="/api/v1/events", tags=["events"])
Reader = Annotated[Actor, Depends(may("read"))]
Zone = Annotated[Control, Depends(control)]


@router.get("")
async def after(
    _: Reader,
    zone: Zone,
    after: Annotated[int, Query(ge=0, le=2**62)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 500,
) -> list[dict[str, Any]]:
    """Events with a number above ``after``, oldest first, at most ``limit`` (up to 1000)."""
    found = await zone.audit.after(after, limit=limit)
    return [event.model_dump(mode="json") for event in found]
