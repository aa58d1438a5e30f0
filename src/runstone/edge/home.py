"""The only way home: outbound HTTP to the control zone, or the same calls to an app in the same process.

Everything that leaves the edge leaves here, so this is where the boundary is tested. Network failures are retried by
the loops that call; what control refuses is not.
"""

import httpx2
from pydantic import BaseModel

from runstone.errors import Conflict, Forbidden, NotAllowed, NotFound, Refused, Unreachable
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

_REFUSALS: dict[int, type[Refused]] = {403: NotAllowed, 404: NotFound, 409: Conflict}


class Home:
    """The control zone, as an edge sees it."""

    def __init__(self, client: httpx2.AsyncClient, token: str) -> None:
        """``client`` has the base URL, and an ASGI transport when control is in the same process."""
        self._client = client
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "Runstone-Wire": VERSION,
        }

    async def lease(self, ask: LeaseRequest) -> Leases:
        """Work, waiting for it up to ``ask.wait_s`` seconds."""
        return Leases.model_validate_json(await self._post("/runner/v1/lease", ask, ask.wait_s + 15))

    async def progress(self, request: str, report: ProgressReport) -> HeartbeatAnswer:
        """What a running request said."""
        return HeartbeatAnswer.model_validate_json(await self._post(f"/runner/v1/requests/{request}/progress", report))

    async def heartbeat(self, request: str, beat: Heartbeat) -> HeartbeatAnswer:
        """A sign of life for a lease."""
        return HeartbeatAnswer.model_validate_json(await self._post(f"/runner/v1/requests/{request}/heartbeat", beat))

    async def complete(self, request: str, completion: Completion) -> None:
        """The end of a lease."""
        await self._post(f"/runner/v1/requests/{request}/complete", completion)

    async def map_update(self, update: MapUpdate) -> MapAnswer:
        """What discovery saw."""
        return MapAnswer.model_validate_json(await self._post("/runner/v1/map", update, 120))

    async def _post(self, path: str, body: BaseModel, timeout_s: float = 30) -> bytes:
        """Raises Unreachable (try again), Forbidden (a wrong token) or a Refused (do not try again)."""
        try:
            answer = await self._client.post(
                path, content=body.model_dump_json(), headers=self._headers, timeout=timeout_s
            )
        except httpx2.HTTPError as err:
            raise Unreachable(f"The control zone at {self._client.base_url} did not answer: {err!r}.") from err
        if answer.status_code < 300:
            return answer.content
        said = answer.text[:300]
        if answer.status_code == 401:
            raise Forbidden(f"The control zone at {self._client.base_url} does not know this runner's token: {said}")
        if answer.status_code in _REFUSALS:
            raise _REFUSALS[answer.status_code](said)
        if answer.status_code == 422:
            raise Refused(f"The control zone does not understand {path}; are both of the same version? {said}")
        raise Unreachable(f"The control zone answered {answer.status_code} to {path}: {said}")
