"""``/api/v1/slis``: what is measured, how it stands, and its numbers."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from runstone.control.access import Actor
from runstone.control.measures.meter import RETENTION_S
from runstone.control.workspace import Control
from runstone.server.auth import may
from runstone.server.state import control

router = APIRouter(prefix="/api/v1/slis", tags=["slis"])
Reader = Annotated[Actor, Depends(may("read"))]
Zone = Annotated[Control, Depends(control)]
Window = Annotated[float, Query(ge=60, le=RETENTION_S)]


@router.get("")
async def slis(_: Reader, zone: Zone, window_s: Window = 3600) -> list[dict[str, Any]]:
    """Every SLI on the Map: its last score, its standing and why, and a trend over the last ``window_s`` seconds."""
    return [reading.model_dump(mode="json") for reading in await zone.board.readings(window_s)]


@router.get("/{slx}")
async def one(
    slx: str,
    _: Reader,
    zone: Zone,
    window_s: Window = 3600,
    sub_name: str | None = None,
    buckets: Annotated[int, Query(ge=0, le=1000)] = 0,
) -> dict[str, Any]:
    """One SLI with its series. ``buckets`` asks for min, mean and max of so many parts; long windows get them anyway.

    ``sub_name`` narrows to one series, empty to the score itself.
    """
    found = await zone.board.detail(slx, window_s, sub_name, buckets)
    return {**found.reading.model_dump(mode="json"), **found.model_dump(mode="json", exclude={"reading"})}
