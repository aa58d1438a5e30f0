"""``/api/v1/sessions/{session}/proposals``: say yes or no to exactly one change."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from runstone.control.access import Actor
from runstone.control.workspace import Control
from runstone.server.auth import may
from runstone.server.state import control

router = APIRouter(prefix="/api/v1/sessions/{session}/proposals", tags=["proposals"])
Approver = Annotated[Actor, Depends(may("approve"))]
Zone = Annotated[Control, Depends(control)]


class Yes(BaseModel):
    """``digest`` is the proposal's as it was shown: it says exactly what is approved."""

    digest: str


@router.post("/{proposal}/approve", status_code=202)
async def approve(session: str, proposal: str, yes: Yes, who: Approver, zone: Zone) -> dict[str, str]:
    """Run the change once, then run the detecting Task again."""
    await zone.changes.approve(session, proposal, yes.digest, who.name)
    return {"proposal": proposal, "state": "approved"}


@router.post("/{proposal}/reject", status_code=204)
async def reject(session: str, proposal: str, who: Approver, zone: Zone) -> None:
    """Close the proposal without running anything."""
    await zone.changes.reject(session, proposal, who.name)
