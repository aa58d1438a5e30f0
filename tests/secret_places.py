"""Places where secrets lie, on loopback, as far as their clients look: Vault, Azure and Google Cloud over HTTP.

Each answers in the place's documented wire format. ``down`` makes a place answer as one that is out of order.
"""

import base64
import functools
import json
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

VALUE = "s3cr3t/of+the shop=ü"
TOKEN = "token-that-is-good"


class Place(BaseHTTPRequestHandler):
    """One request to one of the places."""

    down: ClassVar[bool] = False
    seen: ClassVar[list[tuple[str, str, bytes]]] = []

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def _answer(self, body: bytes) -> None:
        Place.seen.append((self.command, self.path, body))
        status, said = (503, {"errors": ["Vault is sealed"]}) if Place.down else self.route(body)
        content = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Metadata-Flavor", "Google")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def route(self, body: bytes) -> tuple[int, Any]:
        path = self.path.partition("?")[0]
        for prefix, answer in (
            ("/v1/projects/", self.google),
            ("/computeMetadata/", self.metadata),
            ("/google-token", self.google_token),
            ("/metadata/identity/", self.identity),
            ("/secrets/", self.key_vault),
            ("/subscriptions/", self.clusters),
            ("/v1/", self.vault),
        ):
            if path.startswith(prefix):
                return answer(path, body)
        return 200, {}

    def vault(self, path: str, body: bytes) -> tuple[int, Any]:
        if path.startswith("/v1/auth/approle/login"):
            told = json.loads(body)
            good = (told["role_id"], told["secret_id"]) == ("role", "proof")
            return (
                (200, {"auth": {"client_token": TOKEN}}) if good else (400, {"errors": ["invalid role or secret ID"]})
            )
        if self.headers.get("X-Vault-Token") != TOKEN or "closed" in path:
            return 403, {"errors": ["permission denied"]}
        two = {"data": {"data": {"token": VALUE, "env": VALUE}, "metadata": {"version": 3}}}
        known = {
            "/v1/secret/data/shop": two,
            "/v1/workspaces/data/shop/kept": two,
            "/v1/old/shop": {"data": {"token": VALUE}},
        }
        return (200, known[path]) if path in known else (404, {"errors": []})

    def identity(self, path: str, body: bytes) -> tuple[int, Any]:
        if self.headers.get("Metadata") != "true":
            return 400, {"error": "invalid_request"}
        said = {"access_token": TOKEN, "expires_in": "3600", "expires_on": "4102444800", "token_type": "Bearer"}
        return 200, {**said, "resource": parse_qs(self.path.partition("?")[2]).get("resource", [""])[0]}

    def _entered(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def key_vault(self, path: str, body: bytes) -> tuple[int, Any]:
        if not self._entered() or path.endswith("/closed"):
            return 403, {"error": {"code": "Forbidden"}}
        return (200, {"value": VALUE, "id": path}) if path == "/secrets/shop" else (404, {"error": {"code": "x"}})

    def clusters(self, path: str, body: bytes) -> tuple[int, Any]:
        cluster = "/group/providers/Microsoft.ContainerService/managedClusters/one/listClusterUserCredential"
        if not (self._entered() and path.endswith(cluster)):
            return 404, {}
        text = base64.b64encode(b"apiVersion: v1\nkind: Config\n").decode()
        return 200, {"kubeconfigs": [{"name": "clusterUser", "value": text}]}

    def metadata(self, path: str, body: bytes) -> tuple[int, Any]:
        if path.endswith("/token"):
            return 200, {"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"}
        return 200, {"email": "shop@example.org", "aliases": ["default"], "scopes": []}

    def google_token(self, path: str, body: bytes) -> tuple[int, Any]:
        good = b"grant_type=" in body and b"assertion=" in body
        return (200, {"access_token": TOKEN, "expires_in": 3600}) if good else (400, {"error": "invalid_grant"})

    def google(self, path: str, body: bytes) -> tuple[int, Any]:
        if not self._entered() or "/closed/" in path:
            return 403, {"error": {"status": "PERMISSION_DENIED"}}
        if path == "/v1/projects/p/secrets/shop/versions/latest:access":
            return 200, {"payload": {"data": base64.b64encode(VALUE.encode()).decode()}}
        if path == "/v1/projects/p/locations/here/clusters/one":
            return 200, {"endpoint": "192.0.2.1", "masterAuth": {"clusterCaCertificate": "Q0E="}}
        return 404, {"error": {"status": "NOT_FOUND"}}

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Quiet."""


@functools.cache
def google_port() -> int:
    """One port for all tests: Google's client reads the address of its metadata server once."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@contextmanager
def serving(port: int = 0) -> Generator[str]:
    """The places at one address while the block lasts."""
    Place.down = False
    Place.seen.clear()
    server = ThreadingHTTPServer(("127.0.0.1", port), Place)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def account_key(url: str) -> str:
    """The key of a Google service account whose tokens come from ``url``."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    account = {"type": "service_account", "project_id": "p", "private_key_id": "k", "private_key": pem}
    return json.dumps({**account, "client_email": "shop@example.org", "token_uri": f"{url}/google-token"})
