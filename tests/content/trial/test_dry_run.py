"""Suites resolved without executing a step: every problem with file and line."""

from pathlib import Path

from tests.trials import PODS, examine, write

BUNDLES = Path(__file__).parents[3] / "codecollection" / "codebundles"


def unresolved(folder: Path, **files: str) -> list[str]:
    found = examine(write(folder, {name.replace("_", "."): text for name, text in files.items()}))
    return [f"{one.file}:{one.line} {one.message}" for one in found.unresolved]


def test_a_suite_that_resolves_has_nothing_to_say_and_nothing_is_executed(tmp_path: Path) -> None:
    trace = tmp_path / "c" / "trace"
    suite = PODS.replace(
        "    RW.Core.Add Pre To Report", f"    Evaluate    open('{trace}', 'w')\n    RW.Core.Add Pre To Report"
    )
    assert unresolved(tmp_path, runbook_robot=suite) == []
    assert not trace.exists()


def test_unknown_keywords_and_wrong_arguments_are_told_with_their_lines(tmp_path: Path) -> None:
    suite = """*** Settings ***
Library    RW.Core
Resource    more.resource

*** Tasks ***
Look
    RW.Core.Add Isue    severity=2
    IF    True
        Sub    one    two
    END
    FOR    ${x}    IN    a
        Further    ${x}
    END
    Log    fine

Empty

*** Keywords ***
Sub
    [Arguments]    ${one}
    Log    ${one}
"""
    more = "*** Keywords ***\nFurther\n    [Arguments]    ${x}\n    No Such Thing    ${x}\n"
    assert sorted(unresolved(tmp_path, runbook_robot=suite, more_resource=more)) == [
        "more.resource:4 No keyword with name 'No Such Thing' found.",
        "runbook.robot:16 Test cannot be empty.",
        "runbook.robot:7 No keyword with name 'RW.Core.Add Isue' found. Did you mean: RW.Core.Add Issue",
        "runbook.robot:9 Keyword 'Sub' expected 1 argument, got 2.",
    ]


def test_a_library_that_cannot_be_imported_is_told_with_the_line_that_asks_for_it(tmp_path: Path) -> None:
    suite = "*** Settings ***\nLibrary    RW.Core\nLibrary    mine.py\n\n*** Tasks ***\nLook\n    Log    x\n"
    (first, *_) = unresolved(tmp_path, runbook_robot=suite, mine_py="import nothing_of_this_name\n")
    assert first.startswith("runbook.robot:3 Importing library 'mine.py' failed: ModuleNotFoundError")


def test_the_setup_and_every_suite_of_the_bundle_are_resolved(tmp_path: Path) -> None:
    setup = PODS.replace("    Set Suite Variable    ${NAMESPACE}\n", "    Set Suit Variable    ${NAMESPACE}\n")
    sli = "*** Tasks ***\nMeasure\n    Push It    1\n"
    assert unresolved(tmp_path, runbook_robot=setup, sli_robot=sli) == [
        "runbook.robot:27 No keyword with name 'Set Suit Variable' found. Did you mean: BuiltIn.Set Suite Variable "
        "BuiltIn.Set Test Variable",
        "sli.robot:3 No keyword with name 'Push It' found.",
    ]


def test_a_task_yaml_whose_script_is_not_there_does_not_resolve(tmp_path: Path) -> None:
    manifest = "tasks:\n- {title: Look, access: read-only, script: look.sh}\n"
    (only,) = unresolved(tmp_path, task_yaml=manifest)
    assert only.startswith("task.yaml:2 Task 'Look' needs the file look.sh")


def test_what_does_not_resolve_fails_the_bundle_and_costs_its_points(tmp_path: Path) -> None:
    found = examine(write(tmp_path, {"runbook.robot": "*** Tasks ***\nLook\n    Lock\n"}))
    assert not found.passed
    assert [(one.points, one.reason) for one in found.points if one.what == "The suites resolve"] == [
        (0, "1 do not, the first at runbook.robot:3.")
    ]


def test_a_built_in_bundle_resolves() -> None:
    assert examine(BUNDLES / "k8s-workload-remedy").unresolved == ()
