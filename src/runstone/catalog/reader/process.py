"""The side that asks the reading process, ends it when it takes too long, and starts it anew for the next bundle."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from runstone.errors import BadInput

_LINE_CAP = 256 * 1024**2
"""Bytes of one answer; the documents of the largest public collection, all bundles together, have 95 MB."""

Verb = Literal["layout", "parse", "lint", "augment"]


@dataclass(frozen=True)
class Limits:
    """What reading one bundle may cost. All 117 of the largest public collection take 7 s of processor time."""

    cpu_s: float = 20.0
    wall_s: float = 60.0
    memory: int = 3 * 1024**3
    """Bytes of address space; the largest public collection takes 145 MB of memory to parse and lint."""


class Reader:
    """A reading process, for one build after another. ``cpu_s`` is what it has used so far."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._root = Path()
        self._entries: list[dict[str, Any]] = []
        self._process: asyncio.subprocess.Process | None = None
        self.cpu_s = 0.0

    async def start(self) -> None:
        """Have a process, which gets ready while others work."""
        if self._process is None:
            self._process = await self._spawned()

    async def open(self, root: Path) -> None:
        """Say in which folder the collection lies that it is asked about from now on."""
        self._root, self._entries = root, []
        if self._process is not None:
            await self._tell(self._process)

    async def ask(self, verb: Verb, about: str = "") -> bytes:
        """What a verb of :class:`work.Work` gives, as JSON. Raises BadInput with the reason when there is no answer."""
        await self._ready()
        return await self._call(verb, about)

    async def know(self, entries: list[dict[str, Any]]) -> None:
        """Tell it all Tasks of the collection, for the verb ``augment``; told again whenever it starts anew."""
        self._entries = entries
        if self._process is not None:
            await self._call("know", entries)

    async def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        await process.wait()

    async def _ready(self) -> None:
        """Have a process that knows what the one before it knew."""
        if self._process is None:
            self._process = await self._spawned()
            await self._tell(self._process)
            if self._entries:
                await self._call("know", self._entries)

    async def _tell(self, process: asyncio.subprocess.Process) -> None:
        await _send(process, {"do": "open", "with": str(self._root), "memory": self._limits.memory})

    async def _spawned(self) -> asyncio.subprocess.Process:
        # No variable of ours goes along but where the code is: what is read there is a stranger's.
        env = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LANG", "LC_ALL") if name in os.environ}
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "runstone.catalog.reader.child",
            env=env,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
            limit=_LINE_CAP,
        )

    async def _call(self, verb: str, about: Any) -> bytes:
        process = self._process
        assert process is not None
        try:
            async with asyncio.timeout(self._limits.wall_s):
                await _send(process, {"do": verb, "with": about, "cpu_s": self._limits.cpu_s})
                told, answer = await _lines(process)
        except TimeoutError:
            await self.close()
            raise BadInput(f"Reading it took longer than {self._limits.wall_s:g} s, so it was stopped.") from None
        except ValueError as err:
            await self.close()
            raise BadInput(f"What was read of it has more than {_LINE_CAP} bytes, so it was stopped.") from err
        if not answer:
            raise await self._ended(process)
        head: dict[str, Any] = json.loads(told)
        self.cpu_s += head["cpu_s"]
        if head["problem"]:
            raise BadInput(head["problem"])
        return answer.rstrip()

    async def _ended(self, process: asyncio.subprocess.Process) -> BadInput:
        code = await process.wait()
        self._process = None
        if code in (-signal.SIGXCPU, -signal.SIGKILL):
            return BadInput(
                f"Reading it took more than {self._limits.cpu_s:g} s of processor time or too much memory, so it was "
                "stopped. Look for a file that unfolds or a pattern that never ends."
            )
        return BadInput(f"The reading process ended with {code} at it. That is a fault of Runstone: report it.")


async def _send(process: asyncio.subprocess.Process, value: dict[str, Any]) -> None:
    assert process.stdin is not None
    with contextlib.suppress(ConnectionError):  # it ended: the answer that does not come says so
        process.stdin.write(json.dumps(value).encode() + b"\n")
        await process.stdin.drain()


async def _lines(process: asyncio.subprocess.Process) -> tuple[bytes, bytes]:
    assert process.stdout is not None
    return await process.stdout.readline(), await process.stdout.readline()
