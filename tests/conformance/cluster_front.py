"""The sandbox cluster behind a door of its own: TLS by an authority of its own, and bearer tokens that a cloud gives.

So that a kubeconfig made from a cloud's answer is tried as a managed cluster tries it: the server's certificate must
be signed by the authority that the cloud told, and the token must be one that this cluster lets in.
"""

import asyncio
import base64
import contextlib
import functools
import ipaddress
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from cryptography import x509
from tests import certificates

from runstone.sandbox.api import TOKEN_PATH
from runstone.sandbox.cluster import Sandbox


@dataclass
class Front:
    """Where the cluster is, and what it was asked with."""

    sandbox: Sandbox
    accepts: Callable[[str], bool]
    """Whether a token is let in."""
    endpoint: str = ""
    """Host and port; its address is ``https://`` and this."""
    user: str = "admin"
    """As whom whoever is let in may do things: ``admin`` or ``viewer``."""
    tokens: set[str] = field(default_factory=set[str])

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        token = headers.get(b"authorization", b"").decode().removeprefix("Bearer ")
        self.tokens.add(token)
        known = self.sandbox.token(self.user) if self.accepts(token) else "nobody"
        path = f"{TOKEN_PATH}{known}{scope['path']}"
        await self.sandbox.api({**scope, "path": path, "raw_path": path.encode()}, receive, send)


@asynccontextmanager
async def front(sandbox: Sandbox, folder: Path, accepts: Callable[[str], bool]) -> AsyncGenerator[Front]:
    """An open door on a free port of loopback. ``folder`` takes its key."""
    opened = Front(sandbox, accepts)
    (folder / "front.pem").write_bytes(_certified())
    listener = socket.create_server(("127.0.0.1", 0))
    opened.endpoint = f"127.0.0.1:{listener.getsockname()[1]}"
    config = uvicorn.Config(
        opened, lifespan="off", log_config=None, ssl_certfile=folder / "front.pem", timeout_graceful_shutdown=1
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.005)
    try:
        yield opened
    finally:
        server.should_exit = True
        await serving
        listener.close()


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        """Signals are the test's."""
        yield


@functools.cache
def _certified() -> bytes:
    """Key and certificate for loopback, in PEM."""
    return certificates.made("A managed cluster", [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])


def authority() -> str:
    """What clouds tell of the authority: base64 of its PEM."""
    return base64.b64encode(certificates.authority(_certified())).decode()
