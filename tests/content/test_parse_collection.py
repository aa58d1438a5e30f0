"""Collections read without running anything."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstone.content import parse, robotfile
from runstone.errors import BadInput
from runstone.model.content import CollectionRef, Input, SecretInput

DATA = Path(__file__).parents[1] / "data" / "collections"
HERE = CollectionRef(url="here", ref="", commit="worktree")


def test_a_collection_has_its_bundles_and_causes() -> None:
    found = parse.collection(DATA / "small", HERE)
    assert [bundle.name for bundle in found.bundles] == sorted(bundle.name for bundle in found.bundles)
    assert found.ref == HERE
    assert found.findings == ()
    assert [(code.code, code.kind, code.resource_kinds, code.checks) for code in found.causes] == [
        ("ImageMissing", "root", ("Pod",), ("image", "registry")),
        ("NoEndpoints", "symptom", (), ()),
    ]


def test_a_suite_tells_its_metadata_tasks_and_needs() -> None:
    found = parse.suite(DATA / "small" / "codebundles" / "says" / "runbook.robot")
    assert found.documentation == "Says everything a Task can say.\nIn two lines."
    assert (found.display_name, found.author) == ("Says Things", "someone")
    assert found.supports == ("Kubernetes", "AKS", "EKS")
    task = found.tasks[0]
    assert task.title == "Report Everything About `${SUBJECT}`"
    assert task.tags == ("access:read-only", "data:config", "${SUBJECT}")
    assert [one.access for one in found.tasks[:3]] == ["read-only", "read-write", "unknown"]
    assert found.inputs[0] == Input(
        name="SUBJECT",
        description="What it is about.",
        default=None,
        example="cart",
        line=found.inputs[0].line,
        pattern="\\w*",
    )
    assert task.resolved_title == "Report Everything About `cart`"
    assert [(one.name, one.default) for one in found.inputs[1:]] == [("RW_LOOKBACK_WINDOW", "1h"), ("EMPTY_OK", "x")]
    assert found.secrets == (SecretInput(name="token", description="", optional=True, line=found.secrets[0].line),)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("RW.Core.Import User Variable    NAME    default=a b", ("NAME", "a b")),
        ("Import User Variable    varname=NAME    default=${EMPTY}", ("NAME", "")),
        (
            "rw.core.import_user_variable    NAME    string    words    example    \\w*    e    f    seven",
            ("NAME", "seven"),
        ),
        ("${x2}=    Import User Variable    lower_9\n    ...    default=\\d+ \\${X}", ("lower_9", "d+ ${X}")),
        ("Import Platform Variable    RW_LOOKBACK_WINDOW", ("RW_LOOKBACK_WINDOW", None)),
        ("IF    True    Import User Variable    NAME", ("NAME", None)),
    ],
)
def test_inputs_are_found_however_they_are_written(tmp_path: Path, call: str, expected: tuple[str, str | None]) -> None:
    file = tmp_path / "runbook.robot"
    file.write_text(f"*** Keywords ***\nSetup\n    {call}\n*** Tasks ***\nLook\n    Log    x\n")
    assert [(one.name, one.default) for one in parse.suite(file).inputs] == [expected]


def test_everything_an_input_declares_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "runbook.robot"
    file.write_text(
        "*** Variables ***\n${PLACE}    here\n*** Tasks ***\n"
        "Look At ${NAME} In ${SPACE NAME} Of ${KIND} ${PLACE} ${UNKNOWN}\n    [Timeout]    2 minutes\n    Log    x\n"
        "*** Keywords ***\nSetup\n"
        "    RW.Core.Import User Variable    NAME    type=integer    pattern=^\\d+$    enum=[1, '2']    example=2\n"
        "    ...    default=${EMPTY}\n"
        "    Import User Variable    KIND    enum=a,b    default=b    example=a\n"
        "    IF    True\n        Import User Variable    MAYBE\n    END\n"
        "    RW.Core.Import Service    kubectl    description=words    example=kubectl-service.shared\n"
        "    TRY\n        Import Secret    token    example=t\n    EXCEPT\n        No Operation\n    END\n"
    )
    found = parse.suite(file)
    name, kind, maybe = found.inputs
    assert (name.type, name.pattern, name.enum, name.default, name.required) == (
        "integer",
        r"^\d+$",
        ("1", "2"),
        "",
        False,
    )
    assert (kind.enum, kind.default, kind.conditional) == (("a", "b"), "b", False)
    assert (maybe.conditional, maybe.required) == (True, False)
    assert [(one.name, one.example) for one in found.services] == [("kubectl", "kubectl-service.shared")]
    assert [(one.name, one.example, one.conditional) for one in found.secrets] == [("token", "t", True)]
    (task,) = found.tasks
    assert task.resolved_title == "Look At 2 In ${SPACE NAME} Of b here ${UNKNOWN}"
    assert (task.timeout, task.line) == ("2 minutes", 4)


def test_tags_of_the_whole_suite_count(tmp_path: Path) -> None:
    file = tmp_path / "runbook.robot"
    file.write_text(
        "*** Settings ***\nForce Tags    access:read-only    all\nDefault Tags    plain\n"
        "*** Tasks ***\nA\n    Log    x\nB\n    [Tags]    own    access:read-write\n    Log    x\n"
    )
    first, second = parse.suite(file).tasks
    assert (first.tags, first.access) == (("access:read-only", "all", "plain"), "read-only")
    assert (second.tags, second.access) == (("access:read-only", "all", "own", "access:read-write"), "read-write")


def test_a_bad_file_is_a_finding_and_the_others_load() -> None:
    found = parse.collection(DATA / "broken", HERE)
    bad, good = found.bundles
    assert list(bad.suites) == ["sli.robot"]
    told = {(one.file, one.line, one.severity) for one in bad.findings}
    assert told == {
        ("codebundles/bad/runbook.robot", 0, "error"),
        ("codebundles/bad/sli.robot", 6, "warning"),
        ("codebundles/bad/.runwhen/generation-rules/bad.yaml", 4, "error"),
    }
    assert [(one.line, one.severity) for one in good.findings] == [(4, "error")]
    assert "cannot be told apart" in good.findings[0].message
    assert {one.file for one in found.findings} == {"causes/odd.yaml", "causes/pattern.yaml"}


def test_generation_rules_stay_as_written() -> None:
    folder = DATA / "broken" / "codebundles" / "good" / ".runwhen" / "generation-rules"
    assert parse.generation_rules(folder / "empty.yaml") == ()
    (rule,) = parse.generation_rules(folder / "good.yaml")
    assert rule.platform == "kubernetes"
    assert rule.resource_types == ("deployment", {"custom": {"group": "a.b", "version": "v1", "kind": "C"}})
    assert rule.match[0]["pattern"] == ".+"
    assert rule.slxs == ({"baseName": "look", "qualifiers": ["resource"]},)


def test_rules_that_are_no_rules_are_refused_with_a_place(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text("spec: {generationRules: [{matchRules: [words]}]}")
    with pytest.raises(BadInput, match=r"rules\.yaml: spec\.generationRules\[0\]\.matchRules\[0\] must be a mapping"):
        parse.generation_rules(file)


def test_a_folder_that_is_no_collection_says_so(tmp_path: Path) -> None:
    found = parse.collection(tmp_path, HERE)
    assert found.bundles == ()
    assert "not a CodeCollection" in found.findings[0].message


def test_a_changed_suite_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "runbook.robot"
    file.write_text("*** Tasks ***\nOld\n    Log    x\n")
    before = parse.suite(file)
    assert parse.suite(file) is before
    file.write_text("*** Tasks ***\nNew\n    Log    x\n")
    os.utime(file, ns=(1, 1))
    assert parse.suite(file).tasks[0].title == "New"


def test_a_missing_suite_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"runbook\.robot cannot be read: No such file"):
        parse.suite(tmp_path / "runbook.robot")


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_in_a_sentence(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.mktemp("any") / "x.robot"
    file.write_text(text, encoding="utf-8", errors="ignore", newline="")
    found, findings = robotfile.read(file)
    assert found.tasks or findings


TITLE = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=30).filter(
    lambda text: not text.startswith(("#", "|", "*", "...")) and "\\" not in text
)


@given(TITLE)
def test_a_title_is_kept_as_written(tmp_path_factory: pytest.TempPathFactory, title: str) -> None:
    file = tmp_path_factory.mktemp("title") / "x.robot"
    file.write_text(f"*** Tasks ***\n{title} `${{NAME}}`\n    Log    x\n", encoding="utf-8")
    assert [task.title for task in parse.suite(file).tasks] == [f"{title} `${{NAME}}`"]
