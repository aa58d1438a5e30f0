"""What a change of a resource would be told by: images, replicas, configuration as names, addresses and hashes. Pure.

Values that a connector kept as salted hashes (``connectors.kept``) stay hashes; nothing here can be read back.
"""

from collections.abc import Iterator
from typing import Any, cast

from runstone.connectors.kept import HASHES, Object
from runstone.edge.discovery.relations import WORKLOADS, template
from runstone.model.resource import ResourceRef


def of(ref: ResourceRef, obj: Object) -> dict[str, str]:
    """The facts of a workload or ConfigMap; of anything else there are none."""
    if ref.kind in WORKLOADS:
        return dict(_workload(obj))
    if ref.kind == "ConfigMap":
        return {f"config/{key}": str(value) for key, value in (obj.get(HASHES) or {}).items()}
    return {}


def _workload(obj: Object) -> Iterator[tuple[str, str]]:
    replicas = (obj.get("spec") or {}).get("replicas")
    if replicas is not None:
        yield "replicas", str(replicas)
    spec = template(obj).get("spec") or {}
    for container in [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]:
        name = str(container.get("name") or "")
        yield f"image/{name}", str(container.get("image") or "")
        yield from _resources(name, container)
        yield from _environment(name, container)


def _resources(name: str, container: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for part, said in (container.get("resources") or {}).items():
        if isinstance(said, dict):
            for resource, amount in cast("dict[str, Any]", said).items():
                yield f"{part}/{name}/{resource}", str(amount)


def _environment(name: str, container: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for variable in container.get("env") or []:
        source = variable.get("valueFrom")
        value = variable.get("value") or variable.get(HASHES) or ""
        yield f"env/{name}/{variable.get('name', '')}", _named(source) if isinstance(source, dict) else str(value)


def _named(source: dict[str, Any]) -> str:
    """Where a value comes from, such as ``secretKeyRef pg/password``."""
    for kind, said in source.items():
        if isinstance(said, dict):
            known = cast("dict[str, Any]", said)
            where = known.get("name") or known.get("resource") or known.get("fieldPath") or ""
            return f"{kind} {where}/{known.get('key', '')}".rstrip("/")
    return ""
