"""A workload: its object, its pods of today, and what the cluster said about both."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from . import event, selector
from .cluster import Object
from .finding import Inquiry, annotations_of, condition, labels_of, name_of, namespace_of, ref

_REVISION = "deployment.kubernetes.io/revision"


@dataclass(frozen=True)
class Workload:
    """A Deployment, StatefulSet, DaemonSet or Job. ``pods`` are those it owns, without the ones that finished well."""

    kind: str
    namespace: str
    name: str
    item: Object
    pods: tuple[Object, ...]
    replica_sets: tuple[Object, ...] = ()
    """Of a Deployment, the newest revision first."""
    events: tuple[Object, ...] = field(default=(), repr=False)
    """Warnings of the namespace; :meth:`events_of` picks."""

    @property
    def ref(self) -> str:
        """``Kind/namespace/name``."""
        return ref(self.kind, self.namespace, self.name)

    @property
    def where(self) -> str:
        """``Deployment cart in namespace shop``."""
        return f"{self.kind} {self.name} in namespace {self.namespace}"

    @property
    def template(self) -> Object:
        """The pod template."""
        return (self.item.get("spec") or {}).get("template") or {}

    @property
    def pod_spec(self) -> Object:
        """The spec of its pods."""
        return self.template.get("spec") or {}

    @property
    def containers(self) -> list[Object]:
        """Its containers, those for initialisation first."""
        return [*(self.pod_spec.get("initContainers") or []), *(self.pod_spec.get("containers") or [])]

    @property
    def wanted(self) -> int:
        """How many pods there should be."""
        spec, status = self.item.get("spec") or {}, self.item.get("status") or {}
        if self.kind == "DaemonSet":
            return int(status.get("desiredNumberScheduled") or 0)
        if self.kind == "Job":
            return int(spec.get("parallelism", 1))
        return int(spec.get("replicas", 1))

    @property
    def ready(self) -> int:
        """How many of its pods are ready."""
        return sum(1 for pod in self.pods if is_ready(pod))

    @property
    def ill(self) -> bool:
        """Some pod of it is not as it should be now."""
        return any(not is_ready(pod) and not pod["metadata"].get("deletionTimestamp") for pod in self.pods) or (
            self.ready < self.wanted
        )

    def container(self, name: str) -> Object:
        """One container of the template by name; empty when there is none."""
        return next((one for one in self.containers if one.get("name") == name), {})

    def events_of(self, pod: Object) -> list[Object]:
        """Warnings about one of its pods."""
        return event.about(self.events, "Pod", name_of(pod), str((pod.get("metadata") or {}).get("uid") or ""))

    def own_events(self) -> list[Object]:
        """Warnings about the object itself and its ReplicaSets."""
        found = event.about(self.events, self.kind, self.name)
        for replica_set in self.replica_sets[:1]:
            found += event.about(self.events, "ReplicaSet", name_of(replica_set))
        return found


def load(inquiry: Inquiry, kind: str, namespace: str, name: str) -> Workload | None:
    """Look a workload up; None, and a remark, when there is none or we may not see it."""
    item = inquiry.get(kind, namespace, name)
    if item is None:
        if not inquiry.unseen:
            inquiry.could_not_check(
                f"{kind} {name}", f"There is no {kind} {name} in namespace {namespace} any more.", ref(kind, namespace, name)
            )
        return None
    return assembled(inquiry, kind, item)


def assembled(inquiry: Inquiry, kind: str, item: Object) -> Workload:
    """A workload from its object, with pods, ReplicaSets and events looked up."""
    namespace, name = namespace_of(item), name_of(item)
    chosen = (item.get("spec") or {}).get("selector") or {}
    query = selector.query(chosen)
    replica_sets: list[Object] = []
    owners = {str(item["metadata"].get("uid") or "")}
    if kind == "Deployment":
        found = inquiry.list("ReplicaSet", namespace, query)
        replica_sets = sorted((one for one in found if owned(one, owners)), key=revision, reverse=True)
        owners = {str(one["metadata"].get("uid") or "") for one in replica_sets}
    pods = [pod for pod in (inquiry.list("Pod", namespace, query) if query else []) if owned(pod, owners)]
    return Workload(
        kind=kind,
        namespace=namespace,
        name=name,
        item=item,
        pods=tuple(pod for pod in pods if (pod.get("status") or {}).get("phase") != "Succeeded"),
        replica_sets=tuple(replica_sets),
        events=tuple(warnings(inquiry, namespace)),
    )


def warnings(inquiry: Inquiry, namespace: str) -> list[Object]:
    """Every event of a namespace that is not Normal."""
    return inquiry.list("Event", namespace, fields="type!=Normal")


def owned(item: Object, uids: Iterable[str]) -> bool:
    """Whether one of these is its owner. Objects without an owner count as owned when they were selected."""
    owners = (item.get("metadata") or {}).get("ownerReferences") or []
    known = set(uids)
    return not owners or any(owner.get("uid") in known for owner in owners)


def revision(replica_set: Object) -> int:
    """A ReplicaSet's revision number, 0 when it has none."""
    text = annotations_of(replica_set).get(_REVISION, "0")
    return int(text) if text.isdigit() else 0


def is_ready(pod: Object) -> bool:
    """Whether a pod is ready and stays."""
    return condition(pod, "Ready").get("status") == "True" and not pod["metadata"].get("deletionTimestamp")


def owner_ref(inquiry: Inquiry, pod: Object) -> str:
    """The workload a pod belongs to as ``Kind/namespace/name``; the pod itself when nobody owns it."""
    namespace = namespace_of(pod)
    owner = next((one for one in pod["metadata"].get("ownerReferences") or [] if one.get("controller", True)), None)
    if owner is None:
        return ref("Pod", namespace, name_of(pod))
    kind, name = str(owner.get("kind")), str(owner.get("name"))
    if kind == "ReplicaSet":
        suffix = labels_of(pod).get("pod-template-hash", "")
        if suffix and name.endswith(f"-{suffix}"):
            return ref("Deployment", namespace, name[: -len(suffix) - 1])
        return ref(kind, namespace, name)
    if kind == "Job":
        job = inquiry.get("Job", namespace, name) or {}
        above = next(iter((job.get("metadata") or {}).get("ownerReferences") or []), None)
        if above and above.get("kind") == "CronJob":
            return ref("CronJob", namespace, str(above.get("name")))
    return ref(kind, namespace, name)
