"""Bubblewrap (https://github.com/containers/bubblewrap): a read-only system, process numbers and mounts of its own.

For runners that are not root but should keep Tasks apart all the same, and as a second wall where they are. A run
sees the system's folders, what the order lists and its own folder; no other process, no other run.
"""

import os
import shutil
import subprocess
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path

from runstone.connectors.executors import Attack, Executor, ExecutorOrder, ExecutorOutcome, Verdict
from runstone.connectors.executors._keeper.client import Keepers, powers
from runstone.errors import BadInput

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc", "/opt", "/nix", "/run/systemd/resolve")
"""What programs need to run, look up names and check certificates."""
_FLAGS = (
    *("--unshare-user-try", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"),
    *("--die-with-parent", "--new-session", "--cap-drop", "ALL"),
    *("--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--tmpfs", "/var/tmp"),  # noqa: S108  inside its own mounts
)


class BubblewrapExecutor(Executor):
    """Wraps the command in ``bwrap``; a warm start is not possible there, so each run starts Python anew."""

    def __init__(self) -> None:
        self._keepers = Keepers()

    async def run(self, order: ExecutorOrder, on_line: Callable[[bytes], Awaitable[None]]) -> ExecutorOutcome:
        """See :class:`Executor`. Raises BadInput when bubblewrap is not there or is not allowed to work."""
        bwrap = shutil.which("bwrap") or "bwrap"
        # What bwrap itself would say of a missing program comes too late, as words of the run.
        if not shutil.which(order.argv[0], path=order.env.get("PATH", os.defpath)):
            raise BadInput(f"{order.argv[0]} cannot be started in {order.cwd}: there is no such program.")
        wrapped = replace(order, argv=(bwrap, *_arguments(order), "--", *order.argv), warm=None)
        return await self._keepers.run(wrapped, on_line, isolate=True)

    def verdicts(self) -> Mapping[Attack, Verdict]:
        """See :class:`Executor`."""
        return {
            "read another run's secret": "prevented",
            "fork bomb": "prevented" if powers().own_user or os.geteuid() else "contained",
            "fill the disk": "contained",
            "eat memory": "contained",
            "1 GiB of output": "contained",
            "ignore SIGTERM": "prevented",
            "leave a daemon": "prevented",
            "storm of zombies": "contained",
        }

    def ready(self) -> str:
        """See :class:`Executor`: tried with a command that does nothing."""
        bwrap = shutil.which("bwrap")
        if not bwrap:
            return "The program bwrap is not installed. Install the package bubblewrap on the runner."
        order = ExecutorOrder(("true",), {}, Path("/"), b"", 5)
        tried = subprocess.run(  # noqa: S603  no input of anyone's
            [bwrap, *_arguments(replace(order, cwd=Path("/tmp"))), "true"],  # noqa: S108
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
        if tried.returncode:
            return f"bwrap cannot make namespaces here: {tried.stderr.strip()}. Allow user namespaces, or run as root."
        return ""


def _arguments(order: ExecutorOrder) -> list[str]:
    """bwrap's arguments, later mounts over earlier ones. No value of the environment is among them."""
    shown: list[str] = []
    for path in _SYSTEM:
        shown += ["--symlink", str(Path(path).readlink()), path] if Path(path).is_symlink() else _bind(path)
    for path in sorted({str(path) for path in order.reads}):
        if not any(path == known or path.startswith(f"{known}/") for known in _SYSTEM):
            shown += _bind(path)
    flags = _FLAGS if order.network else (*_FLAGS, "--unshare-net")
    return [*flags, *shown, "--bind", str(order.cwd), str(order.cwd), "--chdir", str(order.cwd)]


def _bind(path: str) -> list[str]:
    return ["--ro-bind-try", path, path]
