"""Endpoints and EndpointSlices: the Pods behind each Service, ready and not."""

from typing import Any

from runstone.sandbox.kinds import ENDPOINT_SLICE, ENDPOINTS, POD, SERVICE, Kind
from runstone.sandbox.objects import (
    Obj,
    at,
    each,
    is_leaving,
    is_over,
    is_ready,
    labels_of,
    name_of,
    namespace_of,
    owner_reference,
    uid_of,
)
from runstone.sandbox.world import World


def run(world: World) -> None:
    """One pass."""
    services = {(namespace_of(one), name_of(one)): one for one in world.store.all(SERVICE)}
    for service in services.values():
        if at(service, "spec", "selector") and not is_leaving(service):
            pods = _pods(world, service)
            _write_endpoints(world, service, pods)
            _write_slice(world, service, pods)
    for endpoints in world.store.all(ENDPOINTS):
        if (namespace_of(endpoints), name_of(endpoints)) not in services:
            world.registry.forget(ENDPOINTS, endpoints)


def _pods(world: World, service: Obj) -> list[Obj]:
    selector = service["spec"]["selector"].items()
    found = [
        pod
        for pod in world.store.all(POD, namespace_of(service))
        if all(labels_of(pod).get(key) == value for key, value in selector)
    ]
    here = [pod for pod in found if at(pod, "status", "podIP") and not is_over(pod) and not is_leaving(pod)]
    return sorted(here, key=name_of)


def _target_port(pod: Obj, port: Obj) -> int | None:
    target = port.get("targetPort", port["port"])
    if not isinstance(target, str):
        return target
    for container in each(pod, "spec", "containers"):
        for one in each(container, "ports"):
            if one.get("name") == target:
                return one["containerPort"]
    return None


def _address(pod: Obj) -> Obj:
    reference = {"kind": "Pod", "namespace": namespace_of(pod), "name": name_of(pod), "uid": uid_of(pod)}
    return {"ip": pod["status"]["podIP"], "nodeName": pod["spec"]["nodeName"], "targetRef": reference}


def _ports(service: Obj, pod: Obj) -> list[Obj]:
    found: list[Obj] = []
    for port in each(service, "spec", "ports"):
        number = _target_port(pod, port)
        if number is not None:
            name = {"name": port["name"]} if port.get("name") else {}
            found.append({**name, "port": number, "protocol": port.get("protocol", "TCP")})
    return found


def _store(world: World, kind: Kind, service: Obj, name: str, body: Obj, more: Obj) -> None:
    old = world.store.get(kind, namespace_of(service), name)
    meta: Obj = {"name": name, "namespace": namespace_of(service), "labels": labels_of(service), **more}
    whole: Obj = {"apiVersion": kind.api_version, "kind": kind.name, "metadata": meta, **body}
    if old is None:
        world.registry.create(kind, whole)
    elif {key: value for key, value in old.items() if key != "metadata"} != {
        "apiVersion": kind.api_version,
        "kind": kind.name,
        **body,
    }:
        world.store.put(kind, {**whole, "metadata": {**old["metadata"], **meta}})


def _write_endpoints(world: World, service: Obj, pods: list[Obj]) -> None:
    groups: dict[str, tuple[list[Obj], list[Obj], list[Obj]]] = {}
    for pod in pods:
        ports = _ports(service, pod)
        _, ready, waiting = groups.setdefault(str(ports), (ports, [], []))
        (ready if is_ready(pod) else waiting).append(_address(pod))
    subsets: list[Obj] = []
    for ports, ready, waiting in groups.values():
        sides: dict[str, Any] = {"addresses": ready, "notReadyAddresses": waiting, "ports": ports}
        subsets.append({key: value for key, value in sides.items() if value})
    _store(world, ENDPOINTS, service, name_of(service), {"subsets": subsets} if subsets else {}, {})


def _write_slice(world: World, service: Obj, pods: list[Obj]) -> None:
    owned = world.store.owned(ENDPOINT_SLICE, service)
    name = name_of(owned[0]) if owned else f"{name_of(service)}-{uid_of(service)[:5]}"
    labels = {
        **labels_of(service),
        "kubernetes.io/service-name": name_of(service),
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
    }
    endpoints: list[Obj] = []
    for pod in pods:
        address = _address(pod)
        ready = is_ready(pod)
        endpoints.append(
            {
                "addresses": [address["ip"]],
                "conditions": {"ready": ready, "serving": ready, "terminating": False},
                "targetRef": address["targetRef"],
                "nodeName": address["nodeName"],
            }
        )
    ports = _ports(service, pods[0]) if pods else []
    body = {"addressType": "IPv4", "endpoints": endpoints, "ports": ports}
    _store(
        world, ENDPOINT_SLICE, service, name, body, {"labels": labels, "ownerReferences": [owner_reference(service)]}
    )
