"""Which kinds of a cluster are read, in which versions, in what order.

Groups and versions as in the Kubernetes API reference; the older ones are what clusters before 1.21 to 1.25 serve.
"""

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True)
class Kind:
    """A kind to read. ``groups``: group/version pairs it may be served under, the newest first."""

    kind: str
    plural: str
    groups: tuple[str, ...]
    namespaced: bool = True
    bare: bool = False
    """Metadata only: nothing else of it is ever asked for."""
    large: bool = False
    """Its objects may be large, so that few are asked for at a time."""

    def path(self, group: str, namespace: str) -> str:
        """The URL path of its list in one namespace, or (empty) in all."""
        base = f"/apis/{group}" if "/" in group else f"/api/{group}"
        return f"{base}/namespaces/{quote(namespace)}/{self.plural}" if namespace else f"{base}/{self.plural}"


_APPS, _BATCH = ("apps/v1",), ("batch/v1", "batch/v1beta1")
_NETWORK = ("networking.k8s.io/v1", "networking.k8s.io/v1beta1")
_SCALING = ("autoscaling/v2", "autoscaling/v2beta2", "autoscaling/v1")
# In the order of reading: what questions and alerts name comes first.
KINDS: tuple[Kind, ...] = (
    Kind("Namespace", "namespaces", ("v1",), namespaced=False),
    Kind("Deployment", "deployments", _APPS),
    Kind("StatefulSet", "statefulsets", _APPS),
    Kind("DaemonSet", "daemonsets", _APPS),
    Kind("Service", "services", ("v1",)),
    Kind("Ingress", "ingresses", _NETWORK),
    Kind("PersistentVolumeClaim", "persistentvolumeclaims", ("v1",)),
    Kind("Pod", "pods", ("v1",)),
    Kind("ReplicaSet", "replicasets", _APPS, bare=True),
    Kind("Endpoints", "endpoints", ("v1",)),
    Kind("CronJob", "cronjobs", _BATCH),
    Kind("Job", "jobs", ("batch/v1",)),
    Kind("Secret", "secrets", ("v1",), bare=True),
    Kind("ConfigMap", "configmaps", ("v1",), large=True),
    Kind("ServiceAccount", "serviceaccounts", ("v1",), bare=True),
    Kind("Node", "nodes", ("v1",), namespaced=False),
    Kind("PersistentVolume", "persistentvolumes", ("v1",), namespaced=False),
    Kind("StorageClass", "storageclasses", ("storage.k8s.io/v1",), namespaced=False),
    Kind("IngressClass", "ingressclasses", _NETWORK, namespaced=False),
    Kind("NetworkPolicy", "networkpolicies", ("networking.k8s.io/v1",)),
    Kind("HorizontalPodAutoscaler", "horizontalpodautoscalers", _SCALING),
    Kind("PodDisruptionBudget", "poddisruptionbudgets", ("policy/v1", "policy/v1beta1")),
    Kind("ResourceQuota", "resourcequotas", ("v1",)),
)
NAMES = frozenset(kind.kind for kind in KINDS)
_TYPES = frozenset((kind.plural, group.rpartition("/")[0]) for kind in KINDS for group in kind.groups)


CUSTOM = (
    *("helmreleases.helm.toolkit.fluxcd.io", "kustomizations.kustomize.toolkit.fluxcd.io"),
    *("applications.argoproj.io", "certificates.cert-manager.io", "virtualservices.networking.istio.io"),
)
"""Types that say who manages what, where traffic goes and what is about to expire: read wherever they are served."""


def built_in(plural: str, group: str) -> bool:
    """Whether a type is read anyway. Rules may leave the group out."""
    return (plural, group) in _TYPES or (not group and any(plural == known for known, _ in _TYPES))
