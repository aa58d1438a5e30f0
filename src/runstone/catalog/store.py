"""The catalogue's tables: registered collections, builds, published versions and what stages made of bundles."""

import gzip
import json
from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.exc import IntegrityError

from runstone.catalog.collection import Build, Held, Piece, Registered, Stage, Version
from runstone.db.engine import Connection, Database
from runstone.errors import Conflict, NotFound

_AT_ONCE = 500
"""Ids in one statement; SQLite takes 32766 parameters, Postgres 65535."""
_STAGES = TypeAdapter(tuple[Stage, ...])
_MISSING = TypeAdapter(tuple[Held, ...])

_ADD = sa.text("""
    INSERT INTO collection (name, url, ref, path, added_by, added_at, poll_s, hook_key, strict, current)
    VALUES (:name, :url, :ref, :path, :added_by, :added_at, :poll_s, :hook_key, :strict, :current)
""")
_ALL = sa.text("SELECT * FROM collection ORDER BY name")
_FIND = sa.text("SELECT * FROM collection WHERE name = :name")
_MOVE = sa.text("UPDATE collection SET current = :commit WHERE name = :name")
_NUMBER = sa.text("SELECT COALESCE(MAX(number), 0) + 1 FROM build WHERE collection = :collection")
_NEW_BUILD = sa.text("""
    INSERT INTO build (collection, number, commit_id, reason, state, started_at, ended_at, problem, stages)
    VALUES (:collection, :number, :commit, :reason, :state, :started_at, :ended_at, :problem, :stages)
""")
_SAVE_BUILD = sa.text("""
    UPDATE build SET commit_id = :commit, state = :state, ended_at = :ended_at, problem = :problem, stages = :stages
    WHERE collection = :collection AND number = :number
""")
_BUILDS = sa.text("SELECT * FROM build WHERE collection = :collection ORDER BY number DESC LIMIT :most")
_BUILD = sa.text("SELECT * FROM build WHERE collection = :collection AND number = :number")
_LEFT = sa.text("""
    UPDATE build SET state = 'interrupted', problem = :problem WHERE collection = :collection AND state = 'running'
""")
_NEW_VERSION = sa.text("""
    INSERT INTO version (collection, commit_id, number, published_at, missing)
    SELECT :collection, :commit, COALESCE(MAX(number), 0) + 1, :published_at, :missing
    FROM version WHERE collection = :collection
""")
_NEW_PIECE = sa.text("""
    INSERT INTO piece
    (collection, commit_id, path, from_commit, digest, parsed, linted, tested, augmented, indexed, held)
    VALUES (:collection, :version, :path, :commit, :digest, :parsed, :linted, :tested, :augmented, :indexed, :held)
""")
_VERSIONS = sa.text("SELECT * FROM version WHERE collection = :collection ORDER BY number DESC")
_VERSION = sa.text("SELECT * FROM version WHERE collection = :collection AND commit_id = :commit")
_PIECES = sa.text("SELECT * FROM piece WHERE collection = :collection AND commit_id = :commit ORDER BY path")
_KNOWN = sa.text("SELECT id FROM product WHERE id IN :ids").bindparams(sa.bindparam("ids", expanding=True))
_PRODUCTS = sa.text("SELECT id, value FROM product WHERE id IN :ids").bindparams(sa.bindparam("ids", expanding=True))
_KEEP = sa.text("INSERT INTO product (id, value) VALUES (:id, :value) ON CONFLICT (id) DO NOTHING")
_REMOVALS = tuple(
    sa.text(f"DELETE FROM {table} WHERE {column} = :name")  # noqa: S608  the names stand here
    for table, column in (
        ("piece", "collection"),
        ("version", "collection"),
        ("build", "collection"),
        ("collection", "name"),
    )
)
# A build that runs has products which no version names yet.
_SWEEP = sa.text("""
    DELETE FROM product WHERE id NOT IN (
        SELECT parsed FROM piece UNION SELECT linted FROM piece UNION SELECT tested FROM piece
        UNION SELECT augmented FROM piece UNION SELECT indexed FROM piece
    ) AND NOT EXISTS (SELECT 1 FROM build WHERE state = 'running')
""")


class Store:
    """The catalogue as it is kept. Bytes of products are JSON, gzipped on the way in."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, one: Registered) -> None:
        """Register a collection. Raises Conflict when the name or the address is taken."""
        values = {**one.model_dump(), "strict": int(one.strict)}
        async with self._database.transaction() as connection:
            try:
                await connection.execute(_ADD, values)
            except IntegrityError as err:
                raise Conflict(
                    f"{one.name} is registered already, or its address is under another name. "
                    "See: runstone collection list"
                ) from err

    async def collections(self) -> tuple[Registered, ...]:
        """All registered collections by name."""
        async with self._database.reading() as connection:
            return tuple(_registered(row) for row in (await connection.execute(_ALL)).mappings())

    async def collection(self, name: str) -> Registered:
        """The collection of this name. Raises NotFound."""
        async with self._database.reading() as connection:
            row = (await connection.execute(_FIND, {"name": name})).mappings().first()
        if row is None:
            raise NotFound(f"No collection is registered as {name!r}. List them with: runstone collection list")
        return _registered(row)

    async def remove(self, name: str) -> None:
        """Forget a collection with all its builds and versions, and products that no version needs."""
        await self.collection(name)
        async with self._database.transaction() as connection:
            for statement in _REMOVALS:
                await connection.execute(statement, {"name": name})
            await connection.execute(_SWEEP)

    async def move(self, name: str, commit: str) -> None:
        """Serve the version of another commit. Raises NotFound when it was never published."""
        await self.version(name, commit)
        async with self._database.transaction() as connection:
            await connection.execute(_MOVE, {"name": name, "commit": commit})

    # Builds

    async def start(self, build: Build) -> Build:
        """Keep a new build under the collection's next number."""
        async with self._database.transaction() as connection:
            number = (await connection.execute(_NUMBER, {"collection": build.collection})).scalar_one()
            numbered = build.model_copy(update={"number": number})
            await connection.execute(_NEW_BUILD, _of_build(numbered))
        return numbered

    async def save(self, build: Build) -> None:
        """Keep how far a build is."""
        async with self._database.transaction() as connection:
            await connection.execute(_SAVE_BUILD, _of_build(build))

    async def builds(self, name: str, most: int = 20) -> tuple[Build, ...]:
        """The newest builds, newest first."""
        async with self._database.reading() as connection:
            rows = await connection.execute(_BUILDS, {"collection": name, "most": most})
            return tuple(_build(row) for row in rows.mappings())

    async def build(self, name: str, number: int) -> Build:
        """One build. Raises NotFound."""
        async with self._database.reading() as connection:
            row = (await connection.execute(_BUILD, {"collection": name, "number": number})).mappings().first()
        if row is None:
            raise NotFound(f"{name} has no build {number}. List them with: runstone collection show {name}")
        return _build(row)

    async def leave(self, name: str, problem: str) -> None:
        """Mark builds that say they run as failed; for a caller who knows that none does."""
        async with self._database.transaction() as connection:
            await connection.execute(_LEFT, {"collection": name, "problem": problem})

    # Versions

    async def publish(self, version: Version) -> Version:
        """Keep a version for good and serve it. Raises Conflict when the commit was published before."""
        key = {"collection": version.collection, "commit": version.commit}
        missing = _MISSING.dump_json(version.missing).decode()
        async with self._database.transaction() as connection:
            if (await connection.execute(_VERSION, key)).first():
                raise Conflict(f"{version.collection} at {version.commit[:12]} is published and never changed.")
            await connection.execute(_NEW_VERSION, {**key, "published_at": version.published_at, "missing": missing})
            for piece in version.pieces:
                held = piece.held.model_dump_json() if piece.held else ""
                values = {**piece.model_dump(), "held": held}
                await connection.execute(
                    _NEW_PIECE, {**values, "collection": version.collection, "version": version.commit}
                )
            await connection.execute(_MOVE, {"name": version.collection, "commit": version.commit})
        return await self.version(version.collection, version.commit)

    async def versions(self, name: str) -> tuple[Version, ...]:
        """Every version, newest first, without its pieces."""
        async with self._database.reading() as connection:
            rows = await connection.execute(_VERSIONS, {"collection": name})
            return tuple(_version(row, ()) for row in rows.mappings())

    async def version(self, name: str, commit: str) -> Version:
        """The version of a commit. Raises NotFound."""
        key = {"collection": name, "commit": commit}
        async with self._database.reading() as connection:
            row = (await connection.execute(_VERSION, key)).mappings().first()
            if row is None:
                raise NotFound(
                    f"{name} has no published version {commit[:12] or 'at all'}. See: runstone collection show {name}"
                )
            pieces = (await connection.execute(_PIECES, key)).mappings()
            return _version(row, tuple(_piece(one) for one in pieces))

    # Products

    async def known(self, ids: Collection[str]) -> frozenset[str]:
        """Those of the ids whose products are kept."""
        found: set[str] = set()
        async with self._database.reading() as connection:
            for some in _batches(ids):
                found |= {row.id for row in await connection.execute(_KNOWN, {"ids": some})}
        return frozenset(found)

    async def keep(self, products: Mapping[str, bytes]) -> None:
        """Keep products by their ids; one that is kept stays as it is."""
        rows = [{"id": key, "value": gzip.compress(value, 6, mtime=0)} for key, value in products.items()]
        async with self._database.transaction() as connection:
            await _write(connection, rows)

    async def products(self, ids: Collection[str]) -> dict[str, bytes]:
        """The products of these ids, those that are kept."""
        found: dict[str, bytes] = {}
        async with self._database.reading() as connection:
            for some in _batches(ids):
                for row in await connection.execute(_PRODUCTS, {"ids": some}):
                    found[row.id] = gzip.decompress(row.value)
        return found

    async def packed(self, ids: Collection[str]) -> dict[str, bytes]:
        """The products as they are kept, gzipped."""
        found: dict[str, bytes] = {}
        async with self._database.reading() as connection:
            for some in _batches(ids):
                found |= {row.id: bytes(row.value) for row in await connection.execute(_PRODUCTS, {"ids": some})}
        return found


async def _write(connection: Connection, rows: list[dict[str, Any]]) -> None:
    if rows:
        await connection.execute(_KEEP, rows)


def _batches(ids: Collection[str]) -> list[list[str]]:
    ordered = sorted({one for one in ids if one})
    return [ordered[at : at + _AT_ONCE] for at in range(0, len(ordered), _AT_ONCE)]


def _registered(row: sa.RowMapping) -> Registered:
    return Registered.model_validate({**row, "strict": bool(row["strict"])})


def _of_build(build: Build) -> dict[str, Any]:
    return {**build.model_dump(exclude={"stages"}), "stages": _STAGES.dump_json(build.stages).decode()}


def _build(row: sa.RowMapping) -> Build:
    said = {key: row[key] for key in Build.model_fields if key not in ("commit", "stages")}
    return Build.model_validate({**said, "commit": row["commit_id"], "stages": json.loads(row["stages"])})


def _version(row: sa.RowMapping, pieces: tuple[Piece, ...]) -> Version:
    return Version(
        collection=row["collection"],
        commit=row["commit_id"],
        number=row["number"],
        published_at=row["published_at"],
        pieces=pieces,
        missing=_MISSING.validate_json(row["missing"]),
    )


def _piece(row: sa.RowMapping) -> Piece:
    said = {key: row[key] for key in Piece.model_fields if key not in ("commit", "held")}
    held = Held.model_validate_json(row["held"]) if row["held"] else None
    return Piece(**said, commit=row["from_commit"], held=held)
