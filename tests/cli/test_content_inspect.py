"""``runstone content inspect`` as a person and a program use it."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from runstone.cli.content import command
from runstone.errors import BadInput

DATA = Path(__file__).parents[1] / "data" / "collections"
BUILT_IN = Path(__file__).parents[2] / "codecollection"


def inspect(*arguments: str) -> Result:
    return CliRunner().invoke(command, ["inspect", *arguments], catch_exceptions=False)


def document(path: Path) -> dict[str, Any]:
    result = inspect(str(path), "--json")
    assert result.exit_code == 0
    return json.loads(result.stdout)


def test_one_document_holds_files_contracts_and_defects() -> None:
    found = document(DATA / "small")
    assert set(found) == {"root", "files", "contracts", "defects"}
    assert [one["file"] for one in found["contracts"]] == found["files"]
    says = next(one for one in found["contracts"] if one["folder"] == "codebundles/says")
    assert says["inputs"][0]["name"] == "SUBJECT"
    assert says["inputs"][0]["required"] is True
    task = says["tasks"][0]
    assert {"title", "resolved_title", "access", "mutates", "tools", "issues", "changes", "scripts"} <= set(task)


def test_every_defect_has_its_place_below_the_folder_that_was_named() -> None:
    found = document(DATA)
    told = {(one["file"], one["line"], one["severity"]) for one in found["defects"]}
    assert {
        ("broken/codebundles/bad/runbook.robot", 0, "error"),
        ("broken/codebundles/bad/sli.robot", 6, "warning"),
        ("broken/codebundles/bad/.runwhen/generation-rules/bad.yaml", 4, "error"),
        ("broken/causes/odd.yaml", 0, "error"),
    } <= told
    assert "broken/codebundles/bad/runbook.robot" in found["files"]
    assert all((DATA / one["file"]).exists() for one in found["defects"])


def test_the_built_in_collection_says_of_its_tasks_what_they_do() -> None:
    found = document(BUILT_IN)
    assert [one for one in found["defects"] if one["severity"] == "error"] == []
    tasks = [task for one in found["contracts"] for task in one["tasks"]]
    assert {task["access"] for task in tasks if task["mutates"]} == {"read-write"}
    assert all(task["mutates"] for task in tasks if task["access"] == "read-write")


def test_a_person_reads_tasks_first_and_defects_last(tmp_path: Path) -> None:
    (tmp_path / "runbook.robot").write_text(
        "*** Tasks ***\nRestart `${NAME}`\n    [Tags]    access:read-only\n"
        "    Run Cli    cmd=kubectl rollout restart ${NAME} [x]\n"
        "*** Keywords ***\nSetup\n    Import User Variable    NAME    pattern=\\w*\n"
    )
    lines = inspect(str(tmp_path)).stdout.splitlines()
    words = " ".join(" ".join(lines).split())
    assert "inputs NAME*" in words
    assert "read-only Restart `${NAME}` changes things" in words
    assert "changes runbook.robot:4 kubectl rollout restart ${NAME} [x]" in words
    assert words.index("Defects") < words.index("error runbook.robot:2")
    assert words.index("error runbook.robot:2") < words.index("warning runbook.robot:7")
    assert "1 file, 1 Task (1 changing something), 1 error, 1 warning" in words


def test_one_file_is_enough() -> None:
    found = document(DATA / "small" / "codebundles" / "says" / "runbook.robot")
    assert found["files"] == ["runbook.robot"]


def test_a_folder_without_suites_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"There is no \.robot file and no task.yaml in"):
        inspect(str(tmp_path))
