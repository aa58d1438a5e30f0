"""Azure: ``azure@VAULT/SECRET`` in Key Vault, and logins.

``azure:WAY@VAULT/SECRET``, ``azure:WAY@cli`` logs the run in, ``azure:WAY@kubeconfig:GROUP/CLUSTER`` is access to an
AKS cluster. Ways: ``identity`` (the runner's managed or workload identity; also when none is named) and ``sp`` (a
service principal: secrets az_tenantId, az_clientId and az_clientSecret of the run). VAULT is a name or an address.
"""

import base64
import os
from typing import Any

import httpx2
from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError
from azure.identity import ClientSecretCredential, DefaultAzureCredential

from runstone.connectors.login import logged_in
from runstone.connectors.secrets import Ask, Found, SecretProvider
from runstone.errors import BadInput, Forbidden, NotFound, Unreachable

_VAULT = "https://vault.azure.net/.default"
_MANAGEMENT = "https://management.azure.com"
_TIMEOUT_S = 10.0


class AzureSecrets(SecretProvider):
    """Key Vault, AKS, and the login of the az command."""

    def get(self, kind: str, path: str, ask: Ask) -> Found:
        """Read it. Raises as the protocol says."""
        if kind not in ("", "identity", "sp"):
            raise BadInput(f"azure:{kind} is no way to log in. Write azure:identity@… or azure:sp@….")
        principal = _principal(ask) if kind == "sp" else None
        if path == "cli":
            return _cli(principal)
        credential = _credential(principal)
        form, colon, where = path.partition(":")
        group, slash, cluster = where.partition("/")
        if colon and form == "kubeconfig" and slash:
            return Found(_kubeconfig(credential, group, cluster, ask))
        vault, slash, name = path.rpartition("/")
        if not (slash and vault and name) or form == "kubeconfig":
            raise BadInput(
                f"{path!r} is nothing of Azure. Write azure@vault/secret, …@cli or …@kubeconfig:group/cluster."
            )
        address = vault if "://" in vault else f"https://{vault}.vault.azure.net"
        answer = _asked("GET", f"{address}/secrets/{name}?api-version=7.4", credential, _VAULT, f"{vault}/{name}")
        return Found(str(answer["value"]))


def _principal(ask: Ask) -> tuple[str, str, str]:
    names = ("az_tenantId", "az_clientId", "az_clientSecret")
    found = [ask(name) for name in names]
    if not all(found):
        missing = ", ".join(name for name, value in zip(names, found, strict=True) if not value)
        raise NotFound(f"azure:sp needs the secrets {missing} of the same SLX.")
    return str(found[0]), str(found[1]), str(found[2])


def _credential(principal: tuple[str, str, str] | None) -> TokenCredential:
    """Of the service principal, or whatever the runner is. An authority of one's own is not asked who it is."""
    own = bool(os.environ.get("AZURE_AUTHORITY_HOST"))
    if principal:
        return ClientSecretCredential(*principal, disable_instance_discovery=own)
    return DefaultAzureCredential(exclude_interactive_browser_credential=True, disable_instance_discovery=own)


def _asked(method: str, address: str, credential: TokenCredential, scope: str, what: str) -> dict[str, Any]:
    try:
        token = credential.get_token(scope).token
        headers = {"Authorization": f"Bearer {token}"}
        answer = httpx2.request(method, address, headers=headers, timeout=_TIMEOUT_S)
    except ClientAuthenticationError as err:
        raise Forbidden(
            f"Azure does not let the runner in to read {what}. Check its identity or service principal."
        ) from err
    except (AzureError, httpx2.HTTPError) as err:
        raise Unreachable(f"Azure does not answer for {what}: {type(err).__name__}.") from err
    if answer.status_code in (401, 403):
        raise Forbidden(f"Azure refuses {what}. Grant the runner's identity the read.")
    if answer.status_code == 404:
        raise NotFound(f"Azure has no {what}. Make it, or correct the key.")
    if answer.is_error:
        raise Unreachable(f"Azure answered {answer.status_code} for {what}.")
    return answer.json()


def _kubeconfig(credential: TokenCredential, group: str, cluster: str, ask: Ask) -> str:
    """See the REST API of AKS: listing a cluster's user credentials."""
    subscription = ask("az_subscriptionId") or os.environ.get("AZURE_SUBSCRIPTION_ID", "")
    if not subscription:
        raise NotFound("Set AZURE_SUBSCRIPTION_ID, or give the secret az_subscriptionId: AKS clusters are found by it.")
    host = os.environ.get("AZURE_RESOURCE_MANAGER", _MANAGEMENT)
    path = f"/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.ContainerService/managedClusters"
    address = f"{host}{path}/{cluster}/listClusterUserCredential?api-version=2024-02-01"
    answer = _asked("POST", address, credential, f"{_MANAGEMENT}/.default", f"AKS cluster {group}/{cluster}")
    return base64.b64decode(answer["kubeconfigs"][0]["value"]).decode()


def _cli(principal: tuple[str, str, str] | None) -> Found:
    """The az command makes its own login state; a secret goes to it in a file, never in an argument."""
    if principal:
        tenant, client, secret = principal
        words = ("login", "--service-principal", "--tenant", tenant, "--username", client, "--password", "@secret")
        files = logged_in("az", words, "AZURE_CONFIG_DIR", {"secret": secret})
    else:
        files = logged_in("az", ("login", "--identity"), "AZURE_CONFIG_DIR", {})
    below = {f"cloud/azure/{name}": content for name, content in files.items()}
    return Found("The run is logged in to Azure; the az command finds it.", below)
