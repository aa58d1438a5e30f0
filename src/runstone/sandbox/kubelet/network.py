"""The Pod network: DNS, Services, Endpoints, NetworkPolicies. One question: can this Pod reach that address?"""

import ipaddress
import re

from runstone.sandbox.kinds import ENDPOINTS, INGRESS, NAMESPACE, NETWORK_POLICY, POD, SERVICE
from runstone.sandbox.kubelet import program
from runstone.sandbox.objects import Obj, at, each, labels_of, mapping, name_of, namespace_of
from runstone.sandbox.selectors import matches
from runstone.sandbox.world import World

DNS_ADDRESS = "10.96.0.10"


def dial(world: World, pod: Obj, address: str) -> str | None:
    """None when `pod` reaches `address` (host:port, a URL also), else the error in Go's words."""
    host, port = _split(address)
    if not port.isdigit():
        return f"dial tcp: address {address}: invalid port"
    service = _service(world, namespace_of(pod), host)
    if service is None:
        known = re.fullmatch(r"[0-9.]+", host) or ("." in host and ".svc" not in host)
        return None if known else f"dial tcp: lookup {host} on {DNS_ADDRESS}:53: no such host"
    place = f"{at(service, 'spec', 'clusterIP')}:{port}"
    if at(service, "spec", "clusterIP") in (None, "None"):
        place = f"{host}:{port}"
    listed = next((one for one in each(service, "spec", "ports") if str(one["port"]) == port), None)
    backends = _backends(world, service, listed) if listed else []
    if not backends:
        return f"dial tcp {place}: connect: connection refused"
    allowed = [(one, number) for one, number in backends if permits(world, pod, one, number)]
    if not allowed:
        return f"dial tcp {place}: i/o timeout"
    if not any(number in program.listens_on(one) for one, number in allowed):
        return f"dial tcp {place}: connect: connection refused"
    return None


def _split(address: str) -> tuple[str, str]:
    bare = re.sub(r"^[a-z0-9+]+://", "", address).split("/")[0].split("@")[-1]
    host, _, port = bare.rpartition(":")
    return (host, port) if host else (bare, "80")


def _service(world: World, namespace: str, host: str) -> Obj | None:
    parts = host.split(".")
    return world.store.get(SERVICE, parts[1] if len(parts) > 1 else namespace, parts[0])


def _backends(world: World, service: Obj, port: Obj) -> list[tuple[Obj, int]]:
    """The ready Pods behind a Service's port, with the port number each is asked on."""
    found: list[tuple[Obj, int]] = []
    endpoints = world.store.get(ENDPOINTS, namespace_of(service), name_of(service))
    for subset in each(endpoints, "subsets"):
        numbers = [one["port"] for one in each(subset, "ports") if one.get("name", "") == port.get("name", "")]
        for address in each(subset, "addresses"):
            pod = world.store.get(POD, namespace_of(service), at(address, "targetRef", "name") or "")
            found += [(pod, number) for number in numbers if pod]
    return found


def permits(world: World, source: Obj, target: Obj, port: int) -> bool:
    """Do the NetworkPolicies let `source` talk to `target` on that port?"""
    return _side(world, source, target, port, "Egress") and _side(world, target, source, port, "Ingress")


def _side(world: World, own: Obj, other: Obj, port: int, side: str) -> bool:
    policies = [
        one
        for one in world.store.all(NETWORK_POLICY, namespace_of(own))
        if matches(mapping(one, "spec", "podSelector"), labels_of(own)) and side in _types(one)
    ]
    if not policies:
        return True
    where = "to" if side == "Egress" else "from"
    return any(
        _peer(world, each(rule, where), namespace_of(policy), other) and _port(each(rule, "ports"), port)
        for policy in policies
        for rule in each(policy, "spec", side.lower())
    )


def _types(policy: Obj) -> list[str]:
    implied = ["Ingress", *(["Egress"] if "egress" in policy["spec"] else [])]
    return each(policy, "spec", "policyTypes") or implied


def _port(ports: list[Obj], number: int) -> bool:
    return not ports or any(one.get("port") in (None, number) or isinstance(one["port"], str) for one in ports)


def _peer(world: World, peers: list[Obj], namespace: str, other: Obj) -> bool:
    return not peers or any(_is_peer(world, one, namespace, other) for one in peers)


def _is_peer(world: World, peer: Obj, namespace: str, other: Obj) -> bool:
    if "ipBlock" in peer:
        address = at(other, "status", "podIP") or "0.0.0.0"  # noqa: S104 — an address in no block, nothing is bound
        return ipaddress.ip_address(address) in ipaddress.ip_network(peer["ipBlock"]["cidr"])
    if "namespaceSelector" in peer:
        home = world.store.get(NAMESPACE, "", namespace_of(other)) or {}
        if not matches(peer["namespaceSelector"], labels_of(home)):
            return False
    elif namespace_of(other) != namespace:
        return False
    return "podSelector" not in peer or matches(peer["podSelector"], labels_of(other))


def lost_routes(world: World) -> list[tuple[str, str]]:
    """Ingress backends that lead nowhere: namespace/service, and why, as the Ingress controller says it."""
    found: list[tuple[str, str]] = []
    for ingress in world.store.all(INGRESS):
        paths = [path for rule in each(ingress, "spec", "rules") for path in each(rule, "http", "paths")]
        for path in paths:
            name = at(path, "backend", "service", "name") or ""
            place = f"{namespace_of(ingress)}/{name}"
            if world.store.get(SERVICE, namespace_of(ingress), name) is None:
                found.append((place, f'no object matching key "{place}" in local store'))
            elif not any(each(one, "addresses") for one in each(_endpoints(world, ingress, name), "subsets")):
                found.append((place, f'Service "{place}" does not have any active Endpoint'))
    return found


def _endpoints(world: World, ingress: Obj, name: str) -> Obj:
    return world.store.get(ENDPOINTS, namespace_of(ingress), name) or {}
