"""Where a cluster is and how to log in: the kubeconfig of a user, or the service account of a pod.

Facts: the kubeconfig format and the merging of several files (the first to name something wins) as kubectl documents
them; the service account's folder as Kubernetes mounts it.
"""

import base64
import json
import os
from pathlib import Path
from typing import Any, cast

import yaml
from lightkube.config.kubeconfig import KubeConfig, SingleConfig
from lightkube.core.exceptions import ConfigError

from runstone.errors import BadInput

_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SECTIONS = ("contexts", "clusters", "users")
_FILES = ("certificate-authority", "client-certificate", "client-key", "tokenFile")
"""Fields that point to files, relative to the kubeconfig that names them."""
Document = dict[str, Any]


def load(path: str, context: str) -> tuple[SingleConfig, Document]:
    """How to reach one context, and a kubeconfig of exactly that context. Raises BadInput saying what to do.

    An empty ``path`` means $KUBECONFIG, then ~/.kube/config, then the service account of the pod this runs in.
    """
    files = _files(path)
    if not path and not files[0].exists() and (_ACCOUNT / "token").exists():
        document = _in_cluster()
        return _config(document, str(document["current-context"]), files[0]), document
    return _chosen(_merged(files), context, f"The kubeconfig {', '.join(str(file) for file in files)}", files[0])


def given(document: Document, context: str) -> tuple[SingleConfig, Document]:
    """The same of a kubeconfig in memory, that whoever manages the cluster gave out.

    It may name no file of this machine and run no program here. Raises BadInput.
    """
    whose = "The kubeconfig that was given out for the cluster"
    sections = [("clusters", "cluster"), ("users", "user")]
    entries = [one.get(inner) for section, inner in sections for one in _dicts(document.get(section))]
    asked = (*_FILES, "exec", "auth-provider")
    strange = sorted({name for entry in _dicts(entries) for name in asked if entry.get(name)})
    if strange:
        raise BadInput(
            f"{whose} asks for {', '.join(strange)}, which is not done for one from elsewhere. Put the cluster's "
            "context into your own kubeconfig."
        )
    try:
        return _chosen(document, context, whose, Path("kubeconfig"))
    except (AttributeError, KeyError, TypeError, ValueError) as err:
        raise BadInput(f"{whose} is not whole. Ask for it anew, or look at it by hand.") from err


def _chosen(document: Document, context: str, whose: str, file: Path) -> tuple[SingleConfig, Document]:
    names = [str(one.get("name", "")) for one in _dicts(document.get("contexts"))]
    wanted = context or str(document.get("current-context") or "")
    if wanted not in names:
        missing = f"has no context {wanted!r}" if wanted else "names no current context"
        raise BadInput(f"{whose} {missing}. It has: {', '.join(names) or 'none'}. Choose one with --context.")
    minified = _minified(document, wanted, whose)
    portable(minified)  # a file that is missing is named here; the TLS library would only say that one is
    return _config(minified, wanted, file), minified


def contexts(path: str) -> list[str]:
    """Every context of a kubeconfig; one without a name for a pod's service account. Raises as :func:`load`."""
    files = _files(path)
    if not path and not files[0].exists() and (_ACCOUNT / "token").exists():
        return [""]
    return [str(one.get("name", "")) for one in _dicts(_merged(files).get("contexts"))]


_EXTENSION = "workspace-builder"
"""The name under which whoever wrote the kubeconfig may say how a cluster is managed (a fact of its users' format)."""


def attributes(document: Document) -> Document:
    """What the kubeconfig says of the cluster besides where it is, such as ``cluster_type`` and ``resource_group``."""
    clusters = _dicts(document.get("clusters"))
    extensions = _dicts((clusters[0].get("cluster") or {}).get("extensions")) if clusters else []
    said = next((one.get("extension") for one in extensions if one.get("name") == _EXTENSION), None)
    return cast("Document", said) if isinstance(said, dict) else {}


def cluster_name(document: Document, context: str) -> str:
    """How the cluster is called on the Map: as the kubeconfig calls it."""
    clusters = _dicts(document.get("clusters"))
    return str(clusters[0].get("name") or context) if clusters else context


def namespace(document: Document) -> str:
    """The namespace that the context prefers; empty when it does not say."""
    (context,) = _dicts(document.get("contexts"))
    return str((context.get("context") or {}).get("namespace") or "")


def user_name(document: Document) -> str:
    """How the kubeconfig calls who logs in."""
    users = _dicts(document.get("users"))
    return str(users[0].get("name") or "this user") if users else "this user"


def portable(document: Document) -> Document:
    """The same with every file that it points to put inside. Raises BadInput for one that cannot be read."""
    (cluster,), (user,) = _dicts(document.get("clusters")), _dicts(document.get("users"))
    return {
        **document,
        "clusters": [{**cluster, "cluster": _embedded(cluster.get("cluster") or {})}],
        "users": [{**user, "user": _embedded(user.get("user") or {})}],
    }


def _files(path: str) -> list[Path]:
    if path:
        return [Path(path).expanduser()]
    named = [Path(one).expanduser() for one in os.environ.get("KUBECONFIG", "").split(os.pathsep) if one]
    return [one for one in named if one.exists()] or named or [Path("~/.kube/config").expanduser()]


def _merged(files: list[Path]) -> Document:
    merged: Document = {"apiVersion": "v1", "kind": "Config"}
    for file in files:
        document = _document(file)
        merged.setdefault("current-context", document.get("current-context"))
        merged["current-context"] = merged["current-context"] or document.get("current-context")
        for section in _SECTIONS:
            entries = merged.setdefault(section, [])
            known = {one.get("name") for one in entries}
            entries += [one for one in _dicts(document.get(section)) if one.get("name") not in known]
    return merged


def _document(file: Path) -> Document:
    try:
        document: Any = yaml.load(file.read_text(), _LOADER)  # noqa: S506  a safe loader, the C one where there is one
    except FileNotFoundError as err:
        raise BadInput(f"There is no kubeconfig at {file}. Name one with --kubeconfig, or set KUBECONFIG.") from err
    except OSError as err:
        raise BadInput(f"The kubeconfig {file} cannot be read: {err.strerror}.") from err
    except (yaml.YAMLError, UnicodeDecodeError) as err:
        reason = str(err).splitlines()[0]
        raise BadInput(f"The kubeconfig {file} is not YAML: {reason}. Get it anew from your cluster.") from err
    if not isinstance(document, dict) or "contexts" not in document:
        raise BadInput(f"The file {file} is not a kubeconfig: it has no contexts.")
    known = cast("Document", document)
    for section in ("clusters", "users"):
        for entry in _dicts(known.get(section)):
            _anchor(entry.get(section[:-1]), file)
    return known


def _anchor(entry: Any, file: Path) -> None:
    """Paths in a kubeconfig are relative to it."""
    if isinstance(entry, dict):
        fields = cast("Document", entry)
        for name in _FILES:
            if fields.get(name):
                fields[name] = str(file.absolute().parent / str(fields[name]))


def _minified(document: Document, context: str, whose: str) -> Document:
    """Only what one context needs."""
    chosen = _named(document, "contexts", context)
    said = (chosen or {}).get("context") or {}
    found = {what: _named(document, f"{what}s", said.get(what)) for what in ("cluster", "user")}
    for what, entry in found.items():
        if entry is None:
            raise BadInput(f"{whose}: context {context} points to a {what} {said.get(what)!r} that is not in it.")
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context,
        "contexts": [chosen],
        "clusters": [found["cluster"]],
        "users": [found["user"]],
    }


def _named(document: Document, section: str, name: Any) -> Document | None:
    return next((one for one in _dicts(document.get(section)) if one.get("name") == name), None)


def _config(document: Document, context: str, file: Path) -> SingleConfig:
    if not (document["clusters"][0].get("cluster") or {}).get("server"):
        raise BadInput(f"The cluster of context {context} in {file} has no server: where it is must be said there.")
    try:
        config = KubeConfig.from_dict(_for_lightkube(document), fname=file).get(context)
    except (ConfigError, KeyError, ValueError, TypeError, AttributeError) as err:
        raise BadInput(f"The context {context} of the kubeconfig {file} is not complete: {err}.") from err
    if config is None or config.user is None:
        raise BadInput(f"The context {context} of the kubeconfig {file} names no user to log in as.")
    return config


def _for_lightkube(document: Document) -> Document:
    """lightkube 1.0 knows exec plugins up to v1beta1, of which v1 keeps the shape; a tokenFile it reads itself."""
    copy = cast("Document", json.loads(json.dumps(document, default=str)))
    for user in _dicts(copy.get("users")):
        plugin = (user.get("user") or {}).get("exec")
        if isinstance(plugin, dict) and plugin.get("apiVersion") == "client.authentication.k8s.io/v1":
            plugin["apiVersion"] = "client.authentication.k8s.io/v1beta1"
    return copy


def _embedded(section: Document) -> Document:
    out = {name: value for name, value in section.items() if name not in _FILES}
    for name in _FILES[:3]:
        if section.get(name) and f"{name}-data" not in out:
            out[f"{name}-data"] = base64.b64encode(_bytes(Path(section[name]))).decode()
    if section.get("tokenFile"):
        out["token"] = _bytes(Path(section["tokenFile"])).decode().strip()
    return out


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as err:
        raise BadInput(f"The kubeconfig points to the file {path}, which cannot be read: {err.strerror}.") from err


def _in_cluster() -> Document:
    """The pod's own service account as a kubeconfig. The token stays a file: Kubernetes renews it there."""
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST", "kubernetes.default.svc"), "443"
    host, port = f"[{host}]" if ":" in host else host, os.environ.get("KUBERNETES_SERVICE_PORT", port)
    name = os.environ.get("KUBERNETES_CLUSTER_NAME", "default")
    own = _ACCOUNT / "namespace"
    context: Document = {"cluster": name, "user": "service-account"}
    if own.exists():
        context["namespace"] = own.read_text().strip()
    cluster = {"server": f"https://{host}:{port}", "certificate-authority": str(_ACCOUNT / "ca.crt")}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "contexts": [{"name": name, "context": context}],
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": "service-account", "user": {"tokenFile": str(_ACCOUNT / "token")}}],
    }


def _dicts(value: Any) -> list[Document]:
    entries = cast("list[Any]", value) if isinstance(value, list) else []
    return [cast("Document", one) for one in entries if isinstance(one, dict)]
