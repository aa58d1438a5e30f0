"""Deployments: one ReplicaSet per template, rolled from old to new within surge and unavailability."""

import math
from typing import Any

from runstone.sandbox.clock import parse, stamp
from runstone.sandbox.controllers import conditions, replica_sets, templates
from runstone.sandbox.kinds import DEPLOYMENT, POD, REPLICA_SET
from runstone.sandbox.objects import (
    Obj,
    annotations_of,
    at,
    each,
    fresh,
    is_leaving,
    is_ready,
    labels_of,
    mapping,
    name_of,
    namespace_of,
    owner_reference,
)
from runstone.sandbox.world import World

REVISION = "deployment.kubernetes.io/revision"
_NOT_COPIED = ("kubectl.kubernetes.io/last-applied-configuration", REVISION)


def run(world: World) -> None:
    """One pass."""
    for deployment in world.store.all(DEPLOYMENT):
        if not is_leaving(deployment):
            _one(world, deployment)


def _one(world: World, deployment: Obj) -> None:
    current = None if at(deployment, "spec", "paused") else _current(world, deployment)
    owned = world.store.owned(REPLICA_SET, deployment)
    if current is None:
        current = next(
            (one for one in owned if templates.same(one["spec"]["template"], deployment["spec"]["template"])), None
        )
    old = [one for one in owned if current is None or name_of(one) != name_of(current)]
    if current is not None:
        if at(deployment, "spec", "strategy", "type") == "Recreate":
            _recreate(world, deployment, current, old)
        else:
            _roll(world, deployment, current, old)
    _tidy(world, deployment, old)
    _report(world, deployment, current)


def revision_of(obj: Obj) -> int:
    """The revision a Deployment or ReplicaSet stands for; 0 for none."""
    return int(annotations_of(obj).get(REVISION, "0"))


def _current(world: World, deployment: Obj) -> Obj:
    """The ReplicaSet of the present template, made or brought back to be the newest revision."""
    owned = world.store.owned(REPLICA_SET, deployment)
    template = deployment["spec"]["template"]
    found = next((one for one in owned if templates.same(one["spec"]["template"], template)), None)
    newest = max((revision_of(one) for one in owned if one is not found), default=0)
    if found is None:
        found = _make(world, deployment, newest + 1)
    elif revision_of(found) <= newest:
        again = fresh(found)
        again["metadata"].setdefault("annotations", {})[REVISION] = str(newest + 1)
        found = world.store.put(REPLICA_SET, again)
    if revision_of(deployment) != revision_of(found):
        marked = fresh(world.registry.need(DEPLOYMENT, namespace_of(deployment), name_of(deployment)))
        marked["metadata"].setdefault("annotations", {})[REVISION] = str(revision_of(found))
        world.store.put(DEPLOYMENT, marked)
    return found


def _make(world: World, deployment: Obj, revision: int) -> Obj:
    template = fresh(deployment["spec"]["template"])
    name_hash = templates.fingerprint(template)
    template["metadata"].setdefault("labels", {})[templates.HASH_LABEL] = name_hash
    selector = fresh(deployment["spec"]["selector"])
    selector.setdefault("matchLabels", {})[templates.HASH_LABEL] = name_hash
    notes = {key: value for key, value in annotations_of(deployment).items() if key not in _NOT_COPIED}
    notes.update(
        {REVISION: str(revision), "deployment.kubernetes.io/desired-replicas": str(deployment["spec"]["replicas"])}
    )
    meta = {
        "name": f"{name_of(deployment)}-{name_hash}",
        "namespace": namespace_of(deployment),
        "labels": labels_of(template),
        "annotations": notes,
        "ownerReferences": [owner_reference(deployment)],
    }
    spec = {"replicas": 0, "selector": selector, "template": template}
    return world.registry.create(
        REPLICA_SET, {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": meta, "spec": spec}
    )


def _scale(world: World, deployment: Obj, replica_set: Obj, replicas: int) -> Obj:
    before = replica_set["spec"]["replicas"]
    if before == replicas:
        return replica_set
    scaled = fresh(replica_set)
    scaled["spec"]["replicas"] = replicas
    scaled["metadata"]["generation"] = scaled["metadata"].get("generation", 1) + 1
    word = "up" if replicas > before else "down"
    message = f"Scaled {word} replica set {name_of(replica_set)} from {before} to {replicas}"
    world.events.say(deployment, "ScalingReplicaSet", message, "deployment-controller")
    return world.store.put(REPLICA_SET, scaled)


def _recreate(world: World, deployment: Obj, current: Obj, old: list[Obj]) -> None:
    for one in old:
        _scale(world, deployment, one, 0)
    if not any(world.store.owned(POD, one) for one in old):
        _scale(world, deployment, current, deployment["spec"]["replicas"])


def _share(value: Any, of: int, up: bool) -> int:
    """A count, or a percentage of `of` rounded up or down."""
    if isinstance(value, str) and value.endswith("%"):
        part = of * int(value[:-1]) / 100
        return math.ceil(part) if up else math.floor(part)
    return int(value)


def _bounds(deployment: Obj) -> tuple[int, int]:
    """How many Pods there may be at most, and how many must be available at least."""
    wanted = deployment["spec"]["replicas"]
    rolling = mapping(deployment, "spec", "strategy", "rollingUpdate")
    surge = _share(rolling.get("maxSurge", "25%"), wanted, True)
    missing = _share(rolling.get("maxUnavailable", "25%"), wanted, False)
    if not surge and not missing:
        missing = 1
    return wanted + surge, max(0, wanted - missing)


def _roll(world: World, deployment: Obj, current: Obj, old: list[Obj]) -> None:
    wanted = deployment["spec"]["replicas"]
    most, least = _bounds(deployment)
    total = sum(one["spec"]["replicas"] for one in [current, *old])
    have = current["spec"]["replicas"]
    if have > wanted:
        current = _scale(world, deployment, current, wanted)
    elif have < wanted and (total < most or not any(one["spec"]["replicas"] for one in old)):
        room = wanted - have if total == have else min(wanted - have, most - total)
        current = _scale(world, deployment, current, have + room)
    _shrink(world, deployment, current, old, least)


def _shrink(world: World, deployment: Obj, current: Obj, old: list[Obj], least: int) -> None:
    """Take old Pods away: those that are not ready first, ready ones only above the least that must be available."""
    ready = {name_of(one): sum(is_ready(pod) for pod in replica_sets.alive(world, one)) for one in [current, *old]}
    spare = sum(ready.values()) - least
    for one in sorted(old, key=revision_of):
        size = one["spec"]["replicas"]
        if size:
            ill = max(0, size - ready[name_of(one)])
            well = max(0, min(size - ill, spare))
            spare -= well
            _scale(world, deployment, one, size - ill - well)


def _tidy(world: World, deployment: Obj, old: list[Obj]) -> None:
    spent = [one for one in old if not one["spec"]["replicas"] and not at(one, "status", "replicas")]
    surplus = len(spent) - deployment["spec"]["revisionHistoryLimit"]
    for one in sorted(spent, key=revision_of)[: max(0, surplus)]:
        world.registry.delete(REPLICA_SET, one)


def _report(world: World, deployment: Obj, current: Obj | None) -> None:
    deployment = world.store.get(DEPLOYMENT, namespace_of(deployment), name_of(deployment)) or deployment
    owned = world.store.owned(REPLICA_SET, deployment)
    pods = [pod for one in owned for pod in replica_sets.alive(world, one)]
    ready = sum(is_ready(pod) for pod in pods)
    wanted, updated = deployment["spec"]["replicas"], 0
    if current is not None:
        updated = len(replica_sets.alive(world, current))
    status: Obj = {
        "observedGeneration": deployment["metadata"].get("generation", 1),
        "conditions": fresh({"": each(deployment, "status", "conditions")})[""],
    }
    counts = {
        "replicas": len(pods),
        "updatedReplicas": updated,
        "readyReplicas": ready,
        "availableReplicas": ready,
        "unavailableReplicas": max(0, max(wanted, len(pods)) - ready),
    }
    status.update({key: number for key, number in counts.items() if number})
    _judge(world, deployment, current, status, complete=updated == wanted == ready == len(pods))
    world.set_status(DEPLOYMENT, deployment, status)


def _judge(world: World, deployment: Obj, current: Obj | None, status: Obj, complete: bool) -> None:
    """The conditions Available, Progressing and ReplicaFailure."""
    found, now = status["conditions"], world.now
    if status.get("availableReplicas", 0) >= _bounds(deployment)[1]:
        conditions.put(
            found, now, "Available", True, "MinimumReplicasAvailable", "Deployment has minimum availability."
        )
    else:
        message = "Deployment does not have minimum availability."
        conditions.put(found, now, "Available", False, "MinimumReplicasUnavailable", message)
    failure = next((one for one in each(current, "status", "conditions") if one["type"] == "ReplicaFailure"), None)
    if failure:
        conditions.put(found, now, "ReplicaFailure", True, failure["reason"], failure["message"])
    else:
        conditions.drop(found, "ReplicaFailure")
    if current is not None:
        _progress(world, deployment, name_of(current), status, complete)


def _progress(world: World, deployment: Obj, name: str, status: Obj, complete: bool) -> None:
    found, now = status["conditions"], world.now
    before = next((one for one in found if one["type"] == "Progressing"), None)
    is_about_current = bool(before and f'"{name}"' in before["message"])
    if complete:
        message = f'ReplicaSet "{name}" has successfully progressed.'
        conditions.put(found, now, "Progressing", True, "NewReplicaSetAvailable", message)
        return
    if before is None or not is_about_current:
        conditions.put(found, now, "Progressing", True, "ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.')
        world.wake_at(now + deployment["spec"]["progressDeadlineSeconds"])
        return
    if before["reason"] != "ReplicaSetUpdated":
        return
    if _moved(deployment, status):
        before.update(lastUpdateTime=stamp(now))
    deadline = parse(before["lastUpdateTime"]) + deployment["spec"]["progressDeadlineSeconds"]
    if now >= deadline:
        message = f'ReplicaSet "{name}" has timed out progressing.'
        conditions.put(found, now, "Progressing", False, "ProgressDeadlineExceeded", message)
    else:
        world.wake_at(deadline)


def _moved(deployment: Obj, status: Obj) -> bool:
    """Did the rollout come closer to its end since the last report?"""
    old = mapping(deployment, "status")
    return any(status.get(key, 0) > old.get(key, 0) for key in ("updatedReplicas", "readyReplicas"))
