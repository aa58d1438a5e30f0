"""Nodes: ready or not, under pressure, cordoned, full."""

from collections.abc import Iterable
from typing import Any

from RW.Kubernetes import event, moment, quantity, report
from RW.Kubernetes.report import Issue, Report
from RW.Kubernetes.workload import condition

Json = dict[str, Any]
PRESSURES = {"MemoryPressure": "memory", "DiskPressure": "disk", "PIDPressure": "process ids"}


def shown(node: Json) -> str:
    """``node/n1: Ready=True KubeletReady, schedulable``."""
    ready = condition(node, "Ready")
    spec = node.get("spec") or {}
    fit = "unschedulable (cordoned)" if spec.get("unschedulable") else "schedulable"
    taints = ", ".join(f"{t['key']}:{t['effect']}" for t in spec.get("taints") or [])
    return f"node/{node['metadata']['name']}: Ready={ready.get('status')} {ready.get('reason')}, {fit}" + (
        f", taints {taints}" if taints else ""
    )


def check(node: Json, events: Iterable[Json], now: float) -> Report:
    """The conditions of a node."""
    seen = Report()
    name, reference = node["metadata"]["name"], report.ref("Node", "", node["metadata"]["name"])
    said = [event.line(entry) for entry in event.warnings(event.fresh(event.about(events, "Node", name), now))][:4]
    seen.say(shown(node), *said)
    ready = condition(node, "Ready")
    if ready.get("status") != "True" and moment.age(node["metadata"].get("creationTimestamp"), now) > 120:
        seen.add(_not_ready(node, reference, ready, said))
    for entry in (node.get("status") or {}).get("conditions") or []:
        if entry.get("type") in PRESSURES and entry.get("status") == "True":
            seen.add(_pressure(name, reference, entry, said))
        elif entry.get("type") == "NetworkUnavailable" and entry.get("status") == "True":
            seen.add(_network(name, reference, entry))
    if (node.get("spec") or {}).get("unschedulable"):
        seen.add(_cordoned(node, reference))
    if not seen.issues:
        seen.rule_out("Node trouble", f"node {name} is Ready, without pressure, schedulable", reference)
    return seen


def _line(name: str, entry: Json) -> str:
    return (
        f"condition {entry.get('type')}={entry.get('status')} of node {name} since "
        f"{entry.get('lastTransitionTime')}: {entry.get('reason')} {entry.get('message') or ''}".strip()
    )


def _not_ready(node: Json, reference: str, ready: Json, said: list[str]) -> Issue:
    name = node["metadata"]["name"]
    gone = ready.get("status") == "Unknown"
    why = "its kubelet has stopped reporting" if gone else "its kubelet says it is not ready"
    return Issue(
        resource=reference,
        cause="NODE_NOT_READY",
        severity=1,
        reason=f"NotReady ({ready.get('reason')})",
        actual=f"Node {name} is NotReady: {why}: Ready={ready.get('status')} since "
        f"{ready.get('lastTransitionTime')}, {ready.get('reason')}: {ready.get('message')}.",
        expected="The node is Ready.",
        evidence=(shown(node), _line(name, ready), *said[:2]),
        next_steps=(f"Check the machine and the kubelet of Node `{name}`",),
    )


def _pressure(name: str, reference: str, entry: Json, said: list[str]) -> Issue:
    what = PRESSURES[entry["type"]]
    return Issue(
        resource=reference,
        cause="NODE_PRESSURE",
        severity=2,
        reason=f"{entry['type']}",
        actual=f"Node {name} has {entry['type']} since {entry.get('lastTransitionTime')}: it is low on {what}, "
        f"evicts pods and takes no new ones. {entry.get('message') or ''}".strip(),
        expected=f"The node has {what} to spare.",
        evidence=(_line(name, entry), *said[:2]),
        next_steps=(f"Check Pods of Node `{name}`: who uses its {what}",),
    )


def _network(name: str, reference: str, entry: Json) -> Issue:
    return Issue(
        resource=reference,
        cause="NODE_NETWORK_UNAVAILABLE",
        severity=2,
        reason="NetworkUnavailable",
        actual=f"Node {name} has NetworkUnavailable: {entry.get('reason')}: {entry.get('message') or ''}",
        expected="The node's network is set up by the network plugin.",
        evidence=(_line(name, entry),),
    )


def _cordoned(node: Json, reference: str) -> Issue:
    name = node["metadata"]["name"]
    return Issue(
        resource=reference,
        cause="",
        severity=4,
        reason="cordoned (SchedulingDisabled)",
        actual=f"Node {name} is cordoned: spec.unschedulable is true, so it takes no new pods.",
        expected="A node is cordoned only during maintenance.",
        evidence=(shown(node),),
        next_steps=(f"Uncordon Node `{name}` when the maintenance is over",),
    )


def room(node: Json, pods: Iterable[Json]) -> Report:
    """How much of a node the requests of its pods take."""
    seen = Report()
    name = node["metadata"]["name"]
    allocatable = (node.get("status") or {}).get("allocatable") or {}
    here = [
        pod
        for pod in pods
        if (pod.get("spec") or {}).get("nodeName") == name
        and (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")
    ]
    parts: list[str] = []
    for key in ("cpu", "memory"):
        asked = sum(
            quantity.number(((c.get("resources") or {}).get("requests") or {}).get(key))
            for pod in here
            for c in pod["spec"].get("containers") or []
        )
        total = quantity.number(allocatable.get(key)) or 1.0
        parts.append(f"{key} {100 * asked / total:.0f}%")
    parts.append(f"{len(here)} of {allocatable.get('pods', '?')} pods")
    seen.say(f"node/{name}: requests take {', '.join(parts)} of what is allocatable")
    seen.rule_out("Full node", f"requests take {', '.join(parts)}", report.ref("Node", "", name))
    return seen
