"""As whom Azure is asked, and where its resources are managed: in the cloud of ``AZURE_AUTHORITY_HOST``."""

from dataclasses import dataclass

from runstone.connectors.entra import Token, asking, authority
from runstone.connectors.rest import Authorization

_PUBLIC = "https://management.azure.com"
_MANAGERS = {
    "login.microsoftonline.us": "https://management.usgovcloudapi.net",
    "login.chinacloudapi.cn": "https://management.chinacloudapi.cn",
    "login.partner.microsoftonline.cn": "https://management.chinacloudapi.cn",
}
"""Azure Resource Manager by the host that gives tokens (documentation: national clouds)."""


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
    return _MANAGERS.get(authority(), _PUBLIC)


def authorization(login: Login) -> Authorization:
    """Headers for Azure Resource Manager."""
    ask = login.token or asking(manager(), login.tenant, login.client_id)
    return lambda: {"Authorization": f"Bearer {ask()}"}


def token_for(resource: str, login: Login) -> str:
    """A token for something else than Azure Resource Manager. Raises Expired or NoConnection."""
    return (login.token or asking(resource, login.tenant, login.client_id))()
