"""Starts the processes of runs, watches over them, and ends them to the last one. Started with ``-m``, never imported.

A keeper is a single-threaded child of the runner, so it may fork at any time. It can have Python modules ready
(``prime``): a run that calls a function of theirs starts by a fork, without the start of an interpreter.

It is the subreaper of everything it starts (prctl(2)), and so is each run's first process: whatever a run does to get
away (double fork, a session of its own, killing its parents) it stays a descendant, and is found. Linux only.

Wire: a message on the socket ``argv[1]`` carries six descriptors: the order (JSON, a memfd), stdin, stdout, stderr,
status, control. The keeper writes one JSON line to ``status`` when nothing of the run is left. ``t`` on ``control``
asks the run to end (SIGTERM, SIGKILL after a grace); the end of that pipe kills it at once.
"""

import contextlib
import ctypes
import gc
import importlib
import json
import os
import resource
import select
import signal
import socket
import stat
import sys
import time
from collections.abc import Callable
from typing import Any, NoReturn

from runstone.connectors.executors._keeper.cgroup import Group

_SUBREAPER, _NO_NEW_PRIVS = 36, 38
_NEW_MOUNTS = 0x00020000
_RDONLY, _NOSUID, _NODEV, _REMOUNT, _BIND, _REC, _PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
"""Flags of prctl(2), unshare(2) and mount(2)."""
_GRACE_S = 1.0
"""Between SIGTERM and SIGKILL; with what it takes to hear of a cancel it stays below two."""
_MOP_S = 5.0
"""How long killed processes may take to be gone; only one stuck in the kernel takes longer."""
_SCRATCH = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108  shared folders; a run gets empty ones of its own
_MB = 1024 * 1024
_SAY = 3
"""The descriptor on which a fork tells what went wrong before its work began."""
_libc = ctypes.CDLL(None, use_errno=True)

Entry = Callable[[], None]
Order = dict[str, Any]


def main() -> None:
    """Keep until the runner closes the socket and no run is left."""
    config = json.loads(sys.argv[2])
    _libc.prctl(_SUBREAPER, 1, 0, 0, 0)
    entry = _prime(config["prime"], config["entry"]) if config["entry"] else None
    Keeper(socket.socket(fileno=int(sys.argv[1])), entry).keep()


def _prime(prime: str, entry: str) -> Entry:
    """Call what makes the modules ready; returns the function that a run calls."""
    if prime:
        _function(prime)()
    found = _function(entry)
    gc.collect()
    gc.freeze()
    return found


def _function(name: str) -> Entry:
    module, _, function = name.partition(":")
    return getattr(importlib.import_module(module), function)


class Keeper:
    """The loop: orders in, children watched, status out."""

    def __init__(self, orders: socket.socket, entry: Entry | None) -> None:
        self._orders = orders
        self._entry = entry
        self._open = True
        self._runs: dict[int, Run] = {}
        self._poll = select.poll()
        self._woken, wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the runner's affair; it closes our pipes
        self._poll.register(orders, select.POLLIN)
        self._poll.register(self._woken, select.POLLIN)

    def keep(self) -> None:
        """Until there is nothing to do any more."""
        while self._open or self._runs:
            for descriptor, _ in self._poll.poll(self._patience()):
                self._hear(descriptor)
            self._reap()
            for run in list(self._runs.values()):
                run.watch()
                if run.over(self._leftovers):
                    del self._runs[run.pid]
                    self._forget(run.control)
                    run.report()

    def _patience(self) -> int | None:
        """Milliseconds until a run wants to be looked at."""
        return min((run.patience() for run in self._runs.values()), default=None)

    def _hear(self, descriptor: int) -> None:
        if descriptor == self._orders.fileno():
            self._take()
        elif descriptor == self._woken:
            with contextlib.suppress(BlockingIOError):
                os.read(self._woken, 4096)
        else:
            run = next(run for run in self._runs.values() if run.control == descriptor)
            if os.read(descriptor, 1) == b"t":
                run.stop()
            else:
                self._forget(descriptor)
                run.kill()

    def _forget(self, descriptor: int) -> None:
        with contextlib.suppress(KeyError):
            self._poll.unregister(descriptor)

    def _take(self) -> None:
        data, descriptors, _, _ = socket.recv_fds(self._orders, 16, 6)
        if not data:
            self._open = False
            self._forget(self._orders.fileno())
            return
        order, *pipes = descriptors
        with os.fdopen(order, "rb") as file:
            file.seek(0)
            run = Run(json.load(file), *pipes)
        run.start(self._entry)
        self._runs[run.pid] = run
        self._poll.register(run.control, select.POLLIN)

    def _reap(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
                if not pid:
                    return
                if pid in self._runs:
                    self._runs[pid].ended(status, usage)

    def _leftovers(self) -> set[int]:
        """Processes whose run's first process is dead: our children that begin no run, and all below them."""
        orphans = _children(os.getpid()) - set(self._runs)
        return orphans.union(*map(_below, orphans))


class Run:
    """One run: its first process and everything that comes from it."""

    def __init__(self, order: Order, stdin: int, stdout: int, stderr: int, status: int, control: int) -> None:
        self.pid = 0
        self.control = control
        self._order = order
        self._limits: dict[str, int] = order["limits"]
        self._streams = (stdin, stdout, stderr)
        self._status = status
        self._said: dict[str, Any] = {"stopped": "", "problem": ""}
        self._kill_at = float("inf")
        self._look_at = time.monotonic() + 0.05
        self._mop_until = 0.0
        self._dead = False
        self._group: Group | None = None

    def start(self, entry: Entry | None) -> None:
        """Fork. What goes wrong before the child's work begins comes through a pipe."""
        name = f"runstone-{os.getpid()}-{self.control}"
        self._group = Group.made(name, self._limits["memory_mb"] * _MB, self._limits["processes"])
        heard, say = os.pipe2(os.O_CLOEXEC)
        self.pid = os.fork()
        if not self.pid:
            _become(self._order, self._streams, say, self._group, entry)
        for descriptor in (say, *self._streams):
            os.close(descriptor)
        with os.fdopen(heard, "rb") as pipe:
            self._said["problem"] = pipe.read().decode(errors="replace")

    def patience(self) -> int:
        """Milliseconds until :meth:`watch` has something to do."""
        if self._dead:
            return 10
        return max(1, int((min(self._look_at, self._kill_at) - time.monotonic()) * 1000) + 1)

    def watch(self) -> None:
        """Hold the limits that the kernel does not hold for us, and the grace after a request to end."""
        now = time.monotonic()
        if self._dead:
            return
        if now >= self._kill_at:
            self.kill()
        elif now >= self._look_at:
            self._said["stopped"] = self._excess()
            if self._said["stopped"]:
                self.kill()
            # What looking costs stays below a twentieth of the time.
            self._look_at = now + max(0.1, (time.monotonic() - now) * 20)

    def _excess(self) -> str:
        """What the run has too much of, as a part of a sentence."""
        limits = self._limits
        members = self._members()
        if self._group and self._group.ran_out_of_memory():
            return f"it took more than {limits['memory_mb']} MB of memory"
        if len(members) > limits["processes"]:
            return f"it had more than {limits['processes']} processes"
        if sum(map(_resident, members)) > limits["memory_mb"] * _MB:
            return f"it took more than {limits['memory_mb']} MB of memory"
        if _exceeds(self._order["cwd"], limits["disk_mb"] * _MB):
            return f"it wrote more than {limits['disk_mb']} MB of files"
        return ""

    def _members(self) -> set[int]:
        return {self.pid, *_below(self.pid)}

    def stop(self) -> None:
        """Ask every process to end; they are killed when the grace is over."""
        self._kill_at = min(self._kill_at, time.monotonic() + _GRACE_S)
        _signal(self._members(), signal.SIGTERM)

    def kill(self) -> None:
        """Kill all. They are held still first: one that forks while others die would get away for a moment."""
        self._kill_at = float("inf")
        held: set[int] = set()
        while found := self._members() - held:
            _signal(found, signal.SIGSTOP)
            held |= found
        _signal(held, signal.SIGKILL)

    def ended(self, status: int, usage: resource.struct_rusage) -> None:
        """The first process is gone; its orphans are the keeper's now."""
        self._dead, self._mop_until = True, time.monotonic() + _MOP_S
        if self._group and self._group.ran_out_of_memory():
            self._said["stopped"] = f"it took more than {self._limits['memory_mb']} MB of memory"
        self._said |= {
            "exit": os.waitstatus_to_exitcode(status),
            "cpu_s": usage.ru_utime + usage.ru_stime,
            "rss_kb": usage.ru_maxrss,
        }

    def over(self, leftovers: Callable[[], set[int]]) -> bool:
        """Whether nothing of it is left. Kills what is."""
        if not self._dead:
            return False
        if self._order["user"]:
            _kill_user(self._order["user"])
        left = leftovers()
        _signal(left, signal.SIGKILL)
        return not left or time.monotonic() > self._mop_until

    def report(self) -> None:
        """Tell the runner, and close what is ours."""
        if self._group:
            self._group.remove()
        with contextlib.suppress(BrokenPipeError):
            os.write(self._status, json.dumps(self._said).encode() + b"\n")
        os.close(self._status)
        os.close(self.control)


def _become(order: Order, streams: tuple[int, ...], say: int, group: Group | None, entry: Entry | None) -> NoReturn:
    """Turn this fork into the run's first process."""
    what = order["argv"][0]
    try:
        _descriptors(streams, say)
        os.setsid()
        _libc.prctl(_SUBREAPER, 1, 0, 0, 0)
        os.umask(0o022)
        if group:
            group.join()
        if order["private"]:
            _hide(order)
        _limit(order["limits"], order["user"])
        os.chdir(order["cwd"])
        os.umask(0o077)
        _descend(order["user"])
        if entry:
            _call(entry, order["env"])
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.execvpe(what, order["argv"], order["env"])  # noqa: S606  running what it is told is the purpose
    except OSError as err:
        os.write(_SAY, f"{what} cannot be started in {order['cwd']}: {err.strerror}.".encode())
    except BaseException as err:  # noqa: BLE001  nothing may get out of a fork into the keeper's loop
        with contextlib.suppress(OSError):
            os.write(_SAY, f"{what} cannot be started: {type(err).__name__}: {err}.".encode())
    os._exit(127)


def _call(entry: Entry, env: dict[str, str]) -> NoReturn:
    os.environ.clear()
    os.environ.update(env)
    os.close(_SAY)
    entry()
    os._exit(0)


def _descriptors(streams: tuple[int, ...], say: int) -> None:
    """0, 1 and 2 are the run's, 3 is ours until its work begins; nothing else stays open. Signals are as at a start."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # Copied first to above all targets: a target may be another's source.
    for target, copy in enumerate([os.dup(one) for one in (*streams, say)]):
        os.dup2(copy, target, inheritable=target < _SAY)
    os.closerange(_SAY + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def _limit(limits: dict[str, int], user: int) -> None:
    """See setrlimit(2). Processes are counted by user, with those that the user has already; root's are not counted."""
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_CPU: limits["cpu_s"],
        resource.RLIMIT_FSIZE: limits["file_mb"] * _MB,
        resource.RLIMIT_NOFILE: limits["open_files"],
    }
    if user or os.geteuid():
        wanted[resource.RLIMIT_NPROC] = limits["processes"] + (0 if user else _threads_of(os.geteuid()))
    for limit, value in wanted.items():
        hard = resource.getrlimit(limit)[1]
        capped = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(limit, (capped, capped))


def _descend(user: int) -> None:
    """Become the run's own user, for good."""
    if user:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    _libc.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0)


def _hide(order: Order) -> None:
    """Mounts of its own: scratch folders, the runner's home and whatever bars the way hold only what the run needs."""
    if _libc.unshare(_NEW_MOUNTS):
        raise OSError(ctypes.get_errno(), f"no mounts of its own: {os.strerror(ctypes.get_errno())}")
    _mount(None, "/", None, _REC | _PRIVATE)
    # Held now: what is hidden in a moment can still be shown through its descriptor.
    shown = {path: _held(path) for path in sorted({*order["reads"], order["cwd"]}) if os.path.lexists(path)}
    hidden = _outermost([*_SCRATCH, *order["hidden"]])
    for place in hidden:
        size = "mode=1777,size=64m" if place in _SCRATCH else "mode=755,size=8m"
        _mount("tmpfs", place, "tmpfs", _NOSUID | _NODEV, size)
    for path, descriptor in shown.items():
        if any(_within(path, place) for place in hidden):
            _stand_in(path, descriptor)
            _mount(f"/proc/self/fd/{descriptor}", path, None, _BIND | _REC)
            if path != order["cwd"]:
                _mount(None, path, None, _BIND | _REMOUNT | _RDONLY | _NOSUID)
        os.close(descriptor)


def _held(path: str) -> int:
    return os.open(path, os.O_PATH | os.O_CLOEXEC)


def _stand_in(path: str, descriptor: int) -> None:
    """Something to mount on, under the same name: a folder or an empty file."""
    if os.path.lexists(path):
        return  # within an outer path that is shown already
    if stat.S_ISDIR(os.fstat(descriptor).st_mode):
        os.makedirs(path, mode=0o755)  # noqa: PTH103  pathlib would cost an import
        return
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)  # noqa: PTH103, PTH120
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))


def _outermost(places: list[str]) -> list[str]:
    """Existing folders of the list, without those that lie in another of them."""
    there = sorted({place for place in places if os.path.isdir(place)})  # noqa: PTH112
    return [place for place in there if not any(other != place and _within(place, other) for other in there)]


def _within(path: str, place: str) -> bool:
    return path == place or path.startswith(place.rstrip("/") + "/")


def _mount(source: str | None, target: str, kind: str | None, flags: int, data: str = "") -> None:
    words = [None if word is None else word.encode() for word in (source, target, kind)]
    if _libc.mount(*words, ctypes.c_ulong(flags), data.encode() or None):
        raise OSError(ctypes.get_errno(), f"{target} cannot be mounted: {os.strerror(ctypes.get_errno())}")


def _children(pid: int) -> set[int]:
    """Living children of a process, of all its threads. Zombies count as gone. proc(5)."""
    found: set[int] = set()
    with contextlib.suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208
            found |= {int(word) for word in _read(f"/proc/{pid}/task/{thread}/children").split()}
    return {child for child in found if _living(child)}


def _below(pid: int) -> set[int]:
    """Every living descendant."""
    found: set[int] = set()
    ask = [pid]
    while ask:
        fresh = _children(ask.pop()) - found
        found |= fresh
        ask += fresh
    return found


def _living(pid: int) -> bool:
    # The name in parentheses may hold spaces and parentheses: the state stands behind the last one.
    state = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return bool(state) and state[0] not in ("Z", "X")


def _resident(pid: int) -> int:
    """Bytes of memory that are its own: pages shared with files or other processes count for nobody."""
    words = _read(f"/proc/{pid}/statm").split()
    return (int(words[1]) - int(words[2])) * resource.getpagesize() if words else 0


def _threads_of(user: int) -> int:
    found = 0
    for entry in os.listdir("/proc"):  # noqa: PTH208
        with contextlib.suppress(OSError):
            if entry.isdigit() and os.stat(f"/proc/{entry}").st_uid == user:  # noqa: PTH116
                found += len(os.listdir(f"/proc/{entry}/task"))  # noqa: PTH208
    return found


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            return file.read()
    except OSError:
        return ""


def _exceeds(folder: str, limit: int) -> bool:
    """Whether the files below a folder take more room than this."""
    total, ask = 0, [folder]
    while ask:
        with contextlib.suppress(OSError), os.scandir(ask.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    ask.append(entry.path)
                else:
                    total += entry.stat(follow_symlinks=False).st_blocks * 512
                if total > limit:
                    return True
    return False


def _signal(pids: set[int], number: int) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _kill_user(user: int) -> None:
    """Kill every process of a run's own user at one stroke; see kill(2) on the pid -1."""
    pid = os.fork()
    if not pid:
        os.setresuid(user, user, user)
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
        os._exit(0)
    os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
