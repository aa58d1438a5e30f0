"""The machine the edge runs on: units, processes, listeners, filesystems. So there is a Map with no cluster at all.

Read from ``/proc`` and from systemd's own command; nothing is installed and nothing is changed. Of a process only the
names of the programs it starts are kept, never its arguments or its environment.
"""

import asyncio
import socket
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path

from runstone.connectors.platforms import Batch, Object, Platform
from runstone.connectors.platforms.host import disks, machine, processes, shape, sockets, units
from runstone.connectors.platforms.host.processes import Process
from runstone.errors import Unreachable
from runstone.model.resource import Scope, ScopeReading

Reading = Callable[[], list[Object]]


class Host(Platform):
    """One Linux machine."""

    family = "host"

    def __init__(self, name: str = "", *, root: str = "/") -> None:
        """``name``: what the Map calls it, else its host name. ``root``: where ``proc``, ``etc`` and ``run`` lie."""
        self.name = name or socket.gethostname()
        self.context = ""
        self._root = Path(root)

    async def read(self, extra: Sequence[str] = ()) -> AsyncGenerator[Batch]:
        """See Platform.read. A scope is a kind. Where systemd does not run there are no units, and no such scope."""
        self._reachable()
        running = await asyncio.to_thread(processes.running, self._root)
        listening = await asyncio.to_thread(sockets.listeners, self._root, running)
        for kind, reading in self._readings(running, listening).items():
            yield await asyncio.to_thread(self._batch, kind, reading)
        for type_ in sorted(one for one in set(extra) - shape.WORDS if one.startswith("host_")):
            yield self._told(type_, [], f"Of hosts no {type_} is read. There are: {', '.join(sorted(shape.WORDS))}.")

    def _readings(self, running: Sequence[Process], listening: Sequence[sockets.Listener]) -> dict[str, Reading]:
        """How each kind is read, in this order."""
        place = shape.Place(self.name)
        found: dict[str, Reading] = {
            "Host": lambda: [shape.host(machine.read(self._root), place)],
            "Process": lambda: [
                shape.process(one, place) for one in processes.grouped(running, sockets.heard(listening))
            ],
            "Listener": lambda: [shape.listener(one, place) for one in listening],
            "Filesystem": lambda: [shape.filesystem(one, place) for one in disks.mounted(self._root)],
        }
        if units.managed(self._root):
            found["Unit"] = lambda: [shape.unit(one, place) for one in units.loaded()]
        return found

    async def check(self) -> str:
        """See Platform.check."""
        self._reachable()
        running = await asyncio.to_thread(processes.running, self._root)
        listening = await asyncio.to_thread(sockets.listeners, self._root, running)
        hidden = sum(not one.owners for one in listening)
        said = f"{self.name}: {machine.read(self._root).system}, {len(running)} processes, {len(listening)} listeners"
        return f"{said}; whose {hidden} of these are only root may see." if hidden else f"{said}."

    def portable_kubeconfig(self) -> str:
        """See Platform.portable_kubeconfig: a machine is no cluster."""
        return ""

    def _reachable(self) -> None:
        if not (self._root / "proc" / "self").exists() and not (self._root / "proc" / "stat").exists():
            raise Unreachable(
                f"There is no {self._root / 'proc'} to read. Hosts are read on Linux, where it is mounted."
            )

    def _batch(self, kind: str, reading: Reading) -> Batch:
        try:
            return self._told(kind, reading(), "")
        except (OSError, ValueError) as err:
            return self._told(kind, [], f"{kind}s of {self.name} cannot be read: {err}.")

    def _told(self, kind: str, objects: Sequence[Object], problem: str) -> Batch:
        scope = Scope(platform=self.name, kind=kind, namespace="")
        by_name = {str(obj["metadata"]["name"]): obj for obj in objects}
        reading = ScopeReading(scope=scope, complete=not problem, problem=problem)
        return Batch(reading, tuple(by_name[name] for name in sorted(by_name)))
