"""GKE: where a cluster is asked about, and its kubeconfig with the token it was asked with. Pure but for one variable.

Facts: the REST API of GKE (projects.locations.clusters); the location ``-`` is all of them; the token is Google's own
OAuth token, good for an hour at most.
"""

import os
from collections.abc import Mapping
from typing import Any

from runstone.connectors.managed import Document, document

_HOST = "https://container.googleapis.com"
EVERYWHERE = "-"


def host() -> str:
    """The API's address, or what overrides it for gcloud too (its documentation: api_endpoint_overrides)."""
    return os.environ.get("CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER", _HOST).rstrip("/")


def clusters(project: str, location: str = EVERYWHERE) -> str:
    """The path of all clusters of a project, in one location or in all."""
    return f"/v1/projects/{project}/locations/{location}/clusters"


def kubeconfig(project: str, location: str, described: Mapping[str, Any], token: str) -> Document:
    """Of a cluster as the API describes it. Raises KeyError or TypeError when it has no endpoint (yet)."""
    server, authority = f"https://{described['endpoint']}", str(described["masterAuth"]["clusterCaCertificate"])
    return document(f"gke_{project}_{location}_{described['name']}", server, authority, token)
