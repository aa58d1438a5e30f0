"""Entries from a collection's files and from a catalogue file."""

import json
from pathlib import Path

import pytest
import structlog

from runstone.catalog import read
from runstone.catalog.entry import Entry
from runstone.errors import BadInput

SUITE = """*** Settings ***
Documentation    Looks after shops.
Metadata         Supports    Kubernetes,Redis

*** Tasks ***
Check Shop `${NAME}`
    [Documentation]    Asks the shop.
    [Tags]    shop    access:read-only
    RW.CLI.Run Bash File    bash_file=look.sh

# A remark at the margin belongs to the Task before it.
Close Shop
    RW.CLI.Run Cli    cmd=kubectl delete deployment shop

*** Keywords ***
Suite Initialization
    RW.Core.Import User Variable    NAME
"""
SCRIPT = "kubectl logs shop | grep -E 'connection refused|timed out'\n"


@pytest.fixture
def entries(tmp_path: Path) -> tuple[Entry, ...]:
    bundle = tmp_path / "codebundles" / "shop"
    bundle.mkdir(parents=True)
    (bundle / "runbook.robot").write_text(SUITE)
    (bundle / "sli.robot").write_text(SUITE)
    (bundle / "look.sh").write_text(SCRIPT)
    return read.collection(tmp_path)


def test_tasks_of_runbooks_are_entries_and_those_of_slis_are_not(entries: tuple[Entry, ...]) -> None:
    assert [one.key for one in entries] == ["shop::Check Shop `${NAME}`", "shop::Close Shop"]


def test_the_source_is_the_tasks_own_steps_and_its_scripts(entries: tuple[Entry, ...]) -> None:
    own = SUITE.partition("*** Tasks ***\n")[2].partition("Close Shop")[0]
    assert entries[0].source_bytes == len(own) + len(SCRIPT)
    assert entries[1].source_bytes == len("Close Shop\n    RW.CLI.Run Cli    cmd=kubectl delete deployment shop\n\n")


def test_what_its_source_looks_for_and_needs_is_kept(entries: tuple[Entry, ...]) -> None:
    assert entries[0].patterns == ("connection refused|timed out",)


def test_a_task_that_changes_something_is_known_by_its_source(entries: tuple[Entry, ...]) -> None:
    assert [one.changes for one in entries] == [False, True]
    assert entries[1].access == "unknown"


def test_another_source_is_another_digest(tmp_path: Path, entries: tuple[Entry, ...]) -> None:
    (tmp_path / "codebundles/shop/look.sh").write_text(SCRIPT + "# more\n")
    again = read.collection(tmp_path)
    assert again[0].digest != entries[0].digest
    assert again[1].digest == entries[1].digest


def test_the_built_in_collection_is_read(built_in: tuple[Entry, ...]) -> None:
    assert len(built_in) > 20
    assert all(one.source_bytes > 0 for one in built_in)
    assert {one.bundle for one in built_in if one.changes} == {"k8s-workload-remedy"}


def test_what_lies_beside_the_bundles_is_no_task(tmp_path: Path) -> None:
    for place in ("codebundles/shop", "libraries/RW/Shop/robot_tests", "tests", "codebundles/shop/robot_tests"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "runbook.robot").write_text(SUITE)
    (tmp_path / "codebundles/shop/sli_clean.robot").write_text(SUITE.replace("Close Shop", "Clean Shop"))
    found = read.collection(tmp_path)
    assert [one.key for one in found] == ["shop::Check Shop `${NAME}`", "shop::Close Shop"]
    assert set(read.sources(tmp_path)) == {one.key for one in found}


def test_without_a_folder_codebundles_every_folder_with_a_suite_is_a_bundle(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "runbook.robot").write_text(SUITE)
    assert {one.bundle for one in read.collection(tmp_path)} == {"one", "two"}
    assert {one.bundle for one in read.collection(tmp_path / "one")} == {"one"}


def test_of_two_tasks_with_one_key_that_of_the_runbook_is_kept_and_it_is_said(tmp_path: Path) -> None:
    bundle = tmp_path / "codebundles/shop"
    bundle.mkdir(parents=True)
    (bundle / "another.robot").write_text(SUITE.replace("Asks the shop.", "Something else."))
    (bundle / "runbook.robot").write_text(SUITE)
    with structlog.testing.capture_logs() as told:
        found = read.collection(tmp_path)
    assert [one.documentation for one in found] == ["Asks the shop.", ""]
    assert ["shop has two Tasks" in one["reason"] for one in told] == [True, True]
    assert read.sources(tmp_path)[found[0].key].files[0].name == "runbook.robot"


def lines(folder: Path, *rows: object) -> Path:
    file = folder / "catalogue.jsonl"
    file.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows))
    return file


def test_a_catalogue_line_needs_a_bundle_and_a_title(tmp_path: Path) -> None:
    (found,) = read.lines(lines(tmp_path, {"codebundle": "b", "title": "Check It", "tags": "x access:read-only"}))
    assert (found.key, found.access, found.contract, found.source_bytes) == ("b::Check It", "read-only", None, 0)


@pytest.mark.parametrize("row", ["[]", "{", '{"title": "x"}', '"text"'])
def test_a_wrong_line_is_named(tmp_path: Path, row: str) -> None:
    file = lines(tmp_path, {"codebundle": "b", "title": "t"}, row)
    with pytest.raises(BadInput, match=r"catalogue\.jsonl:2"):
        read.lines(file)


@pytest.mark.parametrize(
    ("title", "tags", "changes"),
    [
        ("Restart Deployment `${N}`", "", True),
        ("Restart Deployment `${N}`", "access:read-write", True),
        ("Check Deployment `${N}`", "access:read-write", True),
        ("Mangle Service Port", "access:read-only", True),
        ("Check Deployment `${N}`", "", False),
    ],
)
def test_without_a_source_tag_and_title_say_whether_it_changes(
    tmp_path: Path, title: str, tags: str, changes: bool
) -> None:
    (found,) = read.lines(lines(tmp_path, {"codebundle": "b", "title": title, "tags": tags}))
    assert found.changes is changes
