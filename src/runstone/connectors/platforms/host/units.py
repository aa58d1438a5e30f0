"""Services of systemd, by its own command: ``systemctl show`` prints properties by name, a blank line between units."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from runstone.model.resource import Health

_FIELDS = ("Id", "Description", "LoadState", "ActiveState", "SubState", "Result", "UnitFileState")
_LIMIT_S = 10


@dataclass(frozen=True)
class Unit:
    """A service as systemd has it."""

    name: str
    description: str
    active: str
    sub: str
    result: str
    enabled: str

    @property
    def looks(self) -> tuple[Health, str]:
        """Ill is what systemd gave up or starts over and over; what was stopped is nobody's fault, and unknown."""
        if self.active == "failed":
            return "ill", f"failed ({self.result})" if self.result not in ("", "success") else "failed"
        if self.sub == "auto-restart":
            return "ill", "is restarted over and over"
        if self.active == "active":
            return "ok", ""
        return "unknown", self.sub or self.active


def managed(root: Path) -> bool:
    """Whether systemd runs this machine (sd_booted(3))."""
    return (root / "run" / "systemd" / "system").is_dir()


def loaded() -> list[Unit]:
    """Services that run, failed, or are meant to run. Raises OSError, ValueError when systemd does not say."""
    command = [
        "systemctl",
        "show",
        "--type=service",
        "--all",
        "--no-pager",
        f"--property={','.join(_FIELDS)}",
        "*.service",
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT_S, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as err:
        raise ValueError(f"systemctl did not answer in {_LIMIT_S} s") from err
    if done.returncode:
        raise ValueError(f"systemctl: {done.stderr.strip()[:200] or f'exit {done.returncode}'}")
    return list(read(done.stdout))


def read(text: str) -> Iterator[Unit]:
    """Units worth telling from what ``systemctl show`` printed."""
    for block in text.split("\n\n"):
        said = _properties(block)
        wanted = said["ActiveState"] not in ("inactive", "") or said["UnitFileState"] == "enabled"
        if said["Id"].endswith(".service") and said["LoadState"] == "loaded" and wanted:
            yield Unit(
                name=said["Id"],
                description=said["Description"],
                active=said["ActiveState"],
                sub=said["SubState"],
                result=said["Result"],
                enabled=said["UnitFileState"],
            )


def _properties(block: str) -> dict[str, str]:
    found: dict[str, str] = dict.fromkeys(_FIELDS, "")
    for line in block.splitlines():
        name, _, value = line.partition("=")
        found[name] = value
    return found
