"""What a workload calls, read from its environment and arguments, held against the Services that exist."""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from RW.Kubernetes import report

Json = dict[str, Any]
Key = tuple[str, str]
_PORTS = {
    "http": 80,
    "https": 443,
    "ws": 80,
    "wss": 443,
    "redis": 6379,
    "rediss": 6379,
    "postgres": 5432,
    "postgresql": 5432,
    "mysql": 3306,
    "amqp": 5672,
    "amqps": 5671,
    "mongodb": 27017,
    "nats": 4222,
    "kafka": 9092,
    "memcached": 11211,
}
_URL = re.compile(
    r"(?:jdbc:)?(?P<scheme>[a-z][a-z0-9+.-]*)://(?:[^@/\s]*@)?(?P<host>[A-Za-z0-9][\w.-]*)(?::(?P<port>\d{1,5}))?(?=[/?,;\s]|$)"
)
_PAIR = re.compile(r"(?P<host>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\.?:(?P<port>\d{1,5})")
_NOT_OTHERS = {"localhost", "0.0.0.0", "127.0.0.1", "host.docker.internal"}  # noqa: S104 - compared with, not bound


@dataclass(frozen=True)
class Address:
    """Where a container means to call: ``shown`` is ``env X_ADDR=cart:7070``; port 0 when none is said."""

    container: str
    source: str
    host: str
    port: int
    shown: str


@dataclass
class World:
    """The Services of the namespaces in ``read``, and how many ready addresses each has."""

    services: dict[Key, Json] = field(default_factory=dict)
    ready: dict[Key, int] = field(default_factory=dict)
    since: dict[Key, float] = field(default_factory=dict)
    """When a Service's endpoints changed last, in seconds, where the cluster says so: failures before are history."""
    read: set[str] = field(default_factory=set)
    workloads: dict[Key, str] = field(default_factory=dict)
    """Which workload (``Kind/namespace/name``) has a given namespace and name."""

    def by_ip(self, address: str) -> Json | None:
        """The Service with a cluster address."""
        return next((s for s in self.services.values() if (s.get("spec") or {}).get("clusterIP") == address), None)


@dataclass(frozen=True)
class Verdict:
    """What an address comes to. ``ports``: those the Service listens on; ``near``: the most similar Service name."""

    kind: Literal["ok", "external", "unknown", "no_service", "port_wrong", "no_endpoints"]
    service: str = ""
    ports: tuple[int, ...] = ()
    near: str = ""
    headless: bool = False


def is_address(value: str) -> bool:
    """Whether a value is an address in whole: then it may be shown."""
    value = value.strip()
    return bool(_URL.match(value) or _PAIR.fullmatch(value))


def addresses(spec: Json) -> list[Address]:
    """Every address in the environment and the arguments of the containers of a pod spec."""
    found: list[Address] = []
    for container in [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]:
        name = container["name"]
        env = {e["name"]: _expanded(str(e.get("value") or ""), container) for e in container.get("env") or []}
        for key, value in env.items():
            found += _in_value(name, f"env {key}", value)
        found += _host_and_port(name, env)
        for argument in [*(container.get("command") or []), *(container.get("args") or [])]:
            option, _, value = str(argument).rpartition("=")
            found += _in_value(name, f"argument {option}" if option else "argument", value)
    return list(dict.fromkeys(found))


def _expanded(value: str, container: Json) -> str:
    if "$(" not in value:
        return value
    env = {entry["name"]: str(entry.get("value") or "") for entry in container.get("env") or []}
    return re.sub(r"\$\((\w+)\)", lambda hit: env.get(hit[1], hit[0]), value)


def _in_value(container: str, source: str, value: str) -> list[Address]:
    found: list[Address] = []
    for part in re.split(r"[,;\s]+", value.strip()):
        url, pair = _URL.match(part), _PAIR.fullmatch(part)
        if url and url["scheme"] not in ("unix", "file", "s3", "gs"):
            port = int(url["port"] or _PORTS.get(url["scheme"].split("+")[0], 0))
            shown = f"{url['scheme']}://{url['host']}" + (f":{url['port']}" if url["port"] else "")
            found.append(Address(container, source, url["host"], port, f"{source}={shown}"))
        elif pair and _callable(pair["host"], int(pair["port"])):
            found.append(Address(container, source, pair["host"], int(pair["port"]), f"{source}={part}"))
    return [address for address in found if address.host not in _NOT_OTHERS]


def _callable(host: str, port: int) -> bool:
    """Whether ``host:port`` can be an address at all: times of day and names with underscores cannot."""
    return 0 < port < 65536 and bool(re.search(r"[A-Za-z]|\d+\.\d+\.\d+\.\d+", host)) and "_" not in host


def _host_and_port(container: str, env: dict[str, str]) -> list[Address]:
    found: list[Address] = []
    for key, host in env.items():
        stem = re.fullmatch(r"(\w+?)_?(?:HOST|HOSTNAME|SERVER)", key)
        if not stem or not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", host) or host in _NOT_OTHERS:
            continue
        port = env.get(f"{stem[1]}_PORT") or env.get(f"{stem[1]}PORT") or ""
        if port.isdigit():
            found.append(Address(container, f"env {key}", host, int(port), f"env {key}={host} {stem[1]}_PORT={port}"))
    return found


def place(host: str, namespace: str, world: World) -> Key | None:
    """The namespace and name of the Service that ``host`` means from ``namespace``; None when it lies outside."""
    by_ip = world.by_ip(host)
    if by_ip:
        return by_ip["metadata"]["namespace"], by_ip["metadata"]["name"]
    if re.fullmatch(r"[\d.]+", host):
        return None
    parts = host.rstrip(".").split(".")
    if len(parts) == 1:
        return namespace, host
    if len(parts) > 2 and parts[2] == "svc":
        return parts[1], parts[0]
    if len(parts) > 3 and parts[3] == "svc":  # a pod of a headless Service: pod.service.namespace.svc
        return parts[2], parts[1]
    if len(parts) == 2 and (parts[1] in world.read or (parts[1], parts[0]) in world.services):
        return parts[1], parts[0]
    return None


def namespaces(found: Iterable[Address], namespace: str) -> set[str]:
    """The namespaces whose Services must be read to judge ``found``."""
    wanted = {namespace}
    for address in found:
        parts = address.host.rstrip(".").split(".")
        if "svc" in parts[2:4]:
            wanted.add(parts[parts.index("svc", 2) - 1])
    return wanted


def judge(host: str, port: int, namespace: str, world: World) -> Verdict:
    """Whether ``host``:``port``, called from ``namespace``, leads to something that can answer."""
    key = place(host, namespace, world)
    if key is None:
        return Verdict("external")
    if key[0] not in world.read:
        return Verdict("unknown", report.ref("Service", *key))
    service = world.services.get(key)
    if service is None:
        names = [name for (where, name) in world.services if where == key[0]]
        near = difflib.get_close_matches(key[1], names, 1, 0.7)
        return Verdict("no_service", report.ref("Service", *key), (), near[0] if near else "")
    return _judge_service(service, port, world.ready.get(key, 0))


def _judge_service(service: Json, port: int, ready: int) -> Verdict:
    spec = service.get("spec") or {}
    reference = report.ref("Service", service["metadata"]["namespace"], service["metadata"]["name"])
    if spec.get("type") == "ExternalName":
        return Verdict("external", reference)
    headless = spec.get("clusterIP") == "None"
    ports = tuple(int(entry["port"]) for entry in spec.get("ports") or [])
    targets = {entry.get("targetPort") for entry in spec.get("ports") or []}
    if port and port not in ports and not (headless and (port in targets or not ports)):
        return Verdict("port_wrong", reference, ports, "", headless)
    return Verdict("ok" if ready else "no_endpoints", reference, ports, "", headless)
