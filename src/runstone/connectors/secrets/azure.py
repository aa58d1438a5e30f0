"""Azure: ``azure@VAULT/SECRET[/VERSION]`` in Key Vault, and logins.

``azure:WAY@VAULT/SECRET``, ``azure:WAY@cli`` logs the run in, ``azure:WAY@kubeconfig:GROUP/CLUSTER`` is access to an
AKS cluster. Ways: ``identity`` (the runner's managed or workload identity; also when none is named) and ``sp`` (a
service principal: secrets az_tenantId, az_clientId and az_clientSecret of the run). VAULT is a name or an address. The
cloud is that of ``AZURE_AUTHORITY_HOST``.
"""

import os
import re
from collections.abc import Mapping

import requests
from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError
from azure.identity import ClientSecretCredential, CredentialUnavailableError, DefaultAzureCredential
from azure.keyvault.secrets import SecretClient

from runstone.connectors import aks
from runstone.connectors.login import logged_in
from runstone.connectors.secrets import Ask, Found, SecretProvider
from runstone.errors import BadInput, Forbidden, NotFound, Unreachable

_CONNECT_S = 5
_READ_S = 10
_LIMITS = {"connection_timeout": _CONNECT_S, "read_timeout": _READ_S, "retry_total": 1}
_FORM = re.compile(r"(https://[A-Za-z0-9.:-]+|[A-Za-z0-9-]+)/([A-Za-z0-9-]+)(?:/([0-9a-f]+))?")
_CLUSTER = re.compile(r"[\w.()-]+/[\w-]+")
# Key Vault's suffix and the manager's address by the host that gives tokens (documentation: national clouds).
_PUBLIC = ("vault.azure.net", "https://management.azure.com")
_CLOUDS = {
    "login.microsoftonline.us": ("vault.usgovcloudapi.net", "https://management.usgovcloudapi.net"),
    "login.chinacloudapi.cn": ("vault.azure.cn", "https://management.chinacloudapi.cn"),
    "login.partner.microsoftonline.cn": ("vault.azure.cn", "https://management.chinacloudapi.cn"),
}


class AzureSecrets(SecretProvider):
    """Key Vault, AKS, and the login of the az command."""

    def get(self, kind: str, path: str, ask: Ask) -> Found:
        """Read it. Raises as the protocol says."""
        if kind not in ("", "identity", "sp"):
            raise BadInput(f"azure:{kind} is no way to log in. Write azure:identity@… or azure:sp@….")
        form, colon, where = path.partition(":")
        cluster = colon and form == "kubeconfig" and _CLUSTER.fullmatch(where)
        named = _FORM.fullmatch(path)
        if not (path == "cli" or cluster or named):
            raise BadInput(
                f"{path!r} is nothing of Azure. Write azure@vault/secret, …@cli or …@kubeconfig:group/cluster."
            )
        principal = _principal(ask) if kind == "sp" else None
        if path == "cli":
            return _cli(principal)
        if cluster:
            return Found(_kubeconfig(_credential(principal), where, ask))
        assert named is not None
        return Found(_kept(_credential(principal), named[1], named[2], named[3]))


def _authority() -> str:
    return os.environ.get("AZURE_AUTHORITY_HOST", "").removeprefix("https://").strip("/")


def _cloud() -> tuple[str, str]:
    return _CLOUDS.get(_authority(), _PUBLIC)


def _principal(ask: Ask) -> tuple[str, str, str]:
    names = ("az_tenantId", "az_clientId", "az_clientSecret")
    found = [ask(name) for name in names]
    if not all(found):
        missing = ", ".join(name for name, value in zip(names, found, strict=True) if not value)
        raise NotFound(f"azure:sp needs the secrets {missing} of the same SLX.")
    return str(found[0]), str(found[1]), str(found[2])


def _credential(principal: tuple[str, str, str] | None) -> TokenCredential:
    """Of the service principal, or whatever the runner is. An authority of one's own is not asked who it is."""
    own = _authority() not in ("", "login.microsoftonline.com", *_CLOUDS)
    try:
        if principal:
            return ClientSecretCredential(*principal, disable_instance_discovery=own, **_LIMITS)
        return DefaultAzureCredential(
            exclude_interactive_browser_credential=True,
            process_timeout=_READ_S,
            disable_instance_discovery=own,
            **_LIMITS,
        )
    except ValueError as err:
        raise BadInput("The secrets az_tenantId, az_clientId and az_clientSecret name no service principal.") from err


def _kept(credential: TokenCredential, vault: str, name: str, version: str | None) -> str:
    """The client makes sure, by the vault's challenge, that the token it sends is one for that vault."""
    address = vault if "://" in vault else f"https://{vault}.{_cloud()[0]}"
    what = f"secret {name} of {address}"
    try:
        value = SecretClient(address, credential, **_LIMITS).get_secret(name, version).value  # pyright: ignore[reportArgumentType]
    except AzureError as err:
        raise _explained(err, what) from err
    except ValueError as err:
        if "challenge" not in str(err):
            raise Unreachable(f"Azure's answer for {what} cannot be read.") from err
        raise Forbidden(f"{address} asks for a token that is not for it. Write azure@vault/secret.") from err
    if value is None:
        raise NotFound(f"Azure's {what} has no value. Set it, or correct the key.")
    return value


def _explained(err: AzureError, what: str) -> Exception:
    status = err.status_code if isinstance(err, HttpResponseError) else None
    if isinstance(err, CredentialUnavailableError):
        return Forbidden(f"The runner has no identity to read {what}. Give it one, or use azure:sp@….")
    if status == 404:
        return NotFound(f"Azure has no {what}. Make it, or correct the key.")
    if status == 403:
        return Forbidden(f"Azure refuses {what}. Grant the runner's identity get on secrets there.")
    if status == 401 or isinstance(err, ClientAuthenticationError):
        return Forbidden(f"Azure does not let the runner in to read {what}. Check its identity or service principal.")
    return Unreachable(f"Azure does not answer for {what}: {status or type(err).__name__}.")


def _kubeconfig(credential: TokenCredential, where: str, ask: Ask) -> str:
    """See the REST API of AKS: listing a cluster's user credentials."""
    subscription = ask("az_subscriptionId") or os.environ.get("AZURE_SUBSCRIPTION_ID", "")
    if not subscription:
        raise NotFound("Set AZURE_SUBSCRIPTION_ID, or give the secret az_subscriptionId: AKS clusters are found by it.")
    group, _, cluster = where.partition("/")
    path = f"{aks.credential(subscription, group, cluster)}?api-version={aks.VERSION}"
    answer = _posted(path, credential, where)

    def token_for(resource: str) -> str:
        return credential.get_token(f"{resource}/.default").token

    try:
        return aks.kubeconfig(answer.json(), token_for)
    except AzureError as err:
        raise _explained(err, f"AKS cluster {where}") from err
    except ValueError as err:
        raise Unreachable(f"Azure's answer for AKS cluster {where} is no kubeconfig.") from err


def _posted(path: str, credential: TokenCredential, where: str) -> requests.Response:
    what, manager = f"AKS cluster {where}", _cloud()[1]
    try:
        headers = {"Authorization": f"Bearer {credential.get_token(f'{manager}/.default').token}"}
        answer = requests.post(
            f"{manager}{path}", headers=headers, timeout=(_CONNECT_S, _READ_S), allow_redirects=False
        )
    except AzureError as err:
        raise _explained(err, what) from err
    except requests.RequestException as err:
        raise Unreachable(f"Azure does not answer for {what}: {type(err).__name__}.") from err
    if answer.status_code in (401, 403):
        raise Forbidden(f"Azure refuses {what}. Grant the runner's identity the role Azure Kubernetes Service User.")
    if answer.status_code == 404:
        raise NotFound(f"Azure has no {what} in this subscription. Correct the key.")
    if not answer.ok:
        raise Unreachable(f"Azure answered {answer.status_code} for {what}.")
    return answer


def _cli(principal: tuple[str, str, str] | None) -> Found:
    """The az command makes its own login state; whatever is secret goes to it in files, never in an argument."""
    if principal:
        secrets: dict[str, str] = dict(zip(("tenant", "client", "secret"), principal, strict=True))
        words = (
            "login",
            "--service-principal",
            "--tenant",
            "@tenant",
            "--username",
            "@client",
            "--password",
            "@secret",
        )
        files = logged_in("az", words, "AZURE_CONFIG_DIR", secrets)
    else:
        files = logged_in("az", ("login", "--identity"), "AZURE_CONFIG_DIR", {})
    below = {f"cloud/azure/{name}": content for name, content in files.items()}
    return Found("The run is logged in to Azure; the az command finds it.", below, _documents(files), public=True)


def _documents(files: Mapping[str, bytes]) -> tuple[str, ...]:
    """The JSON among the files: its tokens are masked too."""
    return tuple(content.decode(errors="replace") for name, content in files.items() if name.endswith(".json"))
