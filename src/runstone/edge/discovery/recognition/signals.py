"""What an object shows of the software behind it, as facts that the table may know. Pure.

Only names are looked at: images, labels, ports, names of variables, programs that are started, types and classes. A
value of configuration is never a signal.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from runstone.connectors.kept import PROGRAMS, Object
from runstone.edge.discovery.recognition.table import What
from runstone.edge.discovery.relations import WORKLOADS, template
from runstone.edge.discovery.subjects import texts
from runstone.model.resource import ResourceRef

_NAMING = {
    "app.kubernetes.io/name": 0.7, "k8s-app": 0.6, "app": 0.45, "name": 0.45, "app.kubernetes.io/component": 0.3,
    "component": 0.3, "app.kubernetes.io/instance": 0.2, "application": 0.45, "strimzi.io/kind": 0.3,
    "app.kubernetes.io/part-of": 0.3,
}  # fmt: skip
"""Labels that name an application, and how far they are to be believed."""
_CHARTS = ("helm.sh/chart", "chart")
_CHART = re.compile(r"^(.+?)-v?\d+\.\d+")
_ENGINES = ("engine", "database_version", "databaseVersion", "runtime", "linux_fx_version")
_REPOSITORY = re.compile(r"^(?P<path>(?:[^@/]*/)*[^@/:]*)(?::(?P<tag>[^@]*))?(?:@.*)?$", re.DOTALL)
_VERSION = re.compile(r"^v?(\d+(?:\.\d+){0,3})")
_ARCHITECTURE = re.compile(r"-(?:amd64|arm64|arm64v8|x86_64|linux-amd64)$")


@dataclass(frozen=True)
class Signal:
    """One fact shown. ``weight`` is how far it is believed where that does not follow from ``what`` alone."""

    what: What
    value: str
    says: str
    """As evidence, such as ``port 6379 of container cache``."""
    weight: float = 1.0
    main: bool = True
    """Whether it is of what the object is there for, and not of something that only starts it."""


@dataclass(frozen=True)
class Image:
    """The name of an image in parts. ``path``: its repository without the registry."""

    path: tuple[str, ...]
    version: str


@lru_cache(maxsize=4096)
def image(name: str) -> Image:
    """The parts of ``registry:port/a/b:tag@digest``."""
    found = _REPOSITORY.match(name)
    if found is None:
        return Image((), "")
    parts = [part for part in found["path"].lower().split("/") if part]
    if len(parts) > 1 and ("." in parts[0] or ":" in parts[0] or parts[0] == "localhost"):
        parts = parts[1:]
    if parts:
        parts[-1] = _ARCHITECTURE.sub("", parts[-1])
    version = _VERSION.match(found["tag"] or "")
    return Image(tuple(parts), version[1] if version else "")


def of(ref: ResourceRef, obj: Object) -> Iterator[Signal]:
    """Every signal of an object."""
    if ref.kind in WORKLOADS or (ref.kind == "Pod" and not obj["metadata"].get("ownerReferences")):
        yield from _workload(ref, obj)
    elif ref.kind.partition(".")[0] in _BY_KIND:
        yield from _BY_KIND[ref.kind.partition(".")[0]](ref, obj)
    elif "_map" in obj:
        yield from _described(obj)
    else:
        yield from _custom(obj)


def _workload(ref: ResourceRef, obj: Object) -> Iterator[Signal]:
    pod = template(obj)
    metadata = obj["metadata"]
    labels = {**texts((pod.get("metadata") or {}).get("labels")), **texts(metadata.get("labels"))}
    yield from _named(ref.name, labels)
    scraped = texts((pod.get("metadata") or {}).get("annotations")).get("prometheus.io/path", "")
    if scraped:
        yield Signal("paths", scraped, f"annotation prometheus.io/path={scraped}")
    spec = pod.get("spec") or {}
    for container in spec.get("initContainers") or []:
        # A native sidecar stands among them; what else does only prepares.
        if container.get("restartPolicy") == "Always":
            yield from _container(container)
    for container in spec.get("containers") or []:
        yield from _container(container)


def _named(name: str, labels: Mapping[str, str]) -> Iterator[Signal]:
    for label, weight in _NAMING.items():
        if value := labels.get(label, "").lower():
            yield Signal("labels", value, f"label {label}={value}", weight)
    for label in _CHARTS:
        chart = _CHART.match(labels.get(label, ""))
        if chart:
            yield Signal("charts", chart[1], f"label {label}={labels[label]}", 0.6)
    yield Signal("labels", name.lower(), f"its name {name}", 0.2)


def _container(container: dict[str, Any]) -> Iterator[Signal]:
    name = str(container.get("name") or "")
    own = f"of container {name}"
    programs = [str(one) for one in container.get(PROGRAMS) or []]
    yield Signal("labels", name.lower(), f"container {name}", 0.35)
    if container.get("image"):
        yield Signal("images", str(container["image"]), f"image {container['image']} {own}")
    for program in programs:
        yield Signal("programs", program, f"program {program} {own}")
    for port in container.get("ports") or []:
        number, called = str(port.get("containerPort") or ""), str(port.get("name") or "").lower()
        yield Signal("ports", number, f"port {number} {own}")
        yield Signal("labels", called, f"port {number} {called} {own}", 0.35)
    for variable in container.get("env") or []:
        yield Signal("env", str(variable.get("name") or ""), f"variable {variable.get('name')} {own}")
    for mount in container.get("volumeMounts") or []:
        path = str(mount.get("mountPath") or "").rstrip("/")
        yield Signal("mounts", path, f"mount {path} {own}")
        yield Signal("files", str(mount.get("subPath") or path).rsplit("/", 1)[-1], f"file {path} {own}")
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        path = str(((container.get(probe) or {}).get("httpGet") or {}).get("path") or "")
        if path:
            yield Signal("paths", path, f"{probe} {path} {own}")


def _service(ref: ResourceRef, obj: Object) -> Iterator[Signal]:
    spec = obj.get("spec") or {}
    yield from _named(ref.name, {**texts(spec.get("selector")), **texts(obj["metadata"].get("labels"))})
    for port in spec.get("ports") or []:
        number = port.get("targetPort") if isinstance(port.get("targetPort"), int) else port.get("port")
        yield Signal("ports", str(number), f"port {number}")


def _node(ref: ResourceRef, obj: Object) -> Iterator[Signal]:
    for key, value in texts(obj["metadata"].get("labels")).items():
        yield Signal("nodes", key, f"label {key}")
        yield Signal("nodes", f"{key}={value}", f"label {key}={value}")
    for key in texts(obj["metadata"].get("annotations")):
        yield Signal("nodes", key, f"annotation {key}")
    info = (obj.get("status") or {}).get("nodeInfo") or {}
    runtime = str(info.get("containerRuntimeVersion") or "")
    fields: tuple[tuple[What, str, str], ...] = (
        ("os", str(info.get("osImage") or ""), "operating system"),
        ("kubelets", str(info.get("kubeletVersion") or ""), "kubelet"),
        ("runtimes", runtime.partition("://")[0], "container runtime"),
    )
    for what, value, called in fields:
        if value:
            yield Signal(what, value, f"{called} {runtime if what == 'runtimes' else value}")


def _class(ref: ResourceRef, obj: Object) -> Iterator[Signal]:
    named = {
        "provisioner": obj.get("provisioner"),
        "controller": _at(obj, "spec", "controller") or _at(obj, "spec", "controllerName"),
        "driver": _at(obj, "spec", "csi", "driver"),
    }
    for called, value in named.items():
        if value:
            yield Signal("classes", str(value), f"{called} {value}")


def _gateway(ref: ResourceRef, obj: Object) -> Iterator[Signal]:
    yield from _custom(obj)
    if name := _at(obj, "spec", "gatewayClassName"):
        yield Signal("labels", str(name), f"gateway class {name}", 0.9)


_BY_KIND = {
    "Service": _service,
    "Node": _node,
    "IngressClass": _class,
    "GatewayClass": _class,
    "Gateway": _gateway,
    "StorageClass": _class,
    "PersistentVolume": _class,
}


def _custom(obj: Object) -> Iterator[Signal]:
    group = str(obj.get("apiVersion") or "").rpartition("/")[0]
    if "." not in group:
        return
    parts = group.split(".")
    kind = f"{str(obj.get('kind') or '').partition('.')[0]}.{group}"
    yield Signal("kinds", kind, f"type {kind}")
    for start in range(len(parts) - 1):
        yield Signal("groups", ".".join(parts[start:]), f"API group {group}")
    chart = _chart(obj.get("spec"))
    if chart:
        yield Signal("charts", chart, f"chart {chart}", 0.9)


def _chart(spec: Any) -> str:
    """The chart that a Flux HelmRelease, an Argo CD Application or a K3s HelmChart installs."""
    chart: Any = _at(spec, "chart") or _at(spec, "source", "chart")
    return str((_at(chart, "spec", "chart") if isinstance(chart, dict) else chart) or "").rsplit("/", 1)[-1]


def _at(value: Any, *keys: str) -> Any:
    """What lies at a path of a resource that may have any shape; None for nothing."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _described(obj: Object) -> Iterator[Signal]:
    """What clouds and hosts say of themselves."""
    said = obj.get("_map") or {}
    for type_ in said.get("types") or []:
        yield Signal("types", str(type_), f"type {type_}")
    for key in _ENGINES:
        value = obj.get(key)
        if isinstance(value, str) and value:
            yield Signal("engines", value.lower().replace("|", "-"), f"{key} {value}")
    shown = said.get("shows") or {}
    for what in ("programs", "units", "ports"):
        for value in shown.get(what) or []:
            yield Signal(what, str(value), f"{what[:-1]} {value}")
