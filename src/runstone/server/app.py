"""The ASGI app: every route, and how an error of ours becomes an HTTP answer."""

import importlib
import pkgutil
from importlib import resources

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, Response

from runstone import __version__
from runstone.catalog.builder import Builder
from runstone.control.workspace import Control
from runstone.errors import BadInput, Conflict, Forbidden, NotAllowed, NotFound, RunstoneError, Unreachable
from runstone.server import api, git_hooks, hooks
from runstone.server.auth import Tokens, Unauthenticated

_STATUS: tuple[tuple[type[RunstoneError], int], ...] = (
    (Unauthenticated, 401),
    (BadInput, 422),
    (NotFound, 404),
    (NotAllowed, 403),
    (Conflict, 409),
    (Forbidden, 502),
    (Unreachable, 503),
    (RunstoneError, 500),
)
_PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def build(control: Control, tokens: Tokens, catalogue: Builder | None = None) -> FastAPI:
    """The app that speaks for ``control`` and the ``catalogue``, if there is one, to whoever ``tokens`` knows."""
    app = FastAPI(title="Runstone", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.control = control
    app.state.tokens = tokens
    app.state.catalogue = catalogue
    for module in pkgutil.iter_modules(api.__path__):
        router = getattr(importlib.import_module(f"runstone.server.api.{module.name}"), "router", None)
        if router is not None:
            app.include_router(router)
    app.include_router(hooks.router)
    app.include_router(git_hooks.router)
    app.add_exception_handler(RunstoneError, _explain)
    app.add_api_route("/healthz", _healthz, methods=["GET"], include_in_schema=False)
    app.add_api_route("/", _page, methods=["GET"], include_in_schema=False)
    app.add_api_route("/web/{name}", _file, methods=["GET"], include_in_schema=False)
    return app


async def _explain(_: Request, err: Exception) -> Response:
    status = next(code for type_, code in _STATUS if isinstance(err, type_))
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return JSONResponse({"error": type(err).__name__, "message": str(err)}, status, headers)


def _healthz() -> dict[str, str]:
    return {"status": "ok", "version": __version__}


def _page() -> Response:
    return _file("page.html")


def _file(name: str) -> Response:
    folder = resources.files("runstone.server") / "web"
    known = {file.name for file in folder.iterdir()}
    if name not in known:
        raise NotFound(f"There is no page file {name!r}.")
    return FileResponse(str(folder / name), headers=_PAGE_HEADERS)
