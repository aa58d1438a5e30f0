"""What generation rules may name on each platform: its types, where they are few, and its qualifiers.

Discovery, which lies in another zone, is the one to decide; a test holds these tables against its own.
"""

KUBERNETES_TYPES = frozenset(
    (
        *("cluster", "namespace", "deployment", "daemonset", "statefulset", "job", "cronjob", "ingress", "service"),
        *("pod", "persistentvolumeclaim", "persistentvolume", "node", "nodes", "networkpolicy", "configmap", "secret"),
        *("networkpolicies.networking.k8s.io", "horizontalpodautoscaler", "poddisruptionbudget", "resourcequota"),
        *("resourcequotas", "storageclass", "ingressclass", "serviceaccount"),
    )
)
"""The words for kinds that are always read; any other type of a cluster is written ``plural.group``."""

QUALIFIERS: dict[str, tuple[str, ...]] = {
    "kubernetes": ("cluster", "context", "namespace", "subscription_id", "subscription_name"),
    "aws": (
        *("account_id", "region", "service", "is_public", "arn", "auth_type", "account_alias", "account_name"),
        *("assume_role_arn", "auth_secret"),
    ),
    "azure": ("resource_group", "subscription_id", "subscription_name"),
    "gcp": ("project",),
    "azure_devops": ("organization", "project", "project.name"),
    "host": ("host",),
    "runwhen": ("workspace", "name", "owner_email", "location_id", "location_name"),
}
"""By the platform that has them; ``resource`` is one everywhere."""

PLATFORMS = tuple(QUALIFIERS)
"""What ``spec.platform`` of a rule file may be. ``runwhen`` has the workspace itself."""
