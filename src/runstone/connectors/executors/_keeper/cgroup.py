"""A control group for one run, where one can be had: the kernel then counts its processes and its memory (cgroups(7)).

Used by the keeper alone, and like it without any import that costs. Both versions are spoken: in version 2 one group
carries both limits, in version 1 each controller has a tree of its own.
"""

import contextlib
import os
import time

_ROOT = "/sys/fs/cgroup"


class Group:
    """The folders of one run's group, one for each controller."""

    def __init__(self, folders: list[str]) -> None:
        self._folders = folders

    @classmethod
    def made(cls, name: str, memory: int, processes: int) -> "Group | None":
        """A group with limits (bytes, count), or None where this process may not make one."""
        group = cls([])
        try:
            for base, limits in _places():
                folder = f"{base}/{name}"
                os.mkdir(folder)  # noqa: PTH102
                group._folders.append(folder)
                for file, what in limits.items():
                    _write(f"{folder}/{file}", str(memory if what == "memory" else processes))
        except OSError:
            group.remove()
            return None
        return group if group._folders else None

    def join(self) -> None:
        """Put the calling process into it; what it starts from now on is in it too."""
        for folder in self._folders:
            _write(f"{folder}/cgroup.procs", "0")

    def ran_out_of_memory(self) -> bool:
        """Whether the kernel killed something of it for its memory."""
        for folder in self._folders:
            for file in ("memory.events", "memory.oom_control"):
                words = _read(f"{folder}/{file}").split()
                if "oom_kill" in words and words[words.index("oom_kill") + 1] != "0":
                    return True
        return False

    def remove(self) -> None:
        """Give it back. Its processes are dead by now, but the kernel may take a moment to notice."""
        for folder in self._folders:
            for pause in (0, 0.001, 0.01, 0.1):
                time.sleep(pause)
                with contextlib.suppress(OSError):
                    os.rmdir(folder)  # noqa: PTH106
                    break


def _places() -> list[tuple[str, dict[str, str]]]:
    """Where our group is, and which file of a group below it holds which limit."""
    own = {line.split(":")[1]: line.split(":", 2)[2] for line in _read("/proc/self/cgroup").splitlines()}
    if os.path.exists(f"{_ROOT}/cgroup.controllers"):  # noqa: PTH110
        base = _ROOT + own.get("", "").rstrip("/")
        wanted = {"memory", "pids"}
        if not wanted <= set(_read(f"{base}/cgroup.subtree_control").split()):
            _write(f"{base}/cgroup.subtree_control", "+memory +pids")
        return [(base, {"memory.max": "memory", "pids.max": "pids"})]
    files = {"memory": {"memory.limit_in_bytes": "memory"}, "pids": {"pids.max": "pids"}}
    trees = [(f"{_ROOT}/{name}{own[name].rstrip('/')}", limits) for name, limits in files.items() if name in own]
    return [(base, limits) for base, limits in trees if os.access(base, os.W_OK)]


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:  # noqa: PTH123
        file.write(text)


def _read(path: str) -> str:
    try:
        with open(path, encoding="ascii", errors="replace") as file:  # noqa: PTH123
            return file.read()
    except OSError:
        return ""
