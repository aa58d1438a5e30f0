"""Revisions of a workload: what the latest one changed, and which came before."""

import re
from typing import Any

from RW.Kubernetes import dependency, report

Json = dict[str, Any]
AMOUNTS = [f"resources.{bound}.{what}" for bound in ("limits", "requests") for what in ("memory", "cpu")]
FIELDS = ("command", "args", "ports", "readinessProbe", "livenessProbe", "startupProbe", "envFrom", "volumeMounts")


def number(thing: Json) -> int:
    """The revision of a ReplicaSet (an annotation) or a ControllerRevision (a field)."""
    noted = (thing["metadata"].get("annotations") or {}).get("deployment.kubernetes.io/revision")
    return int(noted or thing.get("revision") or 0)


def template(thing: Json) -> Json:
    """The pod template that a ReplicaSet or ControllerRevision keeps."""
    held = thing.get("spec") or (thing.get("data") or {}).get("spec") or {}
    return held.get("template") or {}


def before(history: list[Json]) -> Json | None:
    """The revision before the latest; None when there is none."""
    ordered = sorted(history, key=number, reverse=True)
    return ordered[1] if len(ordered) > 1 else None


def changes(old: Json, new: Json) -> list[str]:
    """How pod template ``new`` differs from ``old``, a phrase per difference; values only where they are addresses."""
    was, now = old.get("spec") or {}, new.get("spec") or {}
    found: list[str] = []
    earlier = {entry["name"]: entry for entry in _containers(was)}
    for entry in _containers(now):
        if entry["name"] not in earlier:
            found.append(f"container {entry['name']} added")
        else:
            found += _container(entry["name"], earlier.pop(entry["name"]), entry)
    found += [f"container {gone} removed" for gone in earlier]
    found += [
        f"{field} {_short(was.get(field))} -> {_short(now.get(field))}"
        for field in ("serviceAccountName", "nodeSelector", "tolerations", "affinity", "volumes", "imagePullSecrets")
        if was.get(field) != now.get(field)
    ]
    return found


def _containers(spec: Json) -> list[Json]:
    return [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]


def _container(name: str, old: Json, new: Json) -> list[str]:
    found: list[str] = []
    if old.get("image") != new.get("image"):
        found.append(f"container {name} image {old.get('image')} -> {new.get('image')}")
    before_env = {entry["name"]: entry for entry in old.get("env") or []}
    after_env = {entry["name"]: entry for entry in new.get("env") or []}
    found += [
        f"env {key} {_env(before_env.get(key))} -> {_env(after_env.get(key))}"
        for key in sorted({*before_env, *after_env})
        if before_env.get(key) != after_env.get(key)
    ]
    found += [
        f"container {name} {path} {_at(old, path)} -> {_at(new, path)}"
        for path in AMOUNTS
        if _at(old, path) != _at(new, path)
    ]
    found += [f"container {name} {field} changed" for field in FIELDS if old.get(field) != new.get(field)]
    return found


def _env(entry: Json | None) -> str:
    if entry is None:
        return "(unset)"
    if entry.get("valueFrom"):
        return f"(from {re.sub(r'Ref$', '', next(iter(entry['valueFrom'])))})"
    value = str(entry.get("value") or "")
    return report.clean(value) if dependency.is_address(value) else "(a value)"


def _at(thing: Any, path: str) -> Any:
    for part in path.split("."):
        thing = (thing or {}).get(part)
    return thing


def _short(value: Any) -> str:
    return re.sub(r"\s+", " ", str(value))[:120]
