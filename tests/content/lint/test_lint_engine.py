"""Paths in, findings out: what is looked at, what is broken on disk, what other programs say."""

import os
import stat
import time
from pathlib import Path

import pytest
from linted import SUITE, write

from runstone.content.lint import engine, opinions
from runstone.content.lint.opinions import Program
from runstone.errors import BadInput

OURS = Path(__file__).parents[3] / "codecollection"
DATA = Path(__file__).parents[2] / "data" / "collections"


def told(path: Path, base: Path, *codes: str) -> list[tuple[str, str]]:
    found = engine.run([path], engine.chosen(codes), base).findings
    return [(one.code, one.file) for one in found]


def test_our_own_collection_has_no_errors_and_no_warnings() -> None:
    found = engine.run([OURS], engine.chosen(), OURS)
    assert found.bundles == len([one for one in (OURS / "codebundles").iterdir() if one.is_dir()])
    assert [one for one in found.findings if one.severity != "note"] == []


def test_a_collection_lints_in_well_under_a_cpu_second_for_ten_bundles() -> None:
    began = time.process_time()
    engine.run([OURS], engine.chosen(), OURS)
    assert time.process_time() - began < 5


def test_the_test_collections_are_read_without_a_fault_of_the_linter() -> None:
    for path in sorted(DATA.iterdir()):
        if list(path.rglob("*.robot")) or list(path.rglob("task.yaml")):
            found = engine.run([path], engine.chosen(), path).findings
            assert not [one for one in found if "fault of Runstone" in one.message]


def test_a_collection_a_bundle_and_a_file_are_each_a_place_to_look(tmp_path: Path) -> None:
    bundle = write(tmp_path, ("left.sh", "", "echo\n"), ("runbook.robot", "    [Tags]    access:read-only\n", ""))
    prefix = "codebundles/thing/"
    whole = [("RS402", f"{prefix}left.sh"), ("RS301", f"{prefix}runbook.robot")]
    assert told(tmp_path, tmp_path) == whole
    assert told(bundle, tmp_path) == whole
    assert told(bundle / "runbook.robot", tmp_path) == whole[1:]
    assert told(bundle / ".runwhen/generation-rules/thing.yaml", tmp_path) == []


def test_two_paths_to_one_bundle_say_everything_once(tmp_path: Path) -> None:
    bundle = write(tmp_path, ("left.sh", "", "echo\n"))
    found = engine.run([tmp_path, bundle], engine.chosen(), tmp_path)
    assert found.bundles == 1
    assert len(found.findings) == 1


def test_hidden_folders_are_no_bundles(tmp_path: Path) -> None:
    bundle = write(tmp_path)
    (bundle / ".test").mkdir()
    (bundle / ".test" / "broken.robot").write_text("*** Tasks ***\n")
    assert told(tmp_path, tmp_path) == []


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_a_path_without_a_bundle_is_refused_with_what_to_give(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match="CodeBundle"):
        engine.run([tmp_path / name], engine.chosen(), tmp_path)


def test_codes_families_and_names_choose_rules() -> None:
    def codes(*select: str) -> set[str]:
        return {rule.code for rule in engine.chosen(select)}

    assert codes("RS101") == codes("return-in-task") == codes("rs101") == {"RS101"}
    assert codes("RS1") > {"RS101", "RS110"}
    assert {rule.code for rule in engine.chosen((), ("RS1",))} == codes() - codes("RS1")
    with pytest.raises(BadInput, match="no lint rule 'RS9'"):
        engine.chosen(("RS9",))


def broken(bundle: Path, name: str) -> None:
    """Files that hold something else than they should."""
    path = bundle / name
    path.unlink(missing_ok=True)
    if name.startswith("binary"):
        path.write_bytes(bytes(range(256)))
    elif name.startswith("latin"):
        path.write_bytes("Größe".encode("latin-1"))
    elif name.startswith("link"):
        path.symlink_to("/etc/hostname")
    elif name.startswith("lost"):
        path.symlink_to("nowhere")
    elif name.startswith("pipe"):
        os.mkfifo(path)
    else:
        path.write_bytes(b"a" * (2 * 1024 * 1024))


@pytest.mark.parametrize("kind", ["binary", "latin", "link", "lost", "pipe", "large"])
@pytest.mark.parametrize("suffix", [".robot", ".sh", ".py"])
def test_a_file_that_cannot_be_read_is_a_finding_and_the_rest_is_still_looked_at(
    kind: str, suffix: str, tmp_path: Path
) -> None:
    bundle = write(tmp_path, ("runbook.robot", "    [Tags]    access:read-only\n", ""))
    broken(bundle, kind + suffix)
    assert ("RS001", kind + suffix) in told(bundle, bundle)
    assert ("RS301", "runbook.robot") in told(bundle, bundle)


@pytest.mark.parametrize("folder", [".runwhen/generation-rules", ".runwhen/templates"])
def test_broken_rule_files_and_templates_are_findings(folder: str, tmp_path: Path) -> None:
    bundle = write(tmp_path)
    (bundle / folder / "latin.yaml").write_bytes(b"\xff\xfe")
    assert told(bundle, bundle) == [("RS001", f"{folder}/latin.yaml")]


@pytest.mark.parametrize("link", [".runwhen", ".runwhen/templates"])
def test_a_folder_that_is_a_link_is_not_followed(link: str, tmp_path: Path) -> None:
    bundle = write(tmp_path)
    moved = tmp_path / "moved"
    (bundle / link).rename(moved)
    (bundle / link).symlink_to(moved)
    assert ("RS001", link) in told(bundle, bundle)


def test_a_manifest_of_plain_scripts_is_linted_too(tmp_path: Path) -> None:
    manifest = """\
display_name: A thing
documentation: Looks at a thing.
author: someone
supports: [Things]
inputs:
  - {name: THING, description: The thing., default: a}
tasks:
  - title: Look At `${THING}`
    documentation: Looks at it.
    access: read-only
    script: look.sh
"""
    bundle = tmp_path / "codebundles" / "plain"
    bundle.mkdir(parents=True)
    (bundle / "task.yaml").write_text(manifest)
    (bundle / "look.sh").write_text('kubectl delete pod "$THING"\n')
    (bundle / "README.md").write_text("Needs kubectl.")
    assert told(bundle, bundle) == [("RS302", "task.yaml")]
    (bundle / "task.yaml").write_text("tasks: 5\n")
    assert ("RS001", "task.yaml") in told(bundle, bundle)


def test_nothing_of_a_bundle_or_its_libraries_is_run(tmp_path: Path) -> None:
    mark = tmp_path / "was-run"
    library = tmp_path / "libraries" / "Traps.py"
    library.parent.mkdir()
    library.write_text(f"open({str(mark)!r}, 'w')\n\ndef set_a_trap(where): ...\n")
    shell = f"touch {mark}\n"
    suite = SUITE.replace("Library    RW.CLI\n", "Library    RW.CLI\nLibrary    Traps\n")
    suite = suite.replace(
        "    ${answer}=    RW.CLI.Run Cli    cmd=cat ${THING}\n", "    Set A Trap    here    there    ${THING}\n"
    )
    bundle = write(
        tmp_path, ("runbook.robot", "", suite), ("left.sh", "", shell), ("left.py", "", f"open({str(mark)!r}, 'w')\n")
    )
    programs, _ = opinions.installed()
    found = engine.run([bundle], engine.chosen(), bundle, programs).findings
    assert "RS105" in {one.code for one in found}, "the library was read"
    assert not mark.exists()


# Libraries of a collection


@pytest.mark.parametrize(
    ("source", "calls", "unknown"),
    [
        ("def one(a): ...\n", "One    1", False),
        ("def one(a): ...\n", "Two    1", True),
        ("from os.path import join\n", "Join    a    b    c    d", False),
        ("from nowhere import *\n", "Two    1", False),
        ("def _one(a): ...\n", "One    1", True),
        ("from robot.api.deco import keyword\n\n@keyword('Do It')\ndef _one(a): ...\n", "Do It    1", False),
        ("__all__ = ['one']\ndef one(): ...\ndef two(): ...\n", "Two", True),
        ("class Mine:\n    def one(self, a): ...\n", "One    1", False),
        ("class Mine:\n    def one(self, a): ...\n", "Two    1", True),
        ("class Base:\n    def two(self, a): ...\n\nclass Mine(Base):\n    def one(self, a): ...\n", "Two    1", False),
        ("from elsewhere import Base\n\nclass Mine(Base):\n    def one(self, a): ...\n", "Two    1", False),
        ("class Mine:\n    def get_keyword_names(self): ...\n", "Two    1", False),
        ("def broken(:\n", "Two    1", False),
        ("import functools\n\n@functools.cache\ndef one(a): ...\n", "One    1    2    3", False),
    ],
)
def test_keywords_of_a_collections_library_are_known_from_its_source(
    source: str, calls: str, unknown: bool, tmp_path: Path
) -> None:
    (tmp_path / "libraries").mkdir()
    (tmp_path / "libraries" / "Mine.py").write_text(source)
    step = (
        "runbook.robot",
        "    ${answer}=    RW.CLI.Run Cli    cmd=cat ${THING}\n",
        f"    {calls}\n    Log    ${{THING}}\n",
    )
    bundle = write(tmp_path, ("runbook.robot", "Library    RW.CLI\n", "Library    RW.CLI\nLibrary    Mine\n"), step)
    assert (("RS104", "runbook.robot") in told(bundle, bundle)) is unknown
    assert ("RS105", "runbook.robot") not in told(bundle, bundle)


# What other programs say


def fake(folder: Path, body: str) -> str:
    """A program that answers like one of those."""
    path = folder / "program"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(path.stat().st_mode | stat.S_IEXEC)
    return str(path)


def test_a_program_that_answers_nonsense_costs_a_sentence_and_no_finding(tmp_path: Path) -> None:
    bundle = write(tmp_path, ("left.sh", "", "echo\n"))
    program = Program("shellcheck", "bash", (fake(tmp_path, "echo nonsense"),), opinions._shellcheck)
    report = engine.run([bundle], engine.chosen(), bundle, (program,))
    assert [one.code for one in report.findings] == ["RS402"]
    assert report.said == ("shellcheck gave no answer on 1 file (JSONDecodeError).",)


def test_a_program_that_takes_too_long_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opinions, "_TIME_LIMIT_S", 0.2)
    bundle = write(tmp_path, ("left.sh", "", "echo\n"))
    program = Program("shellcheck", "bash", (fake(tmp_path, "exec sleep 5"),), opinions._shellcheck)
    report = engine.run([bundle], engine.chosen(), bundle, (program,))
    assert report.said == ("shellcheck gave no answer on 1 file (TimeoutExpired).",)


def test_ruff_is_asked_about_python_and_its_own_code_is_kept(tmp_path: Path) -> None:
    programs = [one for one in opinions.installed()[0] if one.name == "ruff"]
    assert programs, "ruff is a development dependency"
    bundle = write(tmp_path, ("left.py", "", "import os\n\nprint(undefined)\n"))
    found = engine.run([bundle], engine.chosen(("RS405",)), bundle, programs).findings
    assert [(one.line, one.severity, one.message[:4]) for one in found] == [
        (1, "note", "F401"),
        (3, "error", "F821"),
    ]


@pytest.mark.skipif(
    all(one.name != "shellcheck" for one in opinions.installed()[0]), reason="shellcheck is not installed"
)
def test_shellcheck_is_asked_about_bash_and_its_own_code_is_kept(tmp_path: Path) -> None:
    programs = [one for one in opinions.installed()[0] if one.name == "shellcheck"]
    bundle = write(
        tmp_path, ("left.sh", "", "#!/bin/bash\ncd /a\nfor x in $(ls *.a); do echo $x; done\nif [ a = ]; then\n")
    )
    found = engine.run([bundle], engine.chosen(("RS404",)), bundle, programs).findings
    assert found
    assert all(one.message.startswith("SC") for one in found)
    assert "error" in {one.severity for one in found}


RECORDED = """{"comments":[{"file":"%s","line":2,"endLine":2,"column":1,"endColumn":6,"level":"warning","code":2164,\
"message":"Use 'cd ... || exit' in case cd fails.","fix":null},{"file":"%s","line":4,"endLine":4,"column":1,\
"endColumn":3,"level":"error","code":1046,"message":"Couldn't find 'fi' for this 'if'.","fix":null}]}"""


def test_shellchecks_recorded_answer_becomes_findings_of_its_levels(tmp_path: Path) -> None:
    bundle = write(tmp_path, ("left.sh", "", "echo\n"))
    answer = RECORDED.replace("%s", str(bundle / "left.sh"))
    program = Program("shellcheck", "bash", (fake(tmp_path, f"cat <<'E'\n{answer}\nE"),), opinions._shellcheck)
    found = engine.run([bundle], engine.chosen(("RS404",)), bundle, (program,)).findings
    assert [(one.line, one.column, one.severity, one.message[:6]) for one in found] == [
        (2, 1, "warning", "SC2164"),
        (4, 1, "error", "SC1046"),
    ]
