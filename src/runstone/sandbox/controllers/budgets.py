"""PodDisruptionBudgets: how many Pods may be evicted now."""

import math
from typing import Any

from runstone.sandbox.kinds import DISRUPTION_BUDGET, POD
from runstone.sandbox.objects import Obj, at, is_ready, labels_of, mapping, name_of, namespace_of
from runstone.sandbox.selectors import matches
from runstone.sandbox.status import ApiError
from runstone.sandbox.world import World


def run(world: World) -> None:
    """One pass."""
    for budget in world.store.all(DISRUPTION_BUDGET):
        world.set_status(DISRUPTION_BUDGET, budget, _status(world, budget))


def _count(value: Any, of: int) -> int:
    return math.ceil(of * int(value[:-1]) / 100) if isinstance(value, str) else int(value)


def _status(world: World, budget: Obj) -> Obj:
    chosen = [
        pod
        for pod in world.store.all(POD, namespace_of(budget))
        if matches(at(budget, "spec", "selector"), labels_of(pod))
    ]
    spec, healthy = budget["spec"], sum(is_ready(pod) for pod in chosen)
    if spec.get("minAvailable") is not None:
        wanted = _count(spec["minAvailable"], len(chosen))
    else:
        wanted = len(chosen) - _count(spec.get("maxUnavailable", 1), len(chosen))
    return {
        "observedGeneration": mapping(budget, "metadata").get("generation", 1),
        "currentHealthy": healthy,
        "desiredHealthy": wanted,
        "expectedPods": len(chosen),
        "disruptionsAllowed": max(0, healthy - wanted),
    }


def check(world: World, pod: Obj) -> None:
    """Raises ApiError 429 when a budget forbids evicting `pod`."""
    for budget in world.store.all(DISRUPTION_BUDGET, namespace_of(pod)):
        if matches(at(budget, "spec", "selector"), labels_of(pod)) and not _status(world, budget)["disruptionsAllowed"]:
            message = f"Cannot evict pod as it would violate the pod's disruption budget: {name_of(budget)}."
            raise ApiError(429, "TooManyRequests", message)
