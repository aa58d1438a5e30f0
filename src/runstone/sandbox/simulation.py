"""Time: passes of all controllers and kubelets, first over a compressed past, then along with the wall."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass

from runstone.sandbox.controllers import (
    budgets,
    daemon_sets,
    deployments,
    endpoints,
    garbage,
    jobs,
    namespaces,
    replica_sets,
    scheduler,
    stateful_sets,
    statuses,
    volumes,
)
from runstone.sandbox.kubelet.pods import Kubelets
from runstone.sandbox.world import World

BEFORE = (
    *(namespaces.run, garbage.run, volumes.run, deployments.run, replica_sets.run, stateful_sets.run),
    *(daemon_sets.run, jobs.run, scheduler.run),
)
"""In the order in which work flows; the kubelets come next, then those that report."""
AFTER = (endpoints.run, budgets.run, statuses.run)

MOST_PASSES = 60
"""A moment that needs more passes than this to settle would be two controllers in a quarrel."""
GATHER_SECONDS = 0.03
"""Changes that come within this time are answered by one pass."""
IDLE_SECONDS = 30.0
"""With nothing due, look again this often, and forget old events."""


@dataclass(slots=True)
class _Loop:
    """A controller, and when it must look again: after a write that is no Event, or at `due`."""

    run: Callable[[World], None]
    shape: int = -1
    due: float = 0.0

    def look(self, world: World) -> None:
        """Run it if there may be something new to see; its deadlines go to the world either way."""
        if self.shape != world.store.shape or world.now >= self.due:
            others, world.due, self.shape = world.due, math.inf, world.store.shape
            self.run(world)
            self.due, world.due = world.due, others
        world.wake_at(self.due)


class Simulation:
    """Drives a World."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._loops = [_Loop(run) for run in (*BEFORE, Kubelets().run, *AFTER)]
        self._changed = asyncio.Event()
        world.store.on_change(self._changed.set)

    def settle(self) -> None:
        """Passes until nothing more happens at this moment."""
        for _ in range(MOST_PASSES):
            before = self.world.store.shape
            self._pass()
            if self.world.store.shape == before:
                return

    def _pass(self) -> None:
        self.world.due = math.inf
        for loop in self._loops:
            loop.look(self.world)

    def pass_time_to(self, moment: float) -> None:
        """Live through the time until `moment`, jumping from one due thing to the next."""
        clock = self.world.clock
        self.settle()
        while self.world.due < moment:
            clock.move(self.world.due + 0.001)
            self.settle()
        clock.move(moment)
        self.settle()
        self.world.events.prune()

    async def run(self) -> None:
        """Follow the wall until cancelled: sleeps while nothing changes and nothing is due."""
        while True:
            self._changed.clear()
            self.settle()
            self._changed.clear()
            pause = min(max(self.world.due - self.world.now, 0.0), IDLE_SECONDS)
            try:
                async with asyncio.timeout(pause):
                    await self._changed.wait()
            except TimeoutError:
                if pause == IDLE_SECONDS:
                    self.world.events.prune()
            await asyncio.sleep(GATHER_SECONDS)
