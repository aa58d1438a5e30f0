"""The Map's tables: a difference goes in, in one transaction; a Map comes out."""

import json
from typing import Any

import sqlalchemy as sa

from runstone.control.audit.store import Audit
from runstone.control.clock import Clock, stamp
from runstone.control.workspaces.atlas import Atlas
from runstone.db.bus import Bus
from runstone.db.engine import Connection, Database
from runstone.model.resource import Relation, Resource, ResourceRef, Scope, ScopeReading
from runstone.model.wire import MapUpdate
from runstone.model.workspace import SLX, Map

_PUT_RESOURCE = sa.text("""
    INSERT INTO resource (workspace, path, platform, kind, namespace, name, labels, health, summary)
    VALUES (:workspace, :path, :platform, :kind, :namespace, :name, :labels, :health, :summary)
    ON CONFLICT (workspace, path) DO UPDATE
    SET labels = excluded.labels, health = excluded.health, summary = excluded.summary
    WHERE labels <> excluded.labels OR health <> excluded.health OR summary <> excluded.summary
""")
_PUT_RELATION = sa.text("""
    INSERT INTO relation (workspace, source, type, target, detail)
    VALUES (:workspace, :source, :type, :target, :detail) ON CONFLICT DO NOTHING
""")
_PUT_SLX = sa.text("""
    INSERT INTO slx (workspace, name, subject, body) VALUES (:workspace, :name, :subject, :body)
    ON CONFLICT (workspace, name) DO UPDATE SET subject = excluded.subject, body = excluded.body
    WHERE body <> excluded.body
""")
_PUT_READING = sa.text("""
    INSERT INTO reading (workspace, platform, kind, namespace, complete, problem, at)
    VALUES (:workspace, :platform, :kind, :namespace, :complete, :problem, :at)
    ON CONFLICT (workspace, platform, kind, namespace) DO UPDATE
    SET complete = excluded.complete, problem = excluded.problem, at = excluded.at
    WHERE complete <> excluded.complete OR problem <> excluded.problem
""")
_IN_SCOPE = sa.text("""
    SELECT path FROM resource WHERE workspace = :workspace AND platform = :platform AND kind = :kind
    AND (:namespace = '' OR namespace = :namespace)
""")
_DROP_RESOURCE = sa.text("DELETE FROM resource WHERE workspace = :workspace AND path = :path")
_RELATIONS_OF = sa.text(
    "SELECT source, type, target, detail FROM relation WHERE workspace = :workspace AND source = :source"
)
_DROP_RELATION = sa.text("""
    DELETE FROM relation WHERE workspace = :workspace AND source = :source AND type = :type AND target = :target
    AND detail = :detail
""")
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

    async def apply(self, update: MapUpdate, actor: str) -> int:
        """Apply what discovery saw; returns how many rows changed. Idempotent, all or nothing."""
        async with self._database.transaction() as connection:
            changed = await self._prune(connection, update)
            changed += await self._put_resources(connection, update.resources)
            changed += await self._replace_relations(connection, update)
            changed += await self._put_slxs(connection, update.slxs)
            changed += await self._drop_slxs(connection, update.slxs_gone)
            changed += await self._put_readings(connection, update.readings)
            first = update.final and not await self._ended(connection, update.location)
            if update.final:
                at = {"workspace": self._workspace, "location": update.location, "at": stamp(self._clock.now())}
                await connection.execute(_END_SCAN, at)
            if changed or first:
                data = {"changed": changed, "final": update.final, "resources": len(update.resources)}
                await self._audit.add(connection, "map.updated", "", actor, data)
        if changed:
            self._version += 1
            self._atlas = None
        self._audit.ring()
        self._bus.ring("map")
        return changed

    async def atlas(self) -> Atlas:
        """The Map with its indexes, as of now."""
        if self._atlas is not None:
            return self._atlas
        version = self._version
        atlas = Atlas(await self.read())
        if version == self._version:
            self._atlas = atlas
        return atlas

    async def read(self) -> Map:
        """The whole Map."""
        async with self._database.reading() as connection:
            who = {"workspace": self._workspace}
            resources = await connection.execute(sa.text("SELECT * FROM resource WHERE workspace = :workspace"), who)
            relations = await connection.execute(sa.text("SELECT * FROM relation WHERE workspace = :workspace"), who)
            slxs = await connection.execute(
                sa.text("SELECT body FROM slx WHERE workspace = :workspace ORDER BY name"), who
            )
            readings = await connection.execute(sa.text("SELECT * FROM reading WHERE workspace = :workspace"), who)
            return Map(
                resources=tuple(_resource(row) for row in resources),
                relations=tuple(_relation(row) for row in relations),
                slxs=tuple(SLX.model_validate_json(row.body) for row in slxs),
                readings=tuple(_reading(row) for row in readings),
            )

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

    async def _prune(self, connection: Connection, update: MapUpdate) -> int:
        seen = {resource.ref.path for resource in update.resources}
        gone = 0
        for reading in update.readings:
            if not reading.complete:
                continue
            rows = await connection.execute(_IN_SCOPE, {"workspace": self._workspace, **reading.scope.model_dump()})
            for path in [row.path for row in rows if row.path not in seen]:
                await connection.execute(_DROP_RESOURCE, {"workspace": self._workspace, "path": path})
                await connection.execute(_DROP_SLX_OF, {"workspace": self._workspace, "subject": path})
                await self._drop_relations(connection, path)
                gone += 1
        return gone

    async def _drop_relations(self, connection: Connection, path: str) -> None:
        query = sa.text("DELETE FROM relation WHERE workspace = :workspace AND source = :path")
        await connection.execute(query, {"workspace": self._workspace, "path": path})

    async def _put_resources(self, connection: Connection, resources: tuple[Resource, ...]) -> int:
        rows = [
            {
                "workspace": self._workspace,
                "path": resource.ref.path,
                **resource.ref.model_dump(),
                "labels": json.dumps(resource.labels, sort_keys=True),
                "health": resource.health,
                "summary": resource.summary,
            }
            for resource in resources
        ]
        return await _changed(connection, _PUT_RESOURCE, rows)

    async def _replace_relations(self, connection: Connection, update: MapUpdate) -> int:
        """Relations are replaced per source. Sources: every resource sent, and every source of a sent relation."""
        wanted: dict[str, set[tuple[str, str, str]]] = {resource.ref.path: set() for resource in update.resources}
        for relation in update.relations:
            row = (relation.type, relation.target.path, relation.detail)
            wanted.setdefault(relation.source.path, set()).add(row)
        present = await self._present_relations(connection, wanted)
        missing = [
            self._relation_row(source, row)
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

    async def _put_slxs(self, connection: Connection, slxs: tuple[SLX, ...]) -> int:
        rows = [
            {
                "workspace": self._workspace,
                "name": slx.name,
                "subject": slx.resources[0].path,
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


async def _changed(connection: Connection, statement: sa.TextClause, rows: list[dict[str, Any]]) -> int:
    """Run ``statement`` once per row; how many rows it really changed."""
    changed = 0
    for row in rows:
        changed += max((await connection.execute(statement, row)).rowcount, 0)
    return changed


def _resource(row: sa.Row[tuple[object, ...]]) -> Resource:
    return Resource(
        ref=ResourceRef.parse(row.path), labels=json.loads(row.labels), health=row.health, summary=row.summary
    )


def _relation(row: sa.Row[tuple[object, ...]]) -> Relation:
    return Relation(
        source=ResourceRef.parse(row.source), type=row.type, target=ResourceRef.parse(row.target), detail=row.detail
    )


def _reading(row: sa.Row[tuple[object, ...]]) -> ScopeReading:
    scope = Scope(platform=row.platform, kind=row.kind, namespace=row.namespace)
    return ScopeReading(scope=scope, complete=bool(row.complete), problem=row.problem)
