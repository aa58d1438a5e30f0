"""Makes what can be searched from CodeCollections: read, augmented, with vectors where the caller has a model."""

from collections.abc import Callable, Sequence
from pathlib import Path

from runstone.catalog import index
from runstone.catalog.augment import merge
from runstone.catalog.augment.cache import Cached
from runstone.catalog.augment.kept import Kept
from runstone.catalog.augment.local import Local
from runstone.catalog.document import TaskDocument
from runstone.catalog.entry import Entry
from runstone.catalog.search import Search
from runstone.content import parse
from runstone.errors import BadInput
from runstone.model.content import CauseCode

Meaning = Callable[[Sequence[str], Sequence[Sequence[str]]], index.Nearness]
"""Makes the vectors of Tasks from their sentences and their scenarios, with a model that the caller has."""


def causes(root: Path) -> tuple[CauseCode, ...]:
    """The cause codes of a collection; files that are wrong are left out, as lint tells."""
    found: list[CauseCode] = []
    for file in sorted((root / "causes").glob("*.yaml")):
        try:
            found += parse.causes(file)
        except BadInput:
            continue
    return tuple(found)


def described(entries: Sequence[Entry], data: Path, codes: Sequence[CauseCode] = ()) -> dict[str, TaskDocument]:
    """The documents of Tasks: worked out locally, and what a model wrote of these very Tasks in an earlier build."""
    local = Cached(Local(codes), data / "catalogue" / "documents").documents(entries)
    return merge.all_of(local, Kept(data).documents(entries))


def searchable(
    entries: Sequence[Entry], data: Path, codes: Sequence[CauseCode] = (), meaning: Meaning | None = None
) -> Search:
    """A search over Tasks. Documents are kept below ``data``. Without ``meaning`` it is lexical, and says so."""
    documents = described(entries, data, codes)
    if meaning is None:
        return Search(entries, documents)
    sentences = [index.sentence(one) for one in entries]
    scenarios = [[scenario.short for scenario in documents[one.key].scenarios] for one in entries]
    return Search(entries, documents, meaning(sentences, scenarios))
