"""The kinds the cluster serves: one row each. Custom resources add rows while it runs."""

from dataclasses import dataclass

from runstone.sandbox.objects import Obj, at, each

VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, slots=True)
class Kind:
    """One resource: where it is served and what it is called."""

    group: str
    version: str
    name: str
    plural: str
    namespaced: bool = True
    short: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = VERBS
    custom: bool = False

    @property
    def api_version(self) -> str:
        """v1, apps/v1."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def path(self) -> str:
        """/api/v1, /apis/apps/v1."""
        return f"/apis/{self.api_version}" if self.group else f"/api/{self.version}"


_ALL = ("all",)
_STATUS = ("status",)
_SCALED = ("status", "scale")
_READ = ("get", "list")

NAMESPACE = Kind("", "v1", "Namespace", "namespaces", False, ("ns",), ("status", "finalize"))
NODE = Kind("", "v1", "Node", "nodes", False, ("no",), _STATUS)
POD = Kind(
    "",
    "v1",
    "Pod",
    "pods",
    True,
    ("po",),
    ("status", "log", "eviction", "binding", "exec", "attach", "portforward", "proxy", "ephemeralcontainers"),
    _ALL,
)
SERVICE = Kind("", "v1", "Service", "services", True, ("svc",), ("status", "proxy"), _ALL)
ENDPOINTS = Kind("", "v1", "Endpoints", "endpoints", True, ("ep",))
CONFIG_MAP = Kind("", "v1", "ConfigMap", "configmaps", True, ("cm",))
SECRET = Kind("", "v1", "Secret", "secrets")
SERVICE_ACCOUNT = Kind("", "v1", "ServiceAccount", "serviceaccounts", True, ("sa",), ("token",))
PERSISTENT_VOLUME = Kind("", "v1", "PersistentVolume", "persistentvolumes", False, ("pv",), _STATUS)
CLAIM = Kind("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims", True, ("pvc",), _STATUS)
EVENT = Kind("", "v1", "Event", "events", True, ("ev",))
QUOTA = Kind("", "v1", "ResourceQuota", "resourcequotas", True, ("quota",), _STATUS)
LIMIT_RANGE = Kind("", "v1", "LimitRange", "limitranges", True, ("limits",))
REPLICATION_CONTROLLER = Kind("", "v1", "ReplicationController", "replicationcontrollers", True, ("rc",), _SCALED, _ALL)
DEPLOYMENT = Kind("apps", "v1", "Deployment", "deployments", True, ("deploy",), _SCALED, _ALL)
REPLICA_SET = Kind("apps", "v1", "ReplicaSet", "replicasets", True, ("rs",), _SCALED, _ALL)
STATEFUL_SET = Kind("apps", "v1", "StatefulSet", "statefulsets", True, ("sts",), _SCALED, _ALL)
DAEMON_SET = Kind("apps", "v1", "DaemonSet", "daemonsets", True, ("ds",), _STATUS, _ALL)
REVISION = Kind("apps", "v1", "ControllerRevision", "controllerrevisions")
JOB = Kind("batch", "v1", "Job", "jobs", True, (), _STATUS, _ALL)
CRON_JOB = Kind("batch", "v1", "CronJob", "cronjobs", True, ("cj",), _STATUS, _ALL)
INGRESS = Kind("networking.k8s.io", "v1", "Ingress", "ingresses", True, ("ing",), _STATUS)
INGRESS_CLASS = Kind("networking.k8s.io", "v1", "IngressClass", "ingressclasses", False)
NETWORK_POLICY = Kind("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", True, ("netpol",))
ENDPOINT_SLICE = Kind("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices")
STORAGE_CLASS = Kind("storage.k8s.io", "v1", "StorageClass", "storageclasses", False, ("sc",))
AUTOSCALER = Kind(
    "autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", True, ("hpa",), _STATUS, _ALL
)
DISRUPTION_BUDGET = Kind("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", True, ("pdb",), _STATUS)
LEASE = Kind("coordination.k8s.io", "v1", "Lease", "leases")
PRIORITY_CLASS = Kind("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", False, ("pc",))
CUSTOM = Kind(
    "apiextensions.k8s.io",
    "v1",
    "CustomResourceDefinition",
    "customresourcedefinitions",
    False,
    ("crd", "crds"),
    _STATUS,
)
_RBAC = "rbac.authorization.k8s.io"
ROLE = Kind(_RBAC, "v1", "Role", "roles")
ROLE_BINDING = Kind(_RBAC, "v1", "RoleBinding", "rolebindings")
CLUSTER_ROLE = Kind(_RBAC, "v1", "ClusterRole", "clusterroles", False)
CLUSTER_ROLE_BINDING = Kind(_RBAC, "v1", "ClusterRoleBinding", "clusterrolebindings", False)

EVENT_VIEW = Kind("events.k8s.io", "v1", "Event", "events", True, ("ev",))
"""The same events under their newer address; stored as EVENT."""
POD_METRICS = Kind("metrics.k8s.io", "v1beta1", "PodMetrics", "pods", verbs=_READ)
NODE_METRICS = Kind("metrics.k8s.io", "v1beta1", "NodeMetrics", "nodes", False, verbs=_READ)
_ASK = ("create",)
_AUTH = "authorization.k8s.io"
ACCESS_REVIEW = Kind(_AUTH, "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", False, verbs=_ASK)
RULES_REVIEW = Kind(_AUTH, "v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews", False, verbs=_ASK)
SELF_REVIEW = Kind("authentication.k8s.io", "v1", "SelfSubjectReview", "selfsubjectreviews", False, verbs=_ASK)

BUILT_IN: tuple[Kind, ...] = (
    *(NAMESPACE, NODE, POD, SERVICE, ENDPOINTS, CONFIG_MAP, SECRET, SERVICE_ACCOUNT, PERSISTENT_VOLUME),
    *(CLAIM, EVENT, QUOTA, LIMIT_RANGE, REPLICATION_CONTROLLER, DEPLOYMENT, REPLICA_SET, STATEFUL_SET),
    *(DAEMON_SET, REVISION, JOB, CRON_JOB, INGRESS, INGRESS_CLASS, NETWORK_POLICY, ENDPOINT_SLICE),
    *(STORAGE_CLASS, AUTOSCALER, DISRUPTION_BUDGET, LEASE, PRIORITY_CLASS, CUSTOM, ROLE, ROLE_BINDING),
    *(CLUSTER_ROLE, CLUSTER_ROLE_BINDING, EVENT_VIEW, POD_METRICS, NODE_METRICS, ACCESS_REVIEW),
    *(RULES_REVIEW, SELF_REVIEW),
)


class KindTable:
    """Which kinds are served now, by address and by name."""

    def __init__(self) -> None:
        self._rows: dict[tuple[str, str, str], Kind] = {}
        for kind in BUILT_IN:
            self.add(kind)

    def __iter__(self):
        return iter(self._rows.values())

    def add(self, kind: Kind) -> None:
        """Serve `kind` from now on."""
        self._rows[(kind.group, kind.version, kind.plural)] = kind

    def drop(self, kind: Kind) -> None:
        """Stop serving `kind`."""
        self._rows.pop((kind.group, kind.version, kind.plural), None)

    def served(self, group: str, version: str, plural: str) -> Kind | None:
        """The kind at that address, if any."""
        return self._rows.get((group, version, plural))

    def named(self, api_version: str, name: str) -> Kind | None:
        """The kind a manifest's apiVersion and kind mean, if any."""
        return next((kind for kind in self if kind.api_version == api_version and kind.name == name), None)


def from_definition(definition: Obj) -> list[Kind]:
    """The kinds a CustomResourceDefinition asks for: one per served version."""
    spec, names = definition["spec"], definition["spec"]["names"]
    return [_custom_kind(spec, names, version) for version in each(spec, "versions") if version.get("served", True)]


def _custom_kind(spec: Obj, names: Obj, version: Obj) -> Kind:
    return Kind(
        spec["group"],
        version["name"],
        names["kind"],
        names["plural"],
        spec.get("scope", "Namespaced") == "Namespaced",
        tuple(each(names, "shortNames")),
        tuple(one for one in ("status", "scale") if at(version, "subresources", one) is not None),
        tuple(each(names, "categories")),
        custom=True,
    )
