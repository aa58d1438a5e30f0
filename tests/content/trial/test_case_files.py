"""Case files, read: what is wrong is told with file, line and place, and nothing outside tests/ is read."""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.trials import PODS, examine, write

from runstone.content.trial import casefile, cases, pattern
from runstone.errors import BadInput

DOCS = Path(__file__).parents[3] / "docs" / "reference"


def read(folder: Path, text: str, **fixtures: str) -> tuple[casefile.Trial, ...]:
    place = write(
        folder, {"runbook.robot": PODS, **{f"tests/{name}.txt": said for name, said in fixtures.items()}}, text
    )
    return casefile.read(place / "tests" / "cases.yaml")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("cases: []", r"cases\.yaml:1 is wrong at cases: "),
        ("cases:\n- name: it\n", r"cases\.yaml:2 is wrong at cases\.0\.expect: Field required"),
        ("cases:\n- name: it\n  expect:\n    isues: []\n", r"cases\.yaml:4 is wrong at cases\.0\.expect\.isues: Extra"),
        (
            "cases:\n- name: it\n  tools:\n  - run: kubectl\n    outt: x\n  expect: {}\n",
            r"pods/tests/cases\.yaml:5 is wrong at cases\.0\.tools\.0\.outt: Extra inputs are not permitted",
        ),
        (
            "cases:\n- name: it\n  expect:\n    issues:\n    - {title: 're:('}\n",
            r"cases\.yaml:5 .*no regular expression",
        ),
        ("cases:\n- name: it\n  expect:\n    issues: [{title: x, severity: 5}]\n", r"cases\.yaml:4 .*severity"),
        ("cases:\n- name: it\n  tools: [{run: ../kubectl}]\n  expect: {}\n", r"cases\.yaml:3 .*tools\.0\.run"),
        ("cases:\n- name: it\n  suite: ../other/runbook.robot\n  expect: {}\n", r"cases\.yaml:3 .*suite"),
        ("cases:\n- name: it\n  http: [{path: /, body: a, json: b}]\n  expect: {}\n", r":3 .*at most one of body"),
        (
            "cases:\n- name: it\n  expect: {}\n- name: it\n  expect: {}\n",
            r":4: Two cases have the name 'it' \(.*line 2\)",
        ),
        ("cases:\n- name: it\n  expect: {}\n  expect: {}\n", r":4: the key 'expect' stands twice"),
        ("cases:\n- name: [\n", r"cases\.yaml:3 is no YAML"),
        ("cases:\n- name: it\n  expect:\n    report: ['re:(a+)+b']\n", r"cases\.yaml:4 .*may take for ever"),
        ("cases: {a: 1}", r"cases\.yaml:1 is wrong at cases"),
        ("- a", r"cases\.yaml:1 is wrong at the top"),
        ("", r"cases\.yaml:1 is wrong at the top"),
        ("cases: !!python/name:os.system x", r"cases\.yaml:\d is no YAML"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        read(tmp_path, text or "\n")


@pytest.mark.parametrize("name", ["../runbook.robot", "/etc/hostname", "sub/../../runbook.robot", "link.txt"])
def test_a_file_outside_of_tests_is_refused_with_the_line_that_names_it(tmp_path: Path, name: str) -> None:
    place = write(
        tmp_path,
        {"runbook.robot": PODS, "tests/sub/x": ""},
        f"""
        cases:
        - name: it
          tools:
          - run: kubectl
            out_file: {name}
          expect: {{}}
        """,
    )
    (place / "tests" / "link.txt").symlink_to("../runbook.robot")
    with pytest.raises(BadInput, match=r"pods/tests/cases\.yaml:6: out_file .* lies outside of tests/"):
        casefile.read(place / "tests" / "cases.yaml")


def test_a_file_that_is_not_there_is_told_with_the_line_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r":3: body_file gone\.json cannot be read: No such file"):
        read(tmp_path, "cases:\n- name: it\n  http: [{path: /, body_file: gone.json}]\n  expect: {}\n")


def test_what_stands_beside_the_cases_holds_for_each_behind_its_own(tmp_path: Path) -> None:
    first, second = read(
        tmp_path,
        """
        variables: {A: one, B: 2}
        tools: [{run: kubectl, out: shared}]
        cases:
        - name: own
          variables: {B: true}
          tools: [{run: kubectl, args: get*, out_file: got.txt}]
          expect: {}
        - {name: none, expect: {}}
        """,
        got="got",
    )
    assert first.case.variables == {"A": "one", "B": "true"}
    assert [one.out or one.out_file for one in first.case.tools] == ["got.txt", "shared"]
    assert [first.answer_line("tools", number) for number in (0, 1)] == [7, 3]
    assert first.texts == {"got.txt": "got"}
    assert (second.case.variables, second.answer_line("tools", 0)) == ({"A": "one", "B": "2"}, 3)


def test_a_few_lines_that_stand_for_millions_are_refused(tmp_path: Path) -> None:
    levels = "".join(f"  - &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 9))
    with pytest.raises(BadInput, match="has more than 100000 parts"):
        read(tmp_path, f"cases:\n  - &l0 [a, a]\n{levels}")


def test_a_glob_of_many_stars_takes_no_longer_than_its_text() -> None:
    began = time.perf_counter()
    assert not pattern.fits("*a" * 30 + "*b", "a" * 20_000)
    assert time.perf_counter() - began < 2


def test_one_unreadable_file_does_not_keep_the_others_from_running(tmp_path: Path) -> None:
    suite = "*** Tasks ***\nLook\n    Log    x\n"
    place = write(tmp_path, {"runbook.robot": suite, "tests/a.yaml": "cases: 1"}, "cases: [{name: it, expect: {}}]")
    found = examine(place)
    assert [one.name for one in found.cases if one.passed] == ["it"]
    assert found.defects[0].startswith("pods/tests/a.yaml:1 is wrong at cases")
    assert not found.passed


@given(st.text())
def test_any_text_is_read_or_refused_with_a_sentence(text: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tests" / "cases.yaml"
        path.parent.mkdir()
        path.write_text(text, encoding="utf-8", errors="surrogatepass")
        with pytest.raises(BadInput):
            casefile.read(path)


@given(st.text(alphabet="ab*?[.\n"), st.text(alphabet="ab*?[.\n"))
def test_a_glob_means_stars_and_question_marks_and_nothing_else(glob: str, text: str) -> None:
    def slow(one: str, rest: str) -> bool:
        if not one:
            return not rest
        if one[0] == "*":
            return slow(one[1:], rest) or (bool(rest) and slow(one, rest[1:]))
        return bool(rest) and one[0] in ("?", rest[0]) and slow(one[1:], rest[1:])

    assert pattern.fits(glob[:8], text[:8]) == slow(glob[:8], text[:8])


@given(st.text(alphabet="ab*?", max_size=6), st.text(alphabet="ab*?", max_size=6), st.text(alphabet="abc", max_size=6))
def test_two_globs_meet_when_some_text_fits_both(one: str, other: str, text: str) -> None:
    if pattern.fits(one, text) and pattern.fits(other, text):
        assert pattern.meet(one, other)
    if not set("*?") & set(one):
        assert pattern.meet(one, other) == pattern.fits(other, one)
    assert pattern.meet(one, other) == pattern.meet(other, one)


def test_the_schema_is_the_one_beside_the_page() -> None:
    kept = json.loads((DOCS / "trial-runs.schema.json").read_text())
    assert kept == cases.schema(), "Write it again: see docs/reference/trial-runs.md"


def examples() -> list[Any]:
    return re.findall(r"```yaml\n(.*?)```", (DOCS / "trial-runs.md").read_text(), re.DOTALL)


@pytest.mark.parametrize("text", examples())
def test_every_example_of_the_page_is_a_case_file(text: str) -> None:
    assert cases.CaseFile.model_validate(yaml.safe_load(text)).cases
