"""Every public suite parses, and its keywords, arguments and libraries resolve, but for defects of its author."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from runstone.content import parse
from runstone.errors import RunstoneError

HERE = Path(__file__).parent
KEYWORDS = HERE.parents[1] / "keywords" / "src"


def suites(root: Path) -> list[Path]:
    """Every suite below ``codebundles/`` of every collection."""
    return sorted(root.glob("*/codebundles/**/*.robot"))


def test_every_suite_parses(collections: Path) -> None:
    wrong: list[str] = []
    files = sorted(collections.rglob("*.robot"))
    assert len(files) >= 362
    for file in files:
        try:
            parse.suite(file)
        except RunstoneError as err:
            wrong.append(f"{file.relative_to(collections)}: {err}")
    assert wrong == []


@pytest.fixture(scope="module")
def problems(collections: Path, dependencies: Path) -> dict[str, list[str]]:
    """What in each suite does not resolve. One process per collection, since collections share names of libraries."""
    found: dict[str, list[str]] = {}
    for root in sorted({file.relative_to(collections).parts[0] for file in suites(collections)}):
        found.update(resolve(collections, root, dependencies))
    return found


def resolve(collections: Path, name: str, dependencies: Path) -> dict[str, list[str]]:
    """The dry-run of one collection's suites, by file."""
    root = collections / name
    path = [KEYWORDS, root, root / "libraries", dependencies / name]
    order = {
        "path": [str(one) for one in path],
        "files": [str(file) for file in suites(collections) if root in file.parents],
    }
    said = subprocess.run(
        [sys.executable, "-P", "-s", str(HERE / "dryrun.py")],
        input=json.dumps(order),
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
        # A library of workspaces reads this when it is made, dry or not.
        env={**os.environ, "RW_API_BASE_URL": "http://127.0.0.1:1"},
    )
    lines = [json.loads(line) for line in said.stdout.splitlines()]
    assert len(lines) == len(order["files"]), said.stderr[-2000:]
    return {
        str(Path(one["file"]).relative_to(collections)): [f"{line}: {what}" for line, what in one["problems"]]
        for one in lines
    }


def authors() -> set[str]:
    """Suites with a known defect of their author."""
    return {one["file"] for one in yaml.safe_load((HERE / "authors.yaml").read_text())}


def test_what_does_not_resolve_is_a_known_defect_of_its_author(problems: dict[str, list[str]]) -> None:
    assert {file: said for file, said in problems.items() if said and file not in authors()} == {}


def test_the_list_of_defects_only_shrinks(problems: dict[str, list[str]]) -> None:
    assert [file for file in sorted(authors()) if problems.get(file) == []] == []


def test_at_least_303_suites_resolve(problems: dict[str, list[str]]) -> None:
    assert sum(not said for said in problems.values()) >= 303


def test_every_known_defect_names_its_lines_and_a_fix(collections: Path) -> None:
    for one in yaml.safe_load((HERE / "authors.yaml").read_text()):
        count = len((collections / one["file"]).read_text().splitlines())
        assert one["lines"], one["file"]
        assert all(0 < line <= count for line in one["lines"]), one["file"]
        assert all(one[field].endswith(".") for field in ("reason", "fix")), one["file"]
