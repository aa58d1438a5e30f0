"""One database handle per zone, its migrations, and the translation of database failures into sentences."""

import contextlib
import re
from collections.abc import AsyncGenerator
from importlib import resources
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from runstone.errors import Broken, Unreachable

# WAL lets readers go on while one writes; NORMAL still survives a killed process (only a power cut may lose the
# last commits); the timeout is how long a writer waits for another.
_SQLITE_PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=10000", "foreign_keys=ON")


Connection = AsyncConnection
"""A connection inside a transaction, as those pass it on who hold no SQL themselves."""


class Database:
    """A zone's database: transactions, and nothing about what is in it."""

    def __init__(self, engine: AsyncEngine, where: str) -> None:
        self._engine = engine
        self.where = where

    @classmethod
    def sqlite(cls, path: Path) -> "Database":
        """A SQLite file, created readable by its owner alone."""
        path.touch(mode=0o600, exist_ok=True)
        engine = create_async_engine(f"sqlite+aiosqlite:///{path}")
        event.listen(engine.sync_engine, "connect", sqlite_pragmas)
        event.listen(engine.sync_engine, "begin", _begin_immediate)
        return cls(engine, str(path))

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncGenerator[AsyncConnection]:
        """A transaction: all of it happens, or nothing. Raises Unreachable or Broken with the reason."""
        try:
            async with self._engine.begin() as connection:
                yield connection
        except DBAPIError as err:
            raise self._explained(err) from err

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncConnection]:
        """A consistent view for reading only; it waits for no writer and stops none."""
        try:
            async with self._engine.connect() as plain:
                connection = await plain.execution_options(reading=True)
                async with connection.begin():
                    yield connection
        except DBAPIError as err:
            raise self._explained(err) from err

    async def migrate(self, folder: str) -> None:
        """Run the numbered files of ``migrations/<folder>`` that have not run yet, each in a transaction."""
        async with self.transaction() as connection:
            await connection.execute(sa.text("CREATE TABLE IF NOT EXISTS migration (name TEXT PRIMARY KEY)"))
            rows = await connection.execute(sa.text("SELECT name FROM migration"))
            done = {row.name for row in rows}
        for file in sorted(_migrations(folder), key=lambda f: f.name):
            if file.name not in done:
                await self._run(file.name, file.read_text())

    async def close(self) -> None:
        """Give every connection back."""
        await self._engine.dispose()

    async def _run(self, name: str, script: str) -> None:
        async with self.transaction() as connection:
            for statement in _statements(script):
                await connection.execute(sa.text(statement))
            await connection.execute(sa.text("INSERT INTO migration (name) VALUES (:name)"), {"name": name})

    def _explained(self, err: DBAPIError) -> Exception:
        text = str(err.orig)
        if "disk is full" in text or "No space left" in text or "disk I/O error" in text:
            return Broken(
                f"The disk that holds {self.where} is full ({text}). Nothing stored is lost. Free some space and "
                f"start again."
            )
        if "readonly" in text or "unable to open" in text:
            return Broken(f"The database {self.where} cannot be written ({text}). Check the folder's owner and rights.")
        if "locked" in text:
            return Unreachable(f"The database {self.where} is held by another process. Stop it, or use another --data.")
        return Broken(f"The database {self.where} refused a statement: {text}")


def sqlite_pragmas(connection: Any, _record: object) -> None:
    """Set what every SQLite connection of ours needs; for the engine's ``connect`` event."""
    cursor = connection.cursor()
    for pragma in _SQLITE_PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: sa.Connection) -> None:
    # A deferred transaction that reads first and writes later fails at once when another wrote in between,
    # whatever the busy timeout; taking the write lock first makes it wait instead.
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _migrations(folder: str) -> list[Any]:
    root = resources.files("runstone.db") / "migrations" / folder
    return [file for file in root.iterdir() if file.name.endswith(".sql")]


def _statements(script: str) -> list[str]:
    bare = re.sub(r"--[^\n]*", "", script)
    return [statement.strip() for statement in bare.split(";") if statement.strip()]
