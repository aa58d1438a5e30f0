"""What is there and what home knows of it, in a local file that never leaves the edge.

Digests of what was sent, so that a round in which nothing changed sends nothing; and the trimmed objects of the last
round, so that a restart does not begin with an empty picture. The platform's connector has dropped what must not be
kept before it comes here: values of Secrets and ConfigMaps, and values of environment variables that are no address.
The file is readable by its owner alone.
"""

import hashlib
import json
import secrets
import sqlite3
import zlib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import structlog
from pydantic import BaseModel

from runstone.connectors.platforms import Batch
from runstone.model.resource import Scope, ScopeReading

log = structlog.get_logger()
_FORMAT = 4
"""Changes with the tables or with what a connector keeps: another format is emptied, at the cost of a round."""
_TABLES = """
CREATE TABLE sent (platform TEXT, name TEXT, digest TEXT NOT NULL, PRIMARY KEY (platform, name));
CREATE TABLE own (salt BLOB NOT NULL);
CREATE TABLE scope (
    platform TEXT, kind TEXT, namespace TEXT, reading TEXT NOT NULL, objects BLOB NOT NULL,
    PRIMARY KEY (platform, kind, namespace)
);
"""


class Inventory:
    """A file of digests and objects, by platform."""

    def __init__(self, path: Path) -> None:
        """A damaged file is begun anew: all it holds can be read again from the platforms."""
        try:
            self._file = _opened(path)
        except sqlite3.DatabaseError as err:
            log.warning("inventory begun anew", file=str(path), problem=str(err))
            path.unlink(missing_ok=True)
            self._file = _opened(path)

    @property
    def salt(self) -> bytes:
        """A secret of this edge's own, made once: what hashes of configuration are made with."""
        row = self._file.execute("SELECT salt FROM own").fetchone()
        if row is None:
            with self._file:
                self._file.execute("INSERT INTO own VALUES (?)", (secrets.token_bytes(32),))
            return self.salt
        return bytes(row[0])

    def digests(self, platform: str) -> dict[str, str]:
        """What home knows of a platform, by name."""
        rows = self._file.execute("SELECT name, digest FROM sent WHERE platform = ?", (platform,))
        return dict(rows.fetchall())

    def sent(self, platform: str, digests: Mapping[str, str]) -> None:
        """Home took these; an empty digest means that it holds nothing of that name any more."""
        with self._file:
            rows = [(platform, name, digest) for name, digest in digests.items() if digest]
            self._file.executemany("INSERT OR REPLACE INTO sent VALUES (?, ?, ?)", rows)
            names = [(platform, name) for name, digest in digests.items() if not digest]
            self._file.executemany("DELETE FROM sent WHERE platform = ? AND name = ?", names)

    def forget(self, platform: str) -> None:
        """Home does not have what was sent."""
        with self._file:
            self._file.execute("DELETE FROM sent WHERE platform = ?", (platform,))

    def kept(self, platform: str) -> list[Batch]:
        """The scopes and objects of a platform's last round."""
        rows = self._file.execute("SELECT reading, objects FROM scope WHERE platform = ?", (platform,))
        return [
            Batch(ScopeReading.model_validate_json(reading), tuple(json.loads(zlib.decompress(objects))))
            for reading, objects in rows.fetchall()
        ]

    def keep(self, platform: str, scopes: Collection[Scope], batches: Iterable[Batch]) -> None:
        """Write the scopes in ``batches``, and drop those of the platform that are not among ``scopes``."""
        here = {(scope.kind, scope.namespace) for scope in scopes}
        rows = self._file.execute("SELECT kind, namespace FROM scope WHERE platform = ?", (platform,))
        gone = [(platform, *key) for key in rows.fetchall() if tuple(key) not in here]
        with self._file:
            for batch in batches:
                scope = batch.reading.scope
                body = zlib.compress(json.dumps(batch.objects, default=str).encode(), level=1)
                row = (platform, scope.kind, scope.namespace, batch.reading.model_dump_json(), body)
                self._file.execute("INSERT OR REPLACE INTO scope VALUES (?, ?, ?, ?, ?)", row)
            self._file.executemany("DELETE FROM scope WHERE platform = ? AND kind = ? AND namespace = ?", gone)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def digest(nouns: Iterable[BaseModel]) -> str:
    """SHA-256, in hex, over nouns in their order; empty for none."""
    summed = hashlib.sha256()
    count = 0
    for noun in nouns:
        count += 1
        summed.update(noun.model_dump_json().encode() + b"\n")
    return summed.hexdigest() if count else ""


def _opened(path: Path) -> sqlite3.Connection:
    path.touch(mode=0o600, exist_ok=True)
    path.chmod(0o600)
    file = sqlite3.connect(path, check_same_thread=False)  # one user at a time, in whichever thread
    try:
        (version,) = file.execute("PRAGMA user_version").fetchone()
        if version != _FORMAT:
            file.executescript(
                f"DROP TABLE IF EXISTS sent; DROP TABLE IF EXISTS scope; DROP TABLE IF EXISTS own; {_TABLES}"
            )
            file.execute(f"PRAGMA user_version = {_FORMAT}")
            file.commit()
    except sqlite3.DatabaseError:
        file.close()
        raise
    return file
