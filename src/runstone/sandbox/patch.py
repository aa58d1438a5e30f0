"""Four ways to say a change: JSON patch, merge patch, strategic merge patch, server-side apply.

All are pure: they take an object and a change and return a new object.
"""

from typing import Any, cast

from runstone.sandbox.objects import Obj, fresh
from runstone.sandbox.status import ApiError, bad_request

MERGE_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "ephemeralContainers": "name",
    "env": "name",
    "volumes": "name",
    "volumeMounts": "mountPath",
    "volumeDevices": "devicePath",
    "imagePullSecrets": "name",
    "secrets": "name",
    "hostAliases": "ip",
    "topologySpreadConstraints": "topologyKey",
    "conditions": "type",
    "ownerReferences": "uid",
    "addresses": "type",
}
"""Lists that merge by a key; every other list is replaced whole, except PRIMITIVE_SETS."""

PRIMITIVE_SETS = {"finalizers"}
"""Lists of plain values that merge as sets."""

_ORDER, _DROP, _RETAIN, _HOW = "$setElementOrder/", "$deleteFromPrimitiveList/", "$retainKeys", "$patch"


def merge(target: Any, change: Any) -> Any:
    """RFC 7386: null removes, objects merge, anything else replaces."""
    if not isinstance(change, dict):
        return change
    result: Obj = dict(cast("Obj", target)) if isinstance(target, dict) else {}
    for key, value in cast("Obj", change).items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


def strategic(target: Obj, change: Obj, kind: str) -> Obj:
    """The Kubernetes merge: lists with a merge key are merged by element; `$patch` and friends are obeyed."""
    return _merge_maps(target, change, kind)


def _merge_maps(target: Obj, change: Obj, kind: str) -> Obj:
    how = change.get(_HOW)
    if how == "replace":
        return {key: value for key, value in change.items() if key != _HOW}
    if how == "delete":
        return {}
    result = dict(target)
    if _RETAIN in change:
        result = {key: value for key, value in result.items() if key in change[_RETAIN]}
    for key, value in change.items():
        if key.startswith(_DROP):
            field = key.removeprefix(_DROP)
            result[field] = [one for one in result.get(field) or [] if one not in value]
        elif not key.startswith("$"):
            _merge_field(result, key, value, kind)
    for key, order in change.items():
        if key.startswith(_ORDER):
            _reorder(result, key.removeprefix(_ORDER), order, kind)
    return result


def _merge_field(result: Obj, key: str, value: Any, kind: str) -> None:
    if value is None:
        result.pop(key, None)
    elif isinstance(value, dict):
        here = result.get(key)
        merged = _merge_maps(here if isinstance(here, dict) else {}, cast("Obj", value), kind)
        if value.get(_HOW) == "delete":
            result.pop(key, None)
        else:
            result[key] = merged
    elif isinstance(value, list):
        result[key] = _merge_lists(key, result.get(key) or [], cast("list[Any]", value), kind)
    else:
        result[key] = value


def merge_key(field: str, items: list[Any], kind: str) -> str | None:
    """The key by which the list `field` merges in an object of `kind`, or None when it is replaced whole."""
    if field == "ports":
        if any("containerPort" in one for one in items if isinstance(one, dict)):
            return "containerPort"
        return "port" if kind == "Service" else None
    if field == "addresses" and kind != "Node":
        return None
    return MERGE_KEYS.get(field)


def _merge_lists(field: str, target: list[Any], change: list[Any], kind: str) -> list[Any]:
    if field in PRIMITIVE_SETS:
        return target + [one for one in change if one not in target]
    key = merge_key(field, target + change, kind)
    if key is None or any(not isinstance(one, dict) for one in change):
        return [_plain(one) for one in change]
    if any(one.get(_HOW) == "replace" for one in change):
        return [_plain(one) for one in change if one.get(_HOW) != "replace"]
    result = list(target)
    for one in change:
        if key not in one:
            raise bad_request(f"map: {one} does not contain declared merge key: {key}")
        place = next((index for index, old in enumerate(result) if old.get(key) == one[key]), None)
        if one.get(_HOW) == "delete":
            result = [old for old in result if old.get(key) != one[key]]
        elif place is None:
            result.append(_plain(one))
        else:
            result[place] = _merge_maps(result[place], one, kind)
    return result


def _plain(value: Any) -> Any:
    """`value` without directives and nulls, for a place where nothing was before."""
    if isinstance(value, dict):
        pairs = cast("Obj", value).items()
        return {key: _plain(one) for key, one in pairs if one is not None and not key.startswith("$")}
    return [_plain(one) for one in cast("list[Any]", value)] if isinstance(value, list) else value


def _reorder(result: Obj, field: str, order: list[Any], kind: str) -> None:
    items: list[Any] = result.get(field) or []
    key = merge_key(field, items, kind)
    wanted = [one.get(key) if key and isinstance(one, dict) else one for one in order]

    def rank(item: Any) -> int:
        value = item.get(key) if key and isinstance(item, dict) else item
        return wanted.index(value) if value in wanted else len(wanted)

    if items:
        result[field] = sorted(items, key=rank)


def apply(current: Obj, config: Obj, previous: Obj | None, kind: str) -> Obj:
    """Server-side apply: `config` wins where it speaks; what `previous` said and `config` no longer says goes."""
    base = _without(current, previous, config, kind) if previous else current
    return strategic(base, config, kind)


def _without(current: Obj, previous: Obj, config: Obj, kind: str) -> Obj:
    result = dict(current)
    for key, old in previous.items():
        if key not in result:
            continue
        if key not in config:
            if isinstance(old, dict) and isinstance(result[key], dict):
                result[key] = _without(result[key], cast("Obj", old), {}, kind)
                if not result[key]:
                    del result[key]
            elif isinstance(old, list) and (by := merge_key(key, cast("list[Any]", old), kind)):
                result[key] = _without_items(result[key], cast("list[Obj]", old), [], by, kind)
            else:
                del result[key]
        elif isinstance(old, dict) and isinstance(result[key], dict):
            result[key] = _without(result[key], cast("Obj", old), config[key] or {}, kind)
        elif isinstance(old, list) and (by := merge_key(key, cast("list[Any]", old), kind)):
            result[key] = _without_items(result[key], cast("list[Obj]", old), config[key] or [], by, kind)
    return result


def _without_items(current: list[Obj], old: list[Obj], new: list[Obj], by: str, kind: str) -> list[Obj]:
    before = {one.get(by): one for one in old}
    after = {one.get(by): one for one in new}
    kept = [one for one in current if one.get(by) not in before or one.get(by) in after]
    return [
        _without(one, before[one.get(by)], after[one.get(by)], kind) if one.get(by) in before else one for one in kept
    ]


def json_patch(target: Obj, operations: list[Obj]) -> Obj:
    """RFC 6902. Raises ApiError 422 where a path does not exist or a test fails, as the API server does."""
    document: Any = {"": fresh(target)}
    for operation in operations:
        _operate(document, operation)
    return document[""]


def _operate(document: Obj, operation: Obj) -> None:
    path = _pointer(operation["path"])
    match operation["op"]:
        case "add":
            _insert(document, path, operation.get("value"))
        case "remove":
            _take(document, path)
        case "replace":
            _take(document, path)
            _insert(document, path, operation.get("value"))
        case "move":
            _insert(document, path, _take(document, _pointer(operation["from"])))
        case "copy":
            _insert(document, path, fresh({"": _look(document, _pointer(operation["from"]))})[""])
        case "test":
            if _look(document, path) != operation.get("value"):
                raise _unprocessable(f"testing value {operation['path']} failed: test failed")
        case other:
            raise bad_request(f"unexpected operation {other!r} in a JSON patch")


def _pointer(text: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in text.split("/")]


def _unprocessable(message: str) -> ApiError:
    return ApiError(422, "Invalid", f"the server rejected our request due to an error in our request: {message}")


def _look(here: Any, path: list[str]) -> Any:
    for step in path:
        if isinstance(here, list):
            items = cast("list[Any]", here)
            here = items[_index(step, len(items) - 1)]
        elif isinstance(here, dict) and step in here:
            here = cast("Obj", here)[step]
        else:
            raise _unprocessable(f"doc is missing path: {'/'.join(path)}: missing value")
    return here


def _index(step: str, highest: int) -> int:
    if not step.isdigit() or int(step) > highest:
        raise _unprocessable(f"invalid index {step}")
    return int(step)


def _insert(document: Obj, path: list[str], value: Any) -> None:
    parent, last = _look(document, path[:-1]), path[-1]
    if isinstance(parent, list):
        items = cast("list[Any]", parent)
        items.insert(len(items) if last == "-" else _index(last, len(items)), value)
    elif isinstance(parent, dict):
        parent[last] = value
    else:
        raise _unprocessable(f"doc is missing path: {'/'.join(path)}: missing value")


def _take(document: Obj, path: list[str]) -> Any:
    _look(document, path)
    parent = _look(document, path[:-1])
    if isinstance(parent, list):
        return cast("list[Any]", parent).pop(int(path[-1]))
    return cast("Obj", parent).pop(path[-1])
