"""StatefulSets: numbered Pods, one after the other, each with its own claims."""

from runstone.sandbox.controllers import replica_sets, templates
from runstone.sandbox.kinds import CLAIM, POD, REVISION, STATEFUL_SET
from runstone.sandbox.objects import (
    Obj,
    at,
    each,
    fresh,
    is_leaving,
    is_over,
    is_ready,
    labels_of,
    name_of,
    namespace_of,
    owner_reference,
)
from runstone.sandbox.status import ApiError
from runstone.sandbox.world import World

HASH_LABEL = "controller-revision-hash"


def run(world: World) -> None:
    """One pass."""
    for stateful_set in world.store.all(STATEFUL_SET):
        if not is_leaving(stateful_set):
            _one(world, stateful_set)


def _one(world: World, stateful_set: Obj) -> None:
    name, wanted = name_of(stateful_set), stateful_set["spec"]["replicas"]
    revision = f"{name}-{templates.fingerprint(stateful_set['spec']['template'])}"
    _keep_revision(world, stateful_set, revision)
    pods = {name_of(pod): pod for pod in world.store.owned(POD, stateful_set)}
    in_order = stateful_set["spec"]["podManagementPolicy"] != "Parallel"
    for number in range(wanted):
        pod = pods.get(f"{name}-{number}")
        if pod is None:
            _create(world, stateful_set, number, revision)
        elif is_over(pod) and not is_leaving(pod):
            world.registry.delete(POD, pod)
        if in_order and (pod is None or not is_ready(pod)):
            break
    _remove_surplus(world, stateful_set, pods)
    _roll(world, stateful_set, pods, revision)
    _report(world, stateful_set, revision)


def _keep_revision(world: World, stateful_set: Obj, revision: str) -> None:
    known = world.store.owned(REVISION, stateful_set)
    newest = max((one["revision"] for one in known), default=0)
    same = next((one for one in known if name_of(one) == revision), None)
    if same and same["revision"] == newest:
        return
    if same:
        world.store.put(REVISION, {**fresh(same), "revision": newest + 1})
        return
    meta = {
        "name": revision,
        "namespace": namespace_of(stateful_set),
        "labels": labels_of(stateful_set["spec"]["template"]),
        "ownerReferences": [owner_reference(stateful_set)],
    }
    data = {"spec": {"template": {**stateful_set["spec"]["template"], "$patch": "replace"}}}
    body = {"apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": meta, "data": data}
    world.registry.create(REVISION, {**body, "revision": newest + 1})


def _create(world: World, stateful_set: Obj, number: int, revision: str) -> None:
    name = f"{name_of(stateful_set)}-{number}"
    prepared = fresh(stateful_set)
    spec = prepared["spec"]["template"]["spec"]
    try:
        for claim in each(stateful_set, "spec", "volumeClaimTemplates"):
            claim_name = f"{name_of(claim)}-{name}"
            _claim(world, stateful_set, claim, claim_name)
            volume = {"name": name_of(claim), "persistentVolumeClaim": {"claimName": claim_name}}
            spec["volumes"] = [one for one in each(spec, "volumes") if one["name"] != volume["name"]] + [volume]
    except ApiError as err:
        message = f"create Pod {name} in StatefulSet {name_of(stateful_set)} failed error: {err.message}"
        world.events.say(stateful_set, "FailedCreate", message, "statefulset-controller", "Warning")
        return
    spec["hostname"] = name
    labels = {
        HASH_LABEL: revision,
        "statefulset.kubernetes.io/pod-name": name,
        "apps.kubernetes.io/pod-index": str(number),
    }
    replica_sets.create_pod(world, prepared, name, labels)


def _claim(world: World, stateful_set: Obj, template: Obj, name: str) -> None:
    if world.store.get(CLAIM, namespace_of(stateful_set), name):
        return
    labels = at(stateful_set, "spec", "selector", "matchLabels") or {}
    meta = {"name": name, "namespace": namespace_of(stateful_set), "labels": labels}
    claim: Obj = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": meta,
        "spec": fresh(template["spec"]),
    }
    world.registry.create(CLAIM, claim)
    pod = name.removeprefix(name_of(template) + "-")
    message = f"create Claim {name} Pod {pod} in StatefulSet {name_of(stateful_set)} success"
    world.events.say(stateful_set, "SuccessfulCreate", message, "statefulset-controller")


def _number(pod_name: str) -> int:
    tail = pod_name.rsplit("-", 1)[-1]
    return int(tail) if tail.isdigit() else -1


def _remove_surplus(world: World, stateful_set: Obj, pods: dict[str, Obj]) -> None:
    surplus = [name for name in pods if _number(name) >= stateful_set["spec"]["replicas"]]
    if surplus and not any(is_leaving(pod) for pod in pods.values()):
        last = max(surplus, key=_number)
        world.registry.delete(POD, pods[last])
        message = f"delete Pod {last} in StatefulSet {name_of(stateful_set)} successful"
        world.events.say(stateful_set, "SuccessfulDelete", message, "statefulset-controller")


def _roll(world: World, stateful_set: Obj, pods: dict[str, Obj], revision: str) -> None:
    """Replace one outdated Pod at a time, the highest number first; one that is ill does not block its own repair."""
    if at(stateful_set, "spec", "updateStrategy", "type") == "OnDelete":
        return
    outdated = [name for name, pod in pods.items() if labels_of(pod).get(HASH_LABEL) != revision]
    others_well = all(is_ready(pod) for name, pod in pods.items() if name not in outdated)
    if outdated and others_well and not any(is_leaving(pod) for pod in pods.values()):
        world.registry.delete(POD, pods[max(outdated, key=_number)])


def _report(world: World, stateful_set: Obj, revision: str) -> None:
    pods = world.store.owned(POD, stateful_set)
    updated = sum(labels_of(pod).get(HASH_LABEL) == revision for pod in pods)
    ready = sum(is_ready(pod) for pod in pods)
    done = updated == len(pods)
    status: Obj = {
        "observedGeneration": stateful_set["metadata"].get("generation", 1),
        "replicas": len(pods),
        "currentReplicas": updated,
        "updatedReplicas": updated,
        "readyReplicas": ready,
        "availableReplicas": ready,
        "currentRevision": revision if done else at(stateful_set, "status", "currentRevision") or revision,
        "updateRevision": revision,
        "collisionCount": 0,
    }
    world.set_status(STATEFUL_SET, stateful_set, status)
