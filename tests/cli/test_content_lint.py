"""``runstone content lint`` as a person, a program and a pull request use it."""

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from runstone.cli.content import command
from runstone.content.lint import opinions, rules
from runstone.errors import BadInput

SUITE = """\
*** Settings ***
Documentation    Looks.
Metadata    Author    someone
Metadata    Display Name    A thing
Metadata    Supports    Things
Library    RW.Core

*** Task ***
Look
    [Documentation]    Looks.
    [Tags]    access:read-only
    RW.Core.Add Issue    severity=2    title=Gone    next_steps=Look.
"""
CLEAN = SUITE.replace("*** Task ***", "*** Tasks ***")


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "codebundles" / "thing"
    folder.mkdir(parents=True)
    (folder / "runbook.robot").write_text(SUITE)
    (folder / "README.md").write_text("A thing.")
    monkeypatch.chdir(tmp_path)
    return folder


def lint(*arguments: str) -> Result:
    return CliRunner().invoke(command, ["lint", *arguments], catch_exceptions=False)


def break_it(bundle: Path) -> None:
    (bundle / "runbook.robot").write_text(SUITE.replace("    RW.Core.Add Issue", "    RW.Core.Add Isue"))


def test_findings_are_grouped_by_file_and_counted(bundle: Path) -> None:
    result = lint(".")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "codebundles/thing/runbook.robot"
    assert lines[1].split()[:3] == ["8:1", "note", "RS110"]
    assert "(--fix)" in lines[1]
    assert lines[-1] == "0 errors, 0 warnings, 1 note in 1 file of 1 bundle; 1 can be fixed with --fix, 0 waived."


@pytest.mark.parametrize(
    ("broken", "fail_on", "status"),
    [(False, "error", 0), (False, "warning", 0), (False, "note", 1), (True, "error", 1), (True, "note", 1)],
)
def test_it_fails_from_the_severity_that_was_asked_for(broken: bool, fail_on: str, status: int, bundle: Path) -> None:
    if broken:
        break_it(bundle)
    assert lint(".", "--fail-on", fail_on).exit_code == status


def test_usage_is_refused_with_what_to_give(bundle: Path) -> None:
    assert lint().exit_code == 2
    assert lint(".", "--format", "xml").exit_code == 2
    for arguments in (("nowhere",), (".", "--select", "RS999"), ("--explain", "RS999")):
        with pytest.raises(BadInput):
            lint(*arguments)


def test_rules_are_selected_and_ignored_by_code_family_and_name(bundle: Path) -> None:
    break_it(bundle)

    def found(*arguments: str) -> set[str]:
        return {one["code"] for one in json.loads(lint(".", "--format", "json", *arguments).stdout)["findings"]}

    assert found() == {"RS104", "RS110", "RS214"}
    assert found("--select", "RS1") == {"RS104", "RS110"}
    assert found("--select", "RS104,RS2") == {"RS104", "RS214"}
    assert found("--select", "unknown-keyword") == {"RS104"}
    assert found("--ignore", "RS1", "--ignore", "RS214") == set()


def test_every_format_is_what_it_says(bundle: Path) -> None:
    break_it(bundle)
    sarif = json.loads(lint(".", "--format", "sarif").stdout)
    assert {one["ruleId"] for one in sarif["runs"][0]["results"]} == {"RS104", "RS110", "RS214"}
    github = lint(".", "--format", "github").stdout.splitlines()
    assert github[0].startswith("::notice file=codebundles/thing/runbook.robot,line=8,col=1,title=RS110 ")
    assert any(line.startswith("::error file=") for line in github)


def test_a_rule_explains_itself_by_code_and_by_name() -> None:
    by_code = lint("--explain", "rs101").stdout
    assert by_code == lint("--explain", "return-in-task").stdout
    assert by_code.startswith("RS101 return-in-task (error)\n\nRETURN stands in a Task")
    listed = lint("--explain", "all").stdout.splitlines()
    assert [line.split()[0] for line in listed] == [rule.code for rule in rules.every()]


def test_fix_changes_the_file_and_leaves_nothing_to_fix(bundle: Path) -> None:
    result = lint(".", "--fix", "--fail-on", "note")
    assert result.exit_code == 0
    assert "1 fixed." in result.stderr
    assert (bundle / "runbook.robot").read_text() == CLEAN
    assert "0 fixed." in lint(".", "--fix").stderr


def test_diff_prints_a_patch_and_changes_nothing(bundle: Path) -> None:
    result = lint(".", "--diff")
    assert (bundle / "runbook.robot").read_text() == SUITE
    assert result.stdout.startswith("--- a/codebundles/thing/runbook.robot\n+++ b/codebundles/thing/runbook.robot\n")
    assert "\n-*** Task ***\n+*** Tasks ***\n" in result.stdout


def test_a_fix_that_only_a_chosen_rule_asks_for_is_the_only_one_made(bundle: Path) -> None:
    lint(".", "--fix", "--select", "RS2")
    assert (bundle / "runbook.robot").read_text() == SUITE


def test_paths_outside_the_current_folder_are_relative_to_what_was_named(
    bundle: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert lint(str(bundle.parents[1])).stdout.splitlines()[0] == "codebundles/thing/runbook.robot"
    assert lint(str(bundle / "runbook.robot")).stdout.splitlines()[0] == "runbook.robot"


def test_a_program_that_is_not_installed_is_said_once(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bundle / "a.sh").write_text("echo\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert [said.partition(" ")[0] for said in opinions.installed()[1]] == ["shellcheck", "ruff"]
    assert lint(".").stdout.count("is not installed") == 2
    assert json.loads(lint(".", "--format", "json").stdout)["said"] == list(opinions.installed()[1])


def test_what_other_programs_say_is_found_by_a_relative_path_too(bundle: Path) -> None:
    (bundle / "a.py").write_text("print(undefined)\n")
    for path in (".", "codebundles/thing", str(bundle)):
        found = json.loads(lint(path, "--format", "json", "--select", "RS405").stdout)["findings"]
        assert [(one["file"], one["line"]) for one in found] == [("codebundles/thing/a.py", 1)]


def test_a_file_that_is_of_no_bundle_is_refused(bundle: Path) -> None:
    (bundle.parents[1] / "README.md").write_text("A collection.")
    with pytest.raises(BadInput, match="no CodeBundle"):
        lint("README.md")
