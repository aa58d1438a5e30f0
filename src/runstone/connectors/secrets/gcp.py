"""Google Cloud: ``gcp@PROJECT/SECRET[:VERSION]`` in Secret Manager, and logins.

``gcp:WAY@PROJECT/SECRET``, ``gcp:WAY@cli`` logs the run in, ``gcp:WAY@kubeconfig:[PROJECT/]CLUSTER/LOCATION`` is
access to a GKE cluster. Ways: ``adc`` (the runner's application default credentials; also when none is named) and
``sa`` (a service account: secret gcp_serviceAccountKey of the run, its project in gcp_projectId).
"""

import base64
import json
import os
from typing import Any

import google.auth
import google.auth.transport.requests
import requests
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError, RefreshError, TransportError
from google.oauth2 import service_account

from runstone.connectors.login import logged_in
from runstone.connectors.secrets import Ask, Found, SecretProvider
from runstone.errors import BadInput, Forbidden, NotFound, Unreachable

_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_TIMEOUT_S = 10


class GcpSecrets(SecretProvider):
    """Secret Manager, GKE, and the login of the gcloud command."""

    def get(self, kind: str, path: str, ask: Ask) -> Found:
        """Read it. Raises as the protocol says."""
        if kind not in ("", "adc", "sa"):
            raise BadInput(f"gcp:{kind} is no way to log in. Write gcp:adc@… or gcp:sa@….")
        key = _key(ask) if kind == "sa" else None
        if path == "cli":
            return _cli(key)
        form, colon, where = path.partition(":")
        if colon and form == "kubeconfig":
            return Found(_kubeconfig(key, where, ask))
        name, _, version = path.partition(":")
        parts = name.removeprefix("projects/").replace("/secrets/", "/").split("/")
        if len(parts) != 2 or not all(parts):
            raise BadInput(f"{path!r} is nothing of Google Cloud. Write gcp@project/secret, …@cli or …@kubeconfig:….")
        host = _host("SECRETMANAGER", "https://secretmanager.googleapis.com/")
        address = f"{host}v1/projects/{parts[0]}/secrets/{parts[1]}/versions/{version or 'latest'}:access"
        answer, _ = _asked(address, key, f"secret {name}")
        return Found(base64.b64decode(answer["payload"]["data"]).decode())


def _host(service: str, default: str) -> str:
    """A service's address, or the one that overrides it for gcloud too (its documentation: api_endpoint_overrides)."""
    said = os.environ.get(f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{service}", default)
    return said if said.endswith("/") else f"{said}/"


def _key(ask: Ask) -> dict[str, Any]:
    text = ask("gcp_serviceAccountKey") or ask("gcp_credentials_json")
    if not text:
        raise NotFound("gcp:sa needs the secret gcp_serviceAccountKey of the same SLX.")
    try:
        return json.loads(text)
    except ValueError as err:
        raise BadInput("The secret gcp_serviceAccountKey is not the JSON of a service account's key.") from err


def _asked(address: str, key: dict[str, Any] | None, what: str) -> tuple[dict[str, Any], str]:
    """The answer, and the token that was good for it."""
    try:
        if key:
            credentials: Any = service_account.Credentials.from_service_account_info(key, scopes=[_SCOPE])
        else:
            credentials, _ = google.auth.default(scopes=[_SCOPE])
        credentials.refresh(google.auth.transport.requests.Request())
        headers = {"Authorization": f"Bearer {credentials.token}"}
        answer = requests.get(address, headers=headers, timeout=_TIMEOUT_S)
    except (DefaultCredentialsError, RefreshError, ValueError) as err:
        raise Forbidden(f"Google Cloud does not let the runner in to read {what}. Check its credentials.") from err
    except (TransportError, GoogleAuthError, requests.RequestException) as err:
        raise Unreachable(f"Google Cloud does not answer for {what}: {type(err).__name__}.") from err
    if answer.status_code in (401, 403):
        raise Forbidden(f"Google Cloud refuses {what}. Grant the runner's account the read.")
    if answer.status_code == 404:
        raise NotFound(f"Google Cloud has no {what}. Make it, or correct the key.")
    if answer.status_code >= 400:
        raise Unreachable(f"Google Cloud answered {answer.status_code} for {what}.")
    return answer.json(), str(credentials.token)


def _kubeconfig(key: dict[str, Any] | None, where: str, ask: Ask) -> str:
    """See the REST API of GKE: projects.locations.clusters.get. The token in it holds for an hour at most."""
    *project, cluster, location = where.split("/") if where.count("/") in (1, 2) else ("", "", "")
    named = project[0] if project else ask("gcp_projectId") or os.environ.get("GOOGLE_CLOUD_PROJECT", "")
    if not (cluster and location and named):
        raise BadInput(f"{where!r} names no GKE cluster. Write kubeconfig:project/cluster/location.")
    host = _host("CONTAINER", "https://container.googleapis.com/")
    address = f"{host}v1/projects/{named}/locations/{location}/clusters/{cluster}"
    found, token = _asked(address, key, f"GKE cluster {where}")
    name = f"gke_{named}_{location}_{cluster}"
    authority = found["masterAuth"]["clusterCaCertificate"]
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": name,
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "clusters": [
                {
                    "name": name,
                    "cluster": {"server": f"https://{found['endpoint']}", "certificate-authority-data": authority},
                }
            ],
            "users": [{"name": name, "user": {"token": token}}],
        }
    )


def _cli(key: dict[str, Any] | None) -> Found:
    """The gcloud command makes its own login state from a key file; without one it finds the runner's own identity."""
    files: dict[str, bytes] = {}
    if key:
        words = ("auth", "activate-service-account", "--key-file", "key.json", "--quiet")
        files = logged_in("gcloud", words, "CLOUDSDK_CONFIG", {"key.json": json.dumps(key)})
    below = {f"cloud/gcloud/{name}": content for name, content in files.items()}
    return Found("The run is logged in to Google Cloud; the gcloud command finds it.", below)
