"""Where a Task's process runs, one file each. An executor knows nothing of Robot: a command in, lines out."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ExecutorOrder:
    """One process to run. ``env`` is all it sees; ``stdin`` is written and closed; ``deadline_s`` is its time."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path
    stdin: bytes
    deadline_s: float


@dataclass(frozen=True)
class ExecutorOutcome:
    """How it ended. ``exit_code`` is negative for a signal, as in :mod:`subprocess`."""

    exit_code: int
    timed_out: bool


class Executor(ABC):
    """One kind of place."""

    @abstractmethod
    async def run(self, order: ExecutorOrder, on_line: Callable[[bytes], Awaitable[None]]) -> ExecutorOutcome:
        """Run to the end; ``on_line`` gets each line of stdout, without its newline, in order.

        When the deadline passes, or the caller is cancelled, the process and everything it started is stopped before
        this returns or raises. Nothing it started outlives it. Raises BadInput when the command cannot be started.
        """
