"""A process of the runner's own machine: a session of its own, limits, and nothing left behind (Linux).

It keeps accidents apart, not attackers: same user, same files, same network.
"""

import asyncio
import contextlib
import os
import resource
import signal
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from runstone.connectors.executors import Executor, ExecutorOrder, ExecutorOutcome
from runstone.errors import BadInput

_LINE_CAP = 4 * 1024 * 1024
"""Bytes of one line; the rest of a longer one is dropped."""
_CHUNK = 65536
_GRACE_S = 2.0
"""Between SIGTERM and SIGKILL."""
_KILL_S = 5.0
"""How long killed processes may take to be gone; only one stuck in the kernel takes longer."""
_FILE_CAP = 1024**3
_OPEN_FILES = 1024
_MARK = "RUNSTONE_PROCESS"
"""An environment variable that only one run's processes have: it finds those that left session and parent behind."""


class ProcessExecutor(Executor):
    """Runs the command as a child of this process. What it writes to stderr is dropped."""

    async def run(self, order: ExecutorOrder, on_line: Callable[[bytes], Awaitable[None]]) -> ExecutorOutcome:
        """See :class:`Executor`. After the deadline no more lines are handed on."""
        mark = os.urandom(12).hex()
        process = await _start(order, mark)
        talk = [asyncio.create_task(_feed(process, order.stdin)), asyncio.create_task(_read(process, on_line))]
        try:
            ended = await _wait(process.pid, talk[1], order.deadline_s)
            if ended:
                await _kill(process.pid, mark)
                await talk[1]
        finally:
            for one in talk:
                one.cancel()
            await asyncio.shield(_stop(process.pid, mark))
            await asyncio.gather(*talk, return_exceptions=True)
        return ExecutorOutcome(await process.wait(), timed_out=not ended)


async def _start(order: ExecutorOrder, mark: str) -> asyncio.subprocess.Process:
    try:
        process = await asyncio.create_subprocess_exec(
            *order.argv,
            env={**order.env, _MARK: mark},
            cwd=order.cwd,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
            close_fds=True,
        )
    except OSError as err:
        raise BadInput(f"{order.argv[0]} cannot be started in {order.cwd}: {err.strerror}.") from err
    # Set from here and not in the child: code between fork and exec is unsafe in a process with threads.
    with contextlib.suppress(ProcessLookupError):
        resource.prlimit(process.pid, resource.RLIMIT_CORE, (0, 0))
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, _lower(resource.RLIMIT_FSIZE, _FILE_CAP))
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, _lower(resource.RLIMIT_NOFILE, _OPEN_FILES))
    return process


def _lower(limit: int, value: int) -> tuple[int, int]:
    hard = resource.getrlimit(limit)[1]
    capped = value if hard == resource.RLIM_INFINITY else min(value, hard)
    return capped, capped


async def _wait(pid: int, reading: asyncio.Task[None], deadline_s: float) -> bool:
    """Whether the process ended in time. A listener that raises ends the wait, and the run with it.

    Not ``Process.wait``: in some Pythons that waits for the pipes too, which a process left behind may hold open.
    """
    loop = asyncio.get_running_loop()
    gone: asyncio.Future[None] = loop.create_future()
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    loop.add_reader(descriptor, lambda: gone.done() or gone.set_result(None))
    try:
        async with asyncio.timeout(deadline_s):
            await asyncio.wait({gone, reading}, return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                reading.result()
            await gone
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
    return True


async def _feed(process: asyncio.subprocess.Process, data: bytes) -> None:
    assert process.stdin
    # A child that ends without reading its input is not an error here: its exit code says what happened.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(data)
        await process.stdin.drain()
    process.stdin.close()


async def _read(process: asyncio.subprocess.Process, on_line: Callable[[bytes], Awaitable[None]]) -> None:
    assert process.stdout
    lines = _Lines()
    while chunk := await process.stdout.read(_CHUNK):
        for line in lines.split(chunk):
            await on_line(line)
    if lines.rest:
        await on_line(bytes(lines.rest))


class _Lines:
    """Bytes in, whole lines out, none longer than the cap."""

    def __init__(self) -> None:
        self.rest = bytearray()

    def split(self, chunk: bytes) -> Iterator[bytes]:
        *whole, last = chunk.split(b"\n")
        for part in whole:
            self._add(part)
            yield bytes(self.rest)
            self.rest.clear()
        self._add(last)

    def _add(self, part: bytes) -> None:
        self.rest += part[: _LINE_CAP - len(self.rest)]


async def _stop(leader: int, mark: str) -> None:
    """Ask every process of the run to end, then make them."""
    _signal(_members(leader, mark), signal.SIGTERM)
    until = asyncio.get_running_loop().time() + _GRACE_S
    # Asked again and again: no event tells when the last of a tree is gone.
    while _members(leader, mark) and asyncio.get_running_loop().time() < until:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    await _kill(leader, mark)


async def _kill(leader: int, mark: str) -> None:
    """Kill every process of the run, again and again, because one may fork while another is being killed."""
    until = asyncio.get_running_loop().time() + _KILL_S
    while (members := _members(leader, mark)) and asyncio.get_running_loop().time() < until:
        _signal(members, signal.SIGKILL)
        await asyncio.sleep(0.01)


def _signal(members: set[int], number: signal.Signals) -> None:
    for pid in members:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _members(leader: int, mark: str) -> set[int]:
    """The run's living processes: the leader's session, its descendants, and whoever carries the mark."""
    parents: dict[int, int] = {}
    found: set[int] = set()
    sign = f"{_MARK}={mark}".encode()
    for pid, parent, session in _processes():
        parents[pid] = parent
        if session == leader or pid == leader or _carries(pid, sign):
            found.add(pid)
    found |= {pid for pid in parents if leader in _ancestors(pid, parents)}
    return found - {os.getpid()}


def _processes() -> Iterator[tuple[int, int, int]]:
    """``(pid, parent, session)`` of every process that is not a zombie. Fields: proc(5), /proc/[pid]/stat."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            # The name in parentheses may hold spaces and parentheses: the fields start behind the last one.
            state, parent, _, session = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[:4]
        except (OSError, ValueError):
            continue
        if state not in ("Z", "X"):
            yield int(entry.name), int(parent), int(session)


def _carries(pid: int, sign: bytes) -> bool:
    try:
        return sign in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False


def _ancestors(pid: int, parents: dict[int, int]) -> set[int]:
    seen: set[int] = set()
    while (parent := parents.get(pid)) and parent not in seen:
        seen.add(parent)
        pid = parent
    return seen
