"""Where a Task's process runs, one file each. An executor knows nothing of Robot: a command in, lines out."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

Attack = Literal[
    "read another run's secret",
    "fork bomb",
    "fill the disk",
    "eat memory",
    "1 GiB of output",
    "ignore SIGTERM",
    "leave a daemon",
    "storm of zombies",
]
Verdict = Literal["prevented", "contained", "not prevented"]
"""contained: it happens, within limits, and the run is ended for it."""


@dataclass(frozen=True)
class Limits:
    """What one run may take. The defaults are several times what the largest public CodeBundle was seen to take."""

    memory_mb: int = 2048
    """Resident, of all its processes together."""
    cpu_s: int = 3600
    """Of one process."""
    file_mb: int = 1024
    """One file."""
    disk_mb: int = 2048
    """All files in its folder together."""
    output_mb: int = 64
    """All lines of its stdout together."""
    processes: int = 512
    open_files: int = 1024


@dataclass(frozen=True)
class Warm:
    """What may be kept ready between orders: Python modules, imported.

    ``entry`` and ``prime`` are functions without arguments, as ``module:function``: a run calls the first instead of
    starting its command, with the same stdin, stdout and environment; the second is called once, to import and warm
    what runs need. No code that a stranger wrote may be among it: what is ready is shared by all runs.
    """

    entry: str
    prime: str


@dataclass(frozen=True)
class Source:
    """Content at a commit that must lie at ``path``, for an executor whose place is not this machine.

    ``site``: where what its requirements ask for must lie; None when it needs nothing.
    """

    url: str
    commit: str
    path: Path
    site: Path | None


@dataclass(frozen=True)
class ExecutorOrder:
    """One process to run. ``env`` is all it sees; ``stdin`` is written and closed; ``deadline_s`` is its time.

    ``cwd`` is a folder of this run alone. ``reads`` lists what else it must be able to read beside the system's own
    folders; an executor may hide everything that is not listed. ``sources`` says how to come by the content elsewhere.
    Without ``network`` it reaches nothing but itself, by any address: an executor that cannot see to that refuses.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path
    stdin: bytes
    deadline_s: float
    reads: tuple[Path, ...] = ()
    sources: tuple[Source, ...] = ()
    limits: Limits = field(default_factory=Limits)
    warm: Warm | None = None
    network: bool = True


@dataclass(frozen=True)
class ExecutorOutcome:
    """How it ended. ``exit_code`` is negative for a signal, as in :mod:`subprocess`.

    ``stopped`` says, as a part of a sentence, which limit it broke. ``last_words`` is the end of its stderr, at most
    2,000 bytes. ``cpu_s`` and ``rss_mb`` (largest process) are 0 where an executor cannot tell.
    """

    exit_code: int
    timed_out: bool
    stopped: str = ""
    last_words: str = ""
    cpu_s: float = 0.0
    rss_mb: float = 0.0


class Executor(ABC):
    """One kind of place."""

    local: ClassVar[bool] = True
    """Whether the programs of this machine are those of the place."""

    @abstractmethod
    async def run(self, order: ExecutorOrder, on_line: Callable[[bytes], Awaitable[None]]) -> ExecutorOutcome:
        """Run to the end; ``on_line`` gets each line of stdout, without its newline, in order.

        When the deadline passes, or the caller is cancelled, the process and everything it started is stopped before
        this returns or raises. Nothing it started outlives it. Raises BadInput when the command cannot be started, or
        cannot be kept from the network.
        """

    @abstractmethod
    def verdicts(self) -> Mapping[Attack, Verdict]:
        """What this executor, on this machine, does about each attack. The escape suite holds it to that."""

    @abstractmethod
    def ready(self) -> str:
        """Why it cannot be used here, as a sentence with what to do; empty when it can."""
