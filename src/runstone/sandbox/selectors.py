"""Label and field selectors: parsed once, then asked of objects."""

import re
from collections.abc import Callable
from typing import Any

from runstone.sandbox.objects import Obj, at, each, labels_of, mapping
from runstone.sandbox.status import bad_request

Test = Callable[[Obj], bool]
"""Does this object pass?"""

_SET = re.compile(r"([^\s!=,()]+)\s+(in|notin)\s*\(([^)]*)\)")
_PAIR = re.compile(r"([^\s!=,()]+)\s*(==|!=|=)\s*([^\s,()]*)")
_BARE = re.compile(r"(!?)\s*([^\s!=,()]+)")


def labels(text: str) -> Test:
    """A test for a labelSelector parameter, e.g. `app=web,tier in (a,b),!old`. Raises ApiError 400."""
    tests = [_requirement(part) for part in _split(text)]
    return lambda obj: all(test(labels_of(obj)) for test in tests)


def _split(text: str) -> list[str]:
    parts = re.split(r",(?![^(]*\))", text)
    return [part.strip() for part in parts if part.strip()]


def _requirement(part: str) -> Callable[[dict[str, str]], bool]:
    if found := _SET.fullmatch(part):
        key, wanted = found[1], {value.strip() for value in found[3].split(",")}
        if found[2] == "in":
            return lambda have: have.get(key) in wanted
        return lambda have: have.get(key) not in wanted
    if found := _PAIR.fullmatch(part):
        key, value = found[1], found[3]
        if found[2] == "!=":
            return lambda have: have.get(key) != value
        return lambda have: have.get(key) == value
    if found := _BARE.fullmatch(part):
        key, absent = found[2], bool(found[1])
        return lambda have: (key in have) != absent
    raise bad_request(f"unable to parse requirement: found '{part}', expected: in, notin, =, ==, !=")


def fields(text: str) -> Test:
    """A test for a fieldSelector parameter, e.g. `metadata.name=a,status.phase!=Failed`. Raises ApiError 400."""
    tests: list[Test] = []
    for part in _split(text):
        found = re.fullmatch(r"([A-Za-z0-9_.\-]+)(==|!=|=)(.*)", part)
        if not found:
            raise bad_request(f"invalid field selector: '{part}'")
        tests.append(_field(found[1], found[2] != "!=", found[3].strip('"')))
    return lambda obj: all(test(obj) for test in tests)


def _field(path: str, same: bool, value: str) -> Test:
    steps = path.split(".")
    if steps[0] == "regarding":
        steps[0] = "involvedObject"

    def test(obj: Obj) -> bool:
        have = at(obj, *steps)
        return (_worded(have) == value) == same

    return test


def _worded(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def matches(selector: Obj | None, have: dict[str, str]) -> bool:
    """Does a LabelSelector object match these labels? None matches nothing, {} everything."""
    if selector is None:
        return False
    if any(have.get(key) != value for key, value in mapping(selector, "matchLabels").items()):
        return False
    return all(_expression(one, have) for one in each(selector, "matchExpressions"))


def _expression(expression: Obj, have: dict[str, str]) -> bool:
    value, wanted = have.get(expression["key"]), each(expression, "values")
    match expression["operator"]:
        case "In":
            return value in wanted
        case "NotIn":
            return value not in wanted
        case "Exists":
            return value is not None
        case _:
            return value is None


def as_text(selector: Obj | None) -> str:
    """A LabelSelector as kubectl would print it: `app=web,tier in (a,b)`."""
    parts = [f"{key}={value}" for key, value in sorted(mapping(selector, "matchLabels").items())]
    for one in each(selector, "matchExpressions"):
        operator = one["operator"].lower()
        parts.append(f"{one['key']} {operator} ({','.join(each(one, 'values'))})" if one.get("values") else one["key"])
    return ",".join(parts)
