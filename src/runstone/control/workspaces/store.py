"""The Map's tables: a difference goes in, in one transaction; a Map comes out."""

import datetime as dt
import json
from collections.abc import Collection, Iterable
from typing import Any

import sqlalchemy as sa

from runstone.control.audit.store import Audit
from runstone.control.clock import Clock, stamp
from runstone.control.history import store as history
from runstone.control.history.store import Change
from runstone.control.workspaces.atlas import Atlas, Changes, Packed
from runstone.db.bus import Bus
from runstone.db.engine import Connection, Database
from runstone.errors import BadInput
from runstone.model.resource import Relation, Resource, ResourceRef, Scope, ScopeReading, Software
from runstone.model.wire import MapAnswer, MapUpdate
from runstone.model.workspace import SLX

_PUT_RESOURCE = sa.text("""
    INSERT INTO resource (workspace, path, platform, kind, namespace, name, labels, health, summary, facts, software)
    VALUES (:workspace, :path, :platform, :kind, :namespace, :name, :labels, :health, :summary, :facts, :software)
    ON CONFLICT (workspace, path) DO UPDATE
    SET labels = excluded.labels, health = excluded.health, summary = excluded.summary, facts = excluded.facts,
        software = excluded.software
    WHERE resource.labels <> excluded.labels OR resource.health <> excluded.health
       OR resource.summary <> excluded.summary OR resource.facts <> excluded.facts
       OR resource.software <> excluded.software
""")
_PUT_RELATION = sa.text("""
    INSERT INTO relation (workspace, platform, source, type, target, detail)
    VALUES (:workspace, :platform, :source, :type, :target, :detail) ON CONFLICT DO NOTHING
""")
_PUT_SLX = sa.text("""
    INSERT INTO slx (workspace, platform, name, subject, about, interval_s, body)
    VALUES (:workspace, :platform, :name, :subject, :about, :interval_s, :body)
    ON CONFLICT (workspace, name) DO UPDATE
    SET platform = excluded.platform, subject = excluded.subject, about = excluded.about,
        interval_s = excluded.interval_s, body = excluded.body
    WHERE slx.body <> excluded.body
""")
_PUT_READING = sa.text("""
    INSERT INTO reading (workspace, platform, kind, namespace, complete, problem, at)
    VALUES (:workspace, :platform, :kind, :namespace, :complete, :problem, :at)
    ON CONFLICT (workspace, platform, kind, namespace) DO UPDATE
    SET complete = excluded.complete, problem = excluded.problem, at = excluded.at
    WHERE complete <> excluded.complete OR problem <> excluded.problem
""")
_DROP_READING = sa.text("""
    DELETE FROM reading WHERE workspace = :workspace AND platform = :platform AND kind = :kind
    AND namespace = :namespace
""")
_HELD = sa.text("SELECT digest, settled FROM platform WHERE workspace = :workspace AND name = :platform")
_HOLD = sa.text("""
    INSERT INTO platform (workspace, name, location, digest, settled)
    VALUES (:workspace, :platform, :location, :digest, :settled)
    ON CONFLICT (workspace, name) DO UPDATE
    SET location = excluded.location, digest = excluded.digest, settled = max(platform.settled, excluded.settled)
""")
_PLATFORMS_OF = sa.text("SELECT name FROM platform WHERE workspace = :workspace AND location = :location")
_RESOURCES_OF = sa.text(
    "SELECT path, kind, namespace FROM resource WHERE workspace = :workspace AND platform = :platform"
)
_SLXS_OF = sa.text("SELECT name, subject FROM slx WHERE workspace = :workspace AND platform = :platform")
_DROP_RESOURCE = sa.text("DELETE FROM resource WHERE workspace = :workspace AND path = :path")
_RELATIONS_OF = sa.text(
    "SELECT source, type, target, detail FROM relation WHERE workspace = :workspace AND source = :source"
)
_RELATIONS = sa.text("""
    SELECT source, type, target, detail FROM relation WHERE workspace = :workspace
    ORDER BY source, type, target, detail
""")
_DROP_RELATION = sa.text("""
    DELETE FROM relation WHERE workspace = :workspace AND source = :source AND type = :type AND target = :target
    AND detail = :detail
""")
_DROP_RELATIONS_OF = sa.text(
    "DELETE FROM relation WHERE workspace = :workspace AND platform = :platform AND source = :source"
)
_DROP_SLX_OF = sa.text("DELETE FROM slx WHERE workspace = :workspace AND subject = :subject")
_DROP_SLX = sa.text("DELETE FROM slx WHERE workspace = :workspace AND name = :name")
_END_SCAN = sa.text("""
    INSERT INTO scan (workspace, location, final_at) VALUES (:workspace, :location, :at)
    ON CONFLICT (workspace, location) DO UPDATE SET final_at = excluded.final_at
""")


class Maps:
    """The Map of one workspace: apply, read, and wait for more of it."""

    def __init__(self, database: Database, bus: Bus, audit: Audit, clock: Clock, workspace: str) -> None:
        self._database = database
        self._bus = bus
        self._audit = audit
        self._clock = clock
        self._workspace = workspace
        self._atlas: Atlas | None = None
        self._version = 0
        """Grows with every change, so that a Map read meanwhile is not kept."""

    async def apply(self, update: MapUpdate, actor: str) -> MapAnswer:
        """Apply what discovery saw. Idempotent, all or nothing. Raises BadInput for what is of another platform."""
        _check(update)
        async with self._database.transaction() as connection:
            held, settled = await self._held(connection, update.platform)
            repeated = bool(held) and update.digest == held
            if not repeated and not _fits(update, held):
                return MapAnswer(changed=0, fits=False, held=held)
            if settled and not repeated:
                at = stamp(self._clock.now())
                told = (update.resources, update.gone)
                await history.note(connection, self._workspace, at, *told, hashes=bool(update.base))
            changed = 0 if repeated else await self._difference(connection, update, whole=not update.base)
            await self._hold(connection, update)
            others = 0
            first = False
            if update.final:
                others = await self._drop_others(connection, update)
                await history.prune(connection, stamp(self._clock.now() - history.RETENTION))
                first = not await self._ended(connection, update.location)
                at = {"workspace": self._workspace, "location": update.location, "at": stamp(self._clock.now())}
                await connection.execute(_END_SCAN, at)
            changed += others
            if changed or first:
                data = {"changed": changed, "final": update.final, "resources": len(update.resources)}
                await self._audit.add(connection, "map.updated", "", actor, data)
        if changed:
            self._version += 1
            known = self._atlas if update.base and not others else None
            self._atlas = known.changed(_changes(update, known)) if known else None
        self._audit.ring()
        self._bus.ring("map")
        return MapAnswer(changed=changed, fits=True, held=update.digest)

    async def atlas(self) -> Atlas:
        """The Map with its indexes, as of now."""
        if self._atlas is not None:
            return self._atlas
        version = self._version
        atlas = await self._read()
        if version == self._version:
            self._atlas = atlas
        return atlas

    async def _read(self) -> Atlas:
        async with self._database.reading() as connection:
            who = {"workspace": self._workspace}
            resources = await connection.execute(sa.text("SELECT * FROM resource WHERE workspace = :workspace"), who)
            relations = await connection.execute(
                sa.text("SELECT * FROM relation WHERE workspace = :workspace ORDER BY source, type, target, detail"),
                who,
            )
            slxs = await connection.execute(
                sa.text("SELECT name, about, interval_s, body FROM slx WHERE workspace = :workspace"), who
            )
            readings = await connection.execute(sa.text("SELECT * FROM reading WHERE workspace = :workspace"), who)
            return Atlas.filled(
                {row.path: _resource(row) for row in resources},
                _by_source(relations),
                {row.name: Packed.read(row.body, tuple(json.loads(row.about)), row.interval_s) for row in slxs},
                {reading.scope: reading for reading in map(_reading, readings)},
            )

    def now(self) -> dt.datetime:
        """The present, as changes are stamped with."""
        return self._clock.now()

    async def changes(self, since: str, most: int, about: Collection[str] | None = None) -> list[Change]:
        """The newest changes since a moment (as :func:`stamp` writes it), of all or of these paths."""
        async with self._database.reading() as connection:
            return await history.read(connection, self._workspace, since, most, about)

    async def scanned(self) -> bool:
        """True once a whole round of discovery has ended in this workspace."""
        query = sa.text("SELECT 1 FROM scan WHERE workspace = :workspace AND final_at IS NOT NULL")
        async with self._database.reading() as connection:
            return (await connection.execute(query, {"workspace": self._workspace})).first() is not None

    async def _ended(self, connection: Connection, location: str) -> bool:
        """Whether a round of discovery ended before at a Location."""
        query = sa.text("SELECT 1 FROM scan WHERE workspace = :workspace AND location = :location")
        found = await connection.execute(query, {"workspace": self._workspace, "location": location})
        return found.first() is not None

    async def _held(self, connection: Connection, platform: str) -> tuple[str, bool]:
        """What home holds of a platform, and whether that was all there was once."""
        row = (await connection.execute(_HELD, {"workspace": self._workspace, "platform": platform})).first()
        return (str(row.digest), bool(row.settled)) if row else ("", False)

    async def _hold(self, connection: Connection, update: MapUpdate) -> None:
        where = {"platform": update.platform, "location": update.location, "digest": update.digest}
        await connection.execute(_HOLD, {"workspace": self._workspace, **where, "settled": int(update.final)})

    async def _difference(self, connection: Connection, update: MapUpdate, *, whole: bool) -> int:
        changed = await self._clear(connection, update) if whole else 0
        for ref in update.gone:
            changed += await self._drop_resource(connection, ref.path)
        changed += await self._put_resources(connection, update.resources)
        changed += await self._replace_relations(connection, update)
        changed += await self._put_slxs(connection, update.platform, update.slxs)
        changed += await self._drop_slxs(connection, update.slxs_gone)
        changed += await self._put_readings(connection, update.readings)
        gone = [{"workspace": self._workspace, **scope.model_dump()} for scope in update.scopes_gone]
        changed += await _changed(connection, _DROP_READING, gone)
        return changed

    async def _clear(self, connection: Connection, update: MapUpdate) -> int:
        """Before a whole update: what it does not say is gone, but for what may be in a scope that was not read."""
        where = {"workspace": self._workspace, "platform": update.platform}
        unsure = {(one.scope.kind, one.scope.namespace) for one in update.readings if not one.complete}
        told = {resource.ref.path for resource in update.resources}
        kept: set[str] = set()
        changed = 0
        for row in (await connection.execute(_RESOURCES_OF, where)).all():
            if row.path not in told and not {(row.kind, ""), (row.kind, row.namespace)} & unsure:
                changed += await self._drop_resource(connection, row.path)
            elif row.path not in told:
                kept.add(row.path)
        related = {one.source.path for one in update.related}
        for source in told - related:
            changed += max((await connection.execute(_DROP_RELATIONS_OF, {**where, "source": source})).rowcount, 0)
        names = {slx.name for slx in update.slxs}
        stale = [row.name for row in await connection.execute(_SLXS_OF, where) if row.subject not in kept]
        changed += await self._drop_slxs(connection, tuple(name for name in stale if name not in names))
        query = "DELETE FROM reading WHERE workspace = :workspace AND platform = :platform"
        await connection.execute(sa.text(query), where)
        return changed

    async def _drop_others(self, connection: Connection, update: MapUpdate) -> int:
        """What a Location had of platforms that it does not read any more."""
        where = {"workspace": self._workspace, "location": update.location}
        known = {row.name for row in await connection.execute(_PLATFORMS_OF, where)}
        changed = 0
        for name in known - {*update.platforms, update.platform}:
            here = {"workspace": self._workspace, "platform": name}
            for table in ("resource", "relation", "slx", "reading"):
                query = f"DELETE FROM {table} WHERE workspace = :workspace AND platform = :platform"  # noqa: S608  ours
                changed += (await connection.execute(sa.text(query), here)).rowcount
            query = "DELETE FROM platform WHERE workspace = :workspace AND name = :platform"
            await connection.execute(sa.text(query), here)
        return changed

    async def _drop_resource(self, connection: Connection, path: str) -> int:
        """A resource with the relations that start at it and the SLXs named after it."""
        dropped = await connection.execute(_DROP_RESOURCE, {"workspace": self._workspace, "path": path})
        await connection.execute(_DROP_SLX_OF, {"workspace": self._workspace, "subject": path})
        query = sa.text("DELETE FROM relation WHERE workspace = :workspace AND source = :path")
        await connection.execute(query, {"workspace": self._workspace, "path": path})
        return max(dropped.rowcount, 0)

    async def _put_resources(self, connection: Connection, resources: tuple[Resource, ...]) -> int:
        rows = [
            {
                "workspace": self._workspace,
                "path": resource.ref.path,
                **resource.ref.model_dump(),
                "labels": json.dumps(resource.labels, sort_keys=True),
                "health": resource.health,
                "summary": resource.summary,
                "facts": json.dumps(resource.facts, sort_keys=True),
                "software": json.dumps([one.model_dump() for one in resource.software]),
            }
            for resource in resources
        ]
        return await _changed(connection, _PUT_RESOURCE, rows)

    async def _replace_relations(self, connection: Connection, update: MapUpdate) -> int:
        """Relations are replaced per source."""
        wanted = {
            one.source.path: {(relation.type, relation.target.path, relation.detail) for relation in one.relations}
            for one in update.related
        }
        present = await self._present_relations(connection, wanted)
        missing = [
            {**self._relation_row(source, row), "platform": update.platform}
            for source, rows in wanted.items()
            for row in rows - present.get(source, set())
        ]
        stale = [self._relation_row(source, row) for source, rows in present.items() for row in rows - wanted[source]]
        if stale:
            await connection.execute(_DROP_RELATION, stale)
        if missing:
            await connection.execute(_PUT_RELATION, missing)
        return len(stale) + len(missing)

    async def _present_relations(
        self, connection: Connection, sources: dict[str, set[tuple[str, str, str]]]
    ) -> dict[str, set[tuple[str, str, str]]]:
        present: dict[str, set[tuple[str, str, str]]] = {}
        for source in sources:
            rows = await connection.execute(_RELATIONS_OF, {"workspace": self._workspace, "source": source})
            present[source] = {(row.type, row.target, row.detail) for row in rows}
        return present

    def _relation_row(self, source: str, row: tuple[str, str, str]) -> dict[str, str]:
        type_, target, detail = row
        return {"workspace": self._workspace, "source": source, "type": type_, "target": target, "detail": detail}

    async def _put_slxs(self, connection: Connection, platform: str, slxs: tuple[SLX, ...]) -> int:
        rows = [
            {
                "workspace": self._workspace,
                "platform": platform,
                "name": slx.name,
                "subject": slx.resources[0].path,
                "about": json.dumps([ref.path for ref in slx.resources]),
                "interval_s": slx.sli.interval_s if slx.sli else None,
                "body": slx.model_dump_json(),
            }
            for slx in slxs
        ]
        return await _changed(connection, _PUT_SLX, rows)

    async def _drop_slxs(self, connection: Connection, names: tuple[str, ...]) -> int:
        rows = [{"workspace": self._workspace, "name": name} for name in names]
        return await _changed(connection, _DROP_SLX, rows)

    async def _put_readings(self, connection: Connection, readings: tuple[ScopeReading, ...]) -> int:
        at = stamp(self._clock.now())
        rows = [
            {
                "workspace": self._workspace,
                **reading.scope.model_dump(),
                "complete": int(reading.complete),
                "problem": reading.problem,
                "at": at,
            }
            for reading in readings
        ]
        return await _changed(connection, _PUT_READING, rows)


def _changes(update: MapUpdate, atlas: Atlas) -> Changes:
    """What a difference does to an Atlas."""
    gone = {ref.path for ref in update.gone}
    about = {name for path in gone for name in atlas.named_after(path)}
    return Changes(
        resources={**dict.fromkeys(gone), **{one.ref.path: one for one in update.resources}},
        relations={**dict.fromkeys(gone), **{one.source.path: one.relations or None for one in update.related}},
        slxs={**dict.fromkeys([*about, *update.slxs_gone]), **{one.name: Packed.of(one) for one in update.slxs}},
        readings={**dict.fromkeys(update.scopes_gone), **{one.scope: one for one in update.readings}},
    )


def _by_source(rows: Iterable[sa.Row[tuple[object, ...]]]) -> dict[str, tuple[Relation, ...]]:
    found: dict[str, list[Relation]] = {}
    for row in rows:
        found.setdefault(row.source, []).append(_relation(row))
    return {source: tuple(relations) for source, relations in found.items()}


def _fits(update: MapUpdate, held: str) -> bool:
    """Whether an update can be applied to what home holds. A whole one can, once it is known to be whole."""
    return update.base == held or (not update.base and update.final)


def _check(update: MapUpdate) -> None:
    refs = [one.ref for one in update.resources] + list(update.gone) + [one.source for one in update.related]
    refs += [slx.resources[0] for slx in update.slxs]
    for ref in refs:
        if ref.platform != update.platform:
            raise BadInput(f"{ref} is of {ref.platform}, but this is an update of {update.platform}. Nothing was kept.")


async def _changed(connection: Connection, statement: sa.TextClause, rows: list[dict[str, Any]]) -> int:
    """Run ``statement`` once per row; how many rows it really changed."""
    changed = 0
    for row in rows:
        changed += max((await connection.execute(statement, row)).rowcount, 0)
    return changed


def _resource(row: sa.Row[tuple[object, ...]]) -> Resource:
    return Resource(
        ref=ResourceRef.parse(row.path),
        labels=json.loads(row.labels),
        health=row.health,
        summary=row.summary,
        facts=json.loads(row.facts),
        software=tuple(Software.model_validate(one) for one in json.loads(row.software)),
    )


def _relation(row: sa.Row[tuple[object, ...]]) -> Relation:
    return Relation(
        source=ResourceRef.parse(row.source), type=row.type, target=ResourceRef.parse(row.target), detail=row.detail
    )


def _reading(row: sa.Row[tuple[object, ...]]) -> ScopeReading:
    scope = Scope(platform=row.platform, kind=row.kind, namespace=row.namespace)
    return ScopeReading(scope=scope, complete=bool(row.complete), problem=row.problem)
