"""Fixes: what they change, that they change no meaning, and that a second time there is nothing left to change."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from linted import SUITE, Change, findings, write

from runstone.content import parse
from runstone.content.lint import fixing
from runstone.content.lint.finding import Edit

ROBOT = "runbook.robot"
STEP = "    ${answer}=    RW.CLI.Run Cli    cmd=cat ${THING}\n"


def mended(root: Path, *changes: Change) -> tuple[str, str]:
    """The suite before and after its fixes."""
    bundle = write(root, *changes)
    before = (bundle / ROBOT).read_bytes().decode()
    changed = fixing.changes(findings(root, *changes), bundle)
    for path, (_, after) in changed.items():
        fixing.write(path, after)
    return before, (bundle / ROBOT).read_bytes().decode()


FIXES: list[tuple[str, str, str]] = [
    ("*** Tasks ***", "*** Task ***", "*** Tasks ***"),
    ("*** Keywords ***", "* * keyword", "* * keyword"),
    ("*** Keywords ***", "***Keyword***", "***Keywords***"),
    ("Suite Setup  ", "Force Tags    a\nSuite Setup  ", "Test Tags    a\nSuite Setup  "),
    ("    ...    default=a\n", "    ...    pattern=\\w*\n    ...    default=a\n", "    ...    default=a\n"),
    ("    ...    default=a\n", "    ...    default=a\n    ...    pattern=.*\n", "    ...    default=a\n"),
    ("    ...    default=a\n", "    ...    default=a    pattern=.*\n", "    ...    default=a    pattern=.*\n"),
    (
        STEP,
        STEP + "    ${a}=    Evaluate    json.loads(r'''${answer.stdout}''')    json\n",
        STEP + "    ${a}=    Evaluate    json.loads($answer.stdout)    json\n",
    ),
    (
        STEP,
        STEP
        + "    ${a}=    Evaluate    [*json.loads(r'''${b.stdout}'''), *json.loads(r\"\"\"${c.stdout}\"\"\")]    json\n",
        STEP + "    ${a}=    Evaluate    [*json.loads($b.stdout), *json.loads($c.stdout)]    json\n",
    ),
    # Python reads the backslashes of a text that is not raw: the value may be another.
    (
        STEP,
        STEP + "    ${a}=    Evaluate    json.loads('''${answer.stdout}''')    json\n",
        STEP + "    ${a}=    Evaluate    json.loads('''${answer.stdout}''')    json\n",
    ),
    (
        "    Set Suite Variable    ${THING}    ${THING}\n",
        "    Set Suite Variable    ${THING}    ${THING}\n\nGive\n    Log    1\n    [Return]    1\n",
        "    Set Suite Variable    ${THING}    ${THING}\n\nGive\n    Log    1\n    RETURN    1\n",
    ),
    (
        "    Set Suite Variable    ${THING}    ${THING}\n",
        "    Set Suite Variable    ${THING}    ${THING}\n\nGive\n    [Return]    1\n    Log    1\n",
        "    Set Suite Variable    ${THING}    ${THING}\n\nGive\n    [Return]    1\n    Log    1\n",
    ),
]


@pytest.mark.parametrize(("old", "new", "after"), FIXES)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_fix_changes_its_own_place_and_nothing_else(old: str, new: str, after: str, end: str, tmp_path: Path) -> None:
    written = SUITE.replace(old, new).replace("\n", end)
    before, fixed = mended(tmp_path, (ROBOT, "", written))
    assert before == written
    assert fixed == SUITE.replace(old, after).replace("\n", end)


def test_fixing_twice_equals_fixing_once_and_the_tasks_stay_the_same(tmp_path: Path) -> None:
    text = SUITE
    for old, new, _ in FIXES:
        text = text.replace(old, new, 1) if old in text else text
    bundle = write(tmp_path, (ROBOT, "", text))
    tasks = parse.bundle(bundle, tmp_path).suites[ROBOT].tasks
    _, once = mended(tmp_path, (ROBOT, "", text))
    assert once != text
    after = parse.bundle(bundle, tmp_path).suites[ROBOT].tasks
    assert [one.model_copy(update={"line": 0}) for one in after] == [
        one.model_copy(update={"line": 0}) for one in tasks
    ]
    _, twice = mended(tmp_path, (ROBOT, "", once))
    assert twice == once


def test_a_byte_order_mark_stays_and_shifts_nothing(tmp_path: Path) -> None:
    text = "\ufeff" + SUITE.replace("*** Settings ***", "*** Setting ***")
    _, fixed = mended(tmp_path, (ROBOT, "", text))
    assert fixed == "\ufeff" + SUITE


def test_edits_that_overlap_wait_for_another_turn() -> None:
    edits = [Edit(1, 1, 1, 4, "x"), Edit(1, 3, 1, 6, "y")]
    assert fixing.fixed("abcdef", edits) == "aby" + "f"
    assert fixing.fixed("abcdef", [Edit(9, 1, 9, 2, "x")]) == "abcdef"


@given(st.text(alphabet="ab\n", max_size=30), st.data())
@settings(max_examples=60, deadline=None)
def test_edits_apart_from_each_other_are_all_made(text: str, data: st.DataObject) -> None:
    """The result is what replacing each span of the text by itself gives, whatever the order they come in."""
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6)))
    spans = list(zip(cuts[::2], cuts[1::2], strict=False))

    def place(at: int) -> tuple[int, int]:
        return text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1) + 1

    edits = [Edit(*place(start), *place(end), f"<{start}>") for start, end in spans]
    expected, at = "", 0
    for start, end in spans:
        expected += text[at:start] + f"<{start}>"
        at = end
    assert fixing.fixed(text, data.draw(st.permutations(edits))) == expected + text[at:]
