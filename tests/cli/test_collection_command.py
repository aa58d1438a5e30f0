"""``runstone collection``, ``catalog`` and ``search`` on what is registered, as a person and a program use them."""

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from repositories import Repository
from runstone.cli import catalog, collection, search
from runstone.errors import BadInput, NotFound, Refused


@pytest.fixture
def origin(tmp_path: Path) -> Repository:
    origin = Repository(tmp_path / "mine").bundle("pods").bundle("more")
    origin.write("codebundles/more/README.md", "# More\n\n<script>alert(1)</script> [x](javascript:y)\n")
    origin.commit()
    return origin


def run(command: click.Command, data: Path, *arguments: str) -> Result:
    return CliRunner().invoke(command, [*arguments, "--data", str(data / "data")], catch_exceptions=False)


def shown(data: Path) -> dict[str, Any]:
    return json.loads(run(collection.command, data, "show", "mine", "--json").stdout)


def test_a_collection_is_added_shown_rolled_back_and_removed(origin: Repository, tmp_path: Path) -> None:
    added = run(collection.command, tmp_path, "add", str(origin.folder))
    assert added.exit_code == 0
    assert "mine is registered." in added.stdout
    assert "version 1 with 2 bundles is served" in added.stdout
    first = shown(tmp_path)["collection"]["current"]
    origin.bundle("third").commit()
    built = run(collection.command, tmp_path, "build", "mine")
    assert "1 made" in built.stdout
    assert [one["number"] for one in shown(tmp_path)["versions"]] == [2, 1]
    back = run(collection.command, tmp_path, "rollback", "mine")
    assert back.stdout == f"mine serves version 1 at {first} again.\n"
    plain = run(collection.command, tmp_path, "show", "mine").stdout
    assert f"version 1  {first}" in plain
    assert "served" in plain
    assert "mine" in run(collection.command, tmp_path, "list").stdout
    assert json.loads(run(collection.command, tmp_path, "list", "--json").stdout)[0]["last_build"]["state"] == "built"
    assert run(collection.command, tmp_path, "remove", "mine").stdout == "mine is removed.\n"
    assert "runstone collection add URL" in run(collection.command, tmp_path, "list").stdout


def test_a_build_that_fails_is_an_error_with_its_reason(tmp_path: Path) -> None:
    empty = Repository(tmp_path / "mine").write("README.md", "x")
    empty.commit()
    with pytest.raises(Refused, match="Build 1 of mine failed: There is no CodeBundle"):
        run(collection.command, tmp_path, "add", str(empty.folder))


def test_what_is_held_back_is_shown(origin: Repository, tmp_path: Path) -> None:
    origin.write("codebundles/bad/runbook.robot", b"\xff").commit()
    told = run(collection.command, tmp_path, "add", str(origin.folder)).stdout
    assert "codebundles/bad is held back: runbook.robot is not UTF-8 text" in told
    assert "held back codebundles/bad (parse)" in run(collection.command, tmp_path, "show", "mine").stdout


def test_search_finds_the_tasks_that_are_registered(origin: Repository, tmp_path: Path) -> None:
    nothing = json.loads(run(search.command, tmp_path, "pods restart", "--json").stdout)
    assert nothing["hits"][0]["collection"] != "mine"
    run(collection.command, tmp_path, "add", str(origin.folder))
    answer = json.loads(run(search.command, tmp_path, "pods restart", "--json").stdout)
    assert {hit["collection"] for hit in answer["hits"]} == {"mine"}
    assert answer["hits"][0]["title"] == "List Restarting Pods in `${NAMESPACE}`"


class Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.links: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]


def test_pages_are_plain_and_lead_to_each_other(origin: Repository, tmp_path: Path) -> None:
    origin.write("other/codebundles/more/runbook.robot", "*** Tasks ***\n<b>Look</b>\n    No Operation\n").commit()
    run(collection.command, tmp_path, "add", str(origin.folder))
    folder = tmp_path / "pages"
    assert "3 bundles are in" in run(catalog.command, tmp_path, "pages", str(folder)).stdout
    pages = sorted(folder.rglob("index.html"))
    assert len(pages) == 5
    for page in pages:
        tags = Tags(page.read_text())
        assert not tags.seen & {"script", "img", "iframe", "b", "form"}
        for link in tags.links:
            assert (page.parent / link).is_file(), (page, link)
    assert "&lt;b&gt;Look&lt;/b&gt;" in (folder / "mine/other-codebundles-more/index.html").read_text()
    bundle = json.loads((folder / "mine/pods/index.json").read_text())
    assert bundle["card"]["name"] == "pods"
    assert json.loads((folder / "catalogue.json").read_text())[0]["name"] == "mine"
    run(catalog.command, tmp_path, "pages", str(folder))
    with pytest.raises(BadInput, match="holds other things"):
        run(catalog.command, tmp_path, "pages", str(origin.folder))


def test_a_catalogue_is_signed_and_taken_in_elsewhere(origin: Repository, tmp_path: Path) -> None:
    pytest.importorskip("zstandard")
    pytest.importorskip("cryptography")
    run(collection.command, tmp_path, "add", str(origin.folder))
    key, file = tmp_path / "site.key", tmp_path / "catalogue.tar.zst"
    made = CliRunner().invoke(catalog.command, ["key", str(key)], catch_exceptions=False)
    assert key.stat().st_mode & 0o077 == 0
    assert key.read_text().splitlines()[1] not in made.output
    with pytest.raises(BadInput, match="never overwritten"):
        CliRunner().invoke(catalog.command, ["key", str(key)], catch_exceptions=False)
    assert "1 collections" in run(catalog.command, tmp_path, "export", str(file), "--key", str(key)).stdout
    other = tmp_path / "other"
    taken = run(catalog.command, other, "import", str(file), "--trust", f"{key}.pub")
    assert "mine serves " in taken.stdout
    there, here = (shown(one)["served"]["pieces"] for one in (tmp_path, other))
    assert [one["path"] for one in here] == [one["path"] for one in there]
    # What is taken in is kept under ids of its own, so that no build takes it for its own work.
    assert not {one["parsed"] for one in here} & {one["parsed"] for one in there}
    line = (tmp_path / "site.key.pub").read_text().splitlines()[1]
    assert run(catalog.command, other, "import", str(file), "--trust", line).exit_code == 0
    for arguments in (("export", str(file)), ("import", str(file))):
        with pytest.raises(BadInput, match="--unsigned"):
            run(catalog.command, tmp_path, *arguments)
    with pytest.raises(BadInput, match="cannot be read"):
        run(catalog.command, tmp_path, "export", str(file), "--key", str(tmp_path / "nokey"))
    with pytest.raises(NotFound, match="runstone collection build"):
        run(catalog.command, tmp_path / "empty", "export", str(file), "--unsigned")
