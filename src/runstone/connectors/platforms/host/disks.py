"""Filesystems that hold data, from ``/proc/self/mounts`` and statvfs(3)."""

import os
from dataclasses import dataclass
from pathlib import Path

from runstone.model.resource import Health

_KINDS = frozenset({
    "ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "jfs", "reiserfs", "vfat", "nfs", "nfs4", "cifs", "ceph",
    "fuse.glusterfs", "overlay", "bcachefs", "ntfs3", "exfat",
})  # fmt: skip
_FULL, _NEARLY = 0.95, 0.85


@dataclass(frozen=True)
class Filesystem:
    """One filesystem where it is mounted. ``used`` and ``inodes``: shares from 0 to 1."""

    path: str
    device: str
    kind: str
    size_gb: int
    used: float
    inodes: float
    read_only: bool

    @property
    def looks(self) -> tuple[Health, str]:
        """Ill from 95 % on; from 85 % on it says so. A read-only root is how ext4 looks after errors."""
        if self.read_only and self.path == "/" and self.kind.startswith("ext"):
            return "ill", "mounted read-only"
        for share, of in ((self.used, "full"), (self.inodes, "of inodes used")):
            if share >= _FULL:
                return "ill", f"{share:.0%} {of}"
        if self.used >= _NEARLY:
            return "ok", f"{self.used:.0%} full"
        return "ok", ""


def mounted(root: Path) -> list[Filesystem]:
    """Each device once, where it is mounted first; what belongs to containers is left out."""
    found: dict[str, Filesystem] = {}
    for line in (root / "proc" / "self" / "mounts").read_text(errors="replace").splitlines():
        fields = line.split()
        if len(fields) < 4 or fields[2] not in _KINDS:
            continue
        device, path, kind, options = (_unescaped(field) for field in fields[:4])
        if (kind == "overlay" and path != "/") or device in found:
            continue
        if (one := _filesystem(device, path, kind, options.split(","))) is not None:
            found[device] = one
    return sorted(found.values(), key=lambda one: one.path)


def _filesystem(device: str, path: str, kind: str, options: list[str]) -> Filesystem | None:
    try:
        stat = os.statvfs(path)
    except OSError:
        return None
    if not stat.f_blocks:
        return None
    # As df(1) has it: what is kept for root is neither used nor free.
    used, free = stat.f_blocks - stat.f_bfree, stat.f_bavail
    inodes = (stat.f_files - stat.f_ffree) / stat.f_files if stat.f_files else 0.0
    size = round(stat.f_blocks * stat.f_frsize / 1e9)
    return Filesystem(path, device, kind, size, round(used / max(used + free, 1), 2), round(inodes, 2), "ro" in options)


def _unescaped(field: str) -> str:
    """Spaces and their like stand there as octal digits."""
    for escape, character in ((r"\040", " "), (r"\011", "\t"), (r"\012", "\n"), (r"\134", "\\")):
        field = field.replace(escape, character)
    return field
