"""What a machine listens on, from ``/proc/net`` (proc(5)): sockets in state LISTEN, and bound ones of UDP."""

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from runstone.connectors.platforms.host.processes import Process

_TABLES = {"tcp": ("tcp", "0A"), "tcp6": ("tcp", "0A"), "udp": ("udp", "07"), "udp6": ("udp", "07")}
"""Files, the protocol of each, and the state in which something may be received."""
_EPHEMERAL = 32768
"""Ports of UDP from here on are those of clients, which wait for an answer."""


@dataclass(frozen=True)
class Listener:
    """A port that something listens on. ``owners``: process ids, as far as they may be seen."""

    protocol: str
    port: int
    addresses: tuple[str, ...]
    owners: frozenset[int]
    programs: tuple[str, ...]

    @property
    def name(self) -> str:
        """``tcp/5432``."""
        return f"{self.protocol}/{self.port}"


def listeners(root: Path, running: Iterable[Process]) -> list[Listener]:
    """Every port of this machine's own network namespace."""
    owners: dict[str, list[Process]] = {}
    for process in running:
        for inode in process.inodes:
            owners.setdefault(inode, []).append(process)
    found: dict[tuple[str, int], list[tuple[str, str]]] = {}
    for protocol, port, address, inode in _bound(root / "proc" / "net"):
        found.setdefault((protocol, port), []).append((address, inode))
    return [_listener(*key, ends, owners) for key, ends in sorted(found.items())]


def heard(listeners_: Iterable[Listener]) -> dict[int, set[str]]:
    """What each process listens on, by its id."""
    found: dict[int, set[str]] = {}
    for listener in listeners_:
        for pid in listener.owners:
            found.setdefault(pid, set()).add(listener.name)
    return found


def _listener(protocol: str, port: int, ends: Sequence[tuple[str, str]], owners: dict[str, list[Process]]) -> Listener:
    holding = [process for _, inode in ends for process in owners.get(inode, ())]
    names = dict.fromkeys(process.programs[0] for process in holding)
    addresses = tuple(sorted({address for address, _ in ends}))
    return Listener(protocol, port, addresses, frozenset(process.pid for process in holding), tuple(sorted(names)))


def _bound(net: Path) -> Iterator[tuple[str, int, str, str]]:
    for file, (protocol, state) in _TABLES.items():
        try:
            lines = (net / file).read_text().splitlines()[1:]
        except FileNotFoundError:
            continue
        for line in lines:
            fields = line.split()
            if len(fields) < 10 or fields[3] != state:
                continue
            address, _, port = fields[1].rpartition(":")
            number = int(port, 16)
            if number and (protocol == "tcp" or number < _EPHEMERAL):
                yield protocol, number, _address(address), fields[9]


def _address(digits: str) -> str:
    """Words of 32 bits in the byte order of the machine: little-endian wherever Runstone runs."""
    raw = bytes.fromhex(digits)
    words = b"".join(raw[start : start + 4][::-1] for start in range(0, len(raw), 4))
    return str(ipaddress.ip_address(words))
