"""The documentation says what the code does."""

import re
from pathlib import Path
from typing import get_args

import click
import pytest

from runstone import settings
from runstone.cli import main
from runstone.edge.discovery.recognition.table import load
from runstone.edge.discovery.subjects import QUALIFIERS
from runstone.errors import RunstoneError
from runstone.model.resource import RelationType
from runstone.model.run import REQUEST_MOVES, SESSION_MOVES

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


def rows(text: str, heading: str) -> dict[str, set[str]]:
    section = text.partition(f"## {heading}")[2].partition("\n## ")[0]
    table = section.partition("| from | to |")[2]
    found = re.findall(r"^\| (\w+) \| ([\w, ]+) \|$", table, re.MULTILINE)
    return {source: set(targets.split(", ")) for source, targets in found}


@pytest.mark.parametrize(("heading", "moves"), [("RunSession", SESSION_MOVES), ("RunRequest", REQUEST_MOVES)])
def test_the_lifecycle_page_shows_the_moves_that_the_code_allows(
    heading: str, moves: dict[str, frozenset[str]]
) -> None:
    shown = rows((DOCS / "concepts/lifecycle.md").read_text(), heading)
    assert shown == {state: set(following) for state, following in moves.items() if following}


@pytest.mark.parametrize("name", list(main._COMMANDS))
def test_every_command_is_documented_and_its_help_begins_as_the_list_says(name: str) -> None:
    assert f"`runstone {name}`" in (DOCS / "reference/cli.md").read_text()
    command = main.runstone.get_command(click.Context(main.runstone), name)
    assert command is not None
    help_text = " ".join((command.help or "").split())
    assert help_text[:20] == main._COMMANDS[name][:20]


def test_every_setting_is_documented() -> None:
    page = (DOCS / "reference/cli.md").read_text()
    for field in settings.Settings.model_fields:
        assert f"RUNSTONE_{field.upper()}" in page, field


def test_every_route_is_documented() -> None:
    page = (DOCS / "reference/http.md").read_text()
    source = "\n".join(file.read_text() for file in (ROOT / "src/runstone/server").rglob("*.py"))
    for prefix in re.findall(r'APIRouter\(prefix="([^"]+)"', source):
        assert prefix.split("{")[0].rstrip("/") in page


def test_every_error_says_what_it_means() -> None:
    def all_of(type_: type[RunstoneError]) -> list[type[RunstoneError]]:
        return [type_, *(found for sub in type_.__subclasses__() for found in all_of(sub))]

    tree = (ROOT / "src/runstone/errors.py").read_text().split('"""')[1]
    for type_ in all_of(RunstoneError):
        assert type_.__doc__
        if type_.__module__ == "runstone.errors":
            assert type_.__name__ in tree


@pytest.mark.parametrize("page", [*sorted(ROOT.glob("docs/**/*.md")), ROOT / "README.md"], ids=lambda p: p.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", page.read_text()):
        assert (page.parent / target).exists(), f"{page.name} -> {target}"


def test_everything_that_can_be_recognised_is_listed() -> None:
    page = (DOCS / "reference/recognition.md").read_text()
    assert [entry.id for entry in load().entries.values() if f"{entry.name} `{entry.id}`" not in page] == []


def test_every_relation_is_explained() -> None:
    page = (DOCS / "reference/relations.md").read_text()
    assert [one for one in get_args(RelationType) if f"| `{one}` |" not in page] == []


def test_every_kind_of_match_rule_and_qualifier_is_explained() -> None:
    page = (DOCS / "reference/generation-rules.md").read_text()
    words = {"pattern", "exists", "custom-variable", "and", "or", "not", "software"}
    words |= {name for names in QUALIFIERS.values() for name in names}
    assert [one for one in sorted(words) if one not in page] == []
