"""The machine itself: its system, kernel, processors and memory, from ``/etc/os-release`` and ``/proc``."""

import os
import platform
import shlex
from dataclasses import dataclass
from pathlib import Path

from runstone.model.resource import Health

_LITTLE = 0.03


@dataclass(frozen=True)
class Machine:
    """What it is, and how its memory is."""

    system: str
    kernel: str
    architecture: str
    cpus: int
    memory_gb: int
    available: float
    """Share of memory that can be had without swapping, from 0 to 1."""

    @property
    def looks(self) -> tuple[Health, str]:
        """Ill when less than 3 % of memory is left."""
        return ("ill", f"{self.available:.0%} of memory left") if self.available < _LITTLE else ("ok", "")


def read(root: Path) -> Machine:
    """Raises OSError where ``/proc`` cannot be read."""
    sizes = dict(line.split(":", 1) for line in (root / "proc" / "meminfo").read_text().splitlines() if ":" in line)
    total, available = (_kilobytes(sizes.get(name, "")) for name in ("MemTotal", "MemAvailable"))
    return Machine(
        system=_system(root / "etc" / "os-release"),
        kernel=platform.release(),
        architecture=platform.machine(),
        cpus=os.cpu_count() or 1,
        memory_gb=round(total / 1e6),
        available=round(available / total, 2) if total else 1.0,
    )


def _kilobytes(text: str) -> int:
    words = text.split()
    return int(words[0]) if words and words[0].isdecimal() else 0


def _system(file: Path) -> str:
    """``PRETTY_NAME`` of os-release(5)."""
    try:
        lines = file.read_text(errors="replace").splitlines()
    except OSError:
        return "Linux"
    said = next((line.partition("=")[2] for line in lines if line.startswith("PRETTY_NAME=")), "Linux")
    return " ".join(shlex.split(said)) if said.count('"') % 2 == 0 and said.count("'") % 2 == 0 else said
