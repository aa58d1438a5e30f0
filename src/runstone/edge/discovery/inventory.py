"""What was sent home last, in a local file: so that a round in which nothing changed sends nothing.

Only digests are kept, per scope and per source of relations: no object and no value is stored. The file is readable by
its owner alone and never leaves the edge.
"""

import hashlib
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel


class Inventory:
    """Digests of what home knows, by a name such as ``scope/c/Deployment/``."""

    def __init__(self, path: Path) -> None:
        path.touch(mode=0o600, exist_ok=True)
        self._file = sqlite3.connect(path)
        self._file.execute("CREATE TABLE IF NOT EXISTS sent (name TEXT PRIMARY KEY, digest TEXT NOT NULL)")
        self._file.commit()

    def changed(self, name: str, digest: str) -> bool:
        """Whether ``name`` was sent with another digest, or never."""
        row = self._file.execute("SELECT digest FROM sent WHERE name = ?", (name,)).fetchone()
        return row is None or row[0] != digest

    def sent(self, digests: dict[str, str]) -> None:
        """Home took these."""
        self._file.executemany("INSERT OR REPLACE INTO sent (name, digest) VALUES (?, ?)", digests.items())
        self._file.commit()

    def forget(self) -> None:
        """Home may not have taken something: send everything next time."""
        self._file.execute("DELETE FROM sent")
        self._file.commit()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def digest(nouns: Iterable[BaseModel]) -> str:
    """SHA-256, in hex, over nouns in their order."""
    summed = hashlib.sha256()
    for noun in nouns:
        summed.update(noun.model_dump_json().encode() + b"\n")
    return summed.hexdigest()
