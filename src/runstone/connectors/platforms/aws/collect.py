"""The calls of a row, made in one region: items as AWS describes them, and what could not be learned of them.

An item of which something failed only for now is left out, so that what was last seen of it stays; one of which
something may not be read is told without it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runstone.connectors.platforms.aws.call import Client, Denied, Expired, Failure, Gone
from runstone.connectors.platforms.aws.kinds import Call, Detail, Item, Kind, at, text

_PATIENCE = 3
"""Failures in a row after which a service is not asked on for the others: each has cost its retries."""


@dataclass
class Found:
    """What a row's calls found."""

    items: list[Item] = field(default_factory=list[Item])
    problems: list[Failure] = field(default_factory=list[Failure])

    @property
    def problem(self) -> str:
        """One sentence or two; empty when everything was learned."""
        said = list(dict.fromkeys(str(one) for one in self.problems))
        more = f" And {len(said) - 1} more like this." if len(said) > 1 else ""
        return f"{said[0]}{more}" if said else ""


def collect(kind: Kind, client: Client) -> Found:
    """All things of a kind. Raises Failure when not even the first list can be read, Expired whenever that shows."""
    found = Found(client.items(kind.steps[0]))
    for step in kind.steps[1:]:
        found.items = _described(step, found, client)
    for name in kind.written:
        found.items = [_read(item, name) for item in found.items]
    for detail in kind.details:
        found.items = _joined(detail, found, client) if detail.by else _added(detail, found, client)
    return found


def listable(kind: Kind, client: Client) -> None:
    """Ask for the first page of a kind's list only. Raises Failure."""
    client.items(kind.steps[0], first=True)


def _described(step: Call, found: Found, client: Client) -> list[Item]:
    described: list[Item] = []
    patience = _Patience(found)
    for given, carried in _requests(step, found.items):
        try:
            described += [{**carried, **one} for one in client.items(step, given)]
            patience.restored()
        except Failure as err:
            patience.tried(err)
    return described


def _added(detail: Detail, found: Found, client: Client) -> list[Item]:
    """Each item with a field of its own; without what may not be read; left out when it could not be for now."""
    kept: list[Item] = []
    patience = _Patience(found)
    for item in found.items:
        try:
            answers: list[Any] = client.items(detail.call, _given(detail.call, item))
            kept.append({**item, detail.field: (answers or [None])[0] if detail.one else answers})
            patience.restored()
        except Denied as err:
            found.problems.append(err)
            kept.append(item)
        except Failure as err:
            patience.tried(err)
    return kept


def _joined(detail: Detail, found: Found, client: Client) -> list[Item]:
    """Items with what one answer, or one per batch, says of each."""
    requests = [given for given, _ in _requests(detail.call, found.items)] if detail.call.batch else [{}]
    try:
        answers = [one for given in requests if found.items for one in client.items(detail.call, given)]
    except Denied as err:
        found.problems.append(err)
        answers = []
    told = {text(one, detail.by): one for one in answers}
    return [{**item, detail.field: told.get(text(item, detail.of))} for item in found.items]


class _Patience:
    """Takes single failures as problems, and gives up when they do not end."""

    def __init__(self, found: Found) -> None:
        self._found = found
        self._failed = 0

    def restored(self) -> None:
        self._failed = 0

    def tried(self, err: Failure) -> None:
        """Raises ``err`` when it must not go on."""
        if isinstance(err, Gone):
            return
        self._failed += 0 if isinstance(err, Denied) else 1
        if isinstance(err, Expired) or self._failed >= _PATIENCE:
            raise err
        self._found.problems.append(err)


def _requests(step: Call, items: Sequence[Item]) -> Iterator[tuple[dict[str, Any], Item]]:
    """What to ask with, each once, and what to carry over to the answers."""
    if step.batch:
        yield from _batches(step, items)
        return
    asked: set[str] = set()
    for item in items:
        given = _given(step, item)
        key = json.dumps(given, sort_keys=True, default=str)
        if key not in asked:
            asked.add(key)
            yield given, {name: text(item, path) for name, path in step.carry.items()}


def _batches(step: Call, items: Sequence[Item]) -> Iterator[tuple[dict[str, Any], Item]]:
    """The last parameter takes many at a time, of items alike in the others."""
    *shared, (parameter, path) = step.given.items()
    groups: dict[tuple[str, ...], list[str]] = {}
    for item in items:
        groups.setdefault(tuple(text(item, one) for _, one in shared), []).append(text(item, path))
    for values, members in groups.items():
        constant = {name: value for (name, _), value in zip(shared, values, strict=True)}
        for start in range(0, len(members), step.batch):
            yield {**constant, parameter: members[start : start + step.batch]}, {}


def _given(call: Call, item: Item) -> dict[str, Any]:
    return {name: value for name, path in call.given.items() for value in at(item, path)[:1]}


def _read(item: Item, name: str) -> Item:
    """The item with a field read from JSON; as it was when it is none."""
    said = item.get(name)
    try:
        return {**item, name: json.loads(said)} if isinstance(said, str) else item
    except ValueError:
        return item


def tags_of(item: Item, path: str) -> dict[str, str]:
    """Tags in every form AWS gives them: a mapping, or pairs of Key and Value, key and value."""
    return dict(_pairs(at(item, path)))


def _pairs(found: Sequence[Any]) -> Iterator[tuple[str, str]]:
    for one in found:
        if not isinstance(one, Mapping):
            continue
        key = one.get("Key", one.get("key"))
        value = one.get("Value", one.get("value"))
        if isinstance(key, str) and (value is None or isinstance(value, str)):
            yield key, value or ""
        else:
            yield from ((str(name), str(inner)) for name, inner in one.items())
