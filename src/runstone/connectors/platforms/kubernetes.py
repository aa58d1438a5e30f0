"""Kubernetes, through its API. lightkube reads the kubeconfig and authenticates; objects are read as plain JSON.

Plain JSON costs a third of typed models when only a few fields are kept, and any kind is read the same way.
Facts: API paths, paging (``limit`` and ``continue``, 410 when a continue token is too old), and the metadata-only form
of a list (``PartialObjectMetadataList``) as in the Kubernetes API conventions.
"""

import asyncio
import base64
import contextlib
import json
import os
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import httpx2
import yaml
from lightkube.config.client_adapter import AsyncClient, ConnectionParams
from lightkube.config.kubeconfig import KubeConfig, SingleConfig
from lightkube.core.exceptions import ConfigError

from runstone.connectors.platforms import Batch, Object, Platform
from runstone.errors import BadInput, Forbidden, RunstoneError, Unreachable
from runstone.model.resource import Scope, ScopeReading

_PAGE = 500
_PARALLEL = 8
_TIMEOUT_S = 15.0
_METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
_ADDRESS = re.compile(r"^(?:[a-z][a-z0-9+.-]*://)?(?:[^@/\s]*@)?([a-zA-Z0-9.-]+(?::\d{1,5})?)(?:[/?#,].*)?$")


@dataclass(frozen=True)
class _Kind:
    """A kind to read. ``groups``: group/version pairs it may be served under, the newest first."""

    kind: str
    plural: str
    groups: tuple[str, ...]
    namespaced: bool = True
    bare: bool = False
    """Metadata only: nothing else of it is ever asked for."""


_APPS, _BATCH = ("apps/v1",), ("batch/v1", "batch/v1beta1")
_NETWORK = ("networking.k8s.io/v1", "networking.k8s.io/v1beta1")
# In the order of reading: what questions and alerts name comes first.
_KINDS: tuple[_Kind, ...] = (
    _Kind("Namespace", "namespaces", ("v1",), namespaced=False),
    _Kind("Deployment", "deployments", _APPS),
    _Kind("StatefulSet", "statefulsets", _APPS),
    _Kind("DaemonSet", "daemonsets", _APPS),
    _Kind("Service", "services", ("v1",)),
    _Kind("Ingress", "ingresses", _NETWORK),
    _Kind("PersistentVolumeClaim", "persistentvolumeclaims", ("v1",)),
    _Kind("CronJob", "cronjobs", _BATCH),
    _Kind("Job", "jobs", ("batch/v1",)),
    _Kind("ReplicaSet", "replicasets", _APPS, bare=True),
    _Kind("Pod", "pods", ("v1",)),
    _Kind("Endpoints", "endpoints", ("v1",)),
    _Kind("Secret", "secrets", ("v1",), bare=True),
    _Kind("ConfigMap", "configmaps", ("v1",), bare=True),
    _Kind("ServiceAccount", "serviceaccounts", ("v1",), bare=True),
    _Kind("Node", "nodes", ("v1",), namespaced=False),
    _Kind("PersistentVolume", "persistentvolumes", ("v1",), namespaced=False),
    _Kind("StorageClass", "storageclasses", ("storage.k8s.io/v1",), namespaced=False),
    _Kind("IngressClass", "ingressclasses", _NETWORK, namespaced=False),
    _Kind("NetworkPolicy", "networkpolicies", ("networking.k8s.io/v1",)),
    _Kind("HorizontalPodAutoscaler", "horizontalpodautoscalers", ("autoscaling/v2", "autoscaling/v2beta2")),
    _Kind("PodDisruptionBudget", "poddisruptionbudgets", ("policy/v1", "policy/v1beta1")),
    _Kind("ResourceQuota", "resourcequotas", ("v1",)),
)
_BUILTIN_PLURALS = frozenset(kind.plural for kind in _KINDS)


class _Gone(Exception):
    """A continue token is too old: the list must be read from its start."""


class _NotServed(Exception):
    """The cluster does not serve this group and version."""


class Kubernetes(Platform):
    """A cluster named by its kubeconfig context."""

    def __init__(self, kubeconfig: str = "", context: str = "", namespaces: tuple[str, ...] = ()) -> None:
        """An empty ``kubeconfig`` takes ~/.kube/config, then the pod's own service account. Raises BadInput."""
        self._config, self._document = _load(kubeconfig, context)
        self.context = self._config.context_name
        self.name = _cluster_name(self._document, self.context)
        self._namespaces = namespaces
        self._user = (
            str(self._document.get("users", [{}])[0].get("name", "this user")) if self._document else "this user"
        )

    async def read(self, extra: Sequence[str] = ()) -> AsyncIterator[Batch]:
        """See Platform.read."""
        async with self._client() as client:
            served = await self._served(client)
            wanted = [*_KINDS, *await self._extra(client, extra)]
            narrowed = self._namespaces
            for name in narrowed:
                await self._must_exist(client, name)
            limit = asyncio.Semaphore(_PARALLEL)
            tasks = [asyncio.create_task(self._bounded(limit, client, kind, served, narrowed)) for kind in wanted]
            try:
                for ended in asyncio.as_completed(tasks):
                    for batch in await ended:
                        yield batch
            finally:
                for task in tasks:
                    task.cancel()

    async def check(self) -> str:
        """See Platform.check."""
        async with self._client() as client:
            version = (await self._get(client, "/version")).get("gitVersion", "unknown version")
            unread: list[str] = []
            served = await self._served(client)
            for kind in _KINDS:
                batches = await self._bounded(asyncio.Semaphore(1), client, kind, served, self._namespaces, limit_to=1)
                unread += [batch.reading.problem for batch in batches if not batch.reading.complete]
        said = f"{self.name} (context {self.context}), Kubernetes {version}"
        return said if not unread else f"{said}; not readable: " + " ".join(unread)

    def portable_kubeconfig(self) -> str:
        """See Platform.portable_kubeconfig."""
        return yaml.safe_dump(self._document, sort_keys=False)

    def _client(self) -> httpx2.AsyncClient:
        try:
            timeout = httpx2.Timeout(_TIMEOUT_S, connect=5.0)
            return AsyncClient(self._config, ConnectionParams(timeout=timeout))
        except (ConfigError, OSError, ValueError) as err:
            raise BadInput(f"The kubeconfig's context {self.context} cannot be used: {err}") from err

    async def _bounded(
        self,
        limit: asyncio.Semaphore,
        client: httpx2.AsyncClient,
        kind: _Kind,
        served: set[str],
        namespaces: tuple[str, ...],
        limit_to: int = 0,
    ) -> list[Batch]:
        async with limit:
            for group in kind.groups:
                if group not in served:
                    continue
                # A version may be served without this kind in it: batch/v1 had no CronJob before Kubernetes 1.21.
                with contextlib.suppress(_NotServed):
                    return await self._kind(client, kind, group, namespaces, limit_to)
            return []

    async def _kind(
        self, client: httpx2.AsyncClient, kind: _Kind, group: str, namespaces: tuple[str, ...], limit_to: int
    ) -> list[Batch]:
        if kind.namespaced and namespaces:
            return [await self._scope(client, kind, group, name, limit_to) for name in namespaces]
        batch = await self._scope(client, kind, group, "", limit_to)
        if batch.reading.complete or not kind.namespaced or limit_to:
            return [batch]
        return await self._per_namespace(client, kind, group, batch)

    async def _per_namespace(self, client: httpx2.AsyncClient, kind: _Kind, group: str, all_: Batch) -> list[Batch]:
        """When the whole cluster may not be listed: the namespaces that may be, and the refusal of the whole."""
        try:
            listed = await self._list(client, "/api/v1/namespaces", bare=True)
            names = [item["metadata"]["name"] for item in listed]
        except (RunstoneError, _NotServed):
            names = [self._config.namespace] if self._config.context.namespace else []
        batches = [await self._scope(client, kind, group, name) for name in names]
        readable = [batch for batch in batches if batch.reading.complete]
        return [all_, *readable] if readable else [all_]

    async def _scope(
        self, client: httpx2.AsyncClient, kind: _Kind, group: str, namespace: str, limit_to: int = 0
    ) -> Batch:
        scope = Scope(platform=self.name, kind=kind.kind, namespace=namespace)
        path = _path(group, kind.plural, namespace)
        try:
            items = await self._list(client, path, bare=kind.bare, limit_to=limit_to)
        except Forbidden as err:
            where = (
                f"in namespace {namespace}"
                if namespace
                else "in all namespaces"
                if kind.namespaced
                else "at cluster level"
            )
            problem = (
                f"{self._user} may not list {kind.plural} {where} of {self.name}. Grant get and list on {kind.plural} "
                f"({group}) to see them. ({err})"
            )
            return Batch(ScopeReading(scope=scope, complete=False, problem=problem), ())
        except (RunstoneError, _Gone) as err:
            problem = f"Listing {kind.plural} of {self.name} failed: {err}"
            return Batch(ScopeReading(scope=scope, complete=False, problem=problem), ())
        objects = tuple({**_trimmed(item, kind.kind, group), "_plural": kind.plural} for item in items)
        return Batch(ScopeReading(scope=scope, complete=True, problem=""), objects)

    async def _list(self, client: httpx2.AsyncClient, path: str, *, bare: bool, limit_to: int = 0) -> list[Object]:
        for attempt in range(3):
            try:
                return await self._pages(client, path, bare, limit_to)
            except _Gone:
                await asyncio.sleep(0.2 * attempt)
        raise Unreachable(f"{path} changes faster than it can be read page by page")

    async def _pages(self, client: httpx2.AsyncClient, path: str, bare: bool, limit_to: int) -> list[Object]:
        items: list[Object] = []
        headers = {"Accept": _METADATA_ONLY if bare else "application/json"}
        continued = ""
        while True:
            query = f"?limit={limit_to or _PAGE}" + (f"&continue={quote(continued)}" if continued else "")
            page = await self._get(client, path + query, headers)
            items += page.get("items") or []
            continued = (page.get("metadata") or {}).get("continue") or ""
            if not continued or limit_to:
                return items

    async def _get(self, client: httpx2.AsyncClient, path: str, headers: dict[str, str] | None = None) -> Object:
        try:
            answer = await client.get(path, headers=headers)
        except httpx2.TimeoutException as err:
            raise Unreachable(
                f"The cluster {self.name} at {_where(client)} did not answer in {_TIMEOUT_S:.0f} s."
            ) from err
        except httpx2.HTTPError as err:
            raise Unreachable(f"The cluster {self.name} at {_where(client)} cannot be reached: {_why(err)}.") from err
        except (ConfigError, OSError) as err:
            raise Forbidden(
                f"Logging in to {self.name} failed: {err}. Run the command of the kubeconfig's user by hand."
            ) from err
        return self._read(answer, path)

    def _read(self, answer: httpx2.Response, path: str) -> Object:
        if answer.status_code == 401:
            raise Forbidden(
                f"The cluster {self.name} does not accept the credentials of context {self.context} (401): the token or "
                f"certificate has probably expired. Log in again, then retry."
            )
        if answer.status_code == 403:
            raise Forbidden(_message(answer))
        if answer.status_code == 404:
            raise _NotServed
        if answer.status_code == 410:
            raise _Gone
        if answer.status_code >= 400:
            raise Unreachable(f"The cluster {self.name} answered {answer.status_code} to {path}: {_message(answer)}")
        try:
            return cast("Object", json.loads(answer.content))
        except ValueError as err:
            raise Unreachable(f"The cluster {self.name} did not answer with JSON; is it a Kubernetes API?") from err

    async def _served(self, client: httpx2.AsyncClient) -> set[str]:
        """Every group/version the cluster serves. Raises when the cluster cannot be reached at all."""
        served = {"v1"}
        try:
            groups = await self._get(client, "/apis")
        except _NotServed as err:
            raise Unreachable(f"{_where(client)} answers, but not as a Kubernetes API (404 for /apis).") from err
        for group in groups.get("groups") or []:
            served |= {version["groupVersion"] for version in group["versions"]}
        return served

    async def _extra(self, client: httpx2.AsyncClient, names: Sequence[str]) -> list[_Kind]:
        found: list[_Kind] = []
        for name in sorted(set(names)):
            type_, _, version = name.partition("/")
            plural, _, group = type_.partition(".")
            if plural in _BUILTIN_PLURALS:
                continue
            kind = await self._custom(client, plural, group, version)
            if kind:
                found.append(kind)
        return found

    async def _custom(self, client: httpx2.AsyncClient, plural: str, group: str, version: str) -> _Kind | None:
        """A type by its plural and group, at the version given or preferred; None when it is not served."""
        try:
            if group and not version:
                version = (await self._get(client, f"/apis/{group}"))["preferredVersion"]["version"]
            served = f"{group}/{version}" if group else version or "v1"
            base = f"/apis/{served}" if group else f"/api/{served}"
            resources = (await self._get(client, base)).get("resources") or []
        except (_NotServed, RunstoneError, KeyError):
            return None
        for resource in resources:
            if resource["name"] == plural:
                return _Kind(resource["kind"], plural, (served,), namespaced=resource["namespaced"])
        return None

    async def _must_exist(self, client: httpx2.AsyncClient, name: str) -> None:
        try:
            await self._get(client, f"/api/v1/namespaces/{quote(name)}")
        except _NotServed as err:
            raise BadInput(
                f"There is no namespace {name!r} on {self.name}. List them with: kubectl get namespaces"
            ) from err
        except Forbidden as err:
            if "401" in str(err):
                raise


def _where(client: httpx2.AsyncClient) -> str:
    """Scheme, host and port: a path might hold a token."""
    return str(client.base_url.copy_with(path="/")).rstrip("/")


def _why(err: Exception) -> str:
    text = str(err) or type(err).__name__
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return f"its certificate is not trusted ({text}); the kubeconfig's certificate-authority must match it"
    return text


def _message(answer: httpx2.Response) -> str:
    try:
        return str(json.loads(answer.content).get("message", ""))[:300]
    except ValueError:
        return answer.text[:200]


def _path(group: str, plural: str, namespace: str) -> str:
    base = f"/apis/{group}" if "/" in group else f"/api/{group}"
    return f"{base}/namespaces/{quote(namespace)}/{plural}" if namespace else f"{base}/{plural}"


def _trimmed(item: Object, kind: str, group: str) -> Object:
    """The object with its kind set and without what is never kept."""
    metadata = dict(item.get("metadata") or {})
    metadata.pop("managedFields", None)
    annotations = dict(metadata.get("annotations") or {})
    annotations.pop("kubectl.kubernetes.io/last-applied-configuration", None)
    metadata["annotations"] = annotations
    kept: Object = {"apiVersion": group, "kind": kind, "metadata": metadata}
    kept |= {
        field: value
        for field, value in item.items()
        if field not in ("data", "stringData", "binaryData", "metadata", "kind", "apiVersion")
    }
    return cast("Object", _without_values(kept))


def _without_values(value: Any) -> Any:
    """Environment values become addresses or nothing, wherever containers are."""
    if isinstance(value, list):
        return [_without_values(one) for one in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    known = cast("dict[str, Any]", value)
    return {
        key: [_address_only(one) for one in one_list]
        if key == "env" and (one_list := _dicts(inner))
        else _without_values(inner)
        for key, inner in known.items()
    }


def _dicts(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        return []
    return [one for one in cast("list[Any]", value) if isinstance(one, dict)]


def _address_only(variable: dict[str, Any]) -> dict[str, Any]:
    if "value" not in variable:
        return variable
    return {**variable, "value": address(str(variable["value"] or ""))}


def address(value: str) -> str:
    """The host, with its port if there is one, that an address or URL points at; empty for anything else.

    A bare word is taken only with a port or a dot: ``redis:6379`` and ``db.shop`` are addresses, ``production`` is not.
    """
    match = _ADDRESS.match(value.strip())
    if not match or not re.search(r"[a-zA-Z]", match.group(1)):
        return ""
    found = match.group(1)
    return found if ":" in found or "://" in value or "." in found.strip(".") else ""


def _load(path: str, context: str) -> tuple[SingleConfig, dict[str, Any]]:
    file = Path(path or os.environ.get("KUBECONFIG", "").split(os.pathsep)[0] or "~/.kube/config").expanduser()
    if not path and not file.exists() and Path("/var/run/secrets/kubernetes.io/serviceaccount/token").exists():
        config = KubeConfig.from_service_account().get()
        assert config is not None
        return config, _in_cluster(config)
    document = _document(file)
    names = [one.get("name", "") for one in _dicts(document.get("contexts"))]
    wanted = context or str(document.get("current-context") or "")
    if wanted not in names:
        raise BadInput(
            f"The kubeconfig {file} has no context {wanted!r}. It has: {', '.join(names) or 'none'}. Choose one with --context."
        )
    minified = _minified(document, wanted, file)
    try:
        config = KubeConfig.from_dict(_for_lightkube(minified), fname=file).get(wanted)
    except (ConfigError, KeyError, ValueError, TypeError) as err:
        raise BadInput(f"The context {wanted} of the kubeconfig {file} is not complete: {err}.") from err
    if config is None or config.user is None:
        raise BadInput(f"The context {wanted} of the kubeconfig {file} names no user to log in as.")
    return config, minified


def _document(file: Path) -> dict[str, Any]:
    try:
        document: Any = yaml.safe_load(file.read_text())
    except FileNotFoundError as err:
        raise BadInput(f"There is no kubeconfig at {file}. Name one with --kubeconfig, or set KUBECONFIG.") from err
    except OSError as err:
        raise BadInput(f"The kubeconfig {file} cannot be read: {err.strerror}.") from err
    except (yaml.YAMLError, UnicodeDecodeError) as err:
        raise BadInput(
            f"The kubeconfig {file} is not YAML: {str(err).splitlines()[0]}. Get it anew from your cluster."
        ) from err
    if not isinstance(document, dict) or "contexts" not in document:
        raise BadInput(f"The file {file} is not a kubeconfig: it has no contexts.")
    return cast("dict[str, Any]", document)


def _minified(document: dict[str, Any], context: str, file: Path) -> dict[str, Any]:
    """Only what one context needs, with the files it points to put inside."""
    chosen = next(one for one in _dicts(document["contexts"]) if one.get("name") == context)
    said = chosen.get("context") or {}
    clusters = [one for one in _dicts(document.get("clusters")) if one.get("name") == said.get("cluster")]
    users = [one for one in _dicts(document.get("users")) if one.get("name") == said.get("user")]
    if not clusters or not users:
        missing = "cluster" if not clusters else "user"
        raise BadInput(
            f"The context {context} of {file} points to a {missing} {said.get(missing)!r} that is not in it."
        )
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context,
        "contexts": [chosen],
        "clusters": [{**clusters[0], "cluster": _embedded(clusters[0].get("cluster") or {}, file)}],
        "users": [{**users[0], "user": _embedded(users[0].get("user") or {}, file)}],
    }


def _embedded(section: dict[str, Any], file: Path) -> dict[str, Any]:
    out = dict(section)
    for field in ("certificate-authority", "client-certificate", "client-key"):
        named = out.pop(field, None)
        if named and f"{field}-data" not in out:
            out[f"{field}-data"] = base64.b64encode(_bytes(file.parent / named)).decode()
    named = out.pop("tokenFile", None)
    if named and "token" not in out:
        out["token"] = _bytes(file.parent / named).decode().strip()
    return out


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as err:
        raise BadInput(f"The kubeconfig points to the file {path}, which cannot be read: {err.strerror}.") from err


def _for_lightkube(document: dict[str, Any]) -> dict[str, Any]:
    """lightkube 1.0 knows exec plugins up to v1beta1; v1 answers in the same shape."""
    text = json.dumps(document)
    return json.loads(text.replace('client.authentication.k8s.io/v1"', 'client.authentication.k8s.io/v1beta1"'))


def _in_cluster(config: SingleConfig) -> dict[str, Any]:
    folder = Path("/var/run/secrets/kubernetes.io/serviceaccount")
    cluster = {
        "server": config.cluster.server,
        "certificate-authority-data": base64.b64encode(_bytes(folder / "ca.crt")).decode(),
    }
    name = os.environ.get("KUBERNETES_CLUSTER_NAME", "default")
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "contexts": [{"name": name, "context": {"cluster": name, "user": "service-account"}}],
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": "service-account", "user": {"token": _bytes(folder / "token").decode()}}],
    }


def _cluster_name(document: dict[str, Any], context: str) -> str:
    clusters = _dicts(document.get("clusters"))
    return str(clusters[0].get("name") or context) if clusters else context
