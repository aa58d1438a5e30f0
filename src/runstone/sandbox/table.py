"""Tables: what `kubectl get` prints, made by the server as the real one does. One row function per kind."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from runstone.sandbox import selectors
from runstone.sandbox.clock import parse, span
from runstone.sandbox.kinds import Kind
from runstone.sandbox.objects import Obj, at, condition, each, is_leaving, labels_of, mapping, name_of

Row = Callable[[Obj, float], list[Any]]
"""An object and the present -> its cells, name and age included."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns of one kind; those after `wide` are shown with -o wide only."""

    columns: str
    wide: str
    row: Row


NONE = "<none>"


def _age(obj: Obj, now: float) -> str:
    born = at(obj, "metadata", "creationTimestamp")
    return span(now - parse(born)) if born else "<unknown>"


def _joined(values: list[Any], nothing: str = NONE) -> str:
    return ",".join(str(value) for value in values if value) or nothing


def _containers(obj: Obj) -> list[str]:
    containers = each(obj, "spec", "template", "spec", "containers")
    selector = selectors.as_text(at(obj, "spec", "selector"))
    return [
        _joined([one["name"] for one in containers]),
        _joined([one["image"] for one in containers]),
        selector or NONE,
    ]


def pod_state(pod: Obj) -> str:
    """The STATUS column: the reason that stands out, as kubectl shows it."""
    word = at(pod, "status", "reason") or at(pod, "status", "phase") or "Unknown"
    inits = each(pod, "status", "initContainerStatuses")
    for place, one in enumerate(inits):
        done, waiting = at(one, "state", "terminated"), at(one, "state", "waiting")
        if done and done["exitCode"] == 0:
            continue
        if done:
            return f"Init:{done.get('reason') or 'ExitCode:' + str(done['exitCode'])}"
        if waiting and waiting.get("reason") not in (None, "PodInitializing"):
            return f"Init:{waiting['reason']}"
        return f"Init:{place}/{len(inits)}"
    running = False
    for one in reversed(each(pod, "status", "containerStatuses")):
        waiting, done = at(one, "state", "waiting"), at(one, "state", "terminated")
        if waiting and waiting.get("reason"):
            word = waiting["reason"]
        elif done:
            word = done.get("reason") or f"ExitCode:{done['exitCode']}"
        elif one.get("ready"):
            running = True
    if word == "Completed" and running:
        word = "Running" if (condition(pod, "Ready") or {}).get("status") == "True" else "NotReady"
    return "Terminating" if is_leaving(pod) else word


def _restarts(pod: Obj, now: float) -> str:
    statuses = each(pod, "status", "containerStatuses")
    total = sum(one.get("restartCount", 0) for one in statuses)
    ends = [parse(at(one, "lastState", "terminated", "finishedAt")) for one in statuses]
    return f"{total} ({span(now - max(ends))} ago)" if total and ends and max(ends) else str(total)


def _pod(pod: Obj, now: float) -> list[Any]:
    statuses = each(pod, "status", "containerStatuses")
    ready = sum(1 for one in statuses if one.get("ready"))
    return [
        name_of(pod),
        f"{ready}/{len(each(pod, 'spec', 'containers'))}",
        pod_state(pod),
        _restarts(pod, now),
        _age(pod, now),
        at(pod, "status", "podIP") or NONE,
        at(pod, "spec", "nodeName") or NONE,
        NONE,
        NONE,
    ]


def _deployment(obj: Obj, now: float) -> list[Any]:
    status = mapping(obj, "status")
    ready = f"{status.get('readyReplicas', 0)}/{obj['spec']['replicas']}"
    return [
        name_of(obj),
        ready,
        status.get("updatedReplicas", 0),
        status.get("availableReplicas", 0),
        _age(obj, now),
        *_containers(obj),
    ]


def _replica_set(obj: Obj, now: float) -> list[Any]:
    status = mapping(obj, "status")
    counts = [obj["spec"]["replicas"], status.get("replicas", 0), status.get("readyReplicas", 0)]
    return [name_of(obj), *counts, _age(obj, now), *_containers(obj)]


def _stateful_set(obj: Obj, now: float) -> list[Any]:
    ready = f"{mapping(obj, 'status').get('readyReplicas', 0)}/{obj['spec']['replicas']}"
    return [name_of(obj), ready, _age(obj, now), *_containers(obj)[:2]]


def _daemon_set(obj: Obj, now: float) -> list[Any]:
    names = (
        "desiredNumberScheduled",
        "currentNumberScheduled",
        "numberReady",
        "updatedNumberScheduled",
        "numberAvailable",
    )
    counts = [mapping(obj, "status").get(name, 0) for name in names]
    nodes = mapping(obj, "spec", "template", "spec", "nodeSelector")
    chosen = _joined([f"{key}={value}" for key, value in nodes.items()])
    return [name_of(obj), *counts, chosen, _age(obj, now), *_containers(obj)]


def _job(obj: Obj, now: float) -> list[Any]:
    status = mapping(obj, "status")
    begun, ended = parse(status.get("startTime")), parse(status.get("completionTime"))
    state = next(
        (one["type"] for one in each(status, "conditions") if one["type"] in ("Complete", "Failed")), "Running"
    )
    lasted = span((ended or now) - begun) if begun else ""
    done = f"{status.get('succeeded', 0)}/{at(obj, 'spec', 'completions') or 1}"
    return [name_of(obj), state, done, lasted, _age(obj, now), *_containers(obj)]


def _cron_job(obj: Obj, now: float) -> list[Any]:
    spec, last = obj["spec"], at(obj, "status", "lastScheduleTime")
    since = span(now - parse(last)) if last else NONE
    active = len(each(obj, "status", "active"))
    zone = spec.get("timeZone") or NONE
    containers = _containers(spec["jobTemplate"])
    return [
        name_of(obj),
        spec["schedule"],
        zone,
        str(bool(spec.get("suspend"))),
        active,
        since,
        _age(obj, now),
        *containers,
    ]


def _service(obj: Obj, now: float) -> list[Any]:
    spec = obj["spec"]
    ports: list[str] = []
    for port in each(spec, "ports"):
        node = f":{port['nodePort']}" if port.get("nodePort") else ""
        ports.append(f"{port['port']}{node}/{port['protocol']}")
    outside = [one.get("ip") or one.get("hostname") for one in each(obj, "status", "loadBalancer", "ingress")]
    pending = "<pending>" if spec["type"] == "LoadBalancer" else NONE
    selector = _joined([f"{key}={value}" for key, value in sorted(mapping(spec, "selector").items())])
    address = spec.get("clusterIP") or NONE
    return [name_of(obj), spec["type"], address, _joined(outside, pending), _joined(ports), _age(obj, now), selector]


def _endpoints(obj: Obj, now: float) -> list[Any]:
    places: list[str] = []
    for subset in each(obj, "subsets"):
        for port in each(subset, "ports") or [{}]:
            places += [f"{one['ip']}:{port.get('port', '')}" for one in each(subset, "addresses")]
    more = f" + {len(places) - 3} more..." if len(places) > 3 else ""
    return [name_of(obj), (_joined(places[:3]) + more), _age(obj, now)]


def _slice(obj: Obj, now: float) -> list[Any]:
    ports = _joined([one.get("port") for one in each(obj, "ports")], "<unset>")
    places = _joined([address for one in each(obj, "endpoints") for address in one["addresses"]], "<unset>")
    return [name_of(obj), obj.get("addressType"), ports, places, _age(obj, now)]


def _claim(obj: Obj, now: float) -> list[Any]:
    spec, status = obj["spec"], mapping(obj, "status")
    return [
        name_of(obj),
        "Terminating" if is_leaving(obj) else status.get("phase"),
        spec.get("volumeName", ""),
        at(status, "capacity", "storage") or "",
        _modes(each(status, "accessModes")),
        spec.get("storageClassName", ""),
        "<unset>",
        _age(obj, now),
        spec.get("volumeMode", ""),
    ]


_SHORT_MODES = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}


def _modes(modes: list[str]) -> str:
    return ",".join(_SHORT_MODES.get(mode, mode) for mode in modes)


def _volume(obj: Obj, now: float) -> list[Any]:
    spec = obj["spec"]
    claim = spec.get("claimRef") or {}
    return [
        name_of(obj),
        at(spec, "capacity", "storage") or "",
        _modes(each(spec, "accessModes")),
        spec.get("persistentVolumeReclaimPolicy", ""),
        at(obj, "status", "phase") or "",
        f"{claim['namespace']}/{claim['name']}" if claim else "",
        spec.get("storageClassName", ""),
        "<unset>",
        "",
        _age(obj, now),
        spec.get("volumeMode", ""),
    ]


def _event(obj: Obj, now: float) -> list[Any]:
    about = mapping(obj, "involvedObject")
    seen = span(now - parse(obj.get("lastTimestamp") or obj.get("eventTime")))
    first = span(now - parse(obj.get("firstTimestamp") or obj.get("eventTime")))
    source = _joined([at(obj, "source", "component"), at(obj, "source", "host")], "")
    return [
        seen,
        obj.get("type"),
        obj.get("reason"),
        f"{str(about.get('kind', '')).lower()}/{about.get('name', '')}",
        about.get("fieldPath", ""),
        source,
        str(obj.get("message", "")).strip(),
        first,
        obj.get("count", 1),
        name_of(obj),
    ]


def _node(obj: Obj, now: float) -> list[Any]:
    state = "Ready" if (condition(obj, "Ready") or {}).get("status") == "True" else "NotReady"
    if at(obj, "spec", "unschedulable"):
        state += ",SchedulingDisabled"
    prefix = "node-role.kubernetes.io/"
    roles = sorted(key.removeprefix(prefix) for key in labels_of(obj) if key.startswith(prefix))
    info = mapping(obj, "status", "nodeInfo")
    address = next((one["address"] for one in each(obj, "status", "addresses") if one["type"] == "InternalIP"), NONE)
    system = [info.get("osImage"), info.get("kernelVersion"), info.get("containerRuntimeVersion")]
    return [name_of(obj), state, _joined(roles), _age(obj, now), info.get("kubeletVersion"), address, NONE, *system]


def _namespace(obj: Obj, now: float) -> list[Any]:
    return [name_of(obj), at(obj, "status", "phase") or "Active", _age(obj, now)]


def _counted(*path: str) -> Row:
    return lambda obj, now: [name_of(obj), len(at(obj, *path) or []), _age(obj, now)]


def _secret(obj: Obj, now: float) -> list[Any]:
    return [name_of(obj), obj.get("type", "Opaque"), len(mapping(obj, "data")), _age(obj, now)]


def _ingress(obj: Obj, now: float) -> list[Any]:
    spec = obj["spec"]
    hosts = _joined([rule.get("host", "*") for rule in each(spec, "rules")], "*")
    places = _joined([one.get("ip") for one in each(obj, "status", "loadBalancer", "ingress")], "")
    ports = "80, 443" if spec.get("tls") else "80"
    return [name_of(obj), spec.get("ingressClassName", NONE), hosts, places, ports, _age(obj, now)]


def _autoscaler(obj: Obj, now: float) -> list[Any]:
    spec, status = obj["spec"], mapping(obj, "status")
    targets: list[str] = []
    for index, metric in enumerate(each(spec, "metrics")):
        have = at(status, "currentMetrics", index, "resource", "current", "averageUtilization")
        want = at(metric, "resource", "target", "averageUtilization")
        targets.append(f"{at(metric, 'resource', 'name')}: {'<unknown>' if have is None else f'{have}%'}/{want}%")
    reference = f"{spec['scaleTargetRef']['kind']}/{spec['scaleTargetRef']['name']}"
    counts = [str(spec.get("minReplicas", 1)), str(spec["maxReplicas"]), status.get("currentReplicas", 0)]
    return [name_of(obj), reference, ", ".join(targets) or NONE, *counts, _age(obj, now)]


def _budget(obj: Obj, now: float) -> list[Any]:
    spec = obj["spec"]
    bounds = [str(spec.get("minAvailable", "N/A")), str(spec.get("maxUnavailable", "N/A"))]
    return [name_of(obj), *bounds, mapping(obj, "status").get("disruptionsAllowed", 0), _age(obj, now)]


def _storage_class(obj: Obj, now: float) -> list[Any]:
    default = mapping(obj, "metadata", "annotations").get("storageclass.kubernetes.io/is-default-class") == "true"
    return [
        name_of(obj) + (" (default)" if default else ""),
        obj.get("provisioner"),
        obj.get("reclaimPolicy"),
        obj.get("volumeBindingMode"),
        str(bool(obj.get("allowVolumeExpansion"))).lower(),
        _age(obj, now),
    ]


def _quota(obj: Obj, now: float) -> list[Any]:
    hard, taken = mapping(obj, "status", "hard"), mapping(obj, "status", "used")

    def side(limits: bool) -> str:
        keys = [key for key in sorted(hard) if key.startswith("limits.") == limits]
        return ", ".join(f"{key}: {taken.get(key, '0')}/{hard[key]}" for key in keys)

    return [name_of(obj), side(False), side(True), _age(obj, now)]


def _policy(obj: Obj, now: float) -> list[Any]:
    return [name_of(obj), selectors.as_text(at(obj, "spec", "podSelector")) or NONE, _age(obj, now)]


def _ingress_class(obj: Obj, now: float) -> list[Any]:
    return [name_of(obj), at(obj, "spec", "controller") or "", NONE, _age(obj, now)]


def _plain(obj: Obj, now: float) -> list[Any]:
    return [name_of(obj), _age(obj, now)]


_WORKLOAD_WIDE = "Containers Images Selector"
LAYOUTS: dict[str, Layout] = {
    "pods": Layout("Name Ready Status Restarts Age", "IP Node Nominated_Node Readiness_Gates", _pod),
    "deployments": Layout("Name Ready Up-to-date Available Age", _WORKLOAD_WIDE, _deployment),
    "replicasets": Layout("Name Desired Current Ready Age", _WORKLOAD_WIDE, _replica_set),
    "statefulsets": Layout("Name Ready Age", "Containers Images", _stateful_set),
    "daemonsets": Layout(
        "Name Desired Current Ready Up-to-date Available Node_Selector Age", _WORKLOAD_WIDE, _daemon_set
    ),
    "jobs": Layout("Name Status Completions Duration Age", _WORKLOAD_WIDE, _job),
    "cronjobs": Layout("Name Schedule Timezone Suspend Active Last_Schedule Age", _WORKLOAD_WIDE, _cron_job),
    "services": Layout("Name Type Cluster-IP External-IP Port(s) Age", "Selector", _service),
    "endpoints": Layout("Name Endpoints Age", "", _endpoints),
    "endpointslices": Layout("Name AddressType Ports Endpoints Age", "", _slice),
    "persistentvolumeclaims": Layout(
        "Name Status Volume Capacity Access_Modes StorageClass VolumeAttributesClass Age", "VolumeMode", _claim
    ),
    "persistentvolumes": Layout(
        "Name Capacity Access_Modes Reclaim_Policy Status Claim StorageClass VolumeAttributesClass Reason Age",
        "VolumeMode",
        _volume,
    ),
    "nodes": Layout(
        "Name Status Roles Age Version",
        "Internal-IP External-IP OS-Image Kernel-Version Container-Runtime",
        _node,
    ),
    "namespaces": Layout("Name Status Age", "", _namespace),
    "configmaps": Layout("Name Data Age", "", _counted("data")),
    "serviceaccounts": Layout("Name Secrets Age", "", _counted("secrets")),
    "secrets": Layout("Name Type Data Age", "", _secret),
    "ingresses": Layout("Name Class Hosts Address Ports Age", "", _ingress),
    "ingressclasses": Layout("Name Controller Parameters Age", "", _ingress_class),
    "networkpolicies": Layout("Name Pod-Selector Age", "", _policy),
    "horizontalpodautoscalers": Layout("Name Reference Targets MinPods MaxPods Replicas Age", "", _autoscaler),
    "poddisruptionbudgets": Layout("Name Min_Available Max_Unavailable Allowed_Disruptions Age", "", _budget),
    "storageclasses": Layout(
        "Name Provisioner ReclaimPolicy VolumeBindingMode AllowVolumeExpansion Age", "", _storage_class
    ),
    "resourcequotas": Layout("Name Request Limit Age", "", _quota),
}
_EVENTS = Layout("Last_Seen Type Reason Object", "Subobject Source Message First_Seen Count Name", _event)
_PLAIN = Layout("Name Age", "", _plain)
_EVENT_WIDE = {"Subobject", "Source", "First_Seen", "Count", "Name"}


def layout_of(kind: Kind) -> Layout:
    """The layout of a kind; name and time of birth for those without one of their own."""
    if kind.plural == "events":
        return _EVENTS
    return LAYOUTS.get(kind.plural, _PLAIN) if not kind.custom else _PLAIN


def _columns(layout: Layout) -> list[Obj]:
    found: list[Obj] = []
    for wide, names in ((0, layout.columns), (1, layout.wide)):
        for name in names.split():
            priority = int(name in _EVENT_WIDE) if layout is _EVENTS else wide
            shape = "name" if name == "Name" and not found else ""
            found.append(
                {
                    "name": name.replace("_", " "),
                    "type": "string",
                    "format": shape,
                    "description": "",
                    "priority": priority,
                }
            )
    return found


def table(kind: Kind, objects: list[Obj], now: float, include: str, meta: Obj | None = None) -> Obj:
    """A meta.k8s.io/v1 Table; `include` is None, Metadata or Object: how much of each object rides along."""
    layout = layout_of(kind)
    rows = [{"cells": layout.row(obj, now), **_rider(obj, include)} for obj in objects]
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": meta or {},
        "columnDefinitions": _columns(layout),
        "rows": rows,
    }


def _rider(obj: Obj, include: str) -> Obj:
    if include == "None":
        return {}
    return {"object": obj if include == "Object" else partial(obj)}


def partial(obj: Obj) -> Obj:
    """PartialObjectMetadata of an object."""
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}
