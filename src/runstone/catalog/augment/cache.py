"""Keeps TaskDocuments in the data folder by what they were made from: only changed Tasks are augmented again."""

import gzip
import hashlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from runstone.catalog.augment import Generator
from runstone.catalog.document import TaskDocument
from runstone.catalog.entry import Entry
from runstone.catalog.ontology import tables
from runstone.model.noun import Noun


class Cached(Generator):
    """A generator whose documents are kept in a folder. ``made`` counts those of the last call that were not there."""

    def __init__(self, generator: Generator, folder: Path) -> None:
        self._generator = generator
        self._folder = folder
        self.made = 0

    @property
    def version(self) -> str:
        """That of the generator behind."""
        return self._generator.version

    def documents(self, entries: Sequence[Entry], wanted: Collection[str] | None = None) -> Mapping[str, TaskDocument]:
        """As the generator's; what is kept is read, what is not is made and kept."""
        shared = self._shared(entries)
        files = {one.key: self._folder / f"{_digest(shared, one.digest)}.json.gz" for one in entries}
        keys = files if wanted is None else wanted
        found = {key: document for key in keys if (document := read(files[key]))}
        missing = [key for key in keys if key not in found]
        self.made = len(missing)
        made = self._generator.documents(entries, missing) if missing else {}
        for key, document in made.items():
            write(files[key], document)
        return {**found, **made}

    def _shared(self, entries: Sequence[Entry]) -> str:
        """All that a document depends on besides its own entry: which Tasks there are, the ontology, the generator."""
        told = (f"{one.key}\0{one.documentation}\0{one.changes}" for one in entries)
        return _digest(self.version, tables.digest(), *told)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\1".join(parts).encode()).hexdigest()


def read(file: Path) -> TaskDocument | None:
    """The kept document; None when there is none or it was written by another version of the schema."""
    try:
        return TaskDocument.model_validate_json(gzip.decompress(file.read_bytes()))
    except (OSError, EOFError, ValidationError):
        return None


def write(file: Path, document: Noun) -> None:
    """Keep a noun as compressed JSON, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    part.write_bytes(gzip.compress(document.model_dump_json().encode(), 6, mtime=0))
    part.replace(file)
