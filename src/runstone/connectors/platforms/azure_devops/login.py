"""As whom Azure DevOps is asked: by a personal access token, else by a token of Entra ID.

A personal access token comes from a file, or from ``AZURE_DEVOPS_EXT_PAT``, where the az command takes it; it is never
a setting, is not kept and is not printed.
"""

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from runstone.connectors.entra import Token, asking
from runstone.connectors.rest import Authorization, Expired

VARIABLE = "AZURE_DEVOPS_EXT_PAT"
_RESOURCE = "499b84ac-1321-427f-aa17-267ca6975798"
"""Azure DevOps, as Entra ID knows it, the same in every tenant."""


@dataclass(frozen=True)
class Login:
    """How to log in. Empty: by the variable, else as azure-identity would."""

    pat_file: str = ""
    """With a personal access token alone."""
    tenant: str = ""
    client_id: str = ""
    """Of a managed identity, where there are several."""
    token: Token | None = None
    """Used instead of all of these."""

    @property
    def by_pat(self) -> bool:
        """Whether it is by a personal access token."""
        return not self.token and bool(self.pat_file or os.environ.get(VARIABLE))

    @property
    def auth(self) -> dict[str, str]:
        """How Tasks log in the same way, in the words of templates; with a token, where the runner has it."""
        if not self.by_pat:
            return {"auth_type": "ado_managed_identity"}
        return {"auth_type": "ado_pat", "auth_secret": f"file@{self.pat_file}" if self.pat_file else f"env@{VARIABLE}"}


def authorization(login: Login) -> Authorization:
    """Headers for Azure DevOps."""
    if login.by_pat:
        return lambda: _basic(_read(login.pat_file) if login.pat_file else os.environ.get(VARIABLE, ""))
    ask = login.token or asking(_RESOURCE, login.tenant, login.client_id)
    return lambda: {"Authorization": f"Bearer {ask()}"}


def _read(file: str) -> str:
    """Anew each time, since whoever renews the token replaces the file. Raises Expired."""
    try:
        return Path(file).read_text().strip()
    except (OSError, ValueError):
        raise Expired(f"lets nobody in: {file} holds no token that can be read") from None


def _basic(pat: str) -> Mapping[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f':{pat}'.encode()).decode()}"}
