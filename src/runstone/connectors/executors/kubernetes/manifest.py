"""The Job and the Secret of one run. Pure: an order in, objects out."""

import base64
import math
from typing import Any

from runstone.connectors.executors import ExecutorOrder, Source
from runstone.errors import BadInput

CONTAINER = "run"
_USER = 65532
"""A user that images for unprivileged work commonly have; nothing depends on its being named."""
_ORDER_CAP = 1024 * 1024
"""Bytes of a Secret's data, see the Kubernetes documentation of Secrets."""
_LEAVE = {"app.kubernetes.io/managed-by": "runstone", "app.kubernetes.io/component": "run"}
_OURS = ("PATH", "RW_TOOL_PATH")
"""Variables that speak of this machine's folders; the image has its own."""
_TTL_S = 300
"""When a runner died before it could remove its Job, the cluster does, after this."""
_START_S = 180


def secret(name: str, order: ExecutorOrder) -> dict[str, Any]:
    """The order's stdin. Raises BadInput when it is too large for one."""
    if len(order.stdin) > _ORDER_CAP:
        raise BadInput(
            f"The order has {len(order.stdin)} bytes; a Job's may have {_ORDER_CAP}. Use the executor process."
        )
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "labels": _LEAVE},
        "immutable": True,
        "data": {"order": base64.b64encode(order.stdin).decode()},
    }


def job(name: str, order: ExecutorOrder, image: str) -> dict[str, Any]:
    """One pod, tried once, for its time and no longer. Raises BadInput for content that only this machine has."""
    deadline = math.ceil(order.deadline_s) + _START_S
    pod = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 1,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "initContainers": [_fetch(number, one, image, order) for number, one in enumerate(order.sources)],
        "containers": [_container(order, image)],
        "volumes": _volumes(name, order),
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "labels": _LEAVE},
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": deadline,
            "ttlSecondsAfterFinished": _TTL_S,
            "template": {"metadata": {"labels": _LEAVE}, "spec": pod},
        },
    }


def _container(order: ExecutorOrder, image: str) -> dict[str, Any]:
    order_file = f"{order.cwd}/.order/order"
    # The command itself, with the order as its input; sh gets words, never a line made of them.
    command = ["/bin/sh", "-c", 'exec "$@" <"$0"', order_file, *_portable(order)]
    return {
        "name": CONTAINER,
        "image": image,
        "command": command,
        "workingDir": str(order.cwd),
        "env": [{"name": key, "value": value} for key, value in sorted(order.env.items()) if key not in _OURS],
        "resources": {
            "requests": {"cpu": "50m", "memory": "64Mi"},
            "limits": {
                "memory": f"{order.limits.memory_mb}Mi",
                "ephemeral-storage": f"{order.limits.disk_mb}Mi",
            },
        },
        "securityContext": _CONFINED,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [*_mounts(order), {"name": "order", "mountPath": f"{order.cwd}/.order", "readOnly": True}],
    }


_CONFINED = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


def _portable(order: ExecutorOrder) -> list[str]:
    """The command; a Python of this machine is the image's own there."""
    program, *arguments = order.argv
    return ["python3" if program.rsplit("/", 1)[-1].startswith("python") else program, *arguments]


def _fetch(number: int, source: Source, image: str, order: ExecutorOrder) -> dict[str, Any]:
    if source.commit == "worktree":
        raise BadInput(
            f"The CodeCollection {source.url} is a folder of the runner, which no Job can fetch. Give its git address, "
            f"or use the executor process."
        )
    site = ["--site", str(source.site)] if source.site else []
    return {
        "name": f"content-{number}",
        "image": image,
        "command": ["runstone", "fetch", source.url, source.commit, "--to", str(source.path), *site],
        "env": [{"name": "HOME", "value": str(order.cwd)}],
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "1Gi"}},
        "securityContext": _CONFINED,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": _mounts(order),
    }


def _places(order: ExecutorOrder) -> dict[str, str]:
    """Empty folders of the pod by name, under the paths that the order speaks of."""
    places = {"tmp": "/tmp", "work": str(order.cwd)}  # noqa: S108
    for number, one in enumerate(order.sources):
        places[f"content-{number}"] = str(one.path)
        if one.site:
            places[f"site-{number}"] = str(one.site)
    return places


def _mounts(order: ExecutorOrder) -> list[dict[str, Any]]:
    return [{"name": name, "mountPath": path} for name, path in _places(order).items()]


def _volumes(name: str, order: ExecutorOrder) -> list[dict[str, Any]]:
    size = f"{order.limits.disk_mb}Mi"
    empty = [{"name": place, "emptyDir": {"sizeLimit": size}} for place in _places(order)]
    return [*empty, {"name": "order", "secret": {"secretName": name, "defaultMode": 0o440}}]
