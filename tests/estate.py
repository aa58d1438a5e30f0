"""A made-up estate of N namespaces: 5 deployments with 2 Pods each, 7 services, an ingress, 2 stateful sets with
claims, a daemon set, a job, a cron job; every third namespace has a Certificate and a Kustomization."""

from collections.abc import Iterator
from typing import Any

Object = dict[str, Any]
APPS = ("cart", "checkout", "payment", "frontend", "recommendation")
SETS = ("redis", "postgres")
_CREATED = "2026-01-15T08:30:00Z"


def estate(namespaces: int) -> Iterator[Object]:
    """All objects."""
    yield obj("v1", "Node", "node-0", "", status={"conditions": [{"type": "Ready", "status": "True"}]})
    for number in range(namespaces):
        yield from namespace(number)


def namespace(number: int) -> Iterator[Object]:
    """One namespace with all that lies in it."""
    name = f"team-{number:03}"
    yield obj("v1", "Namespace", name, "", labels={"team": f"t{number}"}, status={"phase": "Active"})
    for app in APPS:
        yield deployment(app, name)
        yield service(app, name)
        for pod in range(2):
            yield _pod(f"{app}-5d4f-{pod}", app, name)
    for app in SETS:
        yield _stateful(app, name)
        yield service(app, name)
        yield obj("v1", "PersistentVolumeClaim", f"data-{app}-0", name, labels={"app": app}, status={"phase": "Bound"})
    yield obj("apps/v1", "DaemonSet", "log-agent", name, labels={"app": "log-agent"}, spec=_spec("log-agent"))
    yield obj("batch/v1", "CronJob", "nightly", name, spec={"jobTemplate": {"spec": _spec("nightly")}})
    yield obj("batch/v1", "Job", "migrate", name, spec=_spec("migrate"), status={"succeeded": 1})
    yield _ingress(name)
    if number % 3 == 0:
        yield obj("cert-manager.io/v1", "Certificate", "web-tls", name, spec={"secretName": "web-tls"})
        yield obj("kustomize.toolkit.fluxcd.io/v1", "Kustomization", "shop", name, spec={"path": "./shop"})


def obj(
    version: str, kind: str, name: str, namespace: str, labels: dict[str, str] | None = None, **more: Any
) -> Object:
    """An object as an API has it."""
    place = {"namespace": namespace} if namespace else {}
    metadata = {"name": name, **place, "creationTimestamp": _CREATED, "labels": labels or {}, "annotations": {}}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **more}


def deployment(app: str, namespace: str, image: str = "1.4", replicas: int = 2) -> Object:
    """One of the shop's deployments."""
    status = {"replicas": replicas, "readyReplicas": replicas, "availableReplicas": replicas, "observedGeneration": 1}
    return obj(
        "apps/v1", "Deployment", app, namespace, _labels(app), spec=_spec(app, image, replicas=replicas), status=status
    )


def service(app: str, namespace: str) -> Object:
    """The service of an app."""
    return obj(
        "v1", "Service", app, namespace, {"app": app}, spec={"selector": {"app": app}, "ports": [{"port": 8080}]}
    )


def _labels(app: str) -> dict[str, str]:
    return {"app": app, "tier": "backend", "app.kubernetes.io/name": app, "app.kubernetes.io/part-of": "shop"}


def _spec(app: str, image: str = "1.4", **more: Any) -> Object:
    env = [{"name": "REDIS_ADDR", "value": "redis:6379"}, {"name": "LOG_LEVEL", "value": "info"}]
    container = {"name": app, "image": f"shop/{app}:{image}", "env": env, "ports": [{"containerPort": 8080}]}
    template = {"metadata": {"labels": _labels(app)}, "spec": {"containers": [container]}}
    return {"selector": {"matchLabels": {"app": app}}, "template": template, **more}


def _stateful(app: str, namespace: str) -> Object:
    spec = {**_spec(app, replicas=1), "serviceName": app, "volumeClaimTemplates": [{"metadata": {"name": "data"}}]}
    return obj("apps/v1", "StatefulSet", app, namespace, _labels(app), spec=spec, status={"readyReplicas": 1})


def _pod(name: str, app: str, namespace: str) -> Object:
    spec = {"nodeName": "node-0", "containers": _spec(app)["template"]["spec"]["containers"]}
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": _CREATED}
    states = [{"name": app, "ready": True, "restartCount": 0, "state": {"running": {"startedAt": _CREATED}}}]
    status = {"phase": "Running", "conditions": [ready], "containerStatuses": states, "podIP": "10.0.0.1"}
    found = obj("v1", "Pod", name, namespace, _labels(app), spec=spec, status=status)
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": f"{app}-5d4f", "uid": "x", "controller": True}
    found["metadata"]["ownerReferences"] = [owner]
    return found


def _ingress(namespace: str) -> Object:
    backend = {"service": {"name": "frontend", "port": {"number": 8080}}}
    host = f"{namespace}.example.com"
    rule = {"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    tls = [{"hosts": [host], "secretName": "web-tls"}]
    return obj("networking.k8s.io/v1", "Ingress", "web", namespace, {"app": "web"}, spec={"rules": [rule], "tls": tls})
