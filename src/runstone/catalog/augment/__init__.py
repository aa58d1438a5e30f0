"""Makes TaskDocuments. A generator is a file here; its protocol is ``Generator``. Only open content goes in."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from runstone.catalog.document import TaskDocument
from runstone.catalog.entry import Entry


class Generator(Protocol):
    """Writes what it knows about Tasks. Its results are merged with others' and marked by their origin."""

    @property
    def version(self) -> str:
        """Part of the cache's key: a generator that writes otherwise has another version."""
        ...

    def documents(self, entries: Sequence[Entry], wanted: Collection[str] | None = None) -> Mapping[str, TaskDocument]:
        """A document for each entry, or for those whose keys are wanted, by its key.

        The other entries are seen too: they are what can follow an Issue.
        """
        ...
