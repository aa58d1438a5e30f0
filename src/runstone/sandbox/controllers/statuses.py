"""Status of kinds that only report: autoscalers, quotas, Ingresses, load balancers, custom definitions."""

from runstone.sandbox import quota
from runstone.sandbox.clock import stamp
from runstone.sandbox.controllers import conditions
from runstone.sandbox.kinds import AUTOSCALER, CUSTOM, DEPLOYMENT, INGRESS, INGRESS_CLASS, POD, QUOTA, SERVICE
from runstone.sandbox.kubelet import program
from runstone.sandbox.objects import Obj, at, each, fresh, is_ready, labels_of, mapping, namespace_of
from runstone.sandbox.quantity import amount, written
from runstone.sandbox.selectors import matches
from runstone.sandbox.world import World

OUTSIDE_ADDRESS = "192.0.2.10"
"""Where the sandbox's load balancer would be; documentation range, nothing answers there."""


def run(world: World) -> None:
    """One pass."""
    for one in world.store.all(AUTOSCALER):
        _autoscaler(world, one)
    for one in world.store.all(QUOTA):
        _quota(world, one)
    for one in world.store.all(INGRESS):
        if world.store.get(INGRESS_CLASS, "", at(one, "spec", "ingressClassName") or ""):
            world.set_status(INGRESS, one, {"loadBalancer": {"ingress": [{"ip": OUTSIDE_ADDRESS}]}})
    for one in world.store.all(SERVICE):
        if at(one, "spec", "type") == "LoadBalancer":
            world.set_status(SERVICE, one, {"loadBalancer": {"ingress": [{"ip": OUTSIDE_ADDRESS}]}})
    for one in world.store.all(CUSTOM):
        _custom(world, one)


def _quota(world: World, one: Obj) -> None:
    hard = mapping(one, "spec", "hard")
    taken = quota.used(world.store, [kind for kind in world.kinds if kind.namespaced], namespace_of(one))
    used = {key: written(key, taken.get(key, 0.0)) for key in hard}
    world.set_status(QUOTA, one, {"hard": hard, "used": used})


def _autoscaler(world: World, one: Obj) -> None:
    """Reports use against request; it holds the size within its bounds but does not follow the load."""
    name = at(one, "spec", "scaleTargetRef", "name")
    target = world.store.get(DEPLOYMENT, namespace_of(one), name)
    found = fresh({"": each(one, "status", "conditions")})[""]
    if target is None:
        why = f'unable to get the target\'s current scale: deployments.apps "{name}" not found'
        _judge(world, found, "AbleToScale", "FailedGetScale", f"the HPA controller was {why}", is_true=False)
        world.set_status(AUTOSCALER, one, {"currentReplicas": 0, "desiredReplicas": 0, "conditions": found})
        return
    held = _within_bounds(world, one, target)
    _judge(world, found, "AbleToScale", "ReadyForNewScale", "recommended size matches current size")
    size = at(target, "status", "replicas") or 0
    status: Obj = {"currentReplicas": size, "desiredReplicas": held, "conditions": found}
    percent = _percent(world, target)
    if percent is not None:
        current = {"averageUtilization": percent, "averageValue": "0"}
        status["currentMetrics"] = [{"type": "Resource", "resource": {"name": "cpu", "current": current}}]
        how = "able to successfully calculate a replica count from cpu resource utilization (percentage of request)"
        _judge(world, found, "ScalingActive", "ValidMetricFound", f"the HPA was {how}")
    world.set_status(AUTOSCALER, one, status)


def _judge(world: World, found: list[Obj], kind: str, reason: str, message: str, is_true: bool = True) -> None:
    conditions.put(found, world.now, kind, is_true, reason, message, dated=False)


def _within_bounds(world: World, one: Obj, target: Obj) -> int:
    """The size the target must have; makes it so when it has another."""
    spec, size = one["spec"], target["spec"]["replicas"]
    held = min(max(size, spec.get("minReplicas") or 1), spec["maxReplicas"])
    if held != size:
        scaled = fresh(target)
        scaled["spec"]["replicas"] = held
        world.registry.update(DEPLOYMENT, scaled)
        why = "Current number of replicas outside the bounds of Spec.MinReplicas and Spec.MaxReplicas"
        message = f"New size: {held}; reason: {why}"
        world.events.say(one, "SuccessfulRescale", message, "horizontal-pod-autoscaler")
    return held


def _percent(world: World, deployment: Obj) -> int | None:
    """CPU use of the ready Pods in per cent of what they request."""
    selector = at(deployment, "spec", "selector")
    pods = [
        one
        for one in world.store.all(POD, namespace_of(deployment))
        if is_ready(one) and matches(selector, labels_of(one))
    ]
    containers = [(pod, one) for pod in pods for one in each(pod, "spec", "containers")]
    asked = sum(amount(at(one, "resources", "requests", "cpu")) for _, one in containers)
    return round(100 * sum(program.appetite(pod, one)[0] for pod, one in containers) / asked) if asked else None


def _custom(world: World, one: Obj) -> None:
    if at(one, "status", "conditions"):
        return
    accepted = [
        {
            "type": "NamesAccepted",
            "status": "True",
            "reason": "NoConflicts",
            "message": "no conflicts found",
            "lastTransitionTime": stamp(world.now),
        },
        {
            "type": "Established",
            "status": "True",
            "reason": "InitialNamesAccepted",
            "message": "the initial names have been accepted",
            "lastTransitionTime": stamp(world.now),
        },
    ]
    names, versions = at(one, "spec", "names"), [version["name"] for version in each(one, "spec", "versions")]
    names = {"singular": names["kind"].lower(), "listKind": names["kind"] + "List", **names}
    world.set_status(CUSTOM, one, {"conditions": accepted, "acceptedNames": names, "storedVersions": versions})
