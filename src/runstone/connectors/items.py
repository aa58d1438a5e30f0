"""Things as a cloud's REST API describes them: read by paths, kept in part, judged by their state. Pure.

Paths are names divided by dots, as the API spells them; lists on the way are searched one by one.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

from runstone.model.resource import Health

Item = dict[str, Any]
"""One thing as its cloud describes it, theirs."""
Looks = tuple[Health, str]
"""How a thing looks, and a few words on why."""
Judge = Callable[[Item], Looks]
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_RANK = {"ok": 0, "unknown": 1, "ill": 2}


def at(item: Any, path: str) -> list[Any]:
    """Every value at a path, lists on the way opened; nothing where there is none. An empty path is the item itself."""
    found = [item]
    for part in path.split(".") if path else []:
        found = [one[part] for one in found if isinstance(one, dict) and one.get(part) is not None]
        found = [inner for one in found for inner in _opened(one)]
    return found


def text(item: Any, path: str) -> str:
    """The first scalar at a path as text; empty where there is none."""
    return next((str(value) for value in at(item, path) if isinstance(value, str | int | float | bool)), "")


def items(value: Any) -> list[Item]:
    """The things of a list; whatever is none in it, or no list at all, is left out."""
    return [cast("Item", one) for one in cast("list[Any]", value) if isinstance(one, dict)] if listed(value) else []


def listed(value: Any) -> bool:
    """Whether it is a list."""
    return isinstance(value, list)


def picked(item: Item, paths: Sequence[str]) -> Item:
    """The parts of an item that paths lead to, nested as they were; what is not there is left out."""
    inner: dict[str, list[str]] = {}
    for path in paths:
        name, _, rest = path.partition(".")
        inner.setdefault(name, []).append(rest)
    return {name: _part(item[name], rests) for name, rests in inner.items() if item.get(name) is not None}


def snake(name: str) -> str:
    """``hardwareProfile`` as ``hardware_profile``."""
    return _WORDS.sub("_", name).lower()


def snaked(value: Any) -> Any:
    """The same with all names of fields in snake case, however deep."""
    if isinstance(value, dict):
        return {snake(str(key)): snaked(inner) for key, inner in cast("dict[Any, Any]", value).items()}
    return [snaked(inner) for inner in cast("list[Any]", value)] if isinstance(value, list) else value


def states(path: str, ok: str, ill: str = "", why: str = "") -> Judge:
    """By one state field: words that mean well and ill, in any case; ``why`` is the path of a reason code.

    Any other word, and none, is unknown: what is on its way or was stopped by someone.
    """
    well, wrong = frozenset(ok.lower().split()), frozenset(ill.lower().split())

    def judge(item: Item) -> Looks:
        state = text(item, path)
        if state.lower() in well:
            return "ok", state
        reason = text(item, why) if why else ""
        said = f"{state}: {reason}" if reason else state
        return ("ill" if state.lower() in wrong else "unknown"), said

    return judge


def worst(*judges: Judge) -> Judge:
    """By several fields: what looks worst counts, of equals the first. One that says nothing at all does not count."""

    def judge(item: Item) -> Looks:
        said = [looks for one in judges if (looks := one(item)) != ("unknown", "")]
        return max(said, key=lambda looks: _RANK[looks[0]], default=("unknown", ""))

    return judge


def _part(value: Any, rests: Sequence[str]) -> Any:
    if isinstance(value, list):
        return [_part(one, rests) for one in cast("list[Any]", value)]
    if isinstance(value, dict) and all(rests):
        return picked(cast("Item", value), rests)
    return value


def _opened(value: Any) -> Iterator[Any]:
    yield from cast("list[Any]", value) if isinstance(value, list) else [value]
