"""``/api/v1/events``: everything that happened in the workspace, for audit."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from runstone.control.access import Actor
from runstone.control.workspace import Control
from runstone.server.auth import may
from runstone.server.state import control

router = APIRouter(prefix="/api/v1/events", tags=["events"])
Reader = Annotated[Actor, Depends(may("read"))]
Zone = Annotated[Control, Depends(control)]


@router.get("")
async def after(_: Reader, zone: Zone, after: int = 0, limit: int = 500) -> list[dict[str, Any]]:
    """Events with a number above ``after``, oldest first, at most ``limit`` (up to 1000)."""
    found = await zone.audit.after(after, limit=min(limit, 1000))
    return [event.model_dump(mode="json") for event in found]
