"""``/api/v1/map``: the Map as it is now."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from runstone.control.access import Actor
from runstone.control.workspace import Control
from runstone.server.auth import may
from runstone.server.state import control

router = APIRouter(prefix="/api/v1/map", tags=["map"])
Reader = Annotated[Actor, Depends(may("read"))]
Zone = Annotated[Control, Depends(control)]


@router.get("")
async def whole(_: Reader, zone: Zone) -> dict[str, Any]:
    """Resources, relations, SLXs with their bound Tasks, and how far discovery read."""
    atlas = await zone.maps.atlas()
    return atlas.map.model_dump(mode="json")
