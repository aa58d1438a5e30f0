"""What metrics.k8s.io would answer: use of CPU and memory, from what the Pods declare and how they are."""

import zlib

from runstone.sandbox.clock import stamp
from runstone.sandbox.kinds import NODE, POD
from runstone.sandbox.kubelet import program
from runstone.sandbox.objects import Obj, at, each, labels_of, name_of, namespace_of, uid_of
from runstone.sandbox.world import World

WINDOW = "15s"
SYSTEM_CORES, SYSTEM_BYTES = 0.12, 700 * 2**20
"""What a node uses besides its Pods."""


def use(world: World, pod: Obj, container: Obj) -> tuple[float, float]:
    """Cores and bytes a running container uses now; a few per cent of wobble by Pod and minute."""
    cores, held = program.appetite(pod, container)
    wobble = zlib.crc32(f"{uid_of(pod)}{int(world.now) // 60}".encode()) % 21 - 10
    return cores * (1 + wobble / 100), held * (1 + wobble / 400)


def _running(pod: Obj) -> list[Obj]:
    states = {one["name"]: one for one in each(pod, "status", "containerStatuses")}
    return [one for one in each(pod, "spec", "containers") if at(states.get(one["name"]), "state", "running")]


def _usage(cores: float, held: float) -> Obj:
    return {"cpu": f"{int(cores * 1e9)}n", "memory": f"{int(held / 1024)}Ki"}


def pods(world: World, namespace: str) -> list[Obj]:
    """PodMetrics of the Pods with a running container, in one namespace or ('') everywhere."""
    found: list[Obj] = []
    for pod in world.store.all(POD, namespace):
        containers = [{"name": one["name"], "usage": _usage(*use(world, pod, one))} for one in _running(pod)]
        if containers:
            meta = {"name": name_of(pod), "namespace": namespace_of(pod), "labels": labels_of(pod)}
            found.append(_metrics("PodMetrics", meta, world.now, {"containers": containers}))
    return found


def _metrics(kind: str, meta: Obj, now: float, body: Obj) -> Obj:
    meta = {**meta, "creationTimestamp": stamp(now)}
    return {
        "kind": kind,
        "apiVersion": "metrics.k8s.io/v1beta1",
        "metadata": meta,
        "timestamp": stamp(now),
        "window": WINDOW,
        **body,
    }


def nodes(world: World) -> list[Obj]:
    """NodeMetrics of all nodes."""
    found: list[Obj] = []
    for node in world.store.all(NODE):
        cores, held = SYSTEM_CORES, float(SYSTEM_BYTES)
        for pod in world.store.all(POD):
            if at(pod, "spec", "nodeName") == name_of(node):
                for one in _running(pod):
                    more = use(world, pod, one)
                    cores, held = cores + more[0], held + more[1]
        meta = {"name": name_of(node), "labels": labels_of(node)}
        found.append(_metrics("NodeMetrics", meta, world.now, {"usage": _usage(cores, held)}))
    return found
