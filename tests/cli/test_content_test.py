"""``runstone content test`` as a person and a pipeline use it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.trials import ILL, PODS, WELL, write

from runstone.cli.content import command
from runstone.errors import BadInput

CASES = f"""
variables: {{NAMESPACE: shop}}
tools: [{{run: kubectl, out: '{WELL}'}}]
cases:
- name: healthy
  expect: {{no_other_issues: true}}
- name: ill
  expect:
    issues: [{{title: "Pods fail*"}}]
"""


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(command, ["test", *arguments, "--data", str(folder / "data")], catch_exceptions=False)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return write(tmp_path, {"runbook.robot": PODS}, CASES)


def test_a_failed_case_names_the_line_and_what_was_asked_and_the_exit_code_is_1(tmp_path: Path, place: Path) -> None:
    result = run(tmp_path, str(place))
    assert result.exit_code == 1
    assert "passed  healthy" in result.output
    assert "tests/cases.yaml:9  The Issue 'Pods fail*' was not raised. Raised: none." in result.output
    assert "Where it could be raised: runbook.robot:13." in result.output
    assert "asked kubectl get pods -n shop -o json <- tests/cases.yaml:3" in result.output
    assert "2 cases of 1 bundle, 1 failed, 0 unresolved" in result.output


def test_all_passed_is_exit_code_0_and_a_collection_is_a_path_too(tmp_path: Path, place: Path) -> None:
    cases = place / "tests" / "cases.yaml"
    cases.write_text(
        cases.read_text().replace("- name: ill\n", f"- name: ill\n  tools: [{{run: kubectl, out: '{ILL}'}}]\n")
    )
    result = run(tmp_path, str(place.parents[1]))
    assert result.exit_code == 0, result.output
    assert "of 100" in result.output


def test_one_json_document_holds_bundles_cases_failures_and_scores(tmp_path: Path, place: Path) -> None:
    document = json.loads(run(tmp_path, str(place), "--json").stdout)
    (one,) = document["bundles"]
    assert (document["passed"], one["passed"], one["bundle"]) == (False, False, "pods")
    assert [(case["name"], case["passed"]) for case in one["cases"]] == [("healthy", True), ("ill", False)]
    failure = one["cases"][1]["failures"][0]
    assert (failure["file"], failure["line"]) == ("tests/cases.yaml", 9)
    assert {part["what"] for part in one["points"]} >= {"Cases pass", "The suites resolve"}


def test_one_case_by_its_name(tmp_path: Path, place: Path) -> None:
    result = run(tmp_path, str(place), "--case", "healthy")
    assert result.exit_code == 0
    assert "ill" not in result.output
    with pytest.raises(BadInput, match="No case below .* has the name 'gone'"):
        run(tmp_path, str(place), "--case", "gone")


def test_a_case_file_that_cannot_be_read_is_exit_code_2(tmp_path: Path, place: Path) -> None:
    (place / "tests" / "odd.yaml").write_text("cases:\n- nme: x\n")
    result = run(tmp_path, str(place))
    assert result.exit_code == 2
    assert "unreadable  pods/tests/odd.yaml:2 is wrong at cases.0.name: Field required." in result.output


def test_a_path_without_a_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no CodeBundle"):
        run(tmp_path, str(tmp_path))
