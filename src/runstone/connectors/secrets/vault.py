"""``vault@MOUNT/PATH:FIELD``: HashiCorp Vault or OpenBao, key-value engine of version 1 or 2.

``vault:workspace@NAME`` is what a key without a provider means in public collections: the field ``env`` of
``workspaces/data/<workspace>/NAME``. Any other provider word with settings ``SECRET_PROVIDER_<word>_…`` is a Vault of
its own, as ``vault:<word>@MOUNT/PATH:FIELD``. Ways to log in, in this order: a token file, a token, AppRole, the
runner's Kubernetes service account.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hvac
import requests
from hvac.exceptions import Forbidden as VaultForbidden
from hvac.exceptions import InvalidPath, InvalidRequest, Unauthorized, VaultDown, VaultError

from runstone.connectors.secrets import Ask, Found, SecretProvider
from runstone.errors import BadInput, Forbidden, NotFound, Unreachable

_TIMEOUT_S = 10
_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")


@dataclass(frozen=True)
class _Place:
    """One Vault, and how to log in there."""

    address: str
    token: str
    role_id: str
    secret_id: str
    mount: str
    role: str


class VaultSecrets(SecretProvider):
    """One field of one secret."""

    def get(self, kind: str, path: str, ask: Ask) -> Found:
        """Read it. Raises as the protocol says."""
        place = _place("" if kind == "workspace" else kind, os.environ)
        if kind == "workspace":
            where, field = f"workspaces/data/{os.environ.get('RW_WORKSPACE', 'default')}/{path}", "env"
        else:
            where, colon, field = path.rpartition(":")
            if not colon or "/" not in where:
                raise BadInput(f"{path!r} is no secret of Vault. Write vault@mount/path:field.")
        try:
            data = _read(_client(place), where.strip("/"))
        except (VaultForbidden, Unauthorized) as err:
            raise Forbidden(
                f"Vault at {place.address} refuses {where}. Renew the login, or grant it read there."
            ) from err
        except (VaultDown, requests.RequestException) as err:
            raise Unreachable(
                f"Vault at {place.address} does not answer: {type(err).__name__}. Is it up and open?"
            ) from err
        except (InvalidRequest, VaultError) as err:
            raise Unreachable(f"Vault at {place.address} cannot serve {where}: {err}.") from err
        if data is None:
            raise NotFound(f"Vault at {place.address} has nothing at {where}. Write it there, or correct the key.")
        if field not in data:
            raise NotFound(f"{where} in Vault has no field {field} (it has: {', '.join(sorted(data)) or 'none'}).")
        return Found(str(data[field]))


def _place(name: str, env: Mapping[str, str]) -> _Place:
    """The runner's Vault, or a named one by its settings."""
    prefix = f"SECRET_PROVIDER_{name}_" if name else ""

    def said(*names: str) -> str:
        return next((env[one] for one in names if env.get(one)), "")

    if name:
        address = said(f"{prefix}VAULT_ADDR")
        ids = said(f"{prefix}VAULT_APPROLE_ROLE_ID"), said(f"{prefix}VAULT_APPROLE_SECRET_ID")
        mount, token = said(f"{prefix}VAULT_AUTH_MOUNT_PATH"), ""
    else:
        address = said("RW_VAULT_ADDR", "RW_VAULT_URL", "VAULT_ADDR")
        ids = said("RW_VAULT_APPROLE_ROLE_ID"), said("RW_VAULT_APPROLE_SECRET_ID")
        mount = said("RW_LOCATION_VAULT_AUTH_MOUNT_POINT")
        file = said("VAULT_TOKEN_FILE")
        token = Path(file).read_text().strip() if file and Path(file).is_file() else said("VAULT_TOKEN")
    if not address:
        needed = f"{prefix}VAULT_ADDR" if name else "VAULT_ADDR"
        raise BadInput(f"No Vault is set for this secret. Set {needed} where the runner is started.")
    return _Place(address, token, *ids, mount, said("VAULT_ROLE"))


def _client(place: _Place) -> hvac.Client:
    client = hvac.Client(url=place.address, token=place.token or None, timeout=_TIMEOUT_S)
    if place.token:
        return client
    if place.role_id:
        client.auth.approle.login(place.role_id, place.secret_id, mount_point=place.mount or "approle")
    elif _ACCOUNT.is_file():
        client.auth.kubernetes.login(place.role, _ACCOUNT.read_text(), mount_point=place.mount or "kubernetes")
    else:
        raise Forbidden(
            f"There is no way to log in to Vault at {place.address}. Set VAULT_TOKEN, VAULT_TOKEN_FILE or AppRole."
        )
    return client


def _read(client: hvac.Client, where: str) -> dict[str, Any] | None:
    """The fields at a path; tried as written, then as version 2 of the engine has it, with ``data`` in the path."""
    mount, _, rest = where.partition("/")
    tries = [where] if rest.startswith("data/") else [where, f"{mount}/data/{rest}"]
    for one in tries:
        try:
            answer: dict[str, Any] = client.adapter.get(f"/v1/{one}")
        except InvalidPath:
            continue
        data: dict[str, Any] = answer.get("data") or {}
        inner = data.get("data")
        return inner if isinstance(inner, dict) else data
    return None
