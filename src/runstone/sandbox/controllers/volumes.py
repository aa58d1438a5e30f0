"""The provisioner: a volume for every claim whose StorageClass exists."""

from runstone.sandbox.kinds import CLAIM, PERSISTENT_VOLUME, POD, STORAGE_CLASS
from runstone.sandbox.objects import Obj, at, each, is_leaving, name_of, namespace_of, uid_of
from runstone.sandbox.world import World

RETRY_SECONDS = 60.0
"""A claim that cannot be served is told again this often."""


def run(world: World) -> None:
    """One pass."""
    for claim in world.store.all(CLAIM):
        if at(claim, "status", "phase") != "Bound" and not is_leaving(claim):
            _serve(world, claim)
    for volume in world.store.all(PERSISTENT_VOLUME):
        _reclaim(world, volume)


def _serve(world: World, claim: Obj) -> None:
    wanted = at(claim, "spec", "storageClassName")
    if not wanted:
        _tell(
            world,
            claim,
            "FailedBinding",
            "no persistent volumes available for this claim and no storage class is set",
            "Normal",
        )
        return
    found = world.store.get(STORAGE_CLASS, "", wanted)
    if found is None:
        _tell(world, claim, "ProvisioningFailed", f'storageclass.storage.k8s.io "{wanted}" not found', "Warning")
        return
    if found.get("volumeBindingMode") == "WaitForFirstConsumer" and not _is_used(world, claim):
        _tell(world, claim, "WaitForFirstConsumer", "waiting for first consumer to be created before binding", "Normal")
        return
    _bind(world, claim, found)


def _is_used(world: World, claim: Obj) -> bool:
    return any(
        at(volume, "persistentVolumeClaim", "claimName") == name_of(claim)
        for pod in world.store.all(POD, namespace_of(claim))
        for volume in each(pod, "spec", "volumes")
    )


def _tell(world: World, claim: Obj, reason: str, message: str, level: str) -> None:
    due = world.refusals.get(uid_of(claim), 0.0)
    if world.now >= due:
        due = world.refusals[uid_of(claim)] = world.now + RETRY_SECONDS
        word = "Warning" if level == "Warning" else "Normal"
        world.events.say(claim, reason, message, "persistentvolume-controller", word)
    world.wake_at(due)


def _bind(world: World, claim: Obj, storage_class: Obj) -> None:
    name, size = f"pvc-{uid_of(claim)}", at(claim, "spec", "resources", "requests", "storage") or "1Gi"
    modes = each(claim, "spec", "accessModes")
    reference = {
        "kind": "PersistentVolumeClaim",
        "apiVersion": "v1",
        "namespace": namespace_of(claim),
        "name": name_of(claim),
        "uid": uid_of(claim),
    }
    spec = {
        "capacity": {"storage": size},
        "accessModes": modes,
        "claimRef": reference,
        "storageClassName": name_of(storage_class),
        "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy", "Delete"),
        "volumeMode": "Filesystem",
        "csi": {"driver": storage_class["provisioner"], "volumeHandle": name},
    }
    volume: Obj = {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": spec,
        "status": {"phase": "Bound"},
    }
    world.registry.create(PERSISTENT_VOLUME, volume)
    bound = {**claim, "metadata": {**claim["metadata"]}, "spec": {**claim["spec"], "volumeName": name}}
    bound["status"] = {"phase": "Bound", "accessModes": modes, "capacity": {"storage": size}}
    world.store.put(CLAIM, bound)
    message = f"Successfully provisioned volume {name}"
    world.events.say(bound, "ProvisioningSucceeded", message, storage_class["provisioner"])


def _reclaim(world: World, volume: Obj) -> None:
    reference = at(volume, "spec", "claimRef")
    claim = world.store.get(CLAIM, reference["namespace"], reference["name"]) if reference else None
    if not reference or (claim and uid_of(claim) == reference["uid"]):
        return
    if at(volume, "spec", "persistentVolumeReclaimPolicy") == "Delete":
        world.registry.forget(PERSISTENT_VOLUME, volume)
    else:
        world.set_status(PERSISTENT_VOLUME, volume, {"phase": "Released"})
