"""Follow a session over the public API until it is over, whichever process it runs in."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2

from runstone.errors import BadInput, Broken, NotAllowed, NotFound, RunstoneError, Unreachable

OVER = frozenset({"concluded", "inconclusive", "cancelled"})
_ERRORS: dict[int, type[RunstoneError]] = {
    401: NotAllowed,
    403: NotAllowed,
    404: NotFound,
    409: BadInput,
    422: BadInput,
}


def speaking(url: str, token: str) -> httpx2.AsyncClient:
    """A client for the API of an instance that runs elsewhere; use as ``async with``."""
    return httpx2.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {token}"})


async def call(client: httpx2.AsyncClient, method: str, path: str, body: Any = None, wait_s: float = 0) -> Any:
    """One API call; the decoded answer, or the error that the server explained."""
    try:
        answer = await client.request(method, path, json=body, timeout=30 + wait_s)
    except httpx2.HTTPError as err:
        raise Unreachable(f"The Runstone at {client.base_url} did not answer: {err!r}. Is it still running?") from err
    if answer.status_code >= 400:
        raise _ERRORS.get(answer.status_code, Broken)(_said(answer))
    return answer.json() if answer.content else None


async def events(client: httpx2.AsyncClient, session: str) -> AsyncIterator[dict[str, Any]]:
    """Every Event of a session, from its opening to the moment it is over."""
    seq = 0
    while True:
        batch = await call(client, "GET", f"/api/v1/sessions/{session}/log?after={seq}&wait_s=10", wait_s=10)
        for event in batch:
            seq = event["seq"]
            yield event
        if any(event["type"] == "session.state" and event["data"]["state"] in OVER for event in batch):
            return


async def report(client: httpx2.AsyncClient, session: str) -> dict[str, Any]:
    """The session's report as it is now."""
    found: dict[str, Any] = await call(client, "GET", f"/api/v1/sessions/{session}")
    return found


async def until_over(client: httpx2.AsyncClient, session: str, timeout_s: float, show: Any) -> dict[str, Any]:
    """Show each Event and give the report; when ``timeout_s`` ends first, the partial one, in state ``waiting``."""
    try:
        async with asyncio.timeout(timeout_s):
            async for event in events(client, session):
                show(event)
    except TimeoutError:
        partial = await report(client, session)
        if partial["state"] in OVER:
            return partial
        return {**partial, "state": "waiting", "reason": f"no end after {timeout_s:g} s; {partial['reason']}"}
    return await report(client, session)


def _said(answer: httpx2.Response) -> str:
    try:
        body = answer.json()
    except ValueError:
        return f"The server answered {answer.status_code}: {answer.text[:300]}"
    return str(body.get("message") or body.get("detail") or body)
