"""Whatever stands in the files, the linter says something and never falls over."""

import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from linted import RULES, RUNBOOK, SUITE, write

from runstone.content.lint import engine, signatures
from runstone.content.lint.engine import Report

QUICK = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def words(text: str) -> st.SearchStrategy[str]:
    """One of the words that ``|`` parts; ``~`` stands for a line's end and ``^`` for four blanks."""
    return st.sampled_from([word.replace("~", "\n").replace("^", "    ") for word in text.split("|")])


ROBOT = words(
    "*** Tasks ***|*** Keywords ***|*** Settings ***|*** Variables ***|*** Comments ***|~|~^|^|...|IF|ELSE IF|ELIF|END|"
    "TRY|EXCEPT|FOR|IN|RETURN|WHILE|VAR|${x}|&{x}|@{x}|${x.stdout}|[Tags]|[Return]|[Arguments]|access:read-only|Evaluate|"
    "json.loads(r'''${x.stdout}''')|RW.Core.Add Issue|severity=9|title=a|RW.Core.Import User Variable|Library|A|"
    "pattern=\\w*|pattern=(|enum=[a|default=|Run Keyword|Resource|RW.CLI|# runstone: allow|RS101|why|Force Tags|"
    "Import Secret|${A.value}|Log|=|\\|'|\"|\t|\u00e9|\x00|\r"
)
SHELL = words(
    "curl| -k| && |bash|<(|)|$(|${|}|'|\"|`|~|\\~|<<E~|E~|if |fi|$TOKEN| -H |case | in |esac|() {|#|"
    " runstone: allow RS304|kubectl delete|;;|\r~"
)
YAML = words(
    "spec:|~|  |- |generationRules:|slxs:|matchRules:|outputItems:|type: |slx|pattern: |[|]|{|}|{{|}}|{%|%}|&a|*a|"
    "!!binary|null|1|configProvided:|name: A|!!x|resourceTypes:|baseName:|kind: Runbook|include 'x'|\t|'|\"|: |"
    "pathToRobot: ../../x.robot|qualifiers:"
)


def look(*files: tuple[str, str]) -> Report:
    with tempfile.TemporaryDirectory() as folder:
        bundle = write(Path(folder), *((name, "", text) for name, text in files))
        return engine.run([bundle], engine.chosen(), bundle)


def stands(report: Report, **texts: str) -> None:
    """No rule failed, and every finding lies in a file of the bundle, in a line that it has."""
    for one in report.findings:
        assert "fault of Runstone" not in one.message
        assert one.line >= 0
        assert one.column >= 0
        if one.file in texts:
            assert one.line <= len(texts[one.file].splitlines()) + 2


@given(st.lists(ROBOT, max_size=60).map("".join))
@QUICK
def test_random_words_of_robot_are_linted(text: str) -> None:
    stands(look(("runbook.robot", text)), **{"runbook.robot": text})


@given(st.integers(0, len(SUITE)), st.integers(0, len(SUITE)), st.lists(ROBOT, max_size=5).map("    ".join))
@QUICK
def test_a_suite_with_a_hole_in_it_is_linted(start: int, end: int, text: str) -> None:
    stands(look(("runbook.robot", SUITE[: min(start, end)] + text + SUITE[max(start, end) :])))


@given(st.lists(SHELL, max_size=40).map("".join))
@QUICK
def test_random_words_of_a_shell_are_linted(text: str) -> None:
    stands(look(("look.sh", text), ("look.py", text)))


@given(st.lists(YAML, max_size=40).map("".join), st.integers(0, len(RULES)), st.integers(0, len(RUNBOOK)))
@QUICK
def test_random_words_of_yaml_are_linted(text: str, rule_at: int, template_at: int) -> None:
    stands(
        look(
            (".runwhen/generation-rules/thing.yaml", RULES[:rule_at] + text),
            (".runwhen/generation-rules/more.yaml", text),
            (".runwhen/templates/thing-runbook.yaml", RUNBOOK[:template_at] + text + RUNBOOK[template_at:]),
            ("task.yaml", text),
        )
    )


LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
KEYS = st.sampled_from(
    ["spec", "generationRules", "slxs", "outputItems", "type", "matchRules", "matches", "pattern", "properties"]
)
TREES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)


@given(TREES)
@QUICK
def test_rule_files_of_any_shape_are_linted(tree: object) -> None:
    import yaml

    text = yaml.safe_dump(
        {"spec": {"generationRules": [tree, {"slxs": tree, "matchRules": tree, "resourceTypes": tree}]}}
    )
    stands(look((".runwhen/generation-rules/thing.yaml", text)))


@given(st.binary(max_size=200))
@QUICK
def test_random_bytes_are_linted(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        bundle = write(Path(folder))
        for name in ("runbook.robot", "look.sh", "look.py", ".runwhen/generation-rules/thing.yaml", ".runstone-lint"):
            (bundle / name).write_bytes(content)
        stands(engine.run([bundle], engine.chosen(), bundle))


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("look.sh", "curl " * 20_000),
        ("look.sh", "curl x |" * 10_000),
        ("look.sh", "curl \\\n" * 10_000),
        ("look.sh", "eyJ" * 20_000),
        ("look.sh", "-----BEGIN PRIVATE KEY-----A \n" * 2_000),
        ("look.sh", "# runstone: allow RS101 x\n" * 2_000),
        (".runwhen/generation-rules/thing.yaml", "[" * 5_000),
        (
            ".runwhen/generation-rules/thing.yaml",
            "spec:\n  generationRules:\n    - &a {matchRules: [&p {type: and, matches: [*p, *p]}], slxs: [*a]}\n",
        ),
        (".runwhen/templates/thing-runbook.yaml", "{% if a %}" * 5_000),
        ("runbook.robot", SUITE + "Give" + " ${a}" * 200 + "\n    Log    1\n    " + "Give " * 400 + "\n"),
    ],
)
def test_a_text_made_to_be_slow_is_not(file: str, text: str) -> None:
    began = time.process_time()
    stands(look((file, text)))
    assert time.process_time() - began < 3


NAMES = st.sampled_from(["a", "b", "c", "d"])


@given(
    st.lists(NAMES, unique=True, max_size=4),
    st.integers(0, 4),
    st.booleans(),
    st.lists(st.sampled_from(["1", "a=1", "b=1", "z=1"]), max_size=5),
)
@settings(max_examples=300, deadline=None)
def test_a_call_is_refused_exactly_when_robot_refuses_it(
    names: list[str], required: int, varargs: bool, args: list[str]
) -> None:
    """Against Robot's own resolver of arguments."""
    from robot.errors import DataError
    from robot.running.arguments import ArgumentSpec

    required = min(required, len(names))
    spec = ArgumentSpec(
        "Keyword",
        positional_or_named=names,
        var_positional="rest" if varargs else None,
        defaults=dict.fromkeys(names[required:], ""),
    )
    try:
        spec.resolve(args)
        refused = False
    except DataError:
        refused = True
    assert bool(list(signatures.problems(signatures.of_spec(spec), args))) is refused
