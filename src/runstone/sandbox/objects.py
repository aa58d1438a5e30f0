"""What every Kubernetes object has, and how to reach into one. Objects are JSON as the API speaks it."""

import copy
from typing import Any

Obj = dict[str, Any]
"""A Kubernetes object, or a part of one. Objects held by the store are never changed in place."""


def at(obj: Any, *path: str | int) -> Any:
    """The value under `path`, or None where any step is missing. The most called function here: kept plain."""
    here: Any = obj
    for step in path:
        shape = type(here)
        if shape is dict:
            here = here.get(step)
        elif shape is list and isinstance(step, int) and len(here) > step:
            here = here[step]
        else:
            return None
    return here


def each(obj: Any, *path: str | int) -> list[Any]:
    """The list under `path`; empty where it is missing or null."""
    return at(obj, *path) or []


def mapping(obj: Any, *path: str | int) -> Obj:
    """The object under `path`; empty where it is missing or null."""
    return at(obj, *path) or {}


def fresh(obj: Obj) -> Obj:
    """A deep copy, to change."""
    return copy.deepcopy(obj)


def name_of(obj: Obj) -> str:
    """metadata.name, or ''."""
    return at(obj, "metadata", "name") or ""


def namespace_of(obj: Obj) -> str:
    """metadata.namespace, or '' for cluster-wide objects."""
    return at(obj, "metadata", "namespace") or ""


def uid_of(obj: Obj) -> str:
    """metadata.uid, or ''."""
    return at(obj, "metadata", "uid") or ""


def labels_of(obj: Obj) -> dict[str, str]:
    """metadata.labels; empty when there are none."""
    return mapping(obj, "metadata", "labels")


def annotations_of(obj: Obj) -> dict[str, str]:
    """metadata.annotations; empty when there are none."""
    return mapping(obj, "metadata", "annotations")


def is_leaving(obj: Obj) -> bool:
    """True once deletion was asked for."""
    return bool(at(obj, "metadata", "deletionTimestamp"))


def controller_of(obj: Obj) -> Obj | None:
    """The owner reference marked as controller, if any."""
    owners = each(obj, "metadata", "ownerReferences")
    return next((owner for owner in owners if owner.get("controller")), None)


def owner_reference(owner: Obj) -> Obj:
    """A controller reference to `owner`."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": name_of(owner),
        "uid": uid_of(owner),
        "controller": True,
        "blockOwnerDeletion": True,
    }


def condition(obj: Obj, kind: str) -> Obj | None:
    """The status condition of that type, if present."""
    return next((one for one in each(obj, "status", "conditions") if one.get("type") == kind), None)


def is_ready(pod: Obj) -> bool:
    """True for a Pod whose Ready condition is True and which is not leaving."""
    return not is_leaving(pod) and (condition(pod, "Ready") or {}).get("status") == "True"


def is_over(pod: Obj) -> bool:
    """True for a Pod that ran to its end, well or badly."""
    return at(pod, "status", "phase") in ("Succeeded", "Failed")
