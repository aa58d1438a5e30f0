"""A collection behind a login: git's own server over HTTP with basic authentication."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.git_server import GitServer, git_server

from runstone.content import checkout
from runstone.content.checkout import Login
from runstone.errors import Unreachable

SECRET = 't0ken\'with "quotes" $HOME `id` %s and spaces\\'


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the bare repository ``own.git``."""
    work, root = tmp_path_factory.mktemp("work"), tmp_path_factory.mktemp("served")
    (work / "README.md").write_text("own")
    for words in (
        ["init", "-q", "-b", "main", str(work)],
        ["-C", str(work), "add", "-A"],
        ["-C", str(work), "-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qm", "x"],
        ["clone", "-q", "--bare", str(work), str(root / "own.git")],
    ):
        subprocess.run(["git", *words], check=True, capture_output=True)
    return root


@pytest.fixture
def server(root: Path) -> Iterator[GitServer]:
    with git_server(root, {"reader": SECRET}) as opened:
        yield opened


def everything(folder: Path) -> bytes:
    return b"\n".join(one.read_bytes() for one in folder.rglob("*") if one.is_file())


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose git keeps every password it learns, as many do."""
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text("[credential]\n\thelper = store\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("GIT_CONFIG_GLOBAL", raising=False)
    return home


async def test_the_right_token_gets_the_tree_and_is_found_nowhere(
    tmp_path: Path, server: GitServer, home: Path
) -> None:
    trace = tmp_path / "trace"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_TRACE", str(trace))
        patch.setenv("GIT_TRACE_CURL", str(trace))
        ref, tree = await checkout.at(
            f"{server.url}/own.git", "main", tmp_path / "cache", login=Login("reader", SECRET)
        )
    assert (tree / "README.md").read_text() == "own"
    assert f"reader:{SECRET}" in server.seen
    assert ref.url == f"{server.url}/own.git"
    assert len(trace.read_text()) > 1000
    assert "fetch --quiet" in "".join(server.commands)
    assert "remote-http" in "".join(server.commands)
    for place in (everything(tmp_path), "".join(server.commands).encode(), repr(ref).encode()):
        assert SECRET.encode() not in place
        assert b"t0ken" not in place


async def test_a_wrong_token_is_one_sentence_without_it(tmp_path: Path, server: GitServer) -> None:
    with pytest.raises(Unreachable) as caught:
        await checkout.at(f"{server.url}/own.git", "main", tmp_path / "cache", login=Login("reader", "wr0ng"))
    assert "could not be fetched: Authentication failed" in str(caught.value)
    assert str(caught.value).count("\n") == 0
    assert "reader:wr0ng" in server.seen
    assert "wr0ng" not in str(caught.value) + repr(caught.value.__cause__) + repr(Login("reader", "wr0ng"))


async def test_without_a_login_nobody_is_asked_for_one(tmp_path: Path, server: GitServer) -> None:
    with pytest.raises(Unreachable, match="could not be fetched"):
        await checkout.at(f"{server.url}/own.git", "main", tmp_path / "cache")
    assert not [one for one in server.seen if SECRET in one]


async def test_a_token_goes_to_no_other_server_that_the_first_sends_on_to(
    tmp_path: Path, server: GitServer, root: Path
) -> None:
    with git_server(root, {"reader": SECRET}) as other:
        server.elsewhere = other.url
        with pytest.raises(Unreachable, match="could not be fetched"):
            await checkout.at(f"{server.url}/own.git", "main", tmp_path / "cache", login=Login("reader", SECRET))
        assert other.seen
        assert not [one for one in other.seen if SECRET in one]


async def test_a_login_in_the_address_gives_way_to_the_one_that_is_given(tmp_path: Path, server: GitServer) -> None:
    url = server.url.replace("://", "://somebody@")
    _, tree = await checkout.at(f"{url}/own.git", "main", tmp_path / "cache", login=Login("reader", SECRET))
    assert (tree / "README.md").exists()
