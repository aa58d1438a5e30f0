"""``kubernetes@[NAMESPACE/]secret/NAME:KEY`` (``k8s:file@…``, ``k8s:env@…``): a Secret or ConfigMap of the cluster.

The cluster is that of the pod the runner is in, or of ``$KUBECONFIG``. The kinds ``file`` and ``env`` of public
collections both mean the text itself.
"""

import base64
import binascii
import re

import httpx2
import yaml
from lightkube import Client
from lightkube.config.kubeconfig import KubeConfig
from lightkube.core.exceptions import ApiError, ConfigError
from lightkube.resources.core_v1 import ConfigMap, Secret

from runstone.connectors.secrets import Ask, Found, SecretProvider
from runstone.errors import BadInput, Forbidden, NotFound, Unreachable

_FORM = re.compile(r"(?:([a-z0-9-]+)/)?(secret|configmap)s?/([a-z0-9.-]+):(.+)", re.IGNORECASE)
_TIMEOUT_S = 10.0


class KubernetesSecrets(SecretProvider):
    """One key of one object."""

    def __init__(self, kubeconfig: str = "") -> None:
        """``kubeconfig``: a file that is used outside of a pod, instead of ``$KUBECONFIG``."""
        self._kubeconfig = kubeconfig

    def get(self, kind: str, path: str, ask: Ask) -> Found:
        """Read it. Raises as the protocol says."""
        form = _FORM.fullmatch(path)
        if not form or kind not in ("", "file", "env"):
            raise BadInput(f"{path!r} is no Kubernetes secret. Write kubernetes@namespace/secret/name:key.")
        client = self._client()
        namespace, name, key = form[1] or client.namespace, form[3], form[4]
        is_secret = form[2].lower() == "secret"
        what = f"{'Secret' if is_secret else 'ConfigMap'} {namespace}/{name}"
        try:
            found = client.get(Secret if is_secret else ConfigMap, name, namespace=namespace)
        except ApiError as err:
            raise _explained(err, what) from err
        except KeyError as err:
            # lightkube looks for the content type of an error, which a proxy before the cluster may leave out.
            raise Unreachable(f"The cluster with {what} answered with an error that says nothing. Try again.") from err
        except httpx2.HTTPError as err:
            raise Unreachable(f"The cluster with {what} cannot be reached: {err or type(err).__name__}.") from err
        data: dict[str, str] = found.data or {}
        binary: dict[str, str] = data if is_secret else getattr(found, "binaryData", None) or {}
        if key not in {*data, *binary}:
            known = ", ".join(sorted({*data, *binary})) or "none"
            raise NotFound(f"{what} has no key {key} (it has: {known}). Add it, or correct the key.")
        return Found(_plain(binary[key], what, key) if key in binary else data[key])

    def _client(self) -> Client:
        try:
            timeout = httpx2.Timeout(_TIMEOUT_S)
            return Client(config=self._config(), timeout=timeout)
        except (ConfigError, OSError, yaml.YAMLError, KeyError, TypeError) as err:
            said = str(err) if isinstance(err, ConfigError | OSError) else "the kubeconfig is not whole"
            raise BadInput(f"No cluster to read secrets from: {said}. Set KUBECONFIG, or run in a pod.") from err

    def _config(self) -> KubeConfig:
        if not self._kubeconfig:
            return KubeConfig.from_env()
        try:
            return KubeConfig.from_service_account()
        except ConfigError:
            return KubeConfig.from_file(self._kubeconfig)


def _explained(err: ApiError, what: str) -> Exception:
    if err.status.code in (401, 403):
        return Forbidden(f"{what} may not be read: {err.status.message}. Grant the runner get on it.")
    if err.status.code == 404:
        return NotFound(f"There is no {what} in the cluster. Make it, or correct the key.")
    return Unreachable(f"The cluster answered {err.status.code} when {what} was read: {err.status.message}.")


def _plain(text: str, what: str, key: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as err:
        raise BadInput(f"Key {key} of {what} is no text, and only texts can be given to Tasks.") from err
