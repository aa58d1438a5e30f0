"""DaemonSets: one Pod on every node that takes it."""

from runstone.sandbox.controllers import scheduler, templates
from runstone.sandbox.kinds import DAEMON_SET, NODE, POD
from runstone.sandbox.objects import Obj, at, fresh, is_leaving, is_ready, labels_of, name_of
from runstone.sandbox.status import ApiError
from runstone.sandbox.world import World

HASH_LABEL = "controller-revision-hash"


def run(world: World) -> None:
    """One pass."""
    for daemon_set in world.store.all(DAEMON_SET):
        if not is_leaving(daemon_set):
            _one(world, daemon_set)


def _one(world: World, daemon_set: Obj) -> None:
    template = daemon_set["spec"]["template"]
    revision = templates.fingerprint(template)
    pods = {at(pod, "spec", "nodeName"): pod for pod in world.store.owned(POD, daemon_set)}
    wanted = [
        name_of(node) for node in world.store.all(NODE) if scheduler.tolerates(template["spec"], node, daemon=True)
    ]
    for node in wanted:
        if node not in pods:
            _create(world, daemon_set, node, revision)
    for node, pod in pods.items():
        if not is_leaving(pod) and (node not in wanted or labels_of(pod).get(HASH_LABEL) != revision):
            world.registry.delete(POD, pod)
    _report(world, daemon_set, len(wanted), list(pods.values()), revision)


def _create(world: World, daemon_set: Obj, node: str, revision: str) -> None:
    template = fresh(daemon_set["spec"]["template"])
    template["spec"]["nodeName"] = node
    try:
        pod = templates.make_pod(world, daemon_set, template, labels={HASH_LABEL: revision})
    except ApiError as err:
        world.events.say(
            daemon_set, "FailedCreate", f"Error creating: {err.message}", "daemonset-controller", "Warning"
        )
        return
    world.events.say(daemon_set, "SuccessfulCreate", f"Created pod: {name_of(pod)}", "daemonset-controller")


def _report(world: World, daemon_set: Obj, wanted: int, pods: list[Obj], revision: str) -> None:
    ready = sum(is_ready(pod) for pod in pods)
    status: Obj = {
        "observedGeneration": daemon_set["metadata"].get("generation", 1),
        "desiredNumberScheduled": wanted,
        "currentNumberScheduled": len(pods),
        "updatedNumberScheduled": sum(labels_of(pod).get(HASH_LABEL) == revision for pod in pods),
        "numberReady": ready,
        "numberAvailable": ready,
        "numberMisscheduled": 0,
    }
    if wanted - ready:
        status["numberUnavailable"] = wanted - ready
    world.set_status(DAEMON_SET, daemon_set, status)
