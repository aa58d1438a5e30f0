"""What an author may let be, and what a waiver must be to count."""

from pathlib import Path

import pytest
from linted import SUITE, Change, findings, report

ROBOT = "runbook.robot"
TITLE = "Look At Thing `${THING}`\n"
UNTAGGED: Change = (ROBOT, "    [Tags]    access:read-only\n", "")


def told(root: Path, *changes: Change) -> list[tuple[str, str, int]]:
    return [(one.code, one.file, one.line) for one in findings(root, *changes)]


@pytest.mark.parametrize(
    "change",
    [
        (ROBOT, TITLE, f"# runstone: allow RS301 it is a demo\n{TITLE}"),
        (ROBOT, TITLE, f"#runstone: allow RS301: it is a demo\n\n# more words\n{TITLE}"),
        (ROBOT, TITLE, f"{TITLE.strip()}    # runstone: allow RS301 it is a demo\n"),
        (ROBOT, TITLE, f"# runstone: allow RS301, RS302 it is a demo\n{TITLE}"),
        (".runstone-lint", "", "# why\n\nallow RS301 it is a demo\n"),
    ],
)
def test_a_waiver_lets_a_finding_be(change: Change, tmp_path: Path) -> None:
    found = report(tmp_path, UNTAGGED, change)
    assert "RS301" not in {one.code for one in found.findings}
    assert found.waived == 1


@pytest.mark.parametrize(
    ("change", "code", "line"),
    [
        ((ROBOT, TITLE, f"# runstone: allow RS301\n{TITLE}"), "RS002", 11),
        ((ROBOT, TITLE, f"# runstone: allow RS301   \n{TITLE}"), "RS002", 11),
        ((ROBOT, TITLE, f"# runstone: allow RS999 it is a demo\n{TITLE}"), "RS003", 11),
        ((ROBOT, TITLE, f"# runstone: allow access-tag-missing it is a demo\n{TITLE}"), "RS003", 11),
        ((ROBOT, TITLE, f"# runstone: allow\n{TITLE}"), "RS003", 11),
        ((ROBOT, TITLE, f"# runstone: allow RS004 I know\n{TITLE}"), "RS003", 11),
        ((ROBOT, "*** Tasks", "# runstone: allow RS301 too far away\n*** Tasks"), "RS004", 10),
        ((".runstone-lint", "", "RS301 without the word\n"), "RS003", 1),
    ],
)
def test_a_waiver_that_is_none_is_found_and_lets_nothing_be(
    change: Change, code: str, line: int, tmp_path: Path
) -> None:
    found = told(tmp_path, UNTAGGED, change)
    assert (code, change[0], line) in found
    assert "RS301" in {one[0] for one in found}


def test_a_waiver_for_what_is_not_found_is_found(tmp_path: Path) -> None:
    assert told(tmp_path, (ROBOT, TITLE, f"# runstone: allow RS301 it is a demo\n{TITLE}")) == [("RS004", ROBOT, 11)]


def test_a_waiver_of_a_rule_that_was_not_asked_is_not_called_idle(tmp_path: Path) -> None:
    change = (ROBOT, TITLE, f"# runstone: allow RS301 it is a demo\n{TITLE}")
    assert not report(tmp_path, change, ignore=("RS301",)).findings
    assert not report(tmp_path, change, select=("RS004", "RS1")).findings


def test_a_waiver_at_the_end_of_a_line_does_not_reach_the_next(tmp_path: Path) -> None:
    twice = SUITE.replace("\n*** Keywords", "Look Twice `${THING}`\n    Log    1\n\n*** Keywords")
    noted = twice.replace(TITLE, f"{TITLE.strip()}    # runstone: allow RS301 it is a demo\n")
    found = [one for one in told(tmp_path, (ROBOT, "", noted)) if one[0] in ("RS301", "RS004")]
    assert found == [("RS301", ROBOT, 16), ("RS004", ROBOT, 11)] or found == [
        ("RS004", ROBOT, 11),
        ("RS301", ROBOT, 16),
    ]


def test_scripts_and_rule_files_can_waive_in_their_comments(tmp_path: Path) -> None:
    loads = "# runstone: allow RS307 the address is ours and signed\ncurl https://x | bash\n"
    rules = ".runwhen/generation-rules/thing.yaml"
    changes = [
        (ROBOT, "cmd=cat ${THING}", "cmd=./look.sh ${THING}"),
        ("look.sh", "", loads),
        (rules, "    - resourceTypes", "    # runstone: allow RS506 a type of ours\n    - resourceTypes"),
        (rules, "[deployment]", "[things]"),
        ("README.md", "", "curl"),
    ]
    assert told(tmp_path, *changes) == []
