"""Whether a Kubernetes object looks well, in a word and a few more. Pure; facts from each kind's API reference.

``ill`` is said only of what its own status shows to be wrong now; a rollout within its deadline is not ill.
"""

from collections.abc import Callable
from typing import Any

from runstone.connectors.platforms import Object
from runstone.model.resource import Health

Finding = tuple[Health, str]


def of(obj: Object) -> Finding:
    """Health and summary of an object; ``ok`` and an empty summary for kinds that have no state to speak of."""
    return _BY_KIND.get(str(obj.get("kind")), _plain)(obj)


def _plain(_: Object) -> Finding:
    return "ok", ""


def _workload(obj: Object) -> Finding:
    spec, status = _spec(obj), _status(obj)
    wanted = spec.get("replicas", 1)
    ready = status.get("readyReplicas") or 0
    summary = f"{ready}/{wanted} ready"
    if wanted == 0:
        return "ok", "scaled to 0"
    conditions = _conditions(obj)
    if conditions.get("Progressing", {}).get("reason") == "ProgressDeadlineExceeded":
        return "ill", f"{summary}, rollout stuck"
    if conditions.get("ReplicaFailure", {}).get("status") == "True":
        return "ill", f"{summary}, {conditions['ReplicaFailure'].get('reason', 'replica failure')}"
    if ready >= wanted:
        return "ok", summary
    return "ill", summary


def _daemonset(obj: Object) -> Finding:
    status = _status(obj)
    wanted, ready = status.get("desiredNumberScheduled") or 0, status.get("numberReady") or 0
    return ("ok" if ready >= wanted else "ill"), f"{ready}/{wanted} ready"


def _pod(obj: Object) -> Finding:
    status = _status(obj)
    phase = str(status.get("phase") or "Unknown")
    if _metadata(obj).get("deletionTimestamp"):
        return "ok", "Terminating"
    if phase == "Succeeded":
        return "ok", "Completed"
    for container in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        waiting = (container.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") not in (None, "ContainerCreating", "PodInitializing"):
            return "ill", str(waiting["reason"])
    if phase == "Running":
        ready = _conditions(obj).get("Ready", {}).get("status") == "True"
        return ("ok", "Running") if ready else ("ill", "not ready")
    return "ill", str(status.get("reason") or phase)


def _claim(obj: Object) -> Finding:
    phase = str(_status(obj).get("phase") or "Unknown")
    return ("ok" if phase == "Bound" else "ill"), phase


def _node(obj: Object) -> Finding:
    conditions = _conditions(obj)
    if conditions.get("Ready", {}).get("status") != "True":
        return "ill", "NotReady"
    pressed = [
        name
        for name in ("MemoryPressure", "DiskPressure", "PIDPressure")
        if conditions.get(name, {}).get("status") == "True"
    ]
    if pressed:
        return "ill", ", ".join(pressed)
    return ("ok", "cordoned") if _spec(obj).get("unschedulable") else ("ok", "Ready")


def _job(obj: Object) -> Finding:
    conditions = _conditions(obj)
    if conditions.get("Failed", {}).get("status") == "True":
        return "ill", str(conditions["Failed"].get("reason") or "Failed")
    return "ok", "Complete" if conditions.get("Complete", {}).get("status") == "True" else "running"


def _namespace(obj: Object) -> Finding:
    phase = str(_status(obj).get("phase") or "Active")
    return ("ok" if phase == "Active" else "ill"), phase


def _volume(obj: Object) -> Finding:
    phase = str(_status(obj).get("phase") or "")
    return ("ill" if phase == "Failed" else "ok"), phase


def _autoscaler(obj: Object) -> Finding:
    for name in ("AbleToScale", "ScalingActive"):
        condition = _conditions(obj).get(name, {})
        if condition.get("status") == "False" and condition.get("reason") != "ScalingDisabled":
            return "ill", str(condition.get("reason") or name)
    return "ok", ""


def endpoints(obj: Object) -> Finding:
    """Health of a Service by its Endpoints object: how many addresses are ready."""
    subsets = obj.get("subsets") or []
    ready = sum(len(subset.get("addresses") or []) for subset in subsets)
    waiting = sum(len(subset.get("notReadyAddresses") or []) for subset in subsets)
    return ("ok" if ready else "ill"), f"{ready} ready endpoints" + (f", {waiting} not ready" if waiting else "")


_BY_KIND: dict[str, Callable[[Object], Finding]] = {
    "Deployment": _workload,
    "StatefulSet": _workload,
    "DaemonSet": _daemonset,
    "Pod": _pod,
    "PersistentVolumeClaim": _claim,
    "PersistentVolume": _volume,
    "Node": _node,
    "Job": _job,
    "Namespace": _namespace,
    "HorizontalPodAutoscaler": _autoscaler,
}


def _spec(obj: Object) -> dict[str, Any]:
    return obj.get("spec") or {}


def _status(obj: Object) -> dict[str, Any]:
    return obj.get("status") or {}


def _metadata(obj: Object) -> dict[str, Any]:
    return obj.get("metadata") or {}


def _conditions(obj: Object) -> dict[str, dict[str, Any]]:
    return {str(one.get("type")): one for one in _status(obj).get("conditions") or []}
