"""Processes of a machine, from ``/proc/PID`` (proc(5)), and what they amount to: programs by their unit."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from runstone.connectors import programs

_UNIT = re.compile(r"([^/]+\.service)(?:/|$)")
_CONTAINED = re.compile(r"docker|libpod|containerd|crio|lxc")
_KUBERNETES = "kubepods"
_INTERPRETER = re.compile(r"^(?:python|ruby|perl|node|php|java|bash|sh|dash)[\d.]*$")
_MOST = 500
"""Programs worth telling; a machine with more is told in part by the first of them in order."""


@dataclass(frozen=True)
class Process:
    """One process. ``programs``: names of what it runs, the most telling first; ``unit``: empty for none."""

    pid: int
    programs: tuple[str, ...]
    unit: str
    contained: bool
    parent: int
    inodes: frozenset[str]
    """Of its sockets, as far as they may be seen."""


@dataclass(frozen=True)
class Program:
    """All processes of one program in one unit."""

    name: str
    programs: tuple[str, ...]
    unit: str
    contained: bool
    ports: tuple[str, ...]
    """What they listen on, as ``tcp/5432``."""


def running(root: Path) -> list[Process]:
    """Every process but those of the kernel and of Kubernetes' Pods, which a cluster tells better."""
    found = (_process(folder) for folder in (root / "proc").iterdir() if folder.name.isdecimal())
    return sorted(filter(None, found), key=lambda one: one.pid)


def grouped(running_: Iterable[Process], heard: Mapping[int, set[str]]) -> list[Program]:
    """Servers by unit: process ids come and go, these stay.

    A server is what listens, belongs to a unit or a container, or has no parent but the first process; not a shell.
    ``heard``: names of what processes listen on, by their ids.
    """
    groups: dict[tuple[str, str], list[Process]] = {}
    for one in running_:
        if not (one.pid in heard or one.unit or one.contained or one.parent == 1):
            continue
        groups.setdefault((one.programs[0], one.unit), []).append(one)
    return [_program(*key, group, heard) for key, group in sorted(groups.items())][:_MOST]


def _program(name: str, unit: str, group: Sequence[Process], heard: Mapping[int, set[str]]) -> Program:
    ports = {port for one in group for port in heard.get(one.pid, ())}
    names = dict.fromkeys(program for one in group for program in one.programs)
    return Program(name, tuple(names), unit, any(one.contained for one in group), tuple(sorted(ports)))


def _process(folder: Path) -> Process | None:
    """One process; None when it is gone meanwhile, or is the kernel's."""
    try:
        words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
        if not words[0]:
            return None
        group = _text(folder / "cgroup")
        if _KUBERNETES in group:
            return None
        names = _programs(words, _text(folder / "comm").strip())
        unit = _UNIT.search(group)
        return Process(
            pid=int(folder.name),
            programs=names,
            unit=unit[1] if unit else "",
            contained=bool(_CONTAINED.search(group)),
            parent=int(_text(folder / "stat").rpartition(")")[2].split()[1]),
            inodes=frozenset(_inodes(folder)),
        )
    except (FileNotFoundError, ProcessLookupError, IndexError, ValueError):
        return None


def _programs(words: Sequence[str], comm: str) -> tuple[str, ...]:
    """Names of what runs. A title such as ``postgres: writer`` or ``nginx: master process`` is cut at its colon."""
    first = words[0].split()[0].partition(":")[0] if words[0].split() else comm
    started = programs.started([first, *words[1:]], ())
    own = [one for one in started if not _INTERPRETER.match(one)] + started
    return tuple(dict.fromkeys([*own, *([comm] if comm else [])])) or ("unknown",)


def _inodes(folder: Path) -> Iterator[str]:
    try:
        for link in (folder / "fd").iterdir():
            target = str(link.readlink())
            if target.startswith("socket:["):
                yield target[8:-1]
    except OSError:
        return


def _text(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except PermissionError:
        return ""
