"""Namespaces: a ServiceAccount and the cluster's CA for each; an end for those that were deleted."""

from runstone.sandbox.kinds import CONFIG_MAP, NAMESPACE, SERVICE_ACCOUNT
from runstone.sandbox.objects import Obj, is_leaving, name_of, namespace_of
from runstone.sandbox.world import World


def run(world: World) -> None:
    """One pass."""
    for namespace in world.store.all(NAMESPACE):
        if is_leaving(namespace):
            _empty(world, namespace)
        else:
            _furnish(world, name_of(namespace))


def _furnish(world: World, namespace: str) -> None:
    if world.store.get(SERVICE_ACCOUNT, namespace, "default") is None:
        meta = {"name": "default", "namespace": namespace}
        world.registry.create(SERVICE_ACCOUNT, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta})
    if world.store.get(CONFIG_MAP, namespace, "kube-root-ca.crt") is None:
        meta = {"name": "kube-root-ca.crt", "namespace": namespace}
        data = {"ca.crt": "the sandbox speaks plain HTTP on 127.0.0.1\n"}
        world.registry.create(CONFIG_MAP, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data})


def _empty(world: World, namespace: Obj) -> None:
    left = False
    for kind in list(world.kinds):
        if kind.namespaced:
            for obj in world.store.all(kind, name_of(namespace)):
                world.registry.delete(kind, obj)
                left = left or world.store.get(kind, namespace_of(obj), name_of(obj)) is not None
    if not left:
        world.registry.forget(NAMESPACE, namespace)
