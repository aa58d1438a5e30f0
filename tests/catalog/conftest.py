"""The small catalogue of our own, ready to be asked without a model, and our built-in collection as entries."""

from pathlib import Path

import pytest

from runstone.catalog import read
from runstone.catalog.entry import Entry
from runstone.catalog.search import Search

DATA = Path(__file__).parents[1] / "data/retrieval"
BUILT_IN = Path(__file__).parents[2] / "codecollection"


@pytest.fixture(scope="session")
def small() -> tuple[Entry, ...]:
    return read.lines(DATA / "catalogue.jsonl")


@pytest.fixture(scope="session")
def search(small: tuple[Entry, ...]) -> Search:
    return Search(small)


@pytest.fixture(scope="session")
def built_in() -> tuple[Entry, ...]:
    return read.collection(BUILT_IN)
