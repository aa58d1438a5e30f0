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


def shape(tree: Path) -> dict[str, tuple[str, object]]:
    """Everything in a tree: kind and content by path."""
    found: dict[str, tuple[str, object]] = {}
    for one in sorted(tree.rglob("*")):
        name = str(one.relative_to(tree))
        if one.is_symlink():
            found[name] = ("link", str(one.readlink()))
        elif one.is_dir():
            found[name] = ("folder", "")
        else:
            found[name] = ("file", (one.read_bytes(), bool(one.stat().st_mode & 0o100)))
    return found


def populated(origin: Path) -> None:
    """Folders, a link, an executable and a name that is no word, as a first commit of some size."""
    (origin / "a" / "deep").mkdir(parents=True)
    for number in range(30):
        (origin / "a" / "deep" / f"{number} *[x].txt").write_text(str(number))
    (origin / "a" / "run.sh").write_text("#!/bin/sh\n")
    (origin / "a" / "run.sh").chmod(0o755)
    (origin / "a" / "link").symlink_to("deep")
    (origin / "empty").write_text("")
    commit(origin, "gone", "x")


async def test_the_next_commit_takes_over_what_did_not_change(origin: Path, tmp_path: Path) -> None:
    populated(origin)
    _, before = await checkout.at(str(origin), None, tmp_path / "cache")
    (origin / "gone").unlink()
    (origin / "a" / "deep" / "3 *[x].txt").write_text("changed")
    (origin / "a" / "link").unlink()
    (origin / "a" / "link").symlink_to("run.sh")
    second = commit(origin, "new", "y")
    ref, after = await checkout.at(str(origin), None, tmp_path / "cache")
    _, anew = await checkout.at(str(origin), None, tmp_path / "other")
    assert ref.commit == second
    assert shape(after) == shape(anew)
    assert (after / "a" / "run.sh").stat().st_ino == (before / "a" / "run.sh").stat().st_ino
    assert (before / "a" / "deep" / "3 *[x].txt").read_text() == "3"
    assert (before / "gone").exists()


@pytest.mark.parametrize("harm", ["longer", "missing", "unknown commit"])
async def test_a_tree_that_is_not_as_it_was_is_not_taken_over(origin: Path, tmp_path: Path, harm: str) -> None:
    populated(origin)
    _, before = await checkout.at(str(origin), None, tmp_path / "cache")
    if harm == "longer":
        (before / "a" / "run.sh").write_text("#!/bin/sh\nrm -rf /\n")
    elif harm == "missing":
        (before / "empty").unlink()
    else:
        before.rename(before.with_name("0" * 40))
    commit(origin, "new", "y")
    _, after = await checkout.at(str(origin), None, tmp_path / "cache")
    _, anew = await checkout.at(str(origin), None, tmp_path / "other")
    assert shape(after) == shape(anew)
    assert (after / "README.md").stat().st_nlink == 1


async def test_many_changes_unpack_all_anew(origin: Path, tmp_path: Path) -> None:
    populated(origin)
    await checkout.at(str(origin), None, tmp_path / "cache")
    for number in range(checkout._FEW + 1):
        (origin / f"more-{number}").write_text("x")
    commit(origin, "new", "y")
    _, after = await checkout.at(str(origin), None, tmp_path / "cache")
    assert len(list(after.glob("more-*"))) == checkout._FEW + 1
    assert (after / "a" / "deep" / "7 *[x].txt").read_text() == "7"


@pytest.mark.parametrize("attribute", ["tests export-ignore", "a/run.sh export-ignore"])
async def test_where_attributes_decide_what_is_in_a_tree_it_is_unpacked_as_a_whole(
    origin: Path, tmp_path: Path, attribute: str
) -> None:
    (origin / ".gitattributes").write_text("tests export-ignore\n")
    populated(origin)
    await checkout.at(str(origin), None, tmp_path / "cache")
    (origin / "tests").mkdir()
    (origin / ".gitattributes").write_text(f"{attribute}\n")
    commit(origin, "tests/x", "y")
    _, after = await checkout.at(str(origin), None, tmp_path / "cache")
    _, anew = await checkout.at(str(origin), None, tmp_path / "other")
    assert shape(after) == shape(anew)
