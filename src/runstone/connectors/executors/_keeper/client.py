"""The runner's side of a keeper: orders go out, lines and the outcome come back."""

import asyncio
import contextlib
import fcntl
import json
import os
import socket
import subprocess
import sys
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import structlog

from runstone.connectors.executors import ExecutorOrder, ExecutorOutcome, Warm
from runstone.errors import BadInput, Broken

log = structlog.get_logger()
_SCRIPT = "runstone.connectors.executors._keeper.keeper"
_LINE_CAP = 4 * 1024 * 1024
"""Bytes of one line; the rest of a longer one is dropped."""
_CHUNK = 65536
_LAST_WORDS = 2000
_GONE_S = 10.0
"""How long a keeper may take to end a run that it was told to end; its own deadlines are shorter."""
_WARM_KEEPERS = 4
"""Kept at a time, the least used goes first: each holds 40 MB."""
_FIRST_USER, _USERS = 60_500, 256
"""User ids for runs: below the kernel's default overflow ids, above what distributions give out."""
_LOCKS = Path("/run/runstone-users")
_CAP_SYS_ADMIN = 1 << 21

OnLine = Callable[[bytes], Awaitable[None]]


@dataclass(frozen=True)
class Powers:
    """What this process may do for its runs' isolation."""

    own_user: bool
    own_mounts: bool
    why: str
    """Why not more; empty when all is there."""


def powers() -> Powers:
    """Found out, not tried: the effective user and capabilities(7) of this process."""
    if os.geteuid():
        return Powers(own_user=False, own_mounts=False, why="Runstone does not run as root.")
    status = Path("/proc/self/status").read_text()
    effective = next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("CapEff"))
    if effective & _CAP_SYS_ADMIN:
        return Powers(own_user=True, own_mounts=True, why="")
    return Powers(own_user=True, own_mounts=False, why="Runstone's root has no CAP_SYS_ADMIN here.")


class Keepers:
    """The keepers of one executor: one without anything ready, and one for each thing to have ready."""

    def __init__(self) -> None:
        self._kept: dict[str, _Keeper] = {}

    async def run(self, order: ExecutorOrder, on_line: OnLine, *, isolate: bool) -> ExecutorOutcome:
        """See :meth:`Executor.run`. ``isolate``: a user and mounts of its own, as far as :func:`powers` go."""
        with _user(isolate) as user:
            if user:
                os.chown(order.cwd, user, user)
            outcome = await self._run(order, on_line, user, order.warm)
            if outcome is None and order.warm:
                log.warning("no warm start", reason="the keeper ended; started without it", argv=order.argv[:1])
                outcome = await self._run(order, on_line, user, None)
        if outcome is None:
            raise Broken(f"The process that keeps runs ended while {order.argv[0]} ran. Its log says why.")
        return outcome

    async def _run(self, order: ExecutorOrder, on_line: OnLine, user: int, warm: Warm | None) -> ExecutorOutcome | None:
        """None when the keeper ended before it had started the run."""
        async with _Process.started(self._keeper(order, warm), _body(order, user)) as process:
            talk = [asyncio.create_task(one) for one in process.talk(order, on_line)]
            reading = talk[0]
            try:
                timed_out = not await _ended(process, reading, order.deadline_s)
                if timed_out:
                    reading.cancel()
                    await process.end()
                with contextlib.suppress(asyncio.CancelledError):
                    await reading
            finally:
                # Also when a listener raised or we are cancelled: nothing of the run may outlive this.
                await asyncio.shield(process.end())
                for one in talk:
                    one.cancel()
                await asyncio.gather(*talk, return_exceptions=True)
        return _outcome(process, order, timed_out)

    def _keeper(self, order: ExecutorOrder, warm: Warm | None) -> "_Keeper":
        env = {name: value for name, value in order.env.items() if name.startswith("PYTHON")} if warm else {}
        key = json.dumps([asdict(warm) if warm else None, env], sort_keys=True)
        keeper = self._kept.pop(key, None)
        if keeper is None or keeper.gone():
            keeper = _Keeper(warm, env)
        self._kept[key] = keeper
        while len(self._kept) > _WARM_KEEPERS + 1:
            del self._kept[next(iter(self._kept))]
        return keeper


class _Keeper:
    """One keeper process. It ends when this object is gone and its last run is over."""

    def __init__(self, warm: Warm | None, env: dict[str, str]) -> None:
        config = asdict(warm or Warm(entry="", prime=""))
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        # -P: the current folder is no place to import from; -s: neither is the user's own.
        self._process = subprocess.Popen(  # noqa: S603  our own module
            [sys.executable, "-P", "-s", "-m", _SCRIPT, str(theirs.fileno()), json.dumps(config)],
            env=env,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        theirs.close()
        self._socket = ours
        weakref.finalize(self, _dismiss, ours, self._process)

    def gone(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None

    def send(self, descriptors: list[int]) -> None:
        """Hand over an order and its pipes. Raises OSError when the keeper has ended."""
        socket.send_fds(self._socket, [b"run"], descriptors)


def _dismiss(orders: socket.socket, process: "subprocess.Popen[bytes]") -> None:
    """No more orders: it ends after its last run. Reaped now, or when Python next starts a process."""
    orders.close()
    process.poll()


class _Process:
    """The runner's ends of one run's pipes."""

    def __init__(self, stdin: int, stdout: int, stderr: int, status: int, control: int) -> None:
        self._stdin, self._stdout, self._stderr = stdin, stdout, stderr
        self._control = control
        self._status = status
        self.said: dict[str, Any] = {}
        self.over = asyncio.Event()
        self.words = bytearray()
        self.bytes = 0

    @classmethod
    @contextlib.asynccontextmanager
    async def started(cls, keeper: _Keeper, body: dict[str, Any]) -> AsyncGenerator["_Process"]:
        """Send the order; close every pipe afterwards."""
        pairs = [os.pipe() for _ in range(5)]
        # Written by us: stdin and control.
        ours = [pair[1] if place in (0, 4) else pair[0] for place, pair in enumerate(pairs)]
        theirs = [pair[0] if place in (0, 4) else pair[1] for place, pair in enumerate(pairs)]
        order = os.memfd_create("order", os.MFD_CLOEXEC)
        try:
            with os.fdopen(os.dup(order), "wb") as file:
                file.write(json.dumps(body).encode())
            # A keeper that is gone: the pipes close, and the run ends without a status.
            with contextlib.suppress(OSError):
                keeper.send([order, *theirs])
        finally:
            for descriptor in (order, *theirs):
                os.close(descriptor)
        process = cls(*ours)
        try:
            yield process
        finally:
            os.close(process._control)

    def talk(self, order: ExecutorOrder, on_line: OnLine) -> list[Any]:
        """What goes on while it runs; the first reads its output."""
        return [self._read(on_line, order.limits.output_mb), self._feed(order.stdin), self._listen(), self._hear()]

    async def end(self) -> None:
        """Have it ended, and wait until nothing of it is left."""
        if not self.over.is_set():
            with contextlib.suppress(OSError):
                os.write(self._control, b"t")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_GONE_S):
                    await self.over.wait()

    async def _feed(self, data: bytes) -> None:
        async with _writer(self._stdin) as pipe:
            # A child that ends without reading its input is not an error here: its exit code says what happened.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                pipe.write(data)
                await pipe.drain()

    async def _read(self, on_line: OnLine, cap_mb: int) -> None:
        lines = _Lines()
        async with _reader(self._stdout) as pipe:
            while chunk := await pipe.read(_CHUNK):
                self.bytes += len(chunk)
                if self.bytes > cap_mb * 1024**2:
                    await self._overflow(f"it printed more than {cap_mb} MB")
                    return
                for line in lines.split(chunk):
                    await on_line(line)
        if lines.rest:
            await on_line(bytes(lines.rest))

    async def _overflow(self, why: str) -> None:
        await self.end()
        self.said["stopped"] = why

    async def _listen(self) -> None:
        async with _reader(self._stderr) as pipe:
            while chunk := await pipe.read(_CHUNK):
                self.words = (self.words + chunk)[-_LAST_WORDS:]

    async def _hear(self) -> None:
        async with _reader(self._status) as pipe:
            line = await pipe.readline()
        self.said = {**json.loads(line), **self.said} if line else self.said
        self.over.set()


async def _ended(process: _Process, reading: "asyncio.Task[None]", deadline_s: float) -> bool:
    """Whether it ended in time. A listener that raises ends the wait, and the run with it."""
    over = asyncio.create_task(process.over.wait())
    try:
        async with asyncio.timeout(deadline_s):
            await asyncio.wait({over, reading}, return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                reading.result()
            await over
    except TimeoutError:
        return False
    finally:
        over.cancel()
    return True


def _outcome(process: _Process, order: ExecutorOrder, timed_out: bool) -> ExecutorOutcome | None:
    said = process.said
    if "exit" not in said:
        return None
    if said["problem"]:
        raise BadInput(said["problem"])
    return ExecutorOutcome(
        exit_code=said["exit"],
        timed_out=timed_out,
        stopped=said["stopped"],
        last_words=process.words.decode(errors="replace").strip(),
        cpu_s=said["cpu_s"],
        rss_mb=said["rss_kb"] / 1024,
    )


def _body(order: ExecutorOrder, user: int) -> dict[str, Any]:
    home = str(Path.home())
    reads = [str(path) for path in order.reads]
    private = bool(user) and powers().own_mounts
    return {
        "argv": list(order.argv),
        "env": dict(order.env),
        "cwd": str(order.cwd),
        "limits": asdict(order.limits),
        "user": user,
        "private": private,
        "reads": reads,
        # The root of all files is some services' home: that cannot be hidden.
        "hidden": [one for one in (home, *_barred([*reads, str(order.cwd)])) if one != "/"] if private else [],
    }


def _barred(paths: list[str]) -> list[str]:
    """The outermost folder on the way to each path that only its owner may enter."""
    found: list[str] = []
    for path in paths:
        for folder in reversed(Path(path).parents):
            if folder.is_dir() and not folder.stat().st_mode & 0o001:
                found.append(str(folder))
                break
    return found


@contextlib.contextmanager
def _user(isolate: bool) -> Generator[int]:
    """A user id that no other run on this machine has now; 0 when there is none to be had."""
    if not isolate or not powers().own_user:
        yield 0
        return
    _LOCKS.mkdir(mode=0o700, exist_ok=True)
    for user in range(_FIRST_USER, _FIRST_USER + _USERS):
        lock = os.open(_LOCKS / str(user), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            continue
        try:
            yield user
        finally:
            os.close(lock)
        return
    raise Broken(f"All {_USERS} user ids for runs are taken on this machine. Run fewer at a time.")


@contextlib.asynccontextmanager
async def _reader(descriptor: int) -> AsyncGenerator[asyncio.StreamReader]:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=_CHUNK * 4)
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb", buffering=0)
    )
    try:
        yield reader
    finally:
        transport.close()


@contextlib.asynccontextmanager
async def _writer(descriptor: int) -> AsyncGenerator[asyncio.StreamWriter]:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.connect_write_pipe(
        asyncio.streams.FlowControlMixin, os.fdopen(descriptor, "wb", buffering=0)
    )
    try:
        yield asyncio.StreamWriter(transport, protocol, None, loop)
    finally:
        transport.close()


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
