"""The kinds of objects we ask for: where the API serves them, newest version first, down to Kubernetes 1.20."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A kind, its plural and the API versions that have served it."""

    name: str
    plural: str
    versions: tuple[str, ...]
    namespaced: bool = True

    @property
    def resource(self) -> str:
        """``plural.group``, as permissions name it."""
        group = self.versions[0].rpartition("/")[0]
        return f"{self.plural}.{group}" if group else self.plural

    def path(self, version: str, namespace: str = "", name: str = "") -> str:
        """Its URL path. ``namespace`` empty means all."""
        base = f"/api/{version}" if "/" not in version else f"/apis/{version}"
        space = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{base}{space}/{self.plural}{f'/{name}' if name else ''}"


_CORE, _APPS, _NET = ("v1",), ("apps/v1",), ("networking.k8s.io/v1", "networking.k8s.io/v1beta1")
_HOOKS = ("admissionregistration.k8s.io/v1",)

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("Pod", "pods", _CORE),
        Kind("Service", "services", _CORE),
        Kind("Endpoints", "endpoints", _CORE),
        Kind("Event", "events", _CORE),
        Kind("Secret", "secrets", _CORE),
        Kind("ConfigMap", "configmaps", _CORE),
        Kind("ServiceAccount", "serviceaccounts", _CORE),
        Kind("PersistentVolumeClaim", "persistentvolumeclaims", _CORE),
        Kind("PersistentVolume", "persistentvolumes", _CORE, namespaced=False),
        Kind("ResourceQuota", "resourcequotas", _CORE),
        Kind("LimitRange", "limitranges", _CORE),
        Kind("Namespace", "namespaces", _CORE, namespaced=False),
        Kind("Node", "nodes", _CORE, namespaced=False),
        Kind("Deployment", "deployments", _APPS),
        Kind("StatefulSet", "statefulsets", _APPS),
        Kind("DaemonSet", "daemonsets", _APPS),
        Kind("ReplicaSet", "replicasets", _APPS),
        Kind("Job", "jobs", ("batch/v1",)),
        Kind("CronJob", "cronjobs", ("batch/v1", "batch/v1beta1")),
        Kind("Ingress", "ingresses", _NET),
        Kind("IngressClass", "ingressclasses", _NET, namespaced=False),
        Kind("NetworkPolicy", "networkpolicies", ("networking.k8s.io/v1",)),
        Kind("StorageClass", "storageclasses", ("storage.k8s.io/v1",), namespaced=False),
        Kind("HorizontalPodAutoscaler", "horizontalpodautoscalers", ("autoscaling/v2", "autoscaling/v2beta2")),
        Kind("PodDisruptionBudget", "poddisruptionbudgets", ("policy/v1", "policy/v1beta1")),
        Kind("ValidatingWebhookConfiguration", "validatingwebhookconfigurations", _HOOKS, namespaced=False),
        Kind("MutatingWebhookConfiguration", "mutatingwebhookconfigurations", _HOOKS, namespaced=False),
        Kind("PodMetrics", "pods", ("metrics.k8s.io/v1beta1",)),
        Kind("NodeMetrics", "nodes", ("metrics.k8s.io/v1beta1",), namespaced=False),
        Kind("Certificate", "certificates", ("cert-manager.io/v1",)),
    )
}
