"""Google Cloud: ``gcp@PROJECT/SECRET[:VERSION]`` in Secret Manager, and logins.

``gcp:WAY@PROJECT/SECRET``, ``gcp:WAY@cli`` logs the run in, ``gcp:WAY@kubeconfig:[PROJECT/]CLUSTER/LOCATION`` is
access to a GKE cluster. Ways: ``adc`` (the runner's application default credentials; also when none is named) and
``sa`` (a service account: secret gcp_serviceAccountKey of the run, its project in gcp_projectId).
"""

import base64
import functools
import json
import os
import re
from collections.abc import Mapping
from typing import Any, cast

import google.auth
import google.auth.transport.requests
import requests
from google.auth.exceptions import (
    DefaultCredentialsError,
    GoogleAuthError,
    MalformedError,
    RefreshError,
    TransportError,
)
from google.oauth2 import service_account

from runstone.connectors import gke
from runstone.connectors.login import logged_in
from runstone.connectors.secrets import Ask, Found, SecretProvider
from runstone.errors import BadInput, Forbidden, NotFound, Unreachable

_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_TIMEOUT_S = 10
_NAMED = re.compile(r"(?:projects/)?([\w.:-]+)/(?:secrets/)?([\w-]+)(?:(?::|/versions/)([\w-]+))?")
_CLUSTER = re.compile(r"(?:([\w.:-]+)/)?([\w-]+)/([\w-]+)")


class GcpSecrets(SecretProvider):
    """Secret Manager, GKE, and the login of the gcloud command."""

    def get(self, kind: str, path: str, ask: Ask) -> Found:
        """Read it. Raises as the protocol says."""
        if kind not in ("", "adc", "sa"):
            raise BadInput(f"gcp:{kind} is no way to log in. Write gcp:adc@… or gcp:sa@….")
        form, _, where = path.partition(":")
        cluster = _CLUSTER.fullmatch(where) if form == "kubeconfig" else None
        named = _NAMED.fullmatch(path)
        if not (path == "cli" or cluster or named):
            raise BadInput(f"{path!r} is nothing of Google Cloud. Write gcp@project/secret, …@cli or …@kubeconfig:….")
        key = _key(ask) if kind == "sa" else None
        if path == "cli":
            return _cli(key)
        if cluster:
            return Found(_kubeconfig(key, (cluster[1] or "", cluster[2], cluster[3]), ask))
        assert named is not None
        return Found(_kept(key, named[1], named[2], named[3] or "latest"))


def _kept(key: dict[str, Any] | None, project: str, name: str, version: str) -> str:
    """See the REST API of Secret Manager: projects.secrets.versions.access."""
    host = _host("SECRETMANAGER", "https://secretmanager.googleapis.com/")
    address = f"{host}v1/projects/{project}/secrets/{name}/versions/{version}:access"
    answer, _ = _asked(address, key, f"secret {project}/{name}")
    try:
        return base64.b64decode(answer["payload"]["data"]).decode()
    except UnicodeDecodeError as err:
        raise BadInput(f"The secret gcp@{project}/{name} is no text, and only texts can be given to Tasks.") from err
    except (ValueError, KeyError, TypeError) as err:
        raise Unreachable(f"Google Cloud's answer for secret {project}/{name} holds no value.") from err


def _host(service: str, default: str) -> str:
    """A service's address, or the one that overrides it for gcloud too (its documentation: api_endpoint_overrides)."""
    said = os.environ.get(f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{service}", default)
    return said if said.endswith("/") else f"{said}/"


def _key(ask: Ask) -> dict[str, Any]:
    text = ask("gcp_serviceAccountKey") or ask("gcp_credentials_json")
    if not text:
        raise NotFound("gcp:sa needs the secret gcp_serviceAccountKey of the same SLX.")
    try:
        key = json.loads(text)
    except ValueError:
        key = None
    if not isinstance(key, dict):
        # Without its cause: a parser's error holds the text it could not read.
        raise BadInput("The secret gcp_serviceAccountKey is not the JSON of a service account's key.") from None
    return cast("dict[str, Any]", key)


def _asked(address: str, key: dict[str, Any] | None, what: str) -> tuple[dict[str, Any], str]:
    """The answer, and the token that was good for it."""
    try:
        if key:
            credentials: Any = service_account.Credentials.from_service_account_info(key, scopes=[_SCOPE])
        else:
            credentials, _ = google.auth.default(scopes=[_SCOPE])
        credentials.refresh(functools.partial(google.auth.transport.requests.Request(), timeout=_TIMEOUT_S))
        headers = {"Authorization": f"Bearer {credentials.token}"}
        answer = requests.get(address, headers=headers, timeout=_TIMEOUT_S, allow_redirects=False)
    except (DefaultCredentialsError, RefreshError, MalformedError, ValueError) as err:
        if getattr(err, "retryable", False):
            raise Unreachable(f"Google Cloud gives no token to read {what}: it does not answer.") from err
        raise Forbidden(f"Google Cloud does not let the runner in to read {what}. Check its credentials.") from err
    except (TransportError, GoogleAuthError, requests.RequestException) as err:
        raise Unreachable(f"Google Cloud does not answer for {what}: {type(err).__name__}.") from err
    if answer.status_code in (401, 403):
        raise Forbidden(f"Google Cloud refuses {what}. Grant the runner's account the read.")
    if answer.status_code == 404:
        raise NotFound(f"Google Cloud has no {what}. Make it, or correct the key.")
    if answer.status_code >= 400:
        raise Unreachable(f"Google Cloud answered {answer.status_code} for {what}.")
    try:
        return answer.json(), str(credentials.token)
    except ValueError as err:
        raise Unreachable(f"Google Cloud's answer for {what} is no JSON.") from err


def _kubeconfig(key: dict[str, Any] | None, where: tuple[str, str, str], ask: Ask) -> str:
    """See the REST API of GKE: projects.locations.clusters.get. The token in it holds for an hour at most."""
    project, cluster, location = where
    named = project or ask("gcp_projectId") or os.environ.get("GOOGLE_CLOUD_PROJECT", "")
    if not named:
        raise NotFound(f"GKE cluster {cluster} is of no project. Write kubeconfig:project/cluster/location.")
    address = f"{gke.host()}{gke.clusters(named, location)}/{cluster}"
    found, token = _asked(address, key, f"GKE cluster {cluster}")
    try:
        return json.dumps(gke.kubeconfig(named, location, {"name": cluster, **found}, token))
    except (KeyError, TypeError) as err:
        raise Unreachable(f"Google Cloud's answer for GKE cluster {cluster} names no endpoint.") from err


def _cli(key: dict[str, Any] | None) -> Found:
    """The gcloud command makes its own login state from a key file; without one it finds the runner's own identity."""
    files: dict[str, bytes] = {}
    if key:
        words = ("auth", "activate-service-account", "--key-file", "key.json", "--quiet")
        files = logged_in("gcloud", words, "CLOUDSDK_CONFIG", {"key.json": json.dumps(key)})
    below = {f"cloud/gcloud/{name}": content for name, content in files.items()}
    return Found(
        "The run is logged in to Google Cloud; the gcloud command finds it.", below, _documents(files), public=True
    )


def _documents(files: Mapping[str, bytes]) -> tuple[str, ...]:
    """The JSON among the files: its tokens are masked too."""
    return tuple(content.decode(errors="replace") for name, content in files.items() if name.endswith(".json"))
