"""The scheduler: a node for every Pod, or the reason why there is none."""

from collections import Counter

from runstone.sandbox.clock import stamp
from runstone.sandbox.kinds import NODE, POD
from runstone.sandbox.kubelet import settings
from runstone.sandbox.objects import (
    Obj,
    at,
    condition,
    each,
    fresh,
    is_leaving,
    is_over,
    labels_of,
    mapping,
    name_of,
    namespace_of,
)
from runstone.sandbox.quantity import amount
from runstone.sandbox.world import World

RETRY_SECONDS = 60.0
"""A standing FailedScheduling is told again this often."""


def run(world: World) -> None:
    """One pass."""
    nodes = sorted(world.store.all(NODE), key=name_of)
    for pod in world.store.all(POD):
        if not at(pod, "spec", "nodeName") and not is_leaving(pod) and not is_over(pod):
            _place(world, pod, nodes)


def _place(world: World, pod: Obj, nodes: list[Obj]) -> None:
    claim = settings.unbound_claim(world, pod)
    if claim:
        _fail(world, pod, f"0/{len(nodes)} nodes are available: {claim}.")
        return
    reasons: Counter[str] = Counter()
    fitting: list[Obj] = []
    for node in nodes:
        why = _why_not(world, pod, node)
        if why:
            reasons[why] += 1
        else:
            fitting.append(node)
    if not fitting:
        listed = ", ".join(f"{count} {why}" for why, count in sorted(reasons.items()))
        help_text = "preemption: 0/{n} nodes are available: {n} Preemption is not helpful for scheduling.".format(
            n=len(nodes)
        )
        _fail(world, pod, f"0/{len(nodes)} nodes are available: {listed}. {help_text}")
        return
    _bind(world, pod, min(fitting, key=lambda node: (_load(world, node, "cpu"), name_of(node))))


def tolerates(spec: Obj, node: Obj, daemon: bool = False) -> bool:
    """May a Pod with this spec run on the node, resources aside?"""
    return _selected(spec, node) and (daemon or not at(node, "spec", "unschedulable")) and not _repelled(spec, node)


def _selected(spec: Obj, node: Obj) -> bool:
    return all(labels_of(node).get(key) == value for key, value in mapping(spec, "nodeSelector").items())


def _repelled(spec: Obj, node: Obj) -> str:
    """The taint that keeps the Pod away, as text; '' for none."""
    for taint in each(node, "spec", "taints"):
        if taint.get("effect") == "PreferNoSchedule":
            continue
        if not any(_tolerated(one, taint) for one in each(spec, "tolerations")):
            return f"{taint['key']}: {taint.get('value', '')}"
    return ""


def _tolerated(toleration: Obj, taint: Obj) -> bool:
    if toleration.get("effect") not in (None, "", taint.get("effect")):
        return False
    if toleration.get("operator") == "Exists":
        return toleration.get("key") in (None, "", taint["key"])
    return toleration.get("key") == taint["key"] and toleration.get("value", "") == taint.get("value", "")


def _why_not(world: World, pod: Obj, node: Obj) -> str:
    spec = pod["spec"]
    if at(node, "spec", "unschedulable"):
        return "node(s) were unschedulable"
    taint = _repelled(spec, node)
    if taint:
        return f"node(s) had untolerated taint {{{taint}}}"
    if not _selected(spec, node):
        return "node(s) didn't match Pod's node affinity/selector"
    for resource in ("cpu", "memory"):
        free = amount(at(node, "status", "allocatable", resource)) - _load(world, node, resource)
        if _asks(pod, resource) > free:
            return f"Insufficient {resource}"
    return ""


def _asks(pod: Obj, resource: str) -> float:
    return sum(amount(at(one, "resources", "requests", resource)) for one in each(pod, "spec", "containers"))


def _load(world: World, node: Obj, resource: str) -> float:
    """What the node's Pods have requested."""
    pods = [one for one in world.store.all(POD) if at(one, "spec", "nodeName") == name_of(node) and not is_over(one)]
    return sum(_asks(one, resource) for one in pods)


def _fail(world: World, pod: Obj, message: str) -> None:
    before = condition(pod, "PodScheduled")
    told = world.refusals.get(pod["metadata"]["uid"], 0.0)
    if before is None or before.get("message") != message or world.now >= told:
        told = world.refusals[pod["metadata"]["uid"]] = world.now + RETRY_SECONDS
        world.events.say(pod, "FailedScheduling", message, "default-scheduler", "Warning")
    world.wake_at(told)
    turned = before["lastTransitionTime"] if before else stamp(world.now)
    entry: Obj = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    status = {**mapping(pod, "status"), "phase": "Pending"}
    status["conditions"] = [{**entry, "lastProbeTime": None, "lastTransitionTime": turned}]
    world.set_status(POD, pod, status)


def _bind(world: World, pod: Obj, node: Obj) -> None:
    bound = fresh(pod)
    bound["spec"]["nodeName"] = name_of(node)
    entry: Obj = {
        "type": "PodScheduled",
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": stamp(world.now),
    }
    bound["status"] = {**mapping(pod, "status"), "conditions": [entry]}
    stored = world.store.put(POD, bound)
    message = f"Successfully assigned {namespace_of(pod)}/{name_of(pod)} to {name_of(node)}"
    world.events.say(stored, "Scheduled", message, "default-scheduler")
