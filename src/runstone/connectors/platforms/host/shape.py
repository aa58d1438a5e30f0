"""What is read of a machine, as objects of a platform. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from runstone.connectors.platforms import Object
from runstone.connectors.platforms.host.disks import Filesystem
from runstone.connectors.platforms.host.machine import Machine
from runstone.connectors.platforms.host.processes import Program
from runstone.connectors.platforms.host.sockets import Listener
from runstone.connectors.platforms.host.units import Unit
from runstone.model.resource import Health

_TYPES = {
    "Host": ("host_machines", "host"),
    "Unit": ("host_units", "unit"),
    "Process": ("host_processes", "process"),
    "Listener": ("host_listeners", "listener"),
    "Filesystem": ("host_filesystems", "filesystem"),
}
WORDS = frozenset(word for words in _TYPES.values() for word in words)
"""By what rules know the types of this platform."""


@dataclass(frozen=True)
class Place:
    """The machine that things are of."""

    host: str


def host(one: Machine, place: Place) -> Object:
    """The machine."""
    fields = {
        "system": one.system,
        "kernel": one.kernel,
        "architecture": one.architecture,
        "cpus": one.cpus,
        "memory_gb": one.memory_gb,
    }
    return _object("Host", place.host, place, fields, looks=one.looks)


def unit(one: Unit, place: Place) -> Object:
    """A service of systemd."""
    fields = {"description": one.description, "active": one.active, "sub": one.sub, "enabled": one.enabled}
    shows = {"units": [one.name.removesuffix(".service")]}
    return _object("Unit", one.name, place, fields, looks=one.looks, shows=shows, refers=[_on(place)])


def process(one: Program, place: Place) -> Object:
    """The processes of a program in a unit."""
    name = f"{one.name}@{one.unit}" if one.unit else one.name
    refers: list[dict[str, Any]] = [
        {"relation": "listens", "name": port, "kind": "Listener", "field": "socket"} for port in one.ports
    ]
    if one.unit:
        refers.append({"relation": "owns", "name": one.unit, "kind": "Unit", "inverse": True, "field": "cgroup"})
    fields = {"program": one.name, "unit": one.unit, "ports": list(one.ports), "in_container": one.contained}
    shows = {"programs": list(one.programs), "ports": [port.partition("/")[2] for port in one.ports]}
    return _object("Process", name, place, fields, shows=shows, refers=[*refers, _on(place)])


def listener(one: Listener, place: Place) -> Object:
    """A port that is listened on."""
    fields = {
        "protocol": one.protocol,
        "port": one.port,
        "addresses": list(one.addresses),
        "programs": list(one.programs),
    }
    shows = {"programs": list(one.programs), "ports": [str(one.port)]}
    return _object("Listener", one.name, place, fields, shows=shows, refers=[_on(place)])


def filesystem(one: Filesystem, place: Place) -> Object:
    """A filesystem. How full it is stands in its summary alone, so that not every byte is a change."""
    fields = {"path": one.path, "device": one.device, "type": one.kind, "size_gb": one.size_gb}
    mounts = {"relation": "mounts", "name": place.host, "kind": "Host", "inverse": True, "field": "mount"}
    return _object("Filesystem", one.path, place, fields, looks=one.looks, refers=[mounts])


def _on(place: Place) -> dict[str, Any]:
    return {"relation": "runs-on", "name": place.host, "kind": "Host", "field": ""}


def _object(
    kind: str,
    name: str,
    place: Place,
    fields: dict[str, Any],
    *,
    looks: tuple[Health, str] = ("ok", ""),
    shows: dict[str, list[str]] | None = None,
    refers: Sequence[dict[str, Any]] = (),
) -> Object:
    return {
        "apiVersion": "host/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "", "labels": {}},
        "name": name,
        "host": place.host,
        **fields,
        "_map": {
            "types": list(_TYPES[kind]),
            "health": looks[0],
            "summary": looks[1],
            "references": list(refers),
            "shows": shows or {},
        },
    }
