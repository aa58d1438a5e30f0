"""A kubeconfig, read into one target: where the API server is, whom to trust, and how to say who we are.

The format is that of https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/; credential plugins answer as
https://kubernetes.io/docs/reference/config-api/client-authentication.v1/ says.
"""

import base64
import binascii
import json
import os
import ssl
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from RW.Kubernetes.trouble import Unusable

Json = dict[str, Any]
PLUGIN_TIMEOUT_S = 30


@dataclass(frozen=True)
class Target:
    """One context of a kubeconfig. ``user`` and ``cluster`` stay as written; paths in them are below ``folder``."""

    context: str
    server: str
    namespace: str
    cluster: Json
    user: Json
    folder: Path


@dataclass(frozen=True)
class Credentials:
    """Who we are: a bearer token or basic authentication as a header, a client certificate as PEM, or several."""

    authorization: str
    certificate: bytes
    key: bytes


def read(text: str, context: str, folder: Path) -> Target:
    """Choose ``context`` (empty: the current one) from the kubeconfig ``text``. Raises Unusable."""
    try:
        config = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - a safe loader
    except yaml.YAMLError as err:
        raise Unusable("The secret 'kubeconfig' is not YAML. Store the text of a kubeconfig file in it.") from err
    if not isinstance(config, Mapping) or not config.get("clusters"):
        raise Unusable("The secret 'kubeconfig' names no cluster. Store the text of a kubeconfig file in it.")
    wanted = context or str(config.get("current-context") or "")
    chosen = _named(config, "contexts", "context", wanted)
    cluster = _named(config, "clusters", "cluster", str(chosen.get("cluster") or ""))
    user = _named(config, "users", "user", str(chosen["user"])) if chosen.get("user") else {}
    server = str(cluster.get("server") or "").rstrip("/")
    if not server:
        raise Unusable(f"Context '{wanted}' of the kubeconfig names a cluster without a server address.")
    return Target(wanted, server, str(chosen.get("namespace") or "default"), cluster, user, folder)


def _named(config: Mapping[str, Any], section: str, field: str, name: str) -> Json:
    entries: list[Json] = list(config.get(section) or [])
    found = next((entry for entry in entries if entry.get("name") == name), None)
    if found is None:
        have = ", ".join(sorted(str(entry.get("name")) for entry in entries)) or "none"
        raise Unusable(f"The kubeconfig has no {field} '{name}' (it has: {have}). Correct CONTEXT or the kubeconfig.")
    return dict(found.get(field) or {})


def trust(target: Target) -> ssl.SSLContext:
    """Whom to believe that they are the API server."""
    context = ssl.create_default_context()
    if target.cluster.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    pem = _bytes(target, target.cluster, "certificate-authority")
    if pem:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=pem.decode())
    return context


def credentials(target: Target) -> Credentials:
    """Who we are to this cluster; a credential plugin is asked when the kubeconfig names one. Raises Unusable."""
    user = target.user
    if user.get("exec"):
        return _from_plugin(target, user["exec"])
    if user.get("auth-provider"):
        raise Unusable(
            f"Context '{target.context}' uses an auth-provider, which Kubernetes has dropped. "
            "Write a kubeconfig with an exec plugin or a token."
        )
    return Credentials(
        _authorization(target), _bytes(target, user, "client-certificate"), _bytes(target, user, "client-key")
    )


def _authorization(target: Target) -> str:
    user = target.user
    if user.get("token"):
        return f"Bearer {user['token']}"
    if user.get("tokenFile"):
        return "Bearer " + _file(target, str(user["tokenFile"])).decode().strip()
    if user.get("username"):
        pair = f"{user['username']}:{user.get('password') or ''}"
        return "Basic " + base64.b64encode(pair.encode()).decode()
    return ""


def _bytes(target: Target, entry: Json, field: str) -> bytes:
    """``field-data`` in base64 wins over the file that ``field`` names, as it does for kubectl."""
    if entry.get(f"{field}-data"):
        try:
            return base64.b64decode(entry[f"{field}-data"])
        except (binascii.Error, ValueError) as err:
            raise Unusable(f"{field}-data of context '{target.context}' is not base64. Write it again.") from err
    return _file(target, str(entry[field])) if entry.get(field) else b""


def _file(target: Target, name: str) -> bytes:
    path = target.folder / name
    try:
        return path.read_bytes()
    except OSError as err:
        raise Unusable(f"The kubeconfig names the file {path}, which cannot be read. Use inline data instead.") from err


def _from_plugin(target: Target, plugin: Json) -> Credentials:
    command = str(plugin.get("command") or "")
    info = {"apiVersion": plugin.get("apiVersion"), "kind": "ExecCredential", "spec": {"interactive": False}}
    extra = {str(pair["name"]): str(pair["value"]) for pair in plugin.get("env") or []}
    try:
        done = subprocess.run(  # noqa: S603 - the kubeconfig's owner chose this command
            [command, *map(str, plugin.get("args") or [])],
            env={**os.environ, "KUBERNETES_EXEC_INFO": json.dumps(info), **extra},
            capture_output=True,
            timeout=PLUGIN_TIMEOUT_S,
            check=True,
        )
        status = json.loads(done.stdout)["status"]
    except FileNotFoundError as err:
        raise Unusable(f"The credential plugin '{command}' is not installed here. {_hint(plugin)}") from err
    except subprocess.CalledProcessError as err:
        said = err.stderr.decode("utf-8", "replace").strip()[-300:]
        raise Unusable(f"The credential plugin '{command}' failed: {said}. Log in again where this runs.") from err
    except (subprocess.TimeoutExpired, ValueError, KeyError, TypeError) as err:
        raise Unusable(f"The credential plugin '{command}' gave no usable answer. Run it by hand to see why.") from err
    token = f"Bearer {status['token']}" if status.get("token") else ""
    certificate = str(status.get("clientCertificateData") or "").encode()
    return Credentials(token, certificate, str(status.get("clientKeyData") or "").encode())


def _hint(plugin: Json) -> str:
    return str(plugin.get("installHint") or "Install it, or use a kubeconfig with a token.").strip()


def present(context: ssl.SSLContext, who: Credentials) -> None:
    """Give the client certificate of ``who`` to the TLS ``context``.

    Python reads certificates from files only, so the pair lies on disk, readable by us alone, for one call.
    """
    if not who.certificate:
        return
    with tempfile.TemporaryDirectory() as folder:
        pair = Path(folder) / "pair.pem"
        pair.touch(mode=0o600)
        pair.write_bytes(who.certificate.rstrip() + b"\n" + who.key)
        try:
            context.load_cert_chain(pair)
        except ssl.SSLError as err:
            raise Unusable("The client certificate and key in the kubeconfig do not fit together.") from err
