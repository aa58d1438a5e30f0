"""As whom Azure is asked: the ways azure-identity logs in by. It is known only here and in ``connectors.secrets``.

Credentials come from where every Azure tool takes them (environment, workload identity, managed identity, the az
command); none is ever a setting, is kept or is printed. The cloud is that of ``AZURE_AUTHORITY_HOST``.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass

from azure.core.exceptions import AzureError, ClientAuthenticationError
from azure.identity import DefaultAzureCredential

from runstone.connectors.rest import Authorization, Expired, NoConnection

Token = Callable[[], str]
"""Gives a token that holds now."""
_PUBLIC = "https://management.azure.com"
_MANAGERS = {
    "login.microsoftonline.us": "https://management.usgovcloudapi.net",
    "login.chinacloudapi.cn": "https://management.chinacloudapi.cn",
    "login.partner.microsoftonline.cn": "https://management.chinacloudapi.cn",
}
"""Azure Resource Manager by the host that gives tokens (documentation: national clouds)."""
_LIMITS = {"connection_timeout": 5, "read_timeout": 10, "retry_total": 1}


@dataclass(frozen=True)
class Login:
    """How to log in. Empty: as azure-identity would."""

    tenant: str = ""
    client_id: str = ""
    """Of a managed identity, where there are several."""
    token: Token | None = None
    """Used instead of azure-identity's."""


def manager() -> str:
    """Where the cloud's resources are managed."""
    return _MANAGERS.get(_authority(), _PUBLIC)


def authorization(login: Login) -> Authorization:
    """Headers for Azure Resource Manager. Tokens are kept by azure-identity, and renewed in time."""
    ask = login.token or _asking(login)
    return lambda: {"Authorization": f"Bearer {ask()}"}


def _authority() -> str:
    return os.environ.get("AZURE_AUTHORITY_HOST", "").removeprefix("https://").strip("/")


def _asking(login: Login) -> Token:
    named = {"managed_identity_client_id": login.client_id} if login.client_id else {}
    own = _authority() not in ("", "login.microsoftonline.com", *_MANAGERS)
    credential = DefaultAzureCredential(
        exclude_interactive_browser_credential=True,
        process_timeout=_LIMITS["read_timeout"],
        disable_instance_discovery=own,
        **named,
        **_LIMITS,
    )
    wanted = {"tenant_id": login.tenant} if login.tenant else {}

    def ask() -> str:
        try:
            return credential.get_token(f"{manager()}/.default", **wanted).token
        except ClientAuthenticationError as err:
            # Without its message: it repeats what it was asked with, at length.
            raise Expired(
                "lets nobody in with the credentials there are. Set AZURE_TENANT_ID, AZURE_CLIENT_ID and "
                "AZURE_CLIENT_SECRET, run az login, or run where an identity is given; and renew what has expired"
            ) from err
        except (AzureError, ValueError) as err:
            raise NoConnection(f"gives no token ({type(err).__name__})") from err

    return ask
