"""Manifests and log lines to ask the checks about, as small as they can be. ``NOW`` is when they are read."""

import json
from datetime import UTC, datetime
from typing import Any

from RW.Kubernetes import dependency, log, service
from RW.Kubernetes.workload import Subject

Json = dict[str, Any]
NOW = 1_800_000_000.0
NS = "shop"


def at(ago: float) -> str:
    """A time ``ago`` seconds before NOW, as manifests write it."""
    return datetime.fromtimestamp(NOW - ago, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def container(**more: Any) -> Json:
    """A container that listens on 8080."""
    return {
        "name": "server",
        "image": "registry.example.com/shop/cart:v1",
        "ports": [{"name": "http", "containerPort": 8080}],
        **more,
    }


def spec(*containers: Json, **more: Any) -> Json:
    """A pod spec."""
    return {"containers": list(containers or (container(),)), **more}


def pod(
    name: str = "cart-1",
    *,
    states: list[Json] | None = None,
    ready: bool = True,
    node: str = "n1",
    body: Json | None = None,
    **more: Any,
) -> Json:
    """A pod of the workload ``cart``, an hour old."""
    conditions = [
        {
            "type": "Ready",
            "status": "True" if ready else "False",
            "reason": "ContainersNotReady",
            "message": "containers with unready status: [server]",
        }
    ]
    status = {
        "phase": "Running",
        "conditions": conditions,
        "containerStatuses": states or [running(ready=ready)],
        **more,
    }
    meta = {
        "name": name,
        "namespace": NS,
        "labels": {"app": "cart"},
        "creationTimestamp": at(3600),
        "ownerReferences": [{"uid": "rs"}],
    }
    return {"metadata": meta, "spec": {**(body or spec()), **({"nodeName": node} if node else {})}, "status": status}


def running(*, ready: bool = True, restarts: int = 0, since: float = 3600, last: Json | None = None) -> Json:
    """The status of a running container."""
    return {
        "name": "server",
        "ready": ready,
        "restartCount": restarts,
        "state": {"running": {"startedAt": at(since)}},
        "lastState": {"terminated": last} if last else {},
    }


def ended(code: int, reason: str = "Error", ago: float = 10, lived: float = 3, message: str = "") -> Json:
    """How a container ended."""
    return {"exitCode": code, "reason": reason, "startedAt": at(ago + lived), "finishedAt": at(ago), "message": message}


def waiting(reason: str, message: str = "", *, last: Json | None = None, restarts: int = 0) -> Json:
    """The status of a container that waits."""
    return {
        "name": "server",
        "ready": False,
        "restartCount": restarts,
        "state": {"waiting": {"reason": reason, "message": message}},
        "lastState": {"terminated": last} if last else {},
    }


def event(
    kind: str, name: str, reason: str, message: str, *, ago: float = 20, count: int = 3, warning: bool = True
) -> Json:
    """An event."""
    return {
        "type": "Warning" if warning else "Normal",
        "reason": reason,
        "message": message,
        "count": count,
        "lastTimestamp": at(ago),
        "involvedObject": {"kind": kind, "name": name},
    }


def subject(
    *pods: Json,
    body: Json | None = None,
    replicas: int = 1,
    ready: int | None = None,
    events: list[Json] | None = None,
    kind: str = "Deployment",
    **more: Any,
) -> Subject:
    """The workload ``cart``: its status follows from its pods unless ``ready`` is given."""
    count = ready if ready is not None else sum(p["status"]["conditions"][0]["status"] == "True" for p in pods)
    status = {
        "readyReplicas": count,
        "updatedReplicas": replicas,
        "observedGeneration": 1,
        "numberReady": count,
        "desiredNumberScheduled": replicas,
        **more.pop("status", {}),
    }
    own = {key: value for key, value in pods[0]["spec"].items() if key != "nodeName"} if pods else spec()
    template = {"metadata": {"labels": {"app": "cart"}}, "spec": body or own}
    manifest = {
        "kind": kind,
        "metadata": {"name": "cart", "namespace": NS, "uid": "u", "generation": 1, "creationTimestamp": at(7200)},
        "spec": {"replicas": replicas, "template": template, **more.pop("spec", {})},
        "status": status,
    }
    return Subject(kind, NS, "cart", manifest, list(pods), more.pop("sets", []), events or [], NOW)


def svc(name: str, *ports: int, selector: Json | None = None, **more: Any) -> Json:
    """A Service."""
    return {
        "metadata": {"name": name, "namespace": NS, "creationTimestamp": at(3600)},
        "spec": {
            "selector": {"app": name} if selector is None else selector,
            "clusterIP": "10.0.0.9",
            "ports": [{"port": p, "targetPort": p} for p in ports],
            **more,
        },
    }


def world(*services: Json, ready: dict[str, int] | None = None) -> dependency.World:
    """Services of the namespace; one ready address each unless ``ready`` says otherwise."""
    found = service.world(services, [], [], {NS})
    for one in services:
        name = one["metadata"]["name"]
        found.ready[NS, name] = (ready or {}).get(name, 1)
    return found


def logged(*lines: str, ago: float = 5) -> list[log.Line]:
    """Log lines, the last written ``ago`` seconds before NOW, one a second."""
    return [log.Line(NOW - ago - (len(lines) - 1 - i), text) for i, text in enumerate(lines)]


def facts(seen: Any) -> set[tuple[str, str]]:
    """What a report says: cause and resource of each Issue."""
    return {(issue.cause, issue.resource) for issue in seen.issues}


def a_config(server: str, user: Json | None = None) -> str:
    """A kubeconfig with one context, ``c``."""
    parts = {
        "clusters": [{"name": "k", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": user or {"token": "t0k"}}],
    }
    return json.dumps(
        {**parts, "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}], "current-context": "c"}
    )
