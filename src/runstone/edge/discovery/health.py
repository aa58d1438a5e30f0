"""Whether a Kubernetes object looks well, in a word and a few more. Pure; facts from each kind's API reference.

``ill`` is said only of what its own status shows to be wrong now. What is on its way (a rollout within its deadline, a
Pod that starts) is ``unknown``: neither well nor ill yet.
"""

import datetime as dt
from collections.abc import Callable
from typing import Any

from runstone.connectors.platforms import Object
from runstone.model.resource import Health

Finding = tuple[Health, str]
_STARTING_S = 120
"""How long a Pod may take to start before it counts as ill: images are pulled and volumes attached by then, mostly."""
_DEADLINE_S = 600
"""A Deployment's progressDeadlineSeconds where it says none."""
TIMED = frozenset({"Pod", "Deployment"})
"""Kinds that may look otherwise as time goes by, unless they look well."""
_STARTING = (None, "ContainerCreating", "PodInitializing")


def of(obj: Object, now: dt.datetime) -> Finding:
    """Health and summary of an object; ``ok`` and an empty summary for kinds that have no state to speak of."""
    kind = str(obj.get("kind"))
    if kind == "Pod":
        return _pod(obj, now)
    if kind == "Deployment":
        return _deployment(obj, now)
    own = _BY_KIND.get(kind)
    return own(obj) if own else _custom(obj) if "." in str(obj.get("apiVersion")) else ("ok", "")


def _custom(obj: Object) -> Finding:
    """A custom resource as most controllers report: a condition Ready (or Available, Healthy); Argo CD's own words."""
    said = (_status(obj).get("health") or {}).get("status") if isinstance(_status(obj).get("health"), dict) else None
    if said in ("Degraded", "Missing"):
        return "ill", str(said)
    conditions = _conditions(obj)
    for name in ("Ready", "Available", "Healthy"):
        condition = conditions.get(name)
        if condition and condition.get("status") == "False":
            return "ill", str(condition.get("reason") or f"not {name.lower()}")
        if condition and condition.get("status") == "Unknown":
            return "unknown", str(condition.get("reason") or "")
    return "ok", str(said or "")


def _deployment(obj: Object, now: dt.datetime) -> Finding:
    spec, status, conditions = _spec(obj), _status(obj), _conditions(obj)
    wanted, ready = spec.get("replicas", 1), status.get("readyReplicas") or 0
    summary = f"{ready}/{wanted} ready"
    if wanted == 0:
        return "ok", "scaled to 0"
    progressing = conditions.get("Progressing", {})
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        return "ill", f"{summary}, rollout stuck"
    failure = conditions.get("ReplicaFailure", {})
    if failure.get("status") == "True":
        return "ill", f"{summary}, {failure.get('reason', 'replica failure')}"
    if ready >= wanted:
        return "ok", summary
    if _unobserved(obj) or (progressing.get("status") == "True" and progressing.get("reason") != _ROLLED_OUT):
        return ("ill" if _down(obj, now) else "unknown"), f"{summary}, rolling out"
    return "ill", summary


def _down(obj: Object, now: dt.datetime) -> bool:
    """Whether a rollout has taken away what was there: that is an outage, deadline or not.

    A Deployment younger than its own deadline was never there.
    """
    available = _conditions(obj).get("Available", {})
    deadline_s = _spec(obj).get("progressDeadlineSeconds") or _DEADLINE_S
    if available.get("status") != "False" or _recent(_metadata(obj).get("creationTimestamp"), deadline_s, now):
        return False
    return not _recent(available.get("lastTransitionTime"), _STARTING_S, now)


_ROLLED_OUT = "NewReplicaSetAvailable"
"""The reason of a Deployment's Progressing condition once a rollout has ended well."""


def _statefulset(obj: Object) -> Finding:
    """A StatefulSet has no deadline, but replaces one Pod at a time: a second one that is missing is no rollout."""
    spec, status = _spec(obj), _status(obj)
    wanted, ready = spec.get("replicas", 1), status.get("readyReplicas") or 0
    summary = f"{ready}/{wanted} ready"
    if wanted == 0:
        return "ok", "scaled to 0"
    if ready >= wanted:
        return "ok", summary
    rolling = bool(status.get("updateRevision")) and status.get("currentRevision") != status.get("updateRevision")
    if _unobserved(obj) or (rolling and 0 < ready == wanted - 1):
        return "unknown", f"{summary}, rolling out"
    return "ill", summary


def _daemonset(obj: Object) -> Finding:
    status = _status(obj)
    wanted, ready = status.get("desiredNumberScheduled") or 0, status.get("numberReady") or 0
    summary = f"{ready}/{wanted} ready"
    if ready >= wanted:
        return "ok", summary
    rolling = (status.get("updatedNumberScheduled") or 0) < wanted and 0 < ready == wanted - 1
    return ("unknown", f"{summary}, rolling out") if rolling or _unobserved(obj) else ("ill", summary)


def _unobserved(obj: Object) -> bool:
    """Whether the controller has not looked at the newest spec yet, so that its status tells of an older one."""
    return (_status(obj).get("observedGeneration") or 0) < (_metadata(obj).get("generation") or 0)


def _pod(obj: Object, now: dt.datetime) -> Finding:
    status = _status(obj)
    phase = str(status.get("phase") or "Unknown")
    if _metadata(obj).get("deletionTimestamp"):
        return "ok", "Terminating"
    if phase == "Succeeded":
        return "ok", "Completed"
    for container in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        waiting = (container.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") not in _STARTING:
            return "ill", str(waiting["reason"])
    if phase == "Failed":
        return "ill", str(status.get("reason") or phase)
    ready = _conditions(obj).get("Ready", {})
    if phase == "Running" and ready.get("status") == "True":
        return "ok", "Running"
    scheduled = _conditions(obj).get("PodScheduled", {})
    if phase == "Pending" and scheduled.get("status") == "False":
        return "ill", str(scheduled.get("reason") or phase)
    said = "not ready" if phase == "Running" else str(status.get("reason") or phase)
    since = ready.get("lastTransitionTime") or _metadata(obj).get("creationTimestamp")
    return ("unknown" if _recent(since, _STARTING_S, now) else "ill"), said


def _recent(since: object, seconds: int, now: dt.datetime) -> bool:
    """Whether a moment, as an API writes it, is at most so many seconds ago; not when it cannot be read."""
    try:
        then = dt.datetime.fromisoformat(str(since))
    except ValueError:
        return False
    if then.tzinfo is None:
        then = then.replace(tzinfo=dt.UTC)
    return (now - then).total_seconds() < seconds


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
    """One that may not be looked at is known by its name alone, and so has no phase."""
    phase = str(_status(obj).get("phase") or "")
    if not phase:
        return "unknown", ""
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


def _cronjob(obj: Object) -> Finding:
    return "ok", "suspended" if _spec(obj).get("suspend") else ""


def _budget(obj: Object) -> Finding:
    status = _status(obj)
    healthy, desired = status.get("currentHealthy") or 0, status.get("desiredHealthy") or 0
    return ("ok" if healthy >= desired else "ill"), f"{healthy} of {desired} needed"


def _quota(obj: Object) -> Finding:
    """A full quota is no illness by itself; that it is full is worth a word."""
    status = _status(obj)
    used, hard = status.get("used") or {}, status.get("hard") or {}
    full = sorted(name for name, limit in hard.items() if used.get(name) == limit)
    return "ok", f"full: {', '.join(full)}" if full else ""


def endpoints(obj: Object) -> Finding:
    """Health of a Service by its Endpoints object: how many addresses are ready."""
    subsets = obj.get("subsets") or []
    ready = sum(len(subset.get("addresses") or []) for subset in subsets)
    waiting = sum(len(subset.get("notReadyAddresses") or []) for subset in subsets)
    return ("ok" if ready else "ill"), f"{ready} ready endpoints" + (f", {waiting} not ready" if waiting else "")


_BY_KIND: dict[str, Callable[[Object], Finding]] = {
    "StatefulSet": _statefulset,
    "DaemonSet": _daemonset,
    "PersistentVolumeClaim": _claim,
    "PersistentVolume": _volume,
    "Node": _node,
    "Job": _job,
    "Namespace": _namespace,
    "HorizontalPodAutoscaler": _autoscaler,
    "CronJob": _cronjob,
    "PodDisruptionBudget": _budget,
    "ResourceQuota": _quota,
}


def _spec(obj: Object) -> dict[str, Any]:
    return obj.get("spec") or {}


def _status(obj: Object) -> dict[str, Any]:
    return obj.get("status") or {}


def _metadata(obj: Object) -> dict[str, Any]:
    return obj.get("metadata") or {}


def _conditions(obj: Object) -> dict[str, dict[str, Any]]:
    return {str(one.get("type")): one for one in _status(obj).get("conditions") or []}
