"""AKS: where a cluster's kubeconfig is asked for, and that kubeconfig with a login that needs no program. Pure.

Facts: the REST API of AKS (managedClusters, listClusterUserCredential). Where a cluster lets people in by Entra ID,
its kubeconfig tells to run ``kubelogin get-token --server-id ID …``, or names the older auth provider ``azure`` with an
``apiserver-id``: what either comes to is a bearer token for that id.
"""

import base64
import binascii
import itertools
from collections.abc import Callable
from typing import Any, cast

import yaml

from runstone.connectors.items import at, items, text
from runstone.connectors.managed import Document

VERSION = "2024-02-01"
"""Of the API."""
_SERVER_ID = "--server-id"
TokenFor = Callable[[str], str]
"""Gives a token for a resource by its id."""


def clusters(subscription: str, group: str = "") -> str:
    """The path of all clusters of a subscription, or of one of its resource groups."""
    within = f"/resourceGroups/{group}" if group else ""
    return f"/subscriptions/{subscription}{within}/providers/Microsoft.ContainerService/managedClusters"


def credential(subscription: str, group: str, name: str) -> str:
    """The path to POST to for a kubeconfig."""
    return f"{clusters(subscription, group)}/{name}/listClusterUserCredential"


def kubeconfig(answer: Any, token_for: TokenFor) -> str:
    """The kubeconfig in an answer: with tokens in place of Entra logins, else as it came. Raises ValueError."""
    try:
        text = base64.b64decode(answer["kubeconfigs"][0]["value"]).decode()
        document: Any = yaml.safe_load(text)
    except (KeyError, IndexError, TypeError, binascii.Error, UnicodeDecodeError, yaml.YAMLError) as err:
        raise ValueError("no kubeconfig") from err
    if not isinstance(document, dict):
        raise ValueError("no kubeconfig")  # noqa: TRY004  of an answer, as any other that is none
    entered = _entered(cast("Document", document), token_for)
    return yaml.safe_dump(entered, sort_keys=False) if entered is not document else text


def _entered(document: Document, token_for: TokenFor) -> Document:
    """The same document where nobody logs in by Entra ID."""
    users = items(document.get("users"))
    ids = [_server_id(one.get("user")) for one in users]
    if not any(ids):
        return document
    logins = [{"token": token_for(id_)} if id_ else one.get("user") for one, id_ in zip(users, ids, strict=True)]
    return {**document, "users": [{**one, "user": login} for one, login in zip(users, logins, strict=True)]}


def _server_id(user: Any) -> str:
    """The id that a token must be for; empty where the login is another."""
    if text(user, "auth-provider.name") == "azure":
        return text(user, "auth-provider.config.apiserver-id")
    words = [str(word) for word in at(user, "exec.args")]
    return next((after for word, after in itertools.pairwise(words) if word == _SERVER_ID), "")
