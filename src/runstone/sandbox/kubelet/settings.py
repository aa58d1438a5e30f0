"""What a container is given: its env variables and volumes, from ConfigMaps, Secrets and claims."""

import base64

from runstone.sandbox.kinds import CLAIM, CONFIG_MAP, SECRET, Kind
from runstone.sandbox.objects import Obj, at, each, mapping, namespace_of
from runstone.sandbox.world import World


class SettingMissing(Exception):
    """Something the container refers to is not there: an end to reading settings, told as the kubelet tells it."""


_FROM = {"configMapKeyRef": CONFIG_MAP, "secretKeyRef": SECRET, "configMapRef": CONFIG_MAP, "secretRef": SECRET}


def environment(world: World, pod: Obj, container: Obj) -> dict[str, str]:
    """The container's env variables. Raises SettingMissing."""
    values: dict[str, str] = {}
    for source in each(container, "envFrom"):
        for field in ("configMapRef", "secretRef"):
            if field in source:
                data = _data(world, pod, _FROM[field], source[field])
                values |= {source.get("prefix", "") + key: text for key, text in (data or {}).items()}
    for variable in each(container, "env"):
        text = _value(world, pod, variable)
        if text is not None:
            values[variable["name"]] = text
    return values


def _value(world: World, pod: Obj, variable: Obj) -> str | None:
    source = variable.get("valueFrom")
    if not source:
        return str(variable.get("value", ""))
    for field in ("configMapKeyRef", "secretKeyRef"):
        if field in source:
            reference = source[field]
            data = _data(world, pod, _FROM[field], reference)
            if data is None or (reference["key"] not in data and reference.get("optional")):
                return None
            if reference["key"] not in data:
                where = f"{_FROM[field].name} {namespace_of(pod)}/{reference['name']}"
                raise SettingMissing(f"couldn't find key {reference['key']} in {where}")
            return data[reference["key"]]
    path = at(source, "fieldRef", "fieldPath")
    return str(at(pod, *path.split(".")) or "") if path else ""


def _data(world: World, pod: Obj, kind: Kind, reference: Obj) -> dict[str, str] | None:
    obj = world.store.get(kind, namespace_of(pod), reference["name"])
    if obj is None:
        if reference.get("optional"):
            return None
        raise SettingMissing(f'{kind.name.lower()} "{reference["name"]}" not found')
    data = mapping(obj, "data")
    if kind is SECRET:
        return {key: base64.b64decode(text).decode("utf-8", "replace") for key, text in data.items()}
    return {key: str(text) for key, text in data.items()}


def missing_volume(world: World, pod: Obj) -> str | None:
    """Why a volume cannot be mounted, in the kubelet's words, or None when all can."""
    for volume in each(pod, "spec", "volumes"):
        for field, kind, key in (("secret", SECRET, "secretName"), ("configMap", CONFIG_MAP, "name")):
            source = volume.get(field)
            if not source or source.get("optional") or world.store.get(kind, namespace_of(pod), source[key]):
                continue
            what = f'{kind.name.lower()} "{source[key]}" not found'
            return f'MountVolume.SetUp failed for volume "{volume["name"]}" : {what}'
    return None


def unbound_claim(world: World, pod: Obj) -> str | None:
    """Why the Pod's claims keep it from a node, in the scheduler's words, or None."""
    for volume in each(pod, "spec", "volumes"):
        name = at(volume, "persistentVolumeClaim", "claimName")
        if not name:
            continue
        claim = world.store.get(CLAIM, namespace_of(pod), name)
        if claim is None:
            return f'persistentvolumeclaim "{name}" not found'
        if at(claim, "status", "phase") != "Bound":
            return "pod has unbound immediate PersistentVolumeClaims"
    return None
