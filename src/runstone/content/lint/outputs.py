"""The parts of a generation rule as mappings, whatever else stands where they should be."""

from collections.abc import Iterator
from typing import Any, cast


def mappings(value: Any) -> list[dict[str, Any]]:
    """The mappings of a list; none when it is no list."""
    listed = cast("list[Any]", value) if isinstance(value, list) else []
    return [cast("dict[str, Any]", one) for one in listed if isinstance(one, dict)]


def slxs(rule: dict[str, Any]) -> list[dict[str, Any]]:
    """Its SLXs."""
    return mappings(rule.get("slxs"))


def items(slx: dict[str, Any]) -> list[dict[str, Any]]:
    """The documents an SLX is made of."""
    return mappings(slx.get("outputItems"))


def template(slx: dict[str, Any], item: dict[str, Any]) -> str:
    """The template of an item: what it names, or what the SLX's base and the item's type come to."""
    base = slx.get("baseTemplateName") or slx.get("baseName") or ""
    return str(item.get("templateName") or f"{base}-{item.get('type')}.yaml")


def predicates(rule: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Its predicates, those within others too. Each once: an alias may put one in many places, even into itself."""
    ask = mappings(rule.get("matchRules"))
    seen: set[int] = set()
    while ask:
        one = ask.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        ask += mappings(one.get("matches"))
        for key in ("match", "predicate"):
            ask += mappings([one.get(key)])


def types(rule: dict[str, Any]) -> list[str]:
    """The resource types it names in so many words."""
    return texts(rule.get("resourceTypes"))


def platforms(rule: dict[str, Any], own: str) -> list[str]:
    """The platforms its resource types are of: those they name, and the file's ``own`` for the others."""
    listed = cast("list[Any]", rule["resourceTypes"]) if isinstance(rule.get("resourceTypes"), list) else []
    named = [_platform(one) or own for one in listed]
    return list(dict.fromkeys(named)) or [own]


def _platform(said: Any) -> str:
    if isinstance(said, str):
        before, colon, _ = said.partition(":")
        return before if colon and before.isidentifier() else ""
    return str(cast("dict[str, Any]", said).get("platform") or "") if isinstance(said, dict) else ""


def texts(value: Any) -> list[str]:
    """The texts of a list; none when it is no list."""
    return [one for one in cast("list[Any]", value) if isinstance(one, str)] if isinstance(value, list) else []
