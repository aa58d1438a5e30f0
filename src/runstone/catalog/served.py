"""The Tasks of every collection that is served, ready to be searched: from what builds made, no suite is read again."""

import json
from collections.abc import Iterable
from typing import Any

from runstone.catalog import index
from runstone.catalog.build import products
from runstone.catalog.document import TaskDocument
from runstone.catalog.entry import Entry
from runstone.catalog.library import Meaning
from runstone.catalog.search import Search
from runstone.catalog.store import Store


async def searchable(store: Store, meaning: Meaning | None = None) -> Search | None:
    """A search over all served Tasks; None when nothing is served. Without ``meaning`` it is lexical, and says so."""
    served = [one for one in await store.collections() if one.current]
    versions = [await store.version(one.name, one.current) for one in served]
    kept = await store.products(products((piece for one in versions for piece in one.pieces), ["indexed"]))
    entries = [
        Entry.model_validate({**entry, "collection": version.collection})
        for version in versions
        for piece in version.pieces
        for entry in json.loads(kept[piece.indexed])["entries"]
    ]
    if not entries:
        return None
    if meaning is None:
        return Search(entries)
    made = await store.products(products((piece for one in versions for piece in one.pieces), ["augmented"]))
    documents = {one.key: one for one in _documents(made.values())}
    known = [one for one in entries if one.key in documents]
    sentences = [index.sentence(one) for one in known]
    scenarios = [[scenario.short for scenario in documents[one.key].scenarios] for one in known]
    return Search(known, documents, meaning(sentences, scenarios))


def _documents(made: Iterable[bytes]) -> Iterable[TaskDocument]:
    for one in made:
        found: list[dict[str, Any]] = json.loads(one)["documents"]
        yield from (TaskDocument.model_validate(document) for document in found)
