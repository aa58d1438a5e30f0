"""Search over the public collection: floors under the figures of docs/reference/retrieval.md, without a model.

The questions are ours; their labels name public bundles, so they are only asked where those are.
"""

from pathlib import Path

import pytest

from runstone.catalog import library, read, retrieval
from runstone.catalog.entry import Entry
from runstone.catalog.search import Search

QUERIES = Path(__file__).parents[1] / "data/retrieval/queries.jsonl"


@pytest.fixture(scope="module")
def entries(collections: Path) -> tuple[Entry, ...]:
    return read.collection(collections / "rw-cli-codecollection")


@pytest.fixture(scope="module")
def search(entries: tuple[Entry, ...], tmp_path_factory: pytest.TempPathFactory) -> Search:
    return library.searchable(entries, tmp_path_factory.mktemp("data"))


@pytest.mark.parametrize("split", ["seen", "held"])
def test_the_right_task_is_found(split: str, entries: tuple[Entry, ...], search: Search) -> None:
    asked = [one for one in retrieval.queries(QUERIES) if one.split == split]
    assert all(one.relevant(entries) for one in asked if one.expected == "task")
    found = retrieval.figures(asked, retrieval.run(search, asked), entries)
    assert found.p_at_1 >= 0.85
    assert found.hit_at_5 >= 0.95
    assert found.mutating_at_1 == 0
    assert found.none_auroc is not None
    assert found.none_auroc >= 0.95


def test_metadata_is_ten_times_the_source(entries: tuple[Entry, ...], search: Search) -> None:
    written = sum(len(one.model_dump_json().encode()) for one in search.index.documents.values())
    assert written >= 10 * sum(one.source_bytes for one in entries)
