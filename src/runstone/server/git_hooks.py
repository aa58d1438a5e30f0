"""``POST /hooks/git/{collection}``: a git server says that something was pushed. The signature is the token here."""

import structlog
from fastapi import APIRouter, Request

from runstone.catalog import webhook
from runstone.catalog.builder import Builder
from runstone.errors import BadInput, RunstoneError
from runstone.server.auth import Unauthenticated

log = structlog.get_logger()
router = APIRouter(prefix="/hooks/git", tags=["hooks"])
_BODY_CAP = 25 * 1024**2
"""Bytes of a delivery; GitHub sends no more than that."""


@router.post("/{collection}", status_code=202)
async def pushed(collection: str, request: Request) -> dict[str, str]:
    """Have the collection's newest commit built, if it is a new one. What the body says is not needed."""
    shelf: Builder | None = request.app.state.catalogue
    secret = await _secret(shelf, collection) if shelf else ""
    headers = {name.lower(): value for name, value in request.headers.items()}
    # A body is read only where there is a secret that it could be signed with.
    if shelf is None or not secret or not webhook.signed(headers, await _body(request), secret):
        raise Unauthenticated(
            f"The delivery to /hooks/git/{collection} is not signed with the secret of its hook key, or there is no "
            "such collection. Check the secret at the git server; Bearer tokens are not taken here."
        )
    shelf.ask(collection, "webhook")
    return {"collection": collection}


async def _secret(shelf: Builder, name: str) -> str:
    """The secret of a collection's webhook; empty, which signs nothing, when there is none."""
    try:
        key = (await shelf.registry.store.collection(name)).hook_key
        return await shelf.registry.hook_secret(key) if key else ""
    except RunstoneError as err:
        # Who calls is not known yet: where secrets lie, and why one cannot be read, is not for them.
        log.warning("no secret for a webhook", collection=name, problem=str(err))
        return ""


async def _body(request: Request) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > _BODY_CAP:
            raise BadInput(f"A delivery has {_BODY_CAP} bytes at most.")
        parts.append(part)
    return b"".join(parts)
