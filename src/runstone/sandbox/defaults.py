"""What the API server fills in when a manifest does not say."""

from collections.abc import Callable
from typing import Any

from runstone.sandbox.objects import Obj, at, each, mapping
from runstone.sandbox.quantity import amount


def fill(obj: Obj) -> None:
    """Fill in defaults, in place, for the kinds that have any."""
    filler = _FILLERS.get(obj["kind"])
    if filler:
        filler(obj)


def _absent(target: Obj, **values: Any) -> None:
    for key, value in values.items():
        if target.get(key) is None:
            target[key] = value


def _spec(obj: Obj) -> Obj:
    return obj.setdefault("spec", {})


def _pod(obj: Obj) -> None:
    pod_spec(_spec(obj))
    obj.setdefault("status", {"phase": "Pending", "qosClass": service_class(obj["spec"])})


def pod_spec(spec: Obj) -> None:
    """Defaults of a Pod's spec, also inside templates."""
    _absent(
        spec,
        restartPolicy="Always",
        terminationGracePeriodSeconds=30,
        dnsPolicy="ClusterFirst",
        securityContext={},
        schedulerName="default-scheduler",
    )
    if spec.get("serviceAccountName"):
        spec["serviceAccount"] = spec["serviceAccountName"]
    for container in [*each(spec, "initContainers"), *each(spec, "containers")]:
        _container(container)
    for volume in each(spec, "volumes"):
        for source in ("secret", "configMap", "projected"):
            if source in volume:
                _absent(volume[source], defaultMode=420)


def _container(container: Obj) -> None:
    image = container.get("image", "")
    latest = ":" not in image.rsplit("/", 1)[-1] or image.endswith(":latest")
    _absent(
        container,
        imagePullPolicy="Always" if latest else "IfNotPresent",
        terminationMessagePath="/dev/termination-log",
        terminationMessagePolicy="File",
        resources={},
    )
    limits = mapping(container, "resources", "limits")
    if limits:
        requests = container["resources"].setdefault("requests", {})
        _absent(requests, **limits)
    for port in each(container, "ports"):
        _absent(port, protocol="TCP")
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if container.get(probe):
            _absent(container[probe], timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
            if "httpGet" in container[probe]:
                _absent(container[probe]["httpGet"], path="/", scheme="HTTP")
            if "grpc" in container[probe]:
                _absent(container[probe]["grpc"], service="")
    for variable in each(container, "env"):
        reference = at(variable, "valueFrom", "fieldRef")
        if reference:
            _absent(reference, apiVersion="v1")


def service_class(spec: Obj) -> str:
    """Guaranteed, Burstable or BestEffort."""
    containers = each(spec, "containers")
    if not any(mapping(one, "resources", "requests") or mapping(one, "resources", "limits") for one in containers):
        return "BestEffort"
    for one in containers:
        for resource in ("cpu", "memory"):
            limit = at(one, "resources", "limits", resource)
            if limit is None or amount(limit) != amount(at(one, "resources", "requests", resource)):
                return "Burstable"
    return "Guaranteed"


def _template(spec: Obj) -> None:
    template = spec.setdefault("template", {})
    template.setdefault("metadata", {})
    pod_spec(template.setdefault("spec", {}))


def _deployment(obj: Obj) -> None:
    spec = _spec(obj)
    _absent(spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600, strategy={})
    strategy = spec["strategy"]
    _absent(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        strategy["rollingUpdate"] = strategy.get("rollingUpdate") or {}
        _absent(strategy["rollingUpdate"], maxSurge="25%", maxUnavailable="25%")
    _template(spec)


def _replica_set(obj: Obj) -> None:
    _absent(_spec(obj), replicas=1)
    _template(obj["spec"])


def _stateful_set(obj: Obj) -> None:
    spec = _spec(obj)
    _absent(
        spec,
        replicas=1,
        revisionHistoryLimit=10,
        podManagementPolicy="OrderedReady",
        updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
        persistentVolumeClaimRetentionPolicy={"whenDeleted": "Retain", "whenScaled": "Retain"},
    )
    _template(spec)
    for claim in each(spec, "volumeClaimTemplates"):
        claim.update(kind="PersistentVolumeClaim", apiVersion="v1")
        _absent(claim["spec"], volumeMode="Filesystem")
        claim.setdefault("status", {"phase": "Pending"})


def _daemon_set(obj: Obj) -> None:
    _absent(
        _spec(obj),
        revisionHistoryLimit=10,
        updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},
    )
    _template(obj["spec"])


def _job(obj: Obj) -> None:
    spec = _spec(obj)
    _absent(spec, parallelism=1, completions=1, backoffLimit=6, completionMode="NonIndexed", suspend=False)
    _template(spec)


def _cron_job(obj: Obj) -> None:
    spec = _spec(obj)
    _absent(
        spec,
        concurrencyPolicy="Allow",
        suspend=False,
        successfulJobsHistoryLimit=3,
        failedJobsHistoryLimit=1,
    )
    template = spec.setdefault("jobTemplate", {}).setdefault("spec", {})
    _template(template)


def _service(obj: Obj) -> None:
    spec = _spec(obj)
    _absent(spec, type="ClusterIP", sessionAffinity="None", internalTrafficPolicy="Cluster")
    if spec["type"] != "ExternalName":
        _absent(spec, ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack")
    for port in each(spec, "ports"):
        _absent(port, protocol="TCP", targetPort=port.get("port"))
    obj.setdefault("status", {"loadBalancer": {}})


def _claim(obj: Obj) -> None:
    _absent(_spec(obj), volumeMode="Filesystem")
    obj.setdefault("status", {"phase": "Pending"})


def _secret(obj: Obj) -> None:
    _absent(obj, type="Opaque")


def _namespace(obj: Obj) -> None:
    _absent(_spec(obj), finalizers=["kubernetes"])
    obj["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = obj["metadata"]["name"]
    obj.setdefault("status", {"phase": "Active"})


def _storage_class(obj: Obj) -> None:
    _absent(obj, reclaimPolicy="Delete", volumeBindingMode="Immediate")


def _ingress(obj: Obj) -> None:
    obj.setdefault("status", {"loadBalancer": {}})


def _autoscaler(obj: Obj) -> None:
    _absent(_spec(obj), minReplicas=1)


_FILLERS: dict[str, Callable[[Obj], None]] = {
    "Pod": _pod,
    "Deployment": _deployment,
    "ReplicaSet": _replica_set,
    "StatefulSet": _stateful_set,
    "DaemonSet": _daemon_set,
    "Job": _job,
    "CronJob": _cron_job,
    "Service": _service,
    "PersistentVolumeClaim": _claim,
    "Secret": _secret,
    "Namespace": _namespace,
    "StorageClass": _storage_class,
    "Ingress": _ingress,
    "HorizontalPodAutoscaler": _autoscaler,
}
