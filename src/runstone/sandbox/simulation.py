"""Time: passes of all controllers and kubelets, first over a compressed past, then along with the wall."""

import asyncio
import math

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

LOOPS = (
    *(namespaces.run, garbage.run, volumes.run, deployments.run, replica_sets.run, stateful_sets.run),
    *(daemon_sets.run, jobs.run, scheduler.run),
)
"""In the order in which work flows; the kubelets come next, then those that report."""
REPORTS = (endpoints.run, budgets.run, statuses.run)

MOST_PASSES = 60
"""A moment that needs more passes than this to settle would be two controllers in a quarrel."""
GATHER_SECONDS = 0.03
"""Changes that come within this time are answered by one pass."""
IDLE_SECONDS = 30.0
"""With nothing due, look again this often, and forget old events."""


class Simulation:
    """Drives a World."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._kubelets = Kubelets()
        self._changed = asyncio.Event()
        world.store.on_change(self._changed.set)

    def settle(self) -> None:
        """Passes until nothing more happens at this moment."""
        for _ in range(MOST_PASSES):
            before = self.world.store.version
            self._pass()
            if self.world.store.version == before:
                return

    def _pass(self) -> None:
        self.world.due = math.inf
        for loop in LOOPS:
            loop(self.world)
        self._kubelets.run(self.world)
        for report in REPORTS:
            report(self.world)

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
                await asyncio.wait_for(self._changed.wait(), pause)
            except TimeoutError:
                if pause == IDLE_SECONDS:
                    self.world.events.prune()
            await asyncio.sleep(GATHER_SECONDS)
