"""Garbage: what is left when its owner is gone."""

from runstone.sandbox.kinds import Kind
from runstone.sandbox.objects import Obj, each, fresh, is_leaving, uid_of
from runstone.sandbox.world import World


def run(world: World) -> None:
    """Delete every object all of whose owners are gone."""
    everything = [(kind, obj) for kind in list(world.kinds) for obj in world.store.all(kind)]
    known = {uid_of(obj) for _, obj in everything}
    for kind, obj in everything:
        owners = each(obj, "metadata", "ownerReferences")
        if owners and not is_leaving(obj) and not any(owner.get("uid") in known for owner in owners):
            world.registry.delete(kind, obj)


def orphan(world: World, owner: Obj) -> None:
    """Make what `owner` owns independent, before it goes."""
    for kind in list(world.kinds):
        for obj in world.store.all(kind):
            _release(world, kind, obj, uid_of(owner))


def _release(world: World, kind: Kind, obj: Obj, uid: str) -> None:
    owners = each(obj, "metadata", "ownerReferences")
    if any(owner.get("uid") == uid for owner in owners):
        free = fresh(obj)
        free["metadata"]["ownerReferences"] = [owner for owner in owners if owner.get("uid") != uid]
        world.store.put(kind, free)
