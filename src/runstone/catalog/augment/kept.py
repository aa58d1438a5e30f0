"""What a model wrote in earlier builds, by the entry it was written for and the rules it was held against.

A changed Task has none, and after an upgrade with other rules none has; answers are kept, so a build then is free.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from runstone.catalog.augment import Generator, cache, checking
from runstone.catalog.document import TaskDocument
from runstone.catalog.entry import Entry
from runstone.catalog.ontology import tables


class Kept(Generator):
    """Documents of a model, read back from a folder of the data folder. Asks nobody."""

    def __init__(self, data: Path) -> None:
        self._folder = data / "catalogue" / "written"

    @property
    def version(self) -> str:
        """It writes nothing of its own."""
        return "kept"

    def documents(self, entries: Sequence[Entry], wanted: Collection[str] | None = None) -> Mapping[str, TaskDocument]:
        """Those that there are."""
        if not self._folder.is_dir():
            return {}
        rules = _rules()
        chosen = [one for one in entries if wanted is None or one.key in wanted]
        return {one.key: found for one in chosen if (found := cache.read(self._file(one.digest, rules)))}

    def keep(self, documents: Mapping[str, TaskDocument]) -> None:
        """For later builds; what was kept for the same Tasks is replaced."""
        rules = _rules()
        for one in documents.values():
            cache.write(self._file(one.digest, rules), one)

    def _file(self, digest: str, rules: str) -> Path:
        return self._folder / f"{hashlib.sha256((digest + rules).encode()).hexdigest()}.json.gz"


def _rules() -> str:
    """Of everything that decides what is believed."""
    return f"{checking.RULES}:{tables.digest()}"
