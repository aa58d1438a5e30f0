"""The table of changes. A row is one thing of one resource that is another than before."""

import datetime as dt
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Literal

import sqlalchemy as sa

from runstone.db.engine import Connection
from runstone.model.noun import Noun
from runstone.model.resource import Resource, ResourceRef

RETENTION = dt.timedelta(days=14)
"""How long changes are kept: two weekly rhythms, so that "it worked last week" can be answered."""
What = Literal["appeared", "gone", "health", "fact", "label", "software"]
_HIDDEN = ("env/", "config/")
"""Facts whose values may be hashes: told as changed, never by value."""
_PUT = sa.text("""
    INSERT INTO change (workspace, at, path, what, name, before, after)
    VALUES (:workspace, :at, :path, :what, :name, :before, :after)
""")
_SINCE = sa.text("""
    SELECT at, path, what, name, before, after FROM change
    WHERE workspace = :workspace AND at >= :since ORDER BY at DESC, id DESC LIMIT :most
""")
_ABOUT = sa.text("""
    SELECT at, path, what, name, before, after FROM change
    WHERE workspace = :workspace AND path IN (SELECT value FROM json_each(:paths)) AND at >= :since
    ORDER BY at DESC, id DESC LIMIT :most
""")
_PRUNE = sa.text("DELETE FROM change WHERE at < :before")
_BEFORE = sa.text("""
    SELECT path, labels, health, facts, software FROM resource
    WHERE workspace = :workspace AND path IN (SELECT value FROM json_each(:paths))
""")


class Change(Noun):
    """One thing of a resource that is another than before."""

    at: str
    resource: ResourceRef
    what: What
    name: str
    """Of the fact, label or software; empty otherwise."""
    before: str
    after: str

    def __str__(self) -> str:
        match self.what:
            case "appeared" | "gone":
                return self.what
            case "health":
                return f"{self.before} → {self.after}"
            case _:
                return f"{self.name}: {_told(self.name, self.before, self.after)}"


def _told(name: str, before: str, after: str) -> str:
    if not before or not after:
        return "added" if not before else "removed"
    hidden = name.startswith(_HIDDEN) and ":" not in before + after and "." not in before + after
    return "changed" if hidden else f"{before} → {after}"


async def note(
    connection: Connection,
    workspace: str,
    at: str,
    resources: Iterable[Resource],
    gone: Iterable[ResourceRef],
    *,
    hashes: bool,
) -> None:
    """Write down what is new, before it is put on the Map.

    Without ``hashes`` facts that may be hashes are left out: an edge that sends everything anew may have another salt.
    """
    fresh = {one.ref.path: one for one in resources}
    paths = [*fresh, *(ref.path for ref in gone)]
    query = {"workspace": workspace, "paths": json.dumps(paths)}
    known = {row.path: row for row in await connection.execute(_BEFORE, query)}
    found = [
        {"workspace": workspace, "at": at, "path": path, "what": what, "name": name, "before": before, "after": after}
        for path in paths
        for what, name, before, after in _changes(known.get(path), fresh.get(path))
        if hashes or what != "fact" or not name.startswith(_HIDDEN)
    ]
    if found:
        await connection.execute(_PUT, found)


def _changes(row: Any, resource: Resource | None) -> Iterator[tuple[What, str, str, str]]:
    if row is None or resource is None:
        if row is not None or resource is not None:
            yield ("gone" if resource is None else "appeared"), "", "", ""
        return
    if row.health != resource.health:
        yield "health", "", row.health, resource.health
    yield from _differing("fact", json.loads(row.facts), resource.facts)
    yield from _differing("label", json.loads(row.labels), resource.labels)
    known = {one["name"]: one["version"] for one in json.loads(row.software)}
    yield from _differing("software", known, {one.name: one.version for one in resource.software})


def _differing(what: What, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[tuple[What, str, str, str]]:
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name, ""), after.get(name, "")
        if old != new:
            yield what, name, old, new


async def read(
    connection: Connection, workspace: str, since: str, most: int, about: Collection[str] | None = None
) -> list[Change]:
    """The newest changes since a moment, of all resources or of those with these paths; the newest first."""
    query: dict[str, Any] = {"workspace": workspace, "since": since, "most": most}
    if about is None:
        rows = await connection.execute(_SINCE, query)
    else:
        rows = await connection.execute(_ABOUT, {**query, "paths": json.dumps(sorted(about))})
    return [
        Change(
            at=row.at,
            resource=ResourceRef.parse(row.path),
            what=row.what,
            name=row.name,
            before=row.before,
            after=row.after,
        )
        for row in rows
    ]


async def prune(connection: Connection, before: str) -> int:
    """Delete what is older; how many rows went."""
    return max((await connection.execute(_PRUNE, {"before": before})).rowcount, 0)
