"""``POST /hooks/{source}``: webhooks of alerting systems."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from runstone import plugins
from runstone.connectors.alerts import AlertSource
from runstone.control.access import Actor
from runstone.control.workspace import Control
from runstone.errors import BadInput
from runstone.server.auth import may
from runstone.server.state import control

router = APIRouter(prefix="/hooks", tags=["hooks"])
Asker = Annotated[Actor, Depends(may("ask"))]
Zone = Annotated[Control, Depends(control)]


@router.post("/{source}", status_code=202)
async def take(
    source: str,
    request: Request,
    who: Asker,
    zone: Zone,
    namespace: str = "",
    budget_s: Annotated[int, Query(ge=5, le=3600)] = 300,
) -> dict[str, Any]:
    """Open or join a session per firing alert; the answer says which, so nothing is silently dropped."""
    try:
        payload = await request.json()
    except ValueError as err:
        raise BadInput(
            f"The body sent to /hooks/{source} is not JSON: {err}. Send the webhook's body as it is."
        ) from err
    parser: AlertSource = plugins.load("alerts", source)()
    namespaces = (namespace,) if namespace else ()
    opened = await zone.alerts.take(parser.parse(payload), who.name, namespaces, budget_s)
    return {"sessions": [{"session": one.session, "new": one.new} for one in opened]}
