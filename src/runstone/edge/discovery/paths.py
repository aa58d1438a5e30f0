"""Paths into objects, as generation rules write them: ``spec/ports/port``, ``//`` for a slash inside a part. Pure."""

from collections.abc import Iterator, Sequence
from typing import Any, cast


def path_parts(path: str) -> tuple[str, ...]:
    """``a/b//c/d`` is the parts ``a``, ``b/c`` and ``d``. A leading ``resource/`` names the object itself."""
    parts = [part.replace("\0", "/") for part in path.replace("//", "\0").split("/")]
    return tuple(parts[1:] if len(parts) > 1 and parts[0] == "resource" else parts)


def values_at(value: Any, parts: Sequence[str]) -> Iterator[str]:
    """Every scalar that the path leads to, as text; lists are gone through element by element."""
    if isinstance(value, list):
        for one in cast("list[Any]", value):
            yield from values_at(one, parts)
    elif not parts:
        if value is not None and not isinstance(value, dict):
            yield str(value)
    elif isinstance(value, dict):
        known = cast("dict[str, Any]", value)
        if parts[0] in known:
            yield from values_at(known[parts[0]], parts[1:])


def found_at(value: Any, parts: Sequence[str], *, empty: bool = False) -> bool:
    """Whether the path leads to anything: a scalar, a mapping or a list. ``empty``: one without content counts too."""
    if parts and isinstance(value, list):
        return any(found_at(one, parts, empty=empty) for one in cast("list[Any]", value))
    if parts:
        known = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
        return parts[0] in known and found_at(known[parts[0]], parts[1:], empty=empty)
    if value is None:
        return False
    return empty or not (isinstance(value, str | list | dict) and not value)
