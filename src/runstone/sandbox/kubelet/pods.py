"""The kubelets of all nodes: mounts, containers, status, and the end of Pods."""

from dataclasses import dataclass

from runstone.sandbox.clock import stamp
from runstone.sandbox.kinds import NODE, POD
from runstone.sandbox.kubelet import settings
from runstone.sandbox.kubelet.containers import REPEAT_SECONDS, Life, Runner, status_of
from runstone.sandbox.objects import (
    Obj,
    at,
    condition,
    each,
    is_leaving,
    is_over,
    mapping,
    name_of,
    uid_of,
)
from runstone.sandbox.world import World

STOP_SECONDS = 0.8
"""How long a program takes to stop when asked."""


@dataclass(slots=True)
class PodLife:
    """What the kubelet remembers about one Pod."""

    containers: list[Life]
    inits: list[Life]
    address: str
    begun: float
    gone_at: float = 0.0
    complained: float = 0.0


class Kubelets:
    """Runs every Pod that has a node."""

    def __init__(self) -> None:
        self._lives: dict[str, PodLife] = {}
        self._addresses: dict[str, int] = {}

    def run(self, world: World) -> None:
        """One pass over all Pods."""
        pods = world.store.all(POD)
        here = {uid_of(pod) for pod in pods}
        for uid in [uid for uid in self._lives if uid not in here]:
            del self._lives[uid]
            for key in [key for key in world.books if key[0] == uid]:
                del world.books[key]
        for pod in pods:
            if at(pod, "spec", "nodeName"):
                self._one(world, pod)

    def _one(self, world: World, pod: Obj) -> None:
        life = self._lives.get(uid_of(pod))
        if life is None:
            life = self._lives[uid_of(pod)] = self._adopt(world, pod)
        self._take_images(pod, life)
        if is_leaving(pod):
            self._leave(world, pod, life)
            return
        if is_over(pod):
            return
        runner = Runner(world, pod)
        if self._mounted(world, pod, life):
            self._step(runner, life)
        world.set_status(POD, pod, _status(world, pod, life))

    def _adopt(self, world: World, pod: Obj) -> PodLife:
        node = pod["spec"]["nodeName"]
        known = sorted(name_of(one) for one in world.store.all(NODE))
        number = self._addresses[node] = self._addresses.get(node, 3) + 1
        third = known.index(node) + 1 if node in known else 9
        return PodLife(
            [Life(one) for one in each(pod, "spec", "containers")],
            [Life(one, is_init=True) for one in each(pod, "spec", "initContainers")],
            f"10.244.{third + number // 250 * 16}.{number % 250}",
            world.now,
        )

    def _take_images(self, pod: Obj, life: PodLife) -> None:
        """A running Pod may be given another image in place."""
        for one, spec in zip(life.containers, each(pod, "spec", "containers"), strict=False):
            one.spec = spec

    def _mounted(self, world: World, pod: Obj, life: PodLife) -> bool:
        if any(one.has_run for one in [*life.inits, *life.containers]):
            return True
        why = settings.missing_volume(world, pod)
        if why is None:
            return True
        if world.now >= life.complained + REPEAT_SECONDS / world.pace:
            life.complained = world.now
            world.events.say(pod, "FailedMount", why, "kubelet", "Warning", host=pod["spec"]["nodeName"])
        world.wake_at(life.complained + REPEAT_SECONDS / world.pace)
        return False

    def _step(self, runner: Runner, life: PodLife) -> None:
        for one in life.inits:
            if at(one.current, "exitCode") == 0:
                continue
            if one.phase == "settings" and not one.has_run and one.end is None:
                one.waiting = ("PodInitializing", "")
            runner.step(one)
            if one.phase == "running" and one.end is None:
                runner.finish(one)
            return
        for one in life.containers:
            runner.step(one)

    def _leave(self, world: World, pod: Obj, life: PodLife) -> None:
        if not life.gone_at:
            grace = at(pod, "metadata", "deletionGracePeriodSeconds") or 0
            life.gone_at = world.now + min(STOP_SECONDS, grace)
            for one in life.containers:
                if one.phase == "running":
                    Runner(world, pod).say(one, "Killing", f"Stopping container {one.name}")
        if world.now >= life.gone_at:
            world.registry.forget(POD, pod)
        else:
            world.wake_at(life.gone_at)


def _phase(life: PodLife) -> str:
    if all(one.phase == "done" for one in life.containers):
        bad = any(at(one.current, "exitCode") for one in life.containers)
        return "Failed" if bad else "Succeeded"
    if any(one.phase == "done" and at(one.current, "exitCode") for one in life.inits):
        return "Failed"
    return "Running" if all(one.has_run for one in life.containers) else "Pending"


def _status(world: World, pod: Obj, life: PodLife) -> Obj:
    phase = _phase(life)
    all_ready = all(one.ready for one in life.containers)
    started = all(at(one.current, "exitCode") == 0 for one in life.inits)
    unready = ",".join(one.name for one in life.containers if not one.ready)
    over = phase in ("Succeeded", "Failed")
    why = (
        {"reason": "PodCompleted"}
        if over
        else _complaint("ContainersNotReady", f"containers with unready status: [{unready}]")
    )
    wanted: list[Obj] = [
        {"type": "PodReadyToStartContainers", "status": "True"},
        {"type": "Initialized", "status": "True" if started else "False"},
        {"type": "Ready", "status": "True", **({} if all_ready else {"status": "False", **why})},
        {"type": "ContainersReady", "status": "True", **({} if all_ready else {"status": "False", **why})},
        {"type": "PodScheduled", "status": "True"},
    ]
    status: Obj = {
        **mapping(pod, "status"),
        "phase": phase,
        "conditions": [_dated(world, pod, one) for one in wanted],
        "hostIP": _host_address(world, pod),
        "podIP": life.address,
        "podIPs": [{"ip": life.address}],
        "startTime": stamp(life.begun),
        "containerStatuses": [status_of(pod, one) for one in life.containers],
    }
    if life.inits:
        status["initContainerStatuses"] = [status_of(pod, one) for one in life.inits]
    return status


def _complaint(reason: str, message: str) -> Obj:
    return {"reason": reason, "message": message}


def _dated(world: World, pod: Obj, wanted: Obj) -> Obj:
    """A condition with the time of its last turn: kept while the answer stays."""
    before = condition(pod, wanted["type"]) or {}
    same = before.get("status") == wanted["status"]
    turned = before.get("lastTransitionTime") if same else stamp(world.now)
    return {**wanted, "lastProbeTime": None, "lastTransitionTime": turned or stamp(world.now)}


def _host_address(world: World, pod: Obj) -> str:
    node = world.store.get(NODE, "", pod["spec"]["nodeName"]) or {}
    return next((one["address"] for one in each(node, "status", "addresses")), "")
