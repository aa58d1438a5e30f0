"""``POST /hooks/git/{collection}``: a git server says that something was pushed. The signature is the token here."""

from fastapi import APIRouter, Request

from runstone.catalog import webhook
from runstone.catalog.builder import Builder
from runstone.errors import BadInput, NotFound
from runstone.server.auth import Unauthenticated

router = APIRouter(prefix="/hooks/git", tags=["hooks"])
_BODY_CAP = 25 * 1024**2
"""Bytes of a delivery; GitHub sends no more than that."""


@router.post("/{collection}", status_code=202)
async def pushed(collection: str, request: Request) -> dict[str, str]:
    """Have the collection's newest commit built, if it is a new one. What the body says is not needed."""
    shelf: Builder | None = request.app.state.catalogue
    body = await _body(request)
    headers = {name.lower(): value for name, value in request.headers.items()}
    if shelf is None or not webhook.signed(headers, body, await _secret(shelf, collection)):
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
    except NotFound:
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
