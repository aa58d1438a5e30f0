"""The compatibility gate runs where the public collections are; elsewhere its tests are skipped, with the reason."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import harness


@pytest.fixture(scope="session")
def collections() -> Path:
    """The folder of ``RUNSTONE_COLLECTIONS``: one folder per collection."""
    named = os.environ.get("RUNSTONE_COLLECTIONS")
    if not named:
        pytest.skip("The public collections are not here: set RUNSTONE_COLLECTIONS to the folder that holds them.")
    return Path(named)


@pytest.fixture(scope="session")
def dependencies(collections: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one folder of Python packages per collection, as Runstone builds them.

    ``RUNSTONE_COLLECTION_DEPENDENCIES`` names where they are kept between runs of the gate.
    """
    named = os.environ.get("RUNSTONE_COLLECTION_DEPENDENCIES")
    return asyncio.run(harness.dependencies(collections, Path(named) if named else tmp_path_factory.mktemp("needs")))
