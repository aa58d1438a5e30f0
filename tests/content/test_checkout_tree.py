"""Checkout against real git repositories, made here."""

import os
import subprocess
from pathlib import Path

import pytest

from runstone.content import checkout
from runstone.errors import BadInput, Unreachable
from runstone.model.content import CollectionRef


def git(folder: Path, *args: str) -> str:
    env = {
        **os.environ,
        "GIT_CONFIG_GLOBAL": os.devnull,
        **{
            f"GIT_{who}_{what}": value
            for who in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", "a"), ("EMAIL", "a@b"))
        },
    }
    return subprocess.run(
        ["git", "-C", folder, *args], env=env, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    folder = tmp_path / "origin"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    commit(folder, "README.md", "first")
    git(folder, "tag", "v1")
    return folder


def commit(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "change")
    return git(folder, "rev-parse", "HEAD")


async def test_a_ref_becomes_a_tree_at_one_commit(origin: Path, tmp_path: Path) -> None:
    second = commit(origin, "README.md", "second")
    ref, tree = await checkout.at(str(origin), None, tmp_path / "cache")
    assert ref == CollectionRef(url=str(origin), ref="HEAD", commit=second)
    assert (tree / "README.md").read_text() == "second"
    old, old_tree = await checkout.at(f"file://{origin}", "v1", tmp_path / "cache")
    assert old.commit != second
    assert (old_tree / "README.md").read_text() == "first"


async def test_a_branch_moves_and_a_commit_stays(origin: Path, tmp_path: Path) -> None:
    first, tree = await checkout.at(str(origin), "main", tmp_path / "cache")
    commit(origin, "README.md", "second")
    second, _ = await checkout.at(str(origin), "main", tmp_path / "cache")
    assert second.commit != first.commit
    again, same = await checkout.at(str(origin), first.commit, tmp_path / "cache")
    assert again.commit == first.commit
    assert same == tree
    assert (same / "README.md").read_text() == "first"


async def test_a_runner_finds_the_pinned_tree_with_an_empty_cache(origin: Path, tmp_path: Path) -> None:
    ref, _ = await checkout.at(str(origin), "main", tmp_path / "one")
    tree = await checkout.pinned(ref, tmp_path / "two")
    assert (tree / "README.md").read_text() == "first"
    git(origin, "checkout", "-q", "--detach")
    assert await checkout.pinned(ref, tmp_path / "two") == tree


async def test_a_plain_folder_is_used_as_it_lies(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    ref, tree = await checkout.at(str(folder), None, tmp_path / "cache")
    assert (ref.commit, tree) == ("worktree", folder)
    assert await checkout.pinned(ref, tmp_path / "cache") == folder
    with pytest.raises(BadInput, match="has no ref main"):
        await checkout.at(str(folder), "main", tmp_path / "cache")


async def test_a_working_tree_can_be_asked_for(origin: Path, tmp_path: Path) -> None:
    (origin / "new.txt").write_text("not committed")
    ref, tree = await checkout.at(str(origin), "worktree", tmp_path / "cache")
    assert ref.commit == "worktree"
    assert (tree / "new.txt").exists()


async def test_a_link_out_of_the_tree_is_refused_and_one_inside_is_not(origin: Path, tmp_path: Path) -> None:
    (origin / "inside").symlink_to("README.md")
    inside = commit(origin, "x", "x")
    _, tree = await checkout.at(str(origin), inside, tmp_path / "cache")
    assert (tree / "inside").read_text() == "first"
    (origin / "outside").symlink_to("../../etc/passwd")
    commit(origin, "y", "y")
    with pytest.raises(BadInput, match="outside is a link out of the collection"):
        await checkout.at(str(origin), "main", tmp_path / "cache")


async def test_no_hook_of_anyone_runs(origin: Path, tmp_path: Path) -> None:
    hook = origin / ".git" / "hooks" / "post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    await checkout.at(str(origin), "main", tmp_path / "cache")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("url", ["ext::sh -c id", "--upload-pack=id", "/no/such/folder", "words"])
async def test_what_is_no_address_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="neither a folder here nor a git address"):
        await checkout.at(url, None, tmp_path)


async def test_an_unknown_ref_is_refused_by_name(origin: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="has no branch, tag or commit v9"):
        await checkout.at(str(origin), "v9", tmp_path / "cache")


async def test_a_silent_server_is_unreachable_and_its_token_stays_unsaid(tmp_path: Path) -> None:
    with pytest.raises(Unreachable) as told:
        await checkout.at("http://user:t0ken@127.0.0.1:1/x.git", None, tmp_path)
    assert "t0ken" not in str(told.value)
    assert "could not be fetched" in str(told.value)


async def test_a_commit_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is not a commit"):
        await checkout.pinned(CollectionRef(url="https://x/y", ref="main", commit="../../etc"), tmp_path)


async def test_a_server_that_sends_without_end_is_cut_off(
    origin: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (origin / "noise").write_bytes(os.urandom(300_000))
    git(origin, "add", "-A")
    git(origin, "commit", "-q", "-m", "noise")
    # The real limit is a GB.
    monkeypatch.setattr(checkout, "_PACK_CAP", 100 * 1024)
    with pytest.raises(BadInput, match="sends more than 0 MB"):
        await checkout.at(str(origin), None, tmp_path / "cache")
    assert not list((tmp_path / "cache").rglob("tmp_*"))


async def test_git_that_fetches_gets_the_variables_it_is_given(origin: Path, tmp_path: Path) -> None:
    env = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": f"url.{origin}.insteadOf"}
    url = "https://example.invalid/moved.git"
    ref, tree = await checkout.at(url, None, tmp_path / "cache", env={**env, "GIT_CONFIG_VALUE_0": url})
    assert ref.url == url
    assert (tree / "README.md").read_text() == "first"
