"""The trial runs that the built-in bundles bring along."""

from pathlib import Path

import pytest
from tests.trials import examine, said

BUNDLES = Path(__file__).parents[2] / "codecollection" / "codebundles"


@pytest.mark.parametrize("name", sorted(one.parent.name for one in BUNDLES.glob("*/tests")))
def test_a_bundle_passes_its_own_trial_runs(name: str) -> None:
    found = examine(BUNDLES / name)
    assert {one.name: said(one) for one in found.cases if not one.passed} == {}
    assert (found.defects, found.unresolved) == ((), ())
    assert found.score is not None
    assert found.score >= 90
