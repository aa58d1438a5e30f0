"""Addresses in a container's configuration: ``host:port`` and URLs in environment variables and arguments.

Only what looks like an address is ever taken, and credentials are cut out before anyone sees it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_PORTS = {
    "http": 80, "https": 443, "ws": 80, "wss": 443, "grpc": 0, "tcp": 0, "postgres": 5432, "postgresql": 5432,
    "mysql": 3306, "mariadb": 3306, "redis": 6379, "rediss": 6379, "amqp": 5672, "amqps": 5671, "mongodb": 27017,
    "nats": 4222, "kafka": 9092, "memcached": 11211, "ldap": 389, "ldaps": 636, "smtp": 25,
}  # fmt: skip
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9_-]*[a-zA-Z0-9])?"
_HOST = rf"(?:{_LABEL}\.)*{_LABEL}\.?"
_HOST_PORT = re.compile(rf"(?P<host>{_HOST}):(?P<port>\d{{1,5}})(?P<rest>/\S*)?")
_URL = re.compile(
    rf"(?P<jdbc>jdbc:)?(?P<scheme>[a-z][a-z0-9+.]*)://(?:[^@/\s]*@)?(?P<host>{_HOST})(?::(?P<port>\d{{1,5}}))?(?P<rest>[/?]\S*)?"
)
_ARGUMENT = re.compile(r"--?[\w.-]+[= ](?P<value>\S+)")


@dataclass(frozen=True)
class Address:
    """One address and where it stands. ``value`` has no credentials; ``port`` 0 means none is given."""

    source: str
    """``env CART_ADDR`` or ``arg --cart``."""
    name: str
    value: str
    host: str
    port: int
    container: str

    @property
    def line(self) -> str:
        """``env CART_ADDR=cart:7070``."""
        return f"{self.source}={self.value}"

    def service(self, namespace: str) -> tuple[str, str] | None:
        """(namespace, name) of the Service its host names from a pod in ``namespace``; None for the world outside."""
        parts = self.host.rstrip(".").lower().split(".")
        if self.host in ("localhost",) or all(part.isdigit() for part in parts):
            return None
        if len(parts) == 1:
            return namespace, parts[0]
        if len(parts) == 2 or (len(parts) >= 3 and parts[2] == "svc"):
            return parts[1], parts[0]
        # pod-0.headless.namespace.svc: a pod of a headless Service.
        if len(parts) >= 4 and parts[3] == "svc":
            return parts[2], parts[1]
        return None

    @property
    def certainly_inside(self) -> bool:
        """The host can only be a name of the cluster: one label, or one that says ``svc``."""
        parts = self.host.rstrip(".").split(".")
        return len(parts) == 1 or "svc" in parts[2:4]


def of_container(container: dict[str, Any]) -> list[Address]:
    """Every address that a container is given in plain sight: values from Secrets and ConfigMaps are never read."""
    name = str(container.get("name") or "")
    plain = {str(one["name"]): str(one["value"]) for one in container.get("env") or [] if one.get("value")}
    found: list[Address] = []
    for variable, raw in plain.items():
        found += [_placed(one, f"env {variable}", variable, name) for one in read(_expanded(raw, plain))]
    found += _pairs(plain, name)
    for argument in [*(container.get("command") or []), *(container.get("args") or [])]:
        said = _ARGUMENT.fullmatch(str(argument))
        if said:
            option = str(argument)[: said.start("value") - 1]
            found += [_placed(one, f"arg {option}", option, name) for one in read(_expanded(said["value"], plain))]
    return found


def read(value: str) -> list[Address]:
    """The addresses in one value: ``host:port``, a URL, or several with commas between."""
    found: list[Address] = []
    for part in value.strip().split(","):
        part = part.strip()
        url = _URL.fullmatch(part)
        if url:
            scheme = url["scheme"].split("+")[0]
            port = int(url["port"]) if url["port"] else _PORTS.get(scheme, 0)
            # A query may carry a password, so of what follows the host nothing is shown.
            shown = f"{url['jdbc'] or ''}{url['scheme']}://{url['host']}{':' + url['port'] if url['port'] else ''}"
            found.append(Address("", "", shown, url["host"], port, ""))
            continue
        plain = _HOST_PORT.fullmatch(part)
        if plain and 0 < int(plain["port"]) < 65536 and re.search("[a-zA-Z]", plain["host"]):
            found.append(Address("", "", f"{plain['host']}:{plain['port']}", plain["host"], int(plain["port"]), ""))
    return found


def _pairs(plain: Mapping[str, str], container: str) -> list[Address]:
    """``X_HOST`` and ``X_PORT`` that belong together."""
    found: list[Address] = []
    for variable, host in plain.items():
        stem = re.fullmatch(r"(\w*?)_?(?:HOST|HOSTNAME)", variable)
        port = plain.get(f"{stem[1]}_PORT", "") if stem and stem[1] else ""
        host = _expanded(host, plain)
        if stem and port.isdigit() and re.fullmatch(_HOST, host) and re.search("[a-zA-Z]", host):
            both = f"{host} {stem[1]}_PORT={port}"
            found.append(Address(f"env {variable}", variable, both, host, int(port), container))
    return found


def _expanded(value: str, plain: Mapping[str, str]) -> str:
    return re.sub(r"\$\((\w+)\)", lambda found: plain.get(found[1], found[0]), value)


def _placed(one: Address, source: str, name: str, container: str) -> Address:
    return Address(source, name, one.value, one.host, one.port, container)


def of_pod(spec: dict[str, Any]) -> list[Address]:
    """Every address of every container of a pod's spec."""
    containers: Iterable[dict[str, Any]] = [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]
    return [one for container in containers for one in of_container(container)]
