"""Repositories that mean harm are refused or contained, each with a sentence, and run nothing here."""

import os
import stat
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from repositories import Repository, entry, git
from runstone.catalog.collection import Build, Held
from runstone.catalog.reader.process import Limits
from runstone.catalog.registry import Options, Registry
from runstone.errors import BadInput

LIMITS = Limits(cpu_s=2, wall_s=20, memory=1024**3)


@pytest.fixture
async def registry(tmp_path: Path) -> AsyncGenerator[Registry]:
    found = await Registry.open(tmp_path, Options(limits=LIMITS))
    yield found
    await found.close()


@pytest.fixture
def evil(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "evil").bundle("good")


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """A file that only comes to be when something of the repository was run."""
    return tmp_path / "executed"


async def built(registry: Registry, evil: Repository) -> Build:
    await registry.add(str(evil.folder), by="t")
    return await registry.build("evil", "test")


async def held(registry: Registry, evil: Repository) -> Held:
    """Why the only bad bundle is held back, while the good one is published."""
    build = await built(registry, evil)
    assert build.state == "built", build.problem
    version = await registry.store.version("evil", build.commit)
    assert [piece.path for piece in version.pieces] == ["codebundles/good"]
    (found,) = version.missing
    return found


def blob(evil: Repository) -> str:
    return git(evil.folder, "hash-object", "-w", "--stdin", given=b"*** Tasks ***\nX\n    No Operation\n")


# Refused as a whole, before anything of it is read


async def test_a_link_that_leads_out_through_another_link(registry: Registry, evil: Repository) -> None:
    (evil.folder / "d/e").mkdir(parents=True)
    (evil.folder / "d/e/f").symlink_to("../..")
    # Read by itself it stays inside; what it goes through is made later, and leads higher than its name says.
    (evil.folder / "a").symlink_to("d/e/f/../../../x")
    evil.commit()
    build = await built(registry, evil)
    assert build.state == "failed"
    assert "a is a link out of the collection" in build.problem


async def test_a_name_that_is_no_text(registry: Registry, evil: Repository) -> None:
    tree = git(evil.folder, "mktree", given=f"100644 blob {blob(evil)}\trunbook.robot\n".encode())
    bundles = git(
        evil.folder, "hash-object", "-t", "tree", "-w", "--literally", "--stdin", given=entry("40000", b"b\xff", tree)
    )
    evil.tree(entry("40000", b"codebundles", bundles))
    build = await built(registry, evil)
    assert build.state == "failed"
    assert "is not UTF-8. Rename the file." in build.problem


@pytest.mark.parametrize("to", ["/etc/passwd", "../../../../etc/passwd"])
async def test_a_link_out_of_the_tree(registry: Registry, evil: Repository, to: str) -> None:
    (evil.folder / "codebundles/good/passwords").symlink_to(to)
    evil.commit()
    build = await built(registry, evil)
    assert build.state == "failed"
    assert "codebundles/good/passwords is a link out of the collection" in build.problem


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (b"..", "the path ../x.robot leads out of the tree"),
        (b".git", "the path .git/x.robot leads out of the tree or into git's own folder"),
        (b".GIT", "leads out of the tree or into git's own folder"),
        (b"a\nb", r"the name a\nb/x.robot has control characters"),
        (b"a\x1b[31mb", r"the name a\x1b[31mb/x.robot has control characters"),
    ],
)
async def test_a_path_that_no_file_may_have(registry: Registry, evil: Repository, name: bytes, said: str) -> None:
    evil.commit()
    inner = git(
        evil.folder, "hash-object", "-t", "tree", "-w", "--stdin", given=entry("100644", b"x.robot", blob(evil))
    )
    evil.tree(entry("40000", name, inner))
    build = await built(registry, evil)
    assert build.state == "failed"
    assert said in build.problem
    assert "\n" not in build.problem
    assert "\x1b" not in build.problem


async def test_a_tree_of_a_billion_files_made_of_a_few_objects(registry: Registry, evil: Repository) -> None:
    evil.commit()
    tree, mode = blob(evil), "100644"
    for _ in range(9):
        entries = b"".join(entry(mode, b"f%d" % number, tree) for number in range(10))
        tree, mode = git(evil.folder, "hash-object", "-t", "tree", "-w", "--stdin", given=entries), "40000"
    commit = git(evil.folder, "commit-tree", tree, "-m", "bomb")
    git(evil.folder, "update-ref", "refs/heads/main", commit)
    build = await built(registry, evil)
    assert "has more than 50000 files" in build.problem
    assert build.stage("checkout").duration_s < 20


async def test_a_huge_file(registry: Registry, evil: Repository) -> None:
    with (evil.folder / "codebundles/good/data.bin").open("wb") as file:
        file.truncate(70 * 1024**2)
    evil.commit()
    assert "codebundles/good/data.bin has 70 MB; one file may have 64 MB" in (await built(registry, evil)).problem


async def test_folders_in_folders(registry: Registry, evil: Repository) -> None:
    evil.write("/".join(["d"] * 40).lstrip("/") + "/x.robot", "x").commit()
    assert "more than 32 folders deep" in (await built(registry, evil)).problem


@pytest.mark.parametrize("url", ["ext::sh -c touch% {marker}", "--upload-pack=touch {marker}", "fd::17"])
async def test_an_address_that_is_a_command(registry: Registry, url: str, marker: Path) -> None:
    with pytest.raises(BadInput, match="neither a folder here nor a git address"):
        await registry.add(url.format(marker=marker), by="t", name="evil")
    assert not marker.exists()


# Nothing of the repository is run


async def test_a_submodule_with_a_transport_that_runs_a_command(
    registry: Registry, evil: Repository, marker: Path
) -> None:
    evil.write(".gitmodules", f'[submodule "x"]\n  path = x\n  url = ext::sh -c touch% {marker}\n  update = !touch y\n')
    head = evil.commit()
    git(evil.folder, "update-index", "--add", "--cacheinfo", f"160000,{head},x")
    git(evil.folder, "commit", "-q", "-m", "submodule")
    build = await built(registry, evil)
    assert build.state == "built"
    assert any("submodules are not followed" in line for line in build.stage("checkout").lines)
    assert not marker.exists()


async def test_hooks_filters_and_a_configuration_that_run_commands(
    registry: Registry, evil: Repository, marker: Path
) -> None:
    evil.write(".gitattributes", "* filter=evil diff=evil export-subst\n").commit()
    run = f"touch {marker}"
    for name in ("post-checkout", "post-merge", "pre-auto-gc", "reference-transaction", "post-index-change"):
        hook = evil.folder / ".git/hooks" / name
        hook.write_text(f"#!/bin/sh\n{run}\n")
        hook.chmod(hook.stat().st_mode | stat.S_IXUSR)
    settings = {
        "filter.evil.smudge": run,
        "filter.evil.clean": run,
        "filter.evil.required": "true",
        "core.fsmonitor": run,
        "core.sshCommand": run,
        "core.pager": run,
        "core.hooksPath": str(evil.folder / ".git/hooks"),
        "uploadpack.packObjectsHook": run,
        "tar.tar.command": run,
        "credential.helper": f"!{run}",
    }
    for key, value in settings.items():
        git(evil.folder, "config", key, value)
    # The last commits of the test itself may have set off a hook or the monitor.
    marker.unlink(missing_ok=True)
    assert (await built(registry, evil)).state == "built"
    assert not marker.exists()


async def test_libraries_and_requirements_are_read_and_not_run(
    registry: Registry, evil: Repository, marker: Path
) -> None:
    evil.write("libraries/RW/Evil.py", f"open({str(marker)!r}, 'w')\n\ndef steal(): ...\n")
    evil.write("libraries/RW/__init__.py", f"open({str(marker)!r}, 'w')\n")
    evil.write("codebundles/good/helper.py", f"open({str(marker)!r}, 'w')\n")
    evil.write("codebundles/good/variables.py", f"open({str(marker)!r}, 'w')\n")
    evil.write("requirements.txt", "-e .\n").write("setup.py", f"open({str(marker)!r}, 'w')\n")
    evil.write(
        "codebundles/other/runbook.robot",
        "*** Settings ***\nLibrary    RW.Evil\nLibrary    helper.py\nVariables    variables.py\n"
        f"Suite Setup    Evaluate    open({str(marker)!r}, 'w')\n\n*** Tasks ***\nLook\n    Steal\n",
    ).commit()
    assert (await built(registry, evil)).state == "built"
    assert not marker.exists()


async def test_the_reading_process_gets_no_variables_of_ours(
    evil: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNSTONE_TEST_SECRET", "hunter2")
    evil.commit()
    seen: list[bytes] = []

    def look(build: Build) -> None:
        if build.stage("parse").state == "running":
            for place in Path("/proc").glob("[0-9]*"):
                try:
                    if b"runstone.catalog.reader.child" in (place / "cmdline").read_bytes():
                        seen.append((place / "environ").read_bytes())
                except OSError:
                    continue

    registry = await Registry.open(tmp_path)
    await registry.add(str(evil.folder), by="t")
    await registry.build("evil", "test", look)
    await registry.close()
    assert seen
    assert all(b"hunter2" not in one for one in seen)
    assert os.environ["RUNSTONE_TEST_SECRET"] == "hunter2"


# Contained: one bundle is held back, its neighbour is published


async def test_a_yaml_file_that_unfolds(registry: Registry, evil: Repository) -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    rules = "\n".join((*levels, "spec:", "  generationRules: *a11", "  platform: *a11", ""))
    evil.bundle("bomb").write("codebundles/bomb/.runwhen/generation-rules/bomb.yaml", rules).commit()
    build = await built(registry, evil)
    assert build.state == "built"
    version = await registry.store.version("evil", build.commit)
    assert "codebundles/good" in [piece.path for piece in version.pieces]
    assert build.stage("parse").cpu_s + build.stage("lint").cpu_s < 3 * LIMITS.cpu_s


async def test_a_pattern_that_never_ends(registry: Registry, evil: Repository) -> None:
    evil.write("causes/slow.yaml", "- code: slow\n  title: Slow\n  kind: root\n  patterns: ['(a+)+$']\n")
    evil.write(
        "codebundles/slow/runbook.robot",
        f"*** Settings ***\nLibrary    RW.Core\n\n*** Tasks ***\nLook\n    RW.Core.Add Issue    severity=2"
        f"    title={'a' * 60}! is ill    expected=x    actual=y    next_steps=z\n",
    ).commit()
    found = await held(registry, evil)
    assert (found.path, found.stage) == ("codebundles/slow", "augment")
    assert "took more than 2 s of processor time" in found.reason


async def test_options_of_grep_without_end_are_read_at_once(registry: Registry, evil: Repository) -> None:
    evil.bundle("grep").write("codebundles/grep/x.sh", "grep " + "--aa " * 60 + "\n")
    text = (evil.folder / "codebundles/grep/runbook.robot").read_text()
    evil.write("codebundles/grep/runbook.robot", text.replace("kubectl get pods", "grep " + "--aa " * 60)).commit()
    build = await built(registry, evil)
    assert len((await registry.store.version("evil", build.commit)).pieces) == 2


async def test_a_script_that_is_nested_without_end(registry: Registry, evil: Repository) -> None:
    deep = "#!/bin/bash\n" + "$(" * 50_000 + ")" * 50_000 + "\n"
    evil.bundle("deep").write("codebundles/deep/x.sh", deep)
    text = (evil.folder / "codebundles/deep/runbook.robot").read_text()
    evil.write("codebundles/deep/runbook.robot", text.replace("cmd=kubectl", "cmd=bash x.sh; kubectl")).commit()
    build = await built(registry, evil)
    assert build.state == "built"
    assert "codebundles/good" in [one.path for one in (await registry.store.version("evil", build.commit)).pieces]


async def test_a_suite_that_is_no_text(registry: Registry, evil: Repository) -> None:
    evil.write("codebundles/latin/runbook.robot", "*** Tasks ***\nGrüße\n    Log    x\n".encode("latin-1")).commit()
    found = await held(registry, evil)
    assert "runbook.robot is not UTF-8 text (byte 16)" in found.reason


async def test_a_suite_that_is_a_link_inside_the_tree(registry: Registry, evil: Repository) -> None:
    (evil.folder / "codebundles/linked").mkdir()
    (evil.folder / "codebundles/linked/runbook.robot").symlink_to("../good/runbook.robot")
    evil.commit()
    assert "is a link, which is not followed" in (await held(registry, evil)).reason


async def test_a_suite_that_is_only_a_pointer_to_large_file_storage(registry: Registry, evil: Repository) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12\n"
    evil.write("codebundles/lfs/runbook.robot", pointer).commit()
    assert "runbook.robot is a Git LFS pointer, and LFS is not fetched" in (await held(registry, evil)).reason


async def test_a_suite_larger_than_any(registry: Registry, evil: Repository) -> None:
    evil.write("codebundles/large/runbook.robot", "*** Tasks ***\n" + "Look\n    Log    x\n" * 80_000).commit()
    assert "has more than 1048576 bytes" in (await held(registry, evil)).reason
