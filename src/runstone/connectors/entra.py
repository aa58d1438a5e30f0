"""Tokens of Microsoft Entra ID, by the ways azure-identity logs in: known only here and in ``connectors.secrets``.

Credentials come from where every Azure tool takes them (environment, workload identity, managed identity, the az
command); none is ever a setting, is kept or is printed. The cloud is that of ``AZURE_AUTHORITY_HOST``.
"""

import os
from collections.abc import Callable

from azure.core.exceptions import AzureError, ClientAuthenticationError
from azure.identity import DefaultAzureCredential

from runstone.connectors.rest import Expired, NoConnection

Token = Callable[[], str]
"""Gives a token that holds now."""
_KNOWN = (
    *("", "login.microsoftonline.com", "login.microsoftonline.us"),
    *("login.chinacloudapi.cn", "login.partner.microsoftonline.cn"),
)
"""Hosts that give tokens, of which azure-identity knows that they are Microsoft's."""
_LIMITS = {"connection_timeout": 5, "read_timeout": 10, "retry_total": 1}


def authority() -> str:
    """The host that gives tokens; empty for the public cloud's."""
    return os.environ.get("AZURE_AUTHORITY_HOST", "").removeprefix("https://").strip("/")


def asking(resource: str, tenant: str = "", client_id: str = "") -> Token:
    """Tokens for a resource, kept by azure-identity and renewed in time. Raises Expired or NoConnection when asked.

    ``tenant``: where it is not the login's own. ``client_id``: of a managed identity, where there are several.
    """
    named = {"managed_identity_client_id": client_id} if client_id else {}
    credential = DefaultAzureCredential(
        exclude_interactive_browser_credential=True,
        process_timeout=_LIMITS["read_timeout"],
        disable_instance_discovery=authority() not in _KNOWN,
        **named,
        **_LIMITS,
    )
    wanted = {"tenant_id": tenant} if tenant else {}

    def ask() -> str:
        try:
            return credential.get_token(f"{resource}/.default", **wanted).token
        except ClientAuthenticationError as err:
            # Without its message: it repeats what it was asked with, at length.
            raise Expired(
                "lets nobody in with the credentials there are. Set AZURE_TENANT_ID, AZURE_CLIENT_ID and "
                "AZURE_CLIENT_SECRET, run az login, or run where an identity is given; and renew what has expired"
            ) from err
        except (AzureError, ValueError) as err:
            raise NoConnection(f"gives no token ({type(err).__name__})") from err

    return ask
