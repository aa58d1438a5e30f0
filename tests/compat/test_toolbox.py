"""Every public bundle runs with the fake toolbox. Takes about six minutes: see docs/reference/compatibility.md."""

import asyncio
from pathlib import Path

import pytest
import table


@pytest.fixture(scope="module")
def found(collections: Path, dependencies: Path) -> list[table.Row]:
    return asyncio.run(table.rows(collections, dependencies))


def test_at_least_150_bundles_reach_the_end_of_a_task(found: list[table.Row]) -> None:
    assert sum(row.reached for row in found) >= 150


def test_at_least_60_bundles_raise_the_issue_that_was_expected(found: list[table.Row]) -> None:
    assert sum(bool(row.expected_issue) for row in found) >= 60


def test_every_expected_issue_is_raised(found: list[table.Row]) -> None:
    assert [row.bundle for row in found if row.expect and not row.expected_issue] == []


def test_no_bundle_meets_an_error_of_ours(found: list[table.Row]) -> None:
    assert {row.bundle: row.engine_errors for row in found if row.engine_errors} == {}
