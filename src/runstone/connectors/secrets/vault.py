"""``vault@MOUNT/PATH:FIELD``: HashiCorp Vault or OpenBao, key-value engine of version 1 or 2.

``vault:workspace@NAME`` is what a key without a provider means in public collections: the field ``env`` of
``workspaces/data/<workspace>/NAME``. Any other provider word with settings ``SECRET_PROVIDER_<word>_…`` is a Vault of
its own, as ``vault:<word>@MOUNT/PATH:FIELD``. Ways to log in, in this order: a token file, a token, AppRole, the
runner's Kubernetes service account.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
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
_WHERE = re.compile(r"[^/?#%]+(?:/[^/?#%]+)+")
_NAME = re.compile(r"[^/?#%]+(?:/[^/?#%]+)*")


@dataclass(frozen=True)
class _Place:
    """One Vault, and how to log in there."""

    address: str
    namespace: str
    token: str = field(repr=False)
    role_id: str = field(repr=False)
    secret_id: str = field(repr=False)
    mount: str
    role: str


class VaultSecrets(SecretProvider):
    """One field of one secret. It logs in to each Vault once."""

    def __init__(self, account: Path = _ACCOUNT) -> None:
        """``account`` holds the token of the runner's Kubernetes service account."""
        self._account = account
        self._clients: dict[_Place, hvac.Client] = {}

    def get(self, kind: str, path: str, ask: Ask) -> Found:
        """Read it. Raises as the protocol says."""
        where, name = _parsed(kind, path)
        place = _place("" if kind == "workspace" else kind, os.environ)
        try:
            data = _read(self._client(place), where)
        except (VaultDown, requests.RequestException) as err:
            raise Unreachable(
                f"Vault at {place.address} does not answer: {type(err).__name__}. Is it up and unsealed?"
            ) from err
        except (VaultForbidden, Unauthorized) as err:
            raise Forbidden(self._refused(place, where)) from err
        except (VaultError, ValueError) as err:
            raise Unreachable(f"Vault at {place.address} cannot serve {where}: {type(err).__name__}.") from err
        if data is None:
            raise NotFound(f"Vault at {place.address} has nothing at {where}. Write it there, or correct the key.")
        if name not in data:
            known = ", ".join(sorted(data)) or "none"
            raise NotFound(f"{where} in Vault has no field {name} (it has: {known}). Add it, or correct the key.")
        return Found(data[name] if isinstance(data[name], str) else json.dumps(data[name]))

    def _client(self, place: _Place) -> hvac.Client:
        if place not in self._clients:
            client = hvac.Client(
                place.address, place.token or None, timeout=_TIMEOUT_S, namespace=place.namespace or None
            )
            if not place.token:
                self._log_in(client, place)
            self._clients[place] = client
        return self._clients[place]

    def _log_in(self, client: hvac.Client, place: _Place) -> None:
        try:
            if place.role_id:
                client.auth.approle.login(place.role_id, place.secret_id, mount_point=place.mount or "approle")
            elif self._account.is_file():
                told = self._account.read_text().strip()
                client.auth.kubernetes.login(place.role, told, mount_point=place.mount or "kubernetes")
            else:
                raise Forbidden(
                    f"There is no way to log in to Vault at {place.address}. "
                    f"Set VAULT_TOKEN_FILE, VAULT_TOKEN or AppRole."
                )
        except (VaultForbidden, Unauthorized, InvalidRequest, InvalidPath) as err:
            way = "AppRole" if place.role_id else f"Kubernetes role {place.role!r}"
            raise Forbidden(
                f"Vault at {place.address} does not let the runner in by {way}. Renew it, or correct the mount."
            ) from err

    def _refused(self, place: _Place, where: str) -> str:
        """Whether the login is no longer good, or good but not for this: Vault says 403 to both."""
        try:
            self._clients[place].auth.token.lookup_self()
        except (VaultForbidden, Unauthorized):
            return f"The runner's login to Vault at {place.address} is not valid any more. Renew the token."
        except (VaultError, requests.RequestException):
            return f"Vault at {place.address} refuses {where}. Renew the login, or grant it read there."
        return f"Vault at {place.address} refuses {where} to the runner. Grant its policy read there."


def _parsed(kind: str, path: str) -> tuple[str, str]:
    """The place below ``/v1/``, and the field. Raises BadInput for what could name anything else of Vault's API."""
    if kind == "workspace":
        where, name = f"workspaces/data/{os.environ.get('RW_WORKSPACE') or 'default'}/{path}", "env"
        good = _NAME.fullmatch(path)
    else:
        where, _, name = path.rpartition(":")
        where = where.strip("/")
        good = _WHERE.fullmatch(where) and name
    if not good or {"..", "."} & set(where.split("/")):
        raise BadInput(f"{path!r} is no secret of Vault. Write vault@mount/path:field.")
    return where, name


def _place(name: str, env: Mapping[str, str]) -> _Place:
    """The runner's Vault, or a named one by its settings, in whatever case they are written."""
    settings = {key.upper(): value for key, value in env.items()}
    prefix = f"SECRET_PROVIDER_{name.upper().replace('-', '_')}_" if name else ""

    def said(*names: str) -> str:
        return next((settings[one] for one in names if settings.get(one)), "")

    if name:
        address = said(f"{prefix}VAULT_ADDR")
        ids = said(f"{prefix}VAULT_APPROLE_ROLE_ID"), said(f"{prefix}VAULT_APPROLE_SECRET_ID")
        mount, token = said(f"{prefix}VAULT_AUTH_MOUNT_PATH"), ""
    else:
        address = said("RW_VAULT_ADDR", "RW_VAULT_URL", "VAULT_ADDR")
        ids = said("RW_VAULT_APPROLE_ROLE_ID"), said("RW_VAULT_APPROLE_SECRET_ID")
        mount, token = said("RW_LOCATION_VAULT_AUTH_MOUNT_POINT"), _token(said("VAULT_TOKEN_FILE"), said("VAULT_TOKEN"))
    if not address:
        raise BadInput(f"No Vault is set for this secret. Set {prefix}VAULT_ADDR where the runner is started.")
    return _Place(address, said(f"{prefix}VAULT_NAMESPACE"), token, *ids, mount, said("VAULT_ROLE"))


def _token(file: str, otherwise: str) -> str:
    try:
        return Path(file).read_text().strip() if file else otherwise
    except (OSError, UnicodeDecodeError) as err:
        raise Forbidden(f"The token file {file} of Vault cannot be read. Correct VAULT_TOKEN_FILE.") from err


def _read(client: hvac.Client, where: str) -> dict[str, Any] | None:
    """The fields at a path, as version 2 of the engine has it, with ``data`` in the path, or as written.

    It is refused where both are: a policy grants the path that its engine has, and Vault refuses any other.
    """
    mount, _, rest = where.partition("/")
    tries = [where] if rest.startswith("data/") else [f"{mount}/data/{rest}", where]
    refused: list[VaultForbidden] = []
    for one in tries:
        try:
            answer: Any = client.adapter.get(f"/v1/{one}")
        except InvalidPath:
            continue
        except VaultForbidden as err:
            refused.append(err)
            continue
        if not isinstance(answer, dict):
            raise ValueError("no JSON")  # noqa: TRY004  of Vault's answer, as any other text that is none
        data: dict[str, Any] = answer.get("data") or {}
        inner = data.get("data")
        return inner if isinstance(inner, dict) else data
    if len(refused) == len(tries):
        raise refused[0]
    return None
