"""ReplicaSets: as many Pods as asked for."""

from runstone.sandbox.clock import parse
from runstone.sandbox.controllers import conditions, templates
from runstone.sandbox.kinds import POD, REPLICA_SET
from runstone.sandbox.objects import (
    Obj,
    at,
    each,
    fresh,
    is_leaving,
    is_over,
    is_ready,
    mapping,
    name_of,
    uid_of,
)
from runstone.sandbox.status import ApiError
from runstone.sandbox.world import World

RETRY_SECONDS = 15.0
"""How long a refused creation waits before it is tried again, unless the cluster changes."""


def run(world: World) -> None:
    """One pass."""
    for replica_set in world.store.all(REPLICA_SET):
        if not is_leaving(replica_set):
            _one(world, replica_set)


def alive(world: World, owner: Obj) -> list[Obj]:
    """The Pods of `owner` that are neither over nor leaving."""
    pods = world.store.owned(POD, owner)
    return [pod for pod in pods if not is_over(pod) and not is_leaving(pod)]


def _one(world: World, replica_set: Obj) -> None:
    pods, wanted = alive(world, replica_set), replica_set["spec"]["replicas"]
    refusal: str | None = None
    for _ in range(wanted - len(pods)):
        refusal = create_pod(world, replica_set)
        if refusal:
            break
    for pod in sorted(pods, key=_dear)[: max(0, len(pods) - wanted)]:
        world.registry.delete(POD, pod)
        world.events.say(replica_set, "SuccessfulDelete", f"Deleted pod: {name_of(pod)}", "replicaset-controller")
    _report(world, replica_set, refusal)


def _dear(pod: Obj) -> tuple[bool, bool, float]:
    """Which Pods go first: unscheduled, then not ready, then the youngest."""
    return (bool(at(pod, "spec", "nodeName")), is_ready(pod), -parse(at(pod, "metadata", "creationTimestamp")))


def create_pod(world: World, owner: Obj, name: str = "", labels: dict[str, str] | None = None) -> str | None:
    """Create one Pod of `owner`; the refusal's message if admission says no. Both are told as events.

    A generated name would make every refusal a new message, so retries are told under one stem.
    """
    component = f"{owner['kind'].lower()}-controller"
    try:
        pod = templates.make_pod(world, owner, owner["spec"]["template"], name, labels)
    except ApiError as err:
        _tell_refusal(world, owner, err.message, component)
        return err.message
    world.refusals.pop(uid_of(owner), None)
    world.events.say(owner, "SuccessfulCreate", f"Created pod: {name_of(pod)}", component)
    return None


def _tell_refusal(world: World, owner: Obj, message: str, component: str) -> None:
    """Tell a refusal once per RETRY_SECONDS, however many passes run in between."""
    due = world.refusals.get(uid_of(owner), 0.0)
    if world.now >= due:
        due = world.refusals[uid_of(owner)] = world.now + RETRY_SECONDS
        world.events.say(owner, "FailedCreate", f"Error creating: {message}", component, "Warning")
    world.wake_at(due)


def _report(world: World, replica_set: Obj, refusal: str | None) -> None:
    pods = alive(world, replica_set)
    ready = sum(is_ready(pod) for pod in pods)
    status = fresh({"conditions": each(replica_set, "status", "conditions")})
    if refusal and not any(one["type"] == "ReplicaFailure" for one in status["conditions"]):
        conditions.put(status["conditions"], world.now, "ReplicaFailure", True, "FailedCreate", refusal, dated=False)
    elif not refusal:
        conditions.drop(status["conditions"], "ReplicaFailure")
    if not status["conditions"]:
        del status["conditions"]
    status.update(
        replicas=len(pods),
        fullyLabeledReplicas=len(pods),
        observedGeneration=mapping(replica_set, "metadata").get("generation", 1),
    )
    if ready:
        status.update(readyReplicas=ready, availableReplicas=ready)
    world.set_status(REPLICA_SET, replica_set, status)
