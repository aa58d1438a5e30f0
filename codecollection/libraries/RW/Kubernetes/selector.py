"""Label selectors: what they choose, how they read, and how near a miss was."""

from collections.abc import Mapping
from typing import Any

Labels = Mapping[str, str]


def of_labels(labels: Labels | None) -> dict[str, Any]:
    """The selector of a Service (a bare map) in the form that workloads use."""
    return {"matchLabels": dict(labels or {})}


def chooses(selector: Mapping[str, Any] | None, labels: Labels | None) -> bool:
    """Whether ``selector`` chooses something with ``labels``. An empty selector chooses all, None chooses nothing."""
    if selector is None:
        return False
    have = labels or {}
    if any(have.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    return all(_holds(term, have) for term in selector.get("matchExpressions") or [])


def _holds(term: Mapping[str, Any], labels: Labels) -> bool:
    value, values = labels.get(term["key"]), term.get("values") or []
    match term["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case _:
            return value is None


def text(selector: Mapping[str, Any] | None) -> str:
    """A selector as ``kubectl -l`` takes it."""
    if not selector:
        return ""
    parts = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
    for term in selector.get("matchExpressions") or []:
        values = ",".join(term.get("values") or [])
        form = {"In": "{k} in ({v})", "NotIn": "{k} notin ({v})", "Exists": "{k}"}.get(term["operator"], "!{k}")
        parts.append(form.format(k=term["key"], v=values))
    return ",".join(parts)


def difference(wanted: Labels, have: Labels) -> list[str]:
    """Per label that does not fit, a phrase: ``app is cart (selector wants cart-service)``."""
    return [
        f"{key} is {have[key]} (the selector wants {value})" if key in have else f"{key} is not set (wants {value})"
        for key, value in sorted(wanted.items())
        if have.get(key) != value
    ]
