"""Typed relations between Kubernetes objects, read from what they say of each other. Pure.

Facts: owner references, label selectors (matchLabels and matchExpressions), volume and env sources, Ingress backends,
scheduling, and the Service DNS names ``name``, ``name.namespace`` and ``name.namespace.svc[.cluster.local]``.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from runstone.connectors.platforms import Object
from runstone.model.resource import Relation, RelationType, ResourceRef

WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"})
_CONTAINED = frozenset(
    {"Deployment", "StatefulSet", "DaemonSet", "CronJob", "Service", "Ingress", "PersistentVolumeClaim"}
)
CLUSTER_KINDS = frozenset({"Namespace", "Node", "PersistentVolume", "StorageClass", "IngressClass"})
_LOCAL = frozenset({"localhost", "tcp", "udp", "unix", "ip6-localhost"})
"""Words that stand where a host may stand and are no Service."""


def ref_of(obj: Object, platform: str) -> ResourceRef:
    """The name of an object."""
    metadata = obj["metadata"]
    return ResourceRef(
        platform=platform, kind=obj["kind"], namespace=metadata.get("namespace") or "", name=metadata["name"]
    )


class Objects:
    """All objects of one platform seen so far, by kind and place."""

    def __init__(self, platform: str, objects: Iterable[Object] = ()) -> None:
        self.platform = platform
        self.by_ref: dict[ResourceRef, Object] = {}
        self._places: dict[str, dict[str, dict[str, ResourceRef]]] = {}
        """Kind, namespace, name."""
        for obj in objects:
            self.put(obj)

    def name(self, obj: Object) -> ResourceRef:
        """The name of an object on this platform."""
        return ref_of(obj, self.platform)

    def put(self, obj: Object) -> ResourceRef:
        """Add or replace an object."""
        ref = self.name(obj)
        self.by_ref[ref] = obj
        self._places.setdefault(ref.kind, {}).setdefault(ref.namespace, {})[ref.name] = ref
        return ref

    def drop(self, ref: ResourceRef) -> None:
        """Take an object out."""
        self.by_ref.pop(ref, None)
        self._places.get(ref.kind, {}).get(ref.namespace, {}).pop(ref.name, None)

    def of_kind(self, kind: str, namespace: str) -> list[Object]:
        """Objects of a kind in a namespace, in the order of their names."""
        return [self.by_ref[ref] for ref in self.refs(kind, namespace)]

    def refs(self, kind: str, namespace: str) -> list[ResourceRef]:
        """Names of a kind in a namespace, in order."""
        found = self._places.get(kind, {}).get(namespace, {})
        return [found[name] for name in sorted(found)]

    def everywhere(self, kind: str) -> list[ResourceRef]:
        """Names of a kind in all namespaces."""
        return [ref for found in self._places.get(kind, {}).values() for ref in found.values()]

    def lying_in(self, namespace: str) -> list[ResourceRef]:
        """All that lies in a namespace; in the empty one, what lies in none."""
        return [ref for kind in sorted(self._places) for ref in self.refs(kind, namespace)]

    def namespaces(self) -> set[str]:
        """Every namespace in which something lies, and the empty one."""
        return {"", *(namespace for found in self._places.values() for namespace, names in found.items() if names)}

    @property
    def kinds(self) -> list[str]:
        """Every kind there is."""
        return [kind for kind, found in self._places.items() if any(found.values())]

    def ref(self, kind: str, namespace: str, name: str) -> ResourceRef:
        """A name on this platform, whether it exists or not."""
        where = "" if kind in CLUSTER_KINDS else namespace
        return ResourceRef(platform=self.platform, kind=kind, namespace=where, name=name)


def relate(objects: Objects) -> list[Relation]:
    """Every relation that the objects tell of, in a stable order, without repeats."""
    return in_order(one for namespace in objects.namespaces() for one in told_in(objects, namespace))


def told_in(objects: Objects, namespace: str) -> list[Relation]:
    """What the objects of one namespace tell, or (empty) those that lie in none.

    It changes only with the objects of that namespace, and when a Service or Namespace comes or goes.
    """
    return [one for ref in objects.lying_in(namespace) for one in _of(ref, objects.by_ref[ref], objects)]


def in_order(found: Iterable[Relation]) -> list[Relation]:
    """Relations in a stable order, without repeats."""
    known = {(one.source.path, one.type, one.target.path, one.detail): one for one in found}
    return [known[key] for key in sorted(known)]


def _of(ref: ResourceRef, obj: Object, objects: Objects) -> Iterator[Relation]:
    if ref.kind in WORKLOADS:
        yield from _workload(ref, obj, objects)
        yield from _managed(ref, obj, objects)
        yield from _one_app(ref, obj, objects)
    match ref.kind:
        case "Pod":
            yield from _pod(ref, obj, objects)
        case "Service":
            yield from _service(ref, obj, objects)
        case "Ingress":
            yield from _ingress(ref, obj, objects)
        case "PersistentVolumeClaim":
            yield from _claim(ref, obj, objects)
        case "HorizontalPodAutoscaler":
            yield from _autoscaler(ref, obj, objects)
        case "NetworkPolicy":
            yield from _policy(ref, obj, objects)
        case "VirtualService":
            yield from _mesh(ref, obj, objects)
        case _:
            pass
    if ref.kind in _CONTAINED:
        yield _relation(objects.ref("Namespace", "", ref.namespace), "contains", ref)
    yield from _owned(ref, obj, objects)


def _relation(source: ResourceRef, type_: RelationType, target: ResourceRef, detail: str = "") -> Relation:
    return Relation(source=source, type=type_, target=target, detail=detail)


def _owned(ref: ResourceRef, obj: Object, objects: Objects) -> Iterator[Relation]:
    """Owner to owned; a ReplicaSet between a Deployment and its Pods is stepped over."""
    if ref.kind == "ReplicaSet":
        return
    for above in _owners(obj, objects):
        if above.kind in WORKLOADS or (above in objects.by_ref and above.kind != "ReplicaSet"):
            yield _relation(above, "owns", ref)
            yield from _placed(above, ref, obj, objects)


def _owners(obj: Object, objects: Objects) -> Iterator[ResourceRef]:
    """Who owns an object; instead of a ReplicaSet its own owner, where it has one that is known."""
    namespace = obj["metadata"].get("namespace") or ""
    for owner in obj["metadata"].get("ownerReferences") or []:
        above = objects.ref(str(owner.get("kind")), namespace, str(owner.get("name")))
        middle = objects.by_ref.get(above) if above.kind == "ReplicaSet" else None
        upper = middle["metadata"].get("ownerReferences") or [] if middle else []
        yield objects.ref(str(upper[0].get("kind")), namespace, str(upper[0].get("name"))) if upper else above


def _alone(pod: Object, objects: Objects) -> bool:
    """Whether no workload stands above a Pod, so that it must speak for itself: a bare one, or one of a custom kind.

    One whose ReplicaSet was not read (yet) is not alone: most likely a Deployment speaks for it.
    """
    return not any(
        above.kind in WORKLOADS or (above.kind == "ReplicaSet" and above not in objects.by_ref)
        for above in _owners(pod, objects)
    )


def _placed(above: ResourceRef, ref: ResourceRef, obj: Object, objects: Objects) -> Iterator[Relation]:
    """A workload runs where its Pods run. Of a DaemonSet that is everywhere, which tells nothing."""
    node = (obj.get("spec") or {}).get("nodeName") if ref.kind == "Pod" else ""
    if node and above.kind in ("Deployment", "StatefulSet"):
        yield _relation(above, "runs-on", objects.ref("Node", "", node))


def template(obj: Object) -> dict[str, Any]:
    """The pod template of a workload: ``{"metadata", "spec"}``; empty for one that has none."""
    spec = obj.get("spec") or {}
    if obj.get("kind") == "CronJob":
        spec = (spec.get("jobTemplate") or {}).get("spec") or {}
    return spec.get("template") or {}


def labels_of(obj: Object) -> dict[str, str]:
    """The labels that a workload's Pods carry."""
    return (template(obj).get("metadata") or {}).get("labels") or {}


def _workload(ref: ResourceRef, obj: Object, objects: Objects) -> Iterator[Relation]:
    spec = template(obj).get("spec") or {}
    yield from _pod_spec(ref, spec, objects)
    for claim in (obj.get("spec") or {}).get("volumeClaimTemplates") or []:
        prefix = f"{claim['metadata']['name']}-{ref.name}-"
        for pvc in objects.of_kind("PersistentVolumeClaim", ref.namespace):
            name = str(pvc["metadata"]["name"])
            # Behind the prefix stands the Pod's number; anything else is a claim of a StatefulSet with a longer name.
            if name.startswith(prefix) and name.removeprefix(prefix).isdecimal():
                yield _relation(ref, "mounts", objects.ref("PersistentVolumeClaim", ref.namespace, name))


def _pod_spec(ref: ResourceRef, spec: dict[str, Any], objects: Objects) -> Iterator[Relation]:
    account = spec.get("serviceAccountName")
    if account and account != "default":
        yield _relation(ref, "references", objects.ref("ServiceAccount", ref.namespace, account))
    for secret in spec.get("imagePullSecrets") or []:
        yield _relation(ref, "references", objects.ref("Secret", ref.namespace, secret["name"]), "imagePullSecrets")
    for volume in spec.get("volumes") or []:
        yield from _volume(ref, volume, objects)
    for container in [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]:
        yield from _container(ref, container, objects)


def _volume(ref: ResourceRef, volume: dict[str, Any], objects: Objects) -> Iterator[Relation]:
    detail = f"volume {volume.get('name', '')}"
    sources = [volume, *((volume.get("projected") or {}).get("sources") or [])]
    for source in sources:
        for field, kind, key in (
            ("persistentVolumeClaim", "PersistentVolumeClaim", "claimName"),
            ("secret", "Secret", "secretName"),
            ("secret", "Secret", "name"),
            ("configMap", "ConfigMap", "name"),
        ):
            said = source.get(field) or {}
            if said.get(key) and not said.get("optional"):
                yield _relation(ref, "mounts", objects.ref(kind, ref.namespace, said[key]), detail)


def _container(ref: ResourceRef, container: dict[str, Any], objects: Objects) -> Iterator[Relation]:
    for source in container.get("envFrom") or []:
        for field, kind in (("secretRef", "Secret"), ("configMapRef", "ConfigMap")):
            said = source.get(field) or {}
            if said.get("name") and not said.get("optional"):
                yield _relation(ref, "references", objects.ref(kind, ref.namespace, said["name"]), "envFrom")
    for variable in container.get("env") or []:
        yield from _variable(ref, variable, objects)
    for text in [*(container.get("command") or []), *(container.get("args") or [])]:
        yield from _argument(ref, str(text), objects)


def _variable(ref: ResourceRef, variable: dict[str, Any], objects: Objects) -> Iterator[Relation]:
    name = str(variable.get("name"))
    for field, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
        said = (variable.get("valueFrom") or {}).get(field) or {}
        if said.get("name") and not said.get("optional"):
            detail = f"env {name} key {said.get('key', '')}"
            yield _relation(ref, "references", objects.ref(kind, ref.namespace, said["name"]), detail)
    for address in str(variable.get("value") or "").split(","):
        target = called(address, ref.namespace, objects)
        if target:
            yield _relation(ref, "calls", target, f"env {name} {address}")


def _argument(ref: ResourceRef, text: str, objects: Objects) -> Iterator[Relation]:
    """Arguments are kept as ``--flag=address`` or as addresses, see connectors.kept."""
    flag, equals, value = text.partition("=")
    for address in (value if equals else text).split(","):
        target = called(address, ref.namespace, objects)
        if target:
            yield _relation(ref, "calls", target, f"argument {flag} {address}" if equals else f"argument {address}")


def called(value: str, namespace: str, objects: Objects) -> ResourceRef | None:
    """The Service that a ``host[:port]`` addresses from a namespace; None when the host is not in the cluster."""
    host = value.partition(":")[0].rstrip(".").lower()
    parts = host.split(".")
    if not host or not parts[0]:
        return None
    where = parts[1] if len(parts) > 1 else namespace
    inside = len(parts) <= 2 or parts[2] == "svc"
    target = objects.ref("Service", where, parts[0])
    if target in objects.by_ref:
        return target if inside else None
    # A name with a port is meant to be a Service even when it is missing, in this or another namespace that is there:
    # that is worth a place on the Map.
    near = len(parts) == 1 or (len(parts) == 2 and objects.ref("Namespace", "", where) in objects.by_ref)
    missing = (near and ":" in value) or (len(parts) > 2 and parts[2] == "svc")
    return target if missing and parts[0] not in _LOCAL else None


def _pod(ref: ResourceRef, obj: Object, objects: Objects) -> Iterator[Relation]:
    spec = obj.get("spec") or {}
    if spec.get("nodeName"):
        yield _relation(ref, "runs-on", objects.ref("Node", "", spec["nodeName"]))
    if _alone(obj, objects):
        yield from _pod_spec(ref, spec, objects)


def _service(ref: ResourceRef, obj: Object, objects: Objects) -> Iterator[Relation]:
    selector = (obj.get("spec") or {}).get("selector") or {}
    if not selector:
        return
    for kind in ("Deployment", "StatefulSet", "DaemonSet"):
        for workload in objects.of_kind(kind, ref.namespace):
            if selector.items() <= labels_of(workload).items():
                yield _relation(ref, "selects", ref_of(workload, objects.platform))
    for pod in objects.of_kind("Pod", ref.namespace):
        labels = pod["metadata"].get("labels") or {}
        if selector.items() <= labels.items() and _alone(pod, objects):
            yield _relation(ref, "selects", ref_of(pod, objects.platform))


def _ingress(ref: ResourceRef, obj: Object, objects: Objects) -> Iterator[Relation]:
    spec = obj.get("spec") or {}
    default = spec.get("defaultBackend") or spec.get("backend")
    backends = [default] if default else []
    for rule in spec.get("rules") or []:
        backends += [path.get("backend") or {} for path in (rule.get("http") or {}).get("paths") or []]
    for backend in backends:
        name = (backend.get("service") or {}).get("name") or backend.get("serviceName")
        if name:
            yield _relation(ref, "routes-to", objects.ref("Service", ref.namespace, name))
    for tls in spec.get("tls") or []:
        if tls.get("secretName"):
            yield _relation(ref, "references", objects.ref("Secret", ref.namespace, tls["secretName"]), "tls")
    if spec.get("ingressClassName"):
        yield _relation(ref, "references", objects.ref("IngressClass", "", spec["ingressClassName"]), "class")


def _claim(ref: ResourceRef, obj: Object, objects: Objects) -> Iterator[Relation]:
    spec = obj.get("spec") or {}
    if spec.get("storageClassName"):
        yield _relation(ref, "references", objects.ref("StorageClass", "", spec["storageClassName"]), "class")
    if spec.get("volumeName"):
        yield _relation(ref, "references", objects.ref("PersistentVolume", "", spec["volumeName"]), "volume")


def _autoscaler(ref: ResourceRef, obj: Object, objects: Objects) -> Iterator[Relation]:
    target = (obj.get("spec") or {}).get("scaleTargetRef") or {}
    if target.get("kind") in WORKLOADS and target.get("name"):
        yield _relation(ref, "scales", objects.ref(target["kind"], ref.namespace, target["name"]))


_FLUX = (
    ("helm.toolkit.fluxcd.io", "HelmRelease"),
    ("kustomize.toolkit.fluxcd.io", "Kustomization"),
)
_ARGO = ("argocd.argoproj.io/instance", "app.kubernetes.io/instance")
_TRACKING = "argocd.argoproj.io/tracking-id"


def _managed(ref: ResourceRef, obj: Object, objects: Objects) -> Iterator[Relation]:
    """Who puts a workload there. Labels and annotations as Flux, Argo CD, Helm and Terraform document them.

    A release of Helm itself is no object that is read; its name is told all the same.
    """
    labels, notes = (obj["metadata"].get(key) or {} for key in ("labels", "annotations"))
    for prefix, kind in _FLUX:
        name = labels.get(f"{prefix}/name")
        if name:
            place = labels.get(f"{prefix}/namespace") or ref.namespace
            yield _relation(ref, "managed-by", objects.ref(kind, place, name), "Flux")
            return
    tracked = str(notes.get(_TRACKING) or "").partition(":")[0]
    named = tracked.rpartition("_")[2] or labels.get(_ARGO[0])
    if named:
        yield _relation(ref, "managed-by", _application(str(named), tracked.rpartition("_")[0], objects), "Argo CD")
        return
    release = notes.get("meta.helm.sh/release-name")
    if release:
        place = notes.get("meta.helm.sh/release-namespace") or ref.namespace
        yield _relation(ref, "managed-by", objects.ref("HelmRelease", place, release), "Helm")
    elif str(labels.get("app.kubernetes.io/managed-by") or "").lower() == "terraform":
        workspace = str(labels.get("app.terraform.io/workspace") or "default")
        yield _relation(ref, "managed-by", objects.ref("TerraformWorkspace", ref.namespace, workspace), "Terraform")


def _application(name: str, namespace: str, objects: Objects) -> ResourceRef:
    """An Argo CD Application, in whichever namespace it is; in argocd, the usual one, when it was not read."""
    known = (one for one in objects.everywhere("Application") if one.name == name)
    return next(known, objects.ref("Application", namespace or "argocd", name))


def _one_app(ref: ResourceRef, obj: Object, objects: Objects) -> Iterator[Relation]:
    """Workloads of one release belong together: each is tied to the first of them by name, so that edges stay few."""
    app = _app(obj)
    if not app:
        return
    for kind in ("Deployment", "StatefulSet", "DaemonSet"):
        for other in objects.of_kind(kind, ref.namespace):
            if _app(other) == app:
                first = ref_of(other, objects.platform)
                if first != ref:
                    yield _relation(ref, "same-app", first, app)
                return


def _app(obj: Object) -> str:
    labels = obj["metadata"].get("labels") or {}
    return str(labels.get("app.kubernetes.io/part-of") or labels.get("app.kubernetes.io/instance") or "")


def _mesh(ref: ResourceRef, obj: Object, objects: Objects) -> Iterator[Relation]:
    """Where Istio sends what comes for a host."""
    spec = obj.get("spec") or {}
    for rule in [*(spec.get("http") or []), *(spec.get("tcp") or []), *(spec.get("tls") or [])]:
        for route in rule.get("route") or []:
            host = str((route.get("destination") or {}).get("host") or "")
            parts = host.split(".")
            target = objects.ref("Service", parts[1] if len(parts) > 1 else ref.namespace, parts[0])
            if target in objects.by_ref:
                yield _relation(ref, "routes-to", target, f"host {host}")


def _policy(ref: ResourceRef, obj: Object, objects: Objects) -> Iterator[Relation]:
    selector = (obj.get("spec") or {}).get("podSelector") or {}
    for kind in ("Deployment", "StatefulSet", "DaemonSet"):
        for workload in objects.of_kind(kind, ref.namespace):
            if selects(selector, labels_of(workload)):
                yield _relation(ref, "guards", ref_of(workload, objects.platform))


def selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    """Whether a label selector matches labels; an empty one matches everything."""
    if not (selector.get("matchLabels") or {}).items() <= labels.items():
        return False
    return all(_expression(one, labels) for one in selector.get("matchExpressions") or [])


def _expression(expression: dict[str, Any], labels: dict[str, str]) -> bool:
    key, values = str(expression.get("key")), expression.get("values") or []
    match expression.get("operator"):
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case _:
            return False
