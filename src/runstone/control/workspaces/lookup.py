"""A resource by the words people have for it: ``deploy/cart``, ``Deployment/shop/cart``, a path, a bare name. Pure."""

import difflib

from runstone.control.workspaces.atlas import Atlas
from runstone.errors import BadInput, NotFound
from runstone.model.resource import ResourceRef

_SHORT = {
    "deploy": "Deployment", "sts": "StatefulSet", "ds": "DaemonSet", "po": "Pod", "svc": "Service", "ing": "Ingress",
    "cj": "CronJob", "pvc": "PersistentVolumeClaim", "pv": "PersistentVolume", "cm": "ConfigMap", "ns": "Namespace",
    "no": "Node", "sa": "ServiceAccount", "hpa": "HorizontalPodAutoscaler", "pdb": "PodDisruptionBudget",
    "netpol": "NetworkPolicy", "sc": "StorageClass", "quota": "ResourceQuota",
}  # fmt: skip
"""kubectl's short names."""
_MOST = 5


def resource(atlas: Atlas, text: str, namespace: str = "") -> ResourceRef:
    """The one resource that is meant. Raises NotFound with near names, BadInput when several are."""
    if text in atlas.resources:
        return atlas.resources[text].ref
    kind, place, name = _parts(text, namespace)
    found = [
        one.ref
        for one in atlas.resources.values()
        if one.ref.name == name
        and (not kind or _is(one.ref.kind, kind))
        and (not place or one.ref.namespace in (place, ""))
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise NotFound(f"There is no {text}{f' in {namespace}' if namespace else ''} on the Map. {_near(atlas, name)}")
    listed = ", ".join(one.path for one in found[:_MOST])
    more = f" and {len(found) - _MOST} more" if len(found) > _MOST else ""
    raise BadInput(f"{text} may be {listed}{more}. Say which, as Kind/namespace/name.")


def _parts(text: str, namespace: str) -> tuple[str, str, str]:
    parts = text.strip("/").split("/")
    match len(parts):
        case 1:
            return "", namespace, parts[0]
        case 2:
            return parts[0], namespace, parts[1]
        case 3:
            return parts[0], parts[1] or namespace, parts[2]
        case _:
            return parts[1], parts[2], "/".join(parts[3:])


def _is(kind: str, said: str) -> bool:
    word = said.lower()
    return kind == _SHORT.get(word) or kind.lower() in (word, word.removesuffix("s"), word.removesuffix("es"))


def _near(atlas: Atlas, name: str) -> str:
    names = sorted({one.ref.name for one in atlas.resources.values()})
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    return f"Near: {', '.join(near)}." if near else "List what there is with: runstone map show"
