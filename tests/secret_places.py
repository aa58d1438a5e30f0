"""Places where secrets lie, on loopback, as far as their clients look: Vault, Azure and Google Cloud over HTTP.

Each answers in the place's documented wire format. Vault, IMDS and Google's metadata server are asked at the loopback
address; hosts of the clouds are reached through it as a proxy, by their real names and with TLS, so that what clients
make sure of (certificates, the challenge of Key Vault) is what they always do. ``down`` puts all out of order.
"""

import base64
import functools
import json
import socket
import ssl
import tempfile
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from tests import certificates

VALUE = "s3cr3t/of+the shop=ü\nand 'more' of \"it\" & %41\\n"
TOKEN = "token-that-is-good"
OLD_TOKEN = "token-that-was-good"
ACCOUNT = "account-token-of-the-pod"
HOSTS = (
    *("*.vault.azure.net", "login.microsoftonline.com", "management.azure.com"),
    *("secretmanager.googleapis.com", "container.googleapis.com", "oauth2.googleapis.com", "vault.example.com"),
)


PEOPLE = """
users:
- name: person
  user: {exec: {command: kubelogin, args: [get-token, --server-id, 6dae42f8-4368-4678-94ff-3960e28e3630]}}
"""
"""The kubeconfig of an AKS cluster that lets people in by Entra ID."""


class Place(BaseHTTPRequestHandler):
    """One request to one of the places."""

    down: ClassVar[bool] = False
    seen: ClassVar[list[tuple[str, str, bytes]]] = []

    def do_CONNECT(self) -> None:
        if Place.down:
            self.send_error(502)
            return
        self.send_response(200)
        self.end_headers()
        with _tls().wrap_socket(self.connection, server_side=True) as inner:
            Place(inner, self.client_address, self.server)
        self.close_connection = True

    def do_GET(self) -> None:
        self._answer(b"")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def _answer(self, body: bytes) -> None:
        host = (self.headers.get("Host") or "").partition(":")[0]
        Place.seen.append((self.command, f"{host}{self.path}", body))
        status, said = (503, {"errors": ["Vault is sealed"]}) if Place.down else self.route(host, body)
        content = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Metadata-Flavor", "Google")
        self.send_header("Content-Length", str(len(content)))
        if status == 401 and (host.endswith(".vault.azure.net") or host == "vault.example.com"):
            where = 'authorization="https://login.microsoftonline.com/t", resource="https://vault.azure.net"'
            self.send_header("WWW-Authenticate", f"Bearer {where}")
        self.end_headers()
        self.wfile.write(content)

    def route(self, host: str, body: bytes) -> tuple[int, Any]:
        path = self.path.partition("?")[0]
        if host.endswith(".vault.azure.net") or host == "vault.example.com":
            return self.key_vault(path)
        for prefix, answer in {
            "login.microsoftonline.com/": self.entra,
            "management.azure.com/": self.manager,
            "oauth2.googleapis.com/": self.google_token,
            "secretmanager.googleapis.com/": self.google,
            "container.googleapis.com/": self.google,
            "127.0.0.1/computeMetadata/": self.metadata,
            "127.0.0.1/metadata/identity/": self.identity,
            "127.0.0.1/v1/": self.vault,
        }.items():
            if f"{host}{path}".startswith(prefix):
                return answer(path, body)
        return 200, {}

    def vault(self, path: str, body: bytes) -> tuple[int, Any]:
        """A policy that grants the paths each engine has, as Vault's does: what it does not name is a 403."""
        told = json.loads(body or b"{}")
        logins = {
            "/v1/auth/approle/login": told == {"role_id": "role", "secret_id": "proof"},
            "/v1/auth/kubernetes/login": told == {"role": "runner", "jwt": ACCOUNT},
        }
        if path in logins:
            good = {"auth": {"client_token": TOKEN}}
            return (200, good) if logins[path] else (400, {"errors": ["invalid role or secret ID"]})
        granted = path.startswith(("/v1/secret/data/", "/v1/workspaces/data/shop/", "/v1/old/"))
        if self.headers.get("X-Vault-Token") != TOKEN:
            return 403, {"errors": ["permission denied", "invalid token"]}
        if path == "/v1/auth/token/lookup-self":
            return 200, {"data": {"id": TOKEN, "ttl": 60}}
        if not granted or path.startswith("/v1/old/data/"):
            return 403, {"errors": ["permission denied"]}
        fields = {"token": VALUE, "env": VALUE, "list": ["ü", 1]}
        two = {"data": {"data": fields, "metadata": {"version": 3}}}
        known = {"/v1/secret/data/shop": two, "/v1/workspaces/data/shop/kept": two, "/v1/old/shop": {"data": fields}}
        return (200, known[path]) if path in known else (404, {"errors": []})

    def identity(self, path: str, body: bytes) -> tuple[int, Any]:
        if self.headers.get("Metadata") != "true":
            return 400, {"error": "invalid_request"}
        said = {"access_token": TOKEN, "expires_in": "3600", "expires_on": "4102444800", "token_type": "Bearer"}
        return 200, {**said, "resource": parse_qs(self.path.partition("?")[2]).get("resource", [""])[0]}

    def entra(self, path: str, body: bytes) -> tuple[int, Any]:
        base = "https://login.microsoftonline.com/t"
        if path.endswith("/token"):
            told = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            if (told["client_id"], told["client_secret"]) == ("c", VALUE):
                return 200, {"token_type": "Bearer", "expires_in": 3600, "access_token": TOKEN}
            return 401, {"error": "invalid_client", "error_description": f"AADSTS7000215 {told['client_secret']}"}
        if path.endswith("/discovery/instance"):
            return 200, {"tenant_discovery_endpoint": f"{base}/v2.0/.well-known/openid-configuration", "metadata": []}
        found = {"token_endpoint": f"{base}/oauth2/v2.0/token", "issuer": f"{base}/v2.0"}
        return 200, {**found, "authorization_endpoint": f"{base}/oauth2/v2.0/authorize"}

    def _entered(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def key_vault(self, path: str) -> tuple[int, Any]:
        if not self._entered():
            return 401, {"error": {"code": "Unauthorized", "message": "AKV10000"}}
        name = path.removeprefix("/secrets/").strip("/")
        if name == "closed":
            return 403, {"error": {"code": "Forbidden", "message": "no get permission"}}
        known = {"value": VALUE, "id": "https://shop.vault.azure.net/secrets/token/0a", "attributes": {}}
        missing = {"error": {"code": "SecretNotFound", "message": "none"}}
        return (200, known) if name in ("token", "token/0a") else (404, missing)

    def manager(self, path: str, body: bytes) -> tuple[int, Any]:
        known = {"one": "apiVersion: v1\nkind: Config\n", "people": PEOPLE}
        cluster = path.rpartition("/group/providers/Microsoft.ContainerService/managedClusters/")[2].split("/")
        if not self._entered():
            return 401, {}
        if cluster[0] not in known or cluster[1:] != ["listClusterUserCredential"]:
            return 404, {}
        text = base64.b64encode(known[cluster[0]].encode()).decode()
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
        for name, content in {"shop": VALUE.encode(), "binary": b"\xff\xfe\x00"}.items():
            if path == f"/v1/projects/p/secrets/{name}/versions/latest:access":
                return 200, {"payload": {"data": base64.b64encode(content).decode()}}
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
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@functools.cache
def _certified() -> bytes:
    """Key and certificate of all the clouds' hosts, in PEM."""
    return certificates.made("Places on loopback", [x509.DNSName(host) for host in HOSTS])


@functools.cache
def _tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as file:
        file.write(_certified())
        file.flush()
        context.load_cert_chain(file.name)
    return context


def by_proxy(url: str, folder: Path) -> dict[str, str]:
    """The environment in which the clouds' hosts are reached through ``url`` and their certificate is trusted."""
    bundle = folder / "authority.pem"
    bundle.write_bytes(certificates.authority(_certified()))
    return {"HTTPS_PROXY": url, "NO_PROXY": "127.0.0.1", "REQUESTS_CA_BUNDLE": str(bundle)}


@functools.cache
def account_key() -> str:
    """The key of a Google service account."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    account = {"type": "service_account", "project_id": "p", "private_key_id": "k", "private_key": pem}
    return json.dumps(
        {**account, "client_email": "shop@example.org", "token_uri": "https://oauth2.googleapis.com/token"}
    )
