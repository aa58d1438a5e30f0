"""A score: five parts of twenty points, each with its reason."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from tests.trials import ILL, PODS, WELL, examine, write

from runstone.content.trial import score
from runstone.content.trial.report import BundleOutcome, Points, exit_code

CASES = f"""
    variables: {{NAMESPACE: shop}}
    cases:
    - name: healthy
      tools: [{{run: kubectl, out: '{WELL}'}}]
      expect: {{no_other_issues: true}}
    - name: ill
      tools: [{{run: kubectl, out: '{ILL}'}}]
      expect: {{issues: [{{title: "Pods fail*"}}]}}
    - name: restart
      tasks: ["Restart*"]
      tools: [{{run: kubectl}}]
      expect: {{status: passed}}
"""


def parts(found: BundleOutcome) -> dict[str, tuple[float, int, str]]:
    return {one.what: (one.points, one.most, one.reason) for one in found.points}


def test_a_bundle_whose_cases_show_everything_has_a_hundred(tmp_path: Path) -> None:
    found = examine(write(tmp_path, {"runbook.robot": PODS}, CASES))
    assert (found.score, found.passed) == (100, True)
    assert parts(found)["Tasks are run by a case"] == (20, 20, "2 of 2.")


def test_what_is_missing_costs_its_share_and_is_named(tmp_path: Path) -> None:
    only_healthy = CASES.partition("    - name: ill")[0]
    found = examine(write(tmp_path, {"runbook.robot": PODS}, only_healthy))
    assert found.score == 50
    assert parts(found) == {
        "The suites resolve": (20, 20, "Every library, keyword and argument does."),
        "Tasks are run by a case": (10, 20, "1 of 2. Not: Restart Pods in `${NAMESPACE}`."),
        "Issues that the source can raise are raised": (0, 20, "0 of 1. Not: runbook.robot:13."),
        "Cases pass": (20, 20, "1 of 1."),
        "Tasks are seen healthy and unhealthy": (0, 20, "0 of 1. Not: Check Pods in `${NAMESPACE}`."),
    }


def test_a_part_that_does_not_apply_is_left_out(tmp_path: Path) -> None:
    suite = "*** Settings ***\nLibrary    RW.Core\n\n*** Tasks ***\nMeasure\n    RW.Core.Push Metric    1\n"
    found = examine(write(tmp_path, {"sli.robot": suite}, "cases: [{name: it, expect: {metric: 1}}]"))
    assert found.score == 100
    assert parts(found)["Tasks are seen healthy and unhealthy"][1] == 0


def test_a_bundle_without_cases_has_the_points_of_its_dry_run_alone(tmp_path: Path) -> None:
    found = examine(write(tmp_path, {"runbook.robot": PODS}))
    assert (found.score, found.passed) == (20, True)


def test_some_cases_alone_have_no_score(tmp_path: Path) -> None:
    found = examine(write(tmp_path, {"runbook.robot": PODS}, CASES), only="heal*")
    assert [one.name for one in found.cases] == ["healthy"]
    assert (found.score, found.points) == (None, ())


@given(st.lists(st.tuples(st.integers(0, 20), st.sampled_from([0, 20])), max_size=6))
def test_a_total_lies_between_nothing_and_a_hundred_and_a_hundred_means_all(found: list[tuple[int, int]]) -> None:
    points = [Points(what="", points=min(got, most), most=most, reason="") for got, most in found]
    total = score.total(points)
    assert 0 <= total <= 100
    assert (total == 100) == (any(one.most for one in points) and all(one.points == one.most for one in points))


def test_the_exit_code_says_unreadable_before_failed() -> None:
    good = BundleOutcome(bundle="b", path="b", unresolved=(), defects=(), cases=(), points=(), score=0)
    bad = good.model_copy(update={"defects": ("x",)})
    assert [exit_code((good,)), exit_code((good, bad))] == [0, 2]
