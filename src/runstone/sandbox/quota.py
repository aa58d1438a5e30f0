"""ResourceQuota and LimitRange: what a namespace may hold, and how much of it is used."""

from runstone.sandbox.kinds import CLAIM, LIMIT_RANGE, POD, QUOTA, Kind
from runstone.sandbox.objects import Obj, at, each, is_over, mapping, name_of, namespace_of
from runstone.sandbox.quantity import amount, written
from runstone.sandbox.status import forbidden
from runstone.sandbox.store import Store

_COUNTED = (
    "pods",
    "services",
    "configmaps",
    "secrets",
    "persistentvolumeclaims",
    "resourcequotas",
    "replicationcontrollers",
)


def need(kind: Kind, obj: Obj) -> dict[str, float]:
    """What one object takes of a quota, by quota resource name, in base units."""
    needs = {f"count/{kind.plural}.{kind.group}" if kind.group else f"count/{kind.plural}": 1.0}
    if kind.plural in _COUNTED:
        needs[kind.plural] = 1.0
    if kind is CLAIM:
        needs["requests.storage"] = amount(at(obj, "spec", "resources", "requests", "storage"))
    if kind is POD:
        for side in ("requests", "limits"):
            for resource in ("cpu", "memory"):
                total = sum(amount(at(one, "resources", side, resource)) for one in each(obj, "spec", "containers"))
                needs[f"{side}.{resource}"] = total
        needs["cpu"], needs["memory"] = needs["requests.cpu"], needs["requests.memory"]
    return needs


def used(store: Store, kinds: list[Kind], namespace: str) -> dict[str, float]:
    """What a namespace takes now, over all `kinds`, by quota resource name."""
    totals: dict[str, float] = {}
    for kind in kinds:
        for obj in store.all(kind, namespace):
            if kind is POD and is_over(obj):
                continue
            for resource, number in need(kind, obj).items():
                totals[resource] = totals.get(resource, 0.0) + number
    return totals


def admit(store: Store, kind: Kind, obj: Obj) -> None:
    """Let `obj` in, or raise ApiError 403 `exceeded quota`."""
    if not kind.namespaced:
        return
    for one in store.all(QUOTA, namespace_of(obj)):
        hard = mapping(one, "spec", "hard")
        needs = {key: number for key, number in need(kind, obj).items() if key in hard}
        if not needs:
            continue
        _must_say(kind, obj, one, needs)
        have = used(store, [kind], namespace_of(obj))
        over = [key for key in sorted(needs) if have.get(key, 0.0) + needs[key] > amount(hard[key])]
        if over:
            asked = ",".join(f"{key}={written(key, needs[key])}" for key in over)
            taken = ",".join(f"{key}={written(key, have.get(key, 0.0))}" for key in over)
            limit = ",".join(f"{key}={hard[key]}" for key in over)
            why = f"exceeded quota: {name_of(one)}, requested: {asked}, used: {taken}, limited: {limit}"
            raise forbidden(kind.plural, kind.group, name_of(obj), why)


def _must_say(kind: Kind, obj: Obj, one: Obj, needs: dict[str, float]) -> None:
    if kind is not POD:
        return
    silent = sorted(key for key in needs if "." in key and needs[key] == 0.0 and not key.startswith("count"))
    if silent:
        why = f"failed quota: {name_of(one)}: must specify {','.join(silent)} for: {_names(obj)}"
        raise forbidden(kind.plural, kind.group, name_of(obj), why)


def _names(pod: Obj) -> str:
    return ",".join(container["name"] for container in each(pod, "spec", "containers"))


def apply_limit_ranges(store: Store, pod: Obj) -> None:
    """Give containers the default requests and limits of their namespace, in place."""
    for one in store.all(LIMIT_RANGE, namespace_of(pod)):
        for limit in each(one, "spec", "limits"):
            if limit.get("type") != "Container":
                continue
            for container in each(pod, "spec", "containers"):
                resources = container.setdefault("resources", {})
                for side, source in (("limits", "default"), ("requests", "defaultRequest")):
                    for resource, value in mapping(limit, source).items():
                        resources.setdefault(side, {}).setdefault(resource, value)
