"""A cluster as the checks need it: things by plural name, in the API version that this cluster has.

What may not be read is noted in the report as a gap with the missing permission, and is then empty: a check goes on
with what it can see.
"""

from typing import Any

from RW.Kubernetes import report, selector, service, workload
from RW.Kubernetes.calls import Guard, behind
from RW.Kubernetes.client import Client
from RW.Kubernetes.dependency import World
from RW.Kubernetes.report import Report
from RW.Kubernetes.trouble import Absent, Forbidden
from RW.Kubernetes.workload import Subject

Json = dict[str, Any]
APIS: dict[str, tuple[str, ...]] = {
    "deployments": ("/apis/apps/v1",),
    "statefulsets": ("/apis/apps/v1",),
    "daemonsets": ("/apis/apps/v1",),
    "replicasets": ("/apis/apps/v1",),
    "controllerrevisions": ("/apis/apps/v1",),
    "jobs": ("/apis/batch/v1",),
    "cronjobs": ("/apis/batch/v1", "/apis/batch/v1beta1"),
    "ingresses": ("/apis/networking.k8s.io/v1", "/apis/networking.k8s.io/v1beta1"),
    "ingressclasses": ("/apis/networking.k8s.io/v1", "/apis/networking.k8s.io/v1beta1"),
    "networkpolicies": ("/apis/networking.k8s.io/v1",),
    "endpointslices": ("/apis/discovery.k8s.io/v1",),
    "poddisruptionbudgets": ("/apis/policy/v1", "/apis/policy/v1beta1"),
    "horizontalpodautoscalers": ("/apis/autoscaling/v2", "/apis/autoscaling/v2beta2", "/apis/autoscaling/v1"),
    "storageclasses": ("/apis/storage.k8s.io/v1",),
    "certificates": ("/apis/cert-manager.io/v1",),
}
"""API groups by plural name, newest first; what is not here is in ``/api/v1``. 1.20 has the older of each pair."""
NAMES_ONLY = {"secrets", "configmaps"}
KINDS = {"Deployment": "deployments", "StatefulSet": "statefulsets", "DaemonSet": "daemonsets"}
SINGULAR = {
    **{plural: kind for kind, plural in KINDS.items()},
    "jobs": "Job",
    "cronjobs": "CronJob",
    "services": "Service",
    "ingresses": "Ingress",
    "nodes": "Node",
    "namespaces": "Namespace",
    "persistentvolumeclaims": "PersistentVolumeClaim",
    "networkpolicies": "NetworkPolicy",
    "persistentvolumes": "PersistentVolume",
}


def path(base: str, plural: str, namespace: str, name: str = "") -> str:
    """``/apis/apps/v1/namespaces/shop/deployments/cart``."""
    where = f"/namespaces/{namespace}" if namespace else ""
    return f"{base}{where}/{plural}" + (f"/{name}" if name else "")


class Cluster:
    """Reads a cluster for the checks. ``now`` is in seconds."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def see(self, plural: str, namespace: str, seen: Report, *, optional: bool = False, **params: str) -> list[Json]:
        """All ``plural`` in ``namespace`` (empty: in the cluster). ``optional``: an API that a cluster may lack."""
        found = self._try(plural, namespace, **params)
        if isinstance(found, str):
            if not optional:
                seen.gap(
                    f"{plural} in {_where(namespace)}",
                    found,
                    report.ref("Namespace", "", namespace) if namespace else "",
                )
            return []
        return found

    def names(self, plural: str, namespace: str) -> set[str] | str:
        """The names of all ``plural`` in ``namespace``, or the sentence that says why they may not be listed."""
        found = self._try(plural, namespace)
        return found if isinstance(found, str) else {str(item["metadata"]["name"]) for item in found}

    def one(self, plural: str, namespace: str, name: str) -> Json | None:
        """One object, with its kind; None when there is no such object. Raises Forbidden."""
        for base in APIS.get(plural, ("/api/v1",)):
            try:
                found = self.client.get(path(base, plural, namespace, name), metadata_only=plural in NAMES_ONLY)
            except Absent:
                continue
            return {**found, "kind": SINGULAR.get(plural, found.get("kind"))}
        return None

    def _try(self, plural: str, namespace: str, **params: str) -> list[Json] | str:
        for base in APIS.get(plural, ("/api/v1",)):
            try:
                items = self.client.many(path(base, plural, namespace), metadata_only=plural in NAMES_ONLY, **params)
            except Absent:
                continue
            except Forbidden as refusal:
                return (
                    f"{refusal}. Grant the verbs get and list on {plural} in {_where(namespace)} to the "
                    "kubeconfig's user."
                )
            kind = SINGULAR.get(plural)
            return [{**item, "kind": kind} for item in items] if kind else items
        return []

    def subject(self, kind: str, namespace: str, name: str, seen: Report, now: float) -> Subject | None:
        """A workload with its pods, ReplicaSets and the events of its namespace; None when it does not exist."""
        manifest = self.one(KINDS[kind], namespace, name)
        if manifest is None:
            return None
        chosen = selector.text((manifest.get("spec") or {}).get("selector"))
        uid = manifest["metadata"].get("uid", "")
        sets = (
            workload.owned(self.see("replicasets", namespace, seen, labelSelector=chosen), uid)
            if kind == "Deployment"
            else []
        )
        owners = [each["metadata"]["uid"] for each in sets] or [uid]
        pods = workload.owned(self.see("pods", namespace, seen, labelSelector=chosen), uid, *owners)
        return Subject(kind, namespace, name, manifest, pods, sets, self.see("events", namespace, seen), now)

    def workloads(self, namespace: str, seen: Report) -> list[Json]:
        """All Deployments, StatefulSets and DaemonSets."""
        return [item for plural in KINDS.values() for item in self.see(plural, namespace, seen)]

    def world(self, namespaces: set[str], home: str, seen: Report) -> World:
        """The Services of ``namespaces`` with their ready addresses, and the workloads of ``home``."""
        services: list[Json] = []
        slices: list[Json] = []
        points: list[Json] = []
        read: set[str] = set()
        for namespace in sorted(namespaces):
            found = self._try("services", namespace)
            if isinstance(found, str):
                seen.gap(f"services in namespace {namespace}", found, report.ref("Namespace", "", namespace))
                continue
            read.add(namespace)
            services += found
            pieces = self.see("endpointslices", namespace, seen, optional=True)
            slices += pieces
            points += [] if pieces else self.see("endpoints", namespace, seen)
        world = service.world(services, slices, points, read)
        for item in self.workloads(home, seen):
            world.workloads[home, item["metadata"]["name"]] = service.reference(item)
        return world

    def guard(self, namespaces: set[str], world: World, seen: Report) -> Guard:
        """NetworkPolicies of ``namespaces``, and the pod templates behind their Services."""
        policies = [item for namespace in sorted(namespaces) for item in self.see("networkpolicies", namespace, seen)]
        if not policies:
            return Guard()
        labels = {
            item["metadata"]["name"]: dict(item["metadata"].get("labels") or {})
            for item in self.see("namespaces", "", seen, optional=True)
        }
        items = [item for namespace in sorted(namespaces) for item in self.workloads(namespace, seen)]
        return Guard(policies, labels, behind(world.services.values(), items))


def _where(namespace: str) -> str:
    return f"namespace {namespace}" if namespace else "the cluster"
