"""A process of the runner's own machine: a session of its own, limits, and nothing left behind (Linux).

As root each run gets a user of its own and, where mounts are allowed (CAP_SYS_ADMIN), scratch folders of its own and no
view of the runner's home. As another user it keeps accidents apart, not attackers.
"""

import os
from collections.abc import Awaitable, Callable, Mapping

from runstone.connectors.executors import Attack, Executor, ExecutorOrder, ExecutorOutcome, Verdict
from runstone.connectors.executors._keeper.client import Keepers, powers
from runstone.errors import BadInput


class ProcessExecutor(Executor):
    """Runs the command as a process beside this one."""

    def __init__(self, *, own_user: bool = True) -> None:
        """``own_user`` False: runs stay the runner's own user, for Tasks that must be root on the runner itself."""
        self._keepers = Keepers()
        self._own_user = own_user

    async def run(self, order: ExecutorOrder, on_line: Callable[[bytes], Awaitable[None]]) -> ExecutorOutcome:
        """See :class:`Executor`. After the deadline no more lines are handed on."""
        if not order.network:
            raise BadInput("The executor process cannot keep a run from the network. Use bubblewrap.")
        return await self._keepers.run(order, on_line, isolate=self._own_user)

    def verdicts(self) -> Mapping[Attack, Verdict]:
        """See :class:`Executor`. What is contained is watched ten times a second and killed."""
        own = self._own_user and powers().own_user
        return {
            "read another run's secret": "prevented" if own else "not prevented",
            "fork bomb": "prevented" if own or os.geteuid() else "contained",
            "fill the disk": "contained",
            "eat memory": "contained",
            "1 GiB of output": "contained",
            "ignore SIGTERM": "prevented",
            "leave a daemon": "prevented",
            "storm of zombies": "contained",
        }

    def ready(self) -> str:
        """Always."""
        return ""
