"""Floors under the metadata of the public collections, and under search where open Tasks stand beside specific ones."""

from pathlib import Path

import pytest

from runstone.catalog import library, read, retrieval
from runstone.catalog.augment.local import Local
from runstone.catalog.search import Search

QUERIES = Path(__file__).parents[1] / "data/retrieval/queries.jsonl"


@pytest.mark.parametrize(
    "name", ["rw-public-codecollection", "rw-generic-codecollection", "rw-workspace-utils", "rw-cli-codecollection"]
)
def test_metadata_is_ten_times_the_source(collections: Path, name: str) -> None:
    entries = read.collection(collections / name)
    documents = Local(library.causes(collections / name)).documents(entries)
    written = sum(len(one.model_dump_json().encode()) for one in documents.values())
    assert written >= 10 * sum(one.source_bytes for one in entries)


def test_open_tasks_beside_specific_ones_make_search_no_worse(collections: Path) -> None:
    alone = read.collection(collections / "rw-cli-codecollection")
    both = (*alone, *read.collection(collections / "rw-generic-codecollection"))
    assert any(one.runs for one in both)
    asked = retrieval.queries(QUERIES)
    before, after = (retrieval.figures(asked, retrieval.run(Search(one), asked), one) for one in (alone, both))
    assert after.p_at_1 >= before.p_at_1
    assert after.hit_at_5 >= before.hit_at_5
    assert after.mutating_at_1 == 0
