"""A repository is registered, each commit is a build, and what is published stays."""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import pytest

from repositories import Repository, git
from runstone.catalog import publish
from runstone.catalog.build import Trial
from runstone.catalog.builder import Builder
from runstone.catalog.collection import STAGES, Build
from runstone.catalog.registry import Options, Registry
from runstone.errors import BadInput, Conflict, NotFound


@pytest.fixture
async def registry(tmp_path: Path) -> AsyncGenerator[Registry]:
    found = await Registry.open(tmp_path)
    yield found
    await found.close()


@pytest.fixture
def origin(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "origin").bundle("pods-one").bundle("pods-two")


async def registered(registry: Registry, origin: Repository, **more: object) -> str:
    one = await registry.add(str(origin.folder), by="user:t", **more)  # pyright: ignore[reportArgumentType]
    return one.name


def misses(build: Build) -> dict[str, int]:
    return {one.name: one.misses for one in build.stages if one.misses}


async def test_a_bare_local_repository_is_built_and_listed(
    registry: Registry, origin: Repository, tmp_path: Path
) -> None:
    commit = origin.commit()
    one = await registry.add(str(origin.bare(tmp_path / "mine.git")), by="user:t")
    assert one.name == "mine"
    heard: list[Build] = []
    build = await registry.build("mine", "test", heard.append)
    assert (build.state, build.commit, build.number, build.problem) == ("built", commit, 1, "")
    assert [one.state for one in build.stages] == ["done", "done", "done", "skipped", "done", "done", "done"]
    assert "no trial runs" in build.stage("test").lines[0]
    assert misses(build) == {"parse": 2, "lint": 2, "augment": 2, "index": 2}
    assert await registry.store.build("mine", 1) == build
    running = [next((one.name for one in told.stages if one.state == "running"), "") for told in heard]
    assert [name for name in dict.fromkeys(running) if name] == [name for name in STAGES if name != "test"]
    (listed,) = await registry.store.collections()
    version = await registry.store.version("mine", listed.current)
    assert [piece.path for piece in version.pieces] == ["codebundles/pods-one", "codebundles/pods-two"]
    assert {piece.commit for piece in version.pieces} == {commit}


async def test_only_what_changed_is_rebuilt(registry: Registry, origin: Repository) -> None:
    origin.commit()
    name = await registered(registry, origin)
    await registry.build(name, "test")
    origin.bundle("pods-two", "Count Restarting Pods in `${NAMESPACE}`").commit()
    build = await registry.build(name, "test")
    assert misses(build) == {"parse": 1, "lint": 1, "augment": 1, "index": 1}
    assert build.stage("parse").hits == 1


async def test_a_changed_library_rebuilds_every_bundle(registry: Registry, origin: Repository) -> None:
    origin.commit()
    name = await registered(registry, origin)
    await registry.build(name, "test")
    origin.write("libraries/RW/Own.py", "def count_pods(): ...\n").commit()
    assert misses(await registry.build(name, "test"))["parse"] == 2


async def test_a_bundle_whose_template_names_a_changed_suite_is_linted_again(
    registry: Registry, origin: Repository
) -> None:
    template = "pathToRobot: codebundles/pods-two/runbook.robot\n"
    origin.write("codebundles/pods-one/.runwhen/templates/one-taskset.yaml", template).commit()
    name = await registered(registry, origin)
    await registry.build(name, "test")
    origin.bundle("pods-two", "Count Restarting Pods in `${NAMESPACE}`").commit()
    assert misses(await registry.build(name, "test")) == {"parse": 1, "lint": 2, "augment": 1, "index": 2}


async def test_a_commit_that_was_built_is_no_work_and_no_second_version(registry: Registry, origin: Repository) -> None:
    origin.commit()
    name = await registered(registry, origin)
    first = await registry.build(name, "test")
    again = await registry.build(name, "test")
    assert (again.state, misses(again)) == ("built", {})
    assert {one.state for one in again.stages[1:]} == {"skipped"}
    assert [one.commit for one in await registry.store.versions(name)] == [first.commit]


async def test_a_broken_bundle_stays_at_its_last_good_version_and_its_neighbours_go_on(
    registry: Registry, origin: Repository
) -> None:
    good = origin.commit()
    name = await registered(registry, origin)
    await registry.build(name, "test")
    origin.write("codebundles/pods-one/runbook.robot", b"\xff\xfe\xfa").write("codebundles/new/runbook.robot", b"\xff")
    bad = origin.bundle("pods-two", "Count Pods in `${NAMESPACE}`").commit()
    build = await registry.build(name, "test")
    version = await registry.store.version(name, bad)
    one, two = version.pieces
    assert (build.state, one.commit, two.commit) == ("built", good, bad)
    assert one.held
    assert (one.held.stage, one.held.commit) == ("parse", bad)
    assert "is not UTF-8 text" in one.held.reason
    assert [held.path for held in version.missing] == ["codebundles/new"]
    assert any("held back" in line for line in build.stage("parse").lines)
    mended = origin.bundle("pods-one").commit()
    await registry.build(name, "test")
    version = await registry.store.version(name, mended)
    assert [(piece.path[12:], piece.held) for piece in version.pieces] == [("pods-one", None), ("pods-two", None)]


async def test_of_two_tasks_with_one_title_that_of_the_runbook_is_published_and_it_is_said(
    registry: Registry, origin: Repository
) -> None:
    text = (origin.folder / "codebundles/pods-one/runbook.robot").read_text()
    origin.write("codebundles/pods-one/another.robot", text).write("libraries/RW/tests/pods.robot", text).commit()
    name = await registered(registry, origin)
    build = await registry.build(name, "test")
    version = await registry.store.version(name, build.commit)
    assert [piece.path for piece in version.pieces] == ["codebundles/pods-one", "codebundles/pods-two"]
    assert any("pods-one has two Tasks" in line for line in build.stage("parse").lines)
    kept = await registry.store.products([version.pieces[0].parsed])
    (entry,) = json.loads(kept[version.pieces[0].parsed])["entries"]
    assert entry["contract"]["tools"][0]["file"] == "runbook.robot"


async def test_a_bundle_that_was_removed_is_not_offered_any_more(registry: Registry, origin: Repository) -> None:
    origin.commit()
    name = await registered(registry, origin)
    await registry.build(name, "test")
    for file in (origin.folder / "codebundles/pods-one").iterdir():
        file.unlink()
    last = origin.commit()
    await registry.build(name, "test")
    assert [one.path for one in (await registry.store.version(name, last)).pieces] == ["codebundles/pods-two"]


async def test_nothing_is_published_when_no_bundle_passes(registry: Registry, tmp_path: Path) -> None:
    origin = Repository(tmp_path / "bad").write("codebundles/x/runbook.robot", b"\xff")
    origin.commit()
    name = await registered(registry, origin)
    build = await registry.build(name, "test")
    assert build.state == "failed"
    assert "No bundle passed" in build.problem
    assert await registry.store.versions(name) == ()
    assert (await registry.store.collection(name)).current == ""


async def test_a_repository_without_bundles_fails_with_the_reason(registry: Registry, tmp_path: Path) -> None:
    origin = Repository(tmp_path / "empty").write("README.md", "nothing")
    origin.commit()
    build = await registry.build(await registered(registry, origin), "test")
    assert build.state == "failed"
    assert "no CodeBundle" in build.problem
    assert build.stage("parse").state == "failed"


async def test_rollback_serves_the_version_before_until_another_commit_is_built(
    registry: Registry, origin: Repository
) -> None:
    first = origin.commit()
    name = await registered(registry, origin)
    await registry.build(name, "test")
    second = origin.bundle("pods-three").commit()
    await registry.build(name, "test")
    assert (await registry.rollback(name)).commit == first
    await registry.build(name, "poll")
    assert (await registry.store.collection(name)).current == first
    with pytest.raises(NotFound, match="no single version before"):
        await registry.rollback(name)
    assert (await registry.rollback(name, second[:10])).commit == second
    third = origin.bundle("pods-four").commit()
    await registry.build(name, "test")
    assert (await registry.store.collection(name)).current == third
    with pytest.raises(NotFound, match="of commit abc"):
        await registry.rollback(name, "abc")


async def test_a_branch_and_a_folder_inside_can_be_the_collection(registry: Registry, tmp_path: Path) -> None:
    origin = Repository(tmp_path / "mono").write("other/x.txt", "x")
    origin.write("content/codebundles/pods/runbook.robot", "*** Tasks ***\nLook\n    No Operation\n")
    origin.commit()
    name = await registered(registry, origin, ref="main", path="content/")
    build = await registry.build(name, "test")
    assert build.state == "built"
    (piece,) = (await registry.store.version(name, build.commit)).pieces
    assert piece.path == "codebundles/pods"
    await registry.add(str(origin.folder), by="t", name="wrong", path="nowhere")
    assert "no folder 'nowhere'" in (await registry.build("wrong", "test")).problem


async def test_a_strict_collection_holds_back_what_the_linter_calls_an_error(
    registry: Registry, origin: Repository
) -> None:
    origin.write("codebundles/pods-one/broken.sh", "#!/bin/bash\nif true; then\n").write(
        "codebundles/pods-one/runbook.robot",
        "*** Tasks ***\nDelete `${X}`\n    Missing Keyword Of Nobody    ${UNDEFINED}\n",
    ).commit()
    build = await registry.build(await registered(registry, origin, strict=True), "test")
    (held,) = (await registry.store.version("origin", build.commit)).missing
    assert (held.path, held.stage) == ("codebundles/pods-one", "lint")
    assert "errors; the first: " in held.reason


class Doubled:
    """Trials of which those of some bundles fail."""

    version = "1"

    def __init__(self, ill: Sequence[str]) -> None:
        self.ill, self.ran = ill, list[str]()

    async def run(self, root: Path, path: str) -> Trial | None:
        self.ran.append(path)
        assert (root / path).is_dir()
        return Trial(passed=2, failed=int(path in self.ill), lines=("a pod is missing",))


async def test_a_bundle_whose_own_tests_fail_is_held_back(origin: Repository, tmp_path: Path) -> None:
    origin.commit()
    trials = Doubled(ill=["codebundles/pods-one"])
    registry = await Registry.open(tmp_path, Options(trials=trials))
    build = await registry.build(await registered(registry, origin), "test")
    version = await registry.store.version("origin", build.commit)
    assert [piece.path for piece in version.pieces] == ["codebundles/pods-two"]
    assert version.missing[0].reason == "1 of 3 of its tests fail. a pod is missing"
    assert version.pieces[0].tested
    origin.bundle("pods-three").commit()
    await registry.build("origin", "test")
    assert trials.ran[2:] == ["codebundles/pods-one", "codebundles/pods-three"]
    await registry.close()


async def test_one_build_of_a_collection_at_a_time(registry: Registry, origin: Repository, tmp_path: Path) -> None:
    origin.commit()
    name = await registered(registry, origin)
    other = await Registry.open(tmp_path)
    found = await asyncio.gather(registry.build(name, "a"), other.build(name, "b"), return_exceptions=True)
    assert sorted(type(one).__name__ for one in found) == ["Build", "Conflict"]
    await other.close()


async def test_a_build_that_was_killed_is_said_to_be_so(registry: Registry, origin: Repository) -> None:
    origin.commit()
    name = await registered(registry, origin)
    left = Build(collection=name, number=0, commit="", reason="t", state="running", started_at="", stages=())
    await registry.store.start(left)
    await registry.build(name, "test")
    found = await registry.store.builds(name)
    assert [(one.number, one.state) for one in found] == [(2, "built"), (1, "interrupted")]
    assert "interrupted" in found[1].problem


async def test_what_is_removed_is_gone_and_can_be_added_again(registry: Registry, origin: Repository) -> None:
    origin.commit()
    name = await registered(registry, origin)
    await registry.build(name, "test")
    kept = (await registry.store.version(name, (await registry.store.collection(name)).current)).pieces[0].parsed
    with pytest.raises(Conflict, match="registered already"):
        await registered(registry, origin)
    with pytest.raises(Conflict, match="under another name"):
        await registered(registry, origin, name="other")
    await registry.remove(name)
    assert await registry.store.collections() == ()
    assert await registry.store.known([kept]) == frozenset()
    with pytest.raises(NotFound, match="runstone collection list"):
        await registry.build(name, "test")
    await registered(registry, origin)


@pytest.mark.parametrize(
    ("url", "more", "said"),
    [
        ("https://me:secret@example.org/x.git", {}, "Take the password out"),
        ("https://example.org/x.git", {"path": "../x"}, "leads out"),
        ("https://example.org/x.git", {"ref": "worktree"}, "Only commits"),
        ("https://example.org/x.git", {"poll_s": 5}, "every 60 s"),
        ("https://example.org/x.git", {"name": "A B"}, "no name"),
        ("https://example.org/x.git", {"name": "../x"}, "no name"),
        ("https://example.org/x.git", {"name": "index.html"}, "no name"),
        ("ssh://git:secret@example.org/x.git", {}, "Take the password out"),
        ("https://example.org/x.git?private_token=secret", {}, "after the question mark|follows the question mark"),
        ("https://example.org/x.git", {"path": "x\0y"}, "printable"),
        ("https://example.org/x.git", {"ref": "main\nx"}, "printable"),
    ],
)
async def test_what_cannot_be_registered_is_refused_with_the_reason(
    registry: Registry, url: str, more: dict[str, object], said: str
) -> None:
    with pytest.raises(BadInput, match=said) as caught:
        await registry.add(url, by="t", **more)  # pyright: ignore[reportArgumentType]
    assert "secret" not in str(caught.value)
    assert await registry.store.collections() == ()


async def test_a_server_for_many_registers_no_folders_of_its_own(tmp_path: Path, origin: Repository) -> None:
    registry = await Registry.open(tmp_path, Options(local=False))
    for url in (str(origin.folder), f"file://{origin.folder}"):
        with pytest.raises(BadInput, match="folder of the server"):
            await registry.add(url, by="t")
    await registry.close()


async def test_a_folder_without_commits_is_not_built(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "plain/codebundles/x").mkdir(parents=True)
    await registry.add(str(tmp_path / "plain"), by="t")
    build = await registry.build("plain", "test")
    assert "without commits" in build.problem


async def test_a_bundle_that_moves_is_another_bundle(registry: Registry, origin: Repository) -> None:
    origin.commit()
    name = await registered(registry, origin)
    await registry.build(name, "test")
    git(origin.folder, "mv", "codebundles/pods-one", "codebundles/pods-six")
    origin.commit()
    await registry.build(name, "test")
    page = await publish.collection(registry.store, name)
    assert [(one.path, one.name) for one in page.bundles] == [
        ("codebundles/pods-six", "pods-six"),
        ("codebundles/pods-two", "pods-two"),
    ]


@pytest.mark.parametrize("link", ["x.sh", "tools"])
async def test_what_a_link_shows_is_part_of_the_bundle(registry: Registry, origin: Repository, link: str) -> None:
    origin.write("shared/x.sh", "kubectl get pods\n")
    target = "../../shared/x.sh" if link == "x.sh" else "../../shared"
    (origin.folder / "codebundles/pods-one" / link).symlink_to(target)
    origin.commit()
    name = await registered(registry, origin)
    await registry.build(name, "test")
    origin.write("shared/x.sh", "kubectl delete namespace prod\n").commit()
    assert misses(await registry.build(name, "test"))["parse"] == 1


async def test_what_follows_is_never_another_collections(registry: Registry, tmp_path: Path) -> None:
    logs = "Look at Logs of Restarting Pods in `${NAMESPACE}`"
    for name in ("evil", "good"):
        one = Repository(tmp_path / name).bundle("pods-one")
        if name == "evil":
            one.bundle("evil-logs", logs)
        one.commit()
        await registry.add(str(one.folder), by="t")
        await registry.build(name, "test")
    page = await publish.bundle(registry.store, "good", "pods-one")
    assert "evil" not in json.dumps([one.document for one in page.tasks])


async def test_trials_run_again_when_anything_they_see_changes(origin: Repository, tmp_path: Path) -> None:
    origin.commit()
    trials = Doubled(ill=[])
    registry = await Registry.open(tmp_path, Options(trials=trials, augment=False))
    await registry.build(await registered(registry, origin), "test")
    origin.write("requirements.txt", "requests\n").commit()
    await registry.build("origin", "test")
    assert trials.ran == 2 * ["codebundles/pods-one", "codebundles/pods-two"]
    origin.bundle("pods-three").commit()
    await registry.build("origin", "test")
    assert trials.ran[4:] == ["codebundles/pods-three"]
    await registry.close()


class Breaking(Doubled):
    async def run(self, root: Path, path: str) -> Trial | None:
        raise ZeroDivisionError(path)


async def test_a_fault_of_ours_ends_the_build_and_not_the_builder(origin: Repository, tmp_path: Path) -> None:
    origin.commit()
    registry = await Registry.open(tmp_path, Options(trials=Breaking(ill=[]), augment=False))
    name = await registered(registry, origin)
    builder = Builder(registry)
    builder.ask(name, "test")
    await builder.work()
    (build,) = await registry.store.builds(name)
    assert (build.state, build.problem) == ("failed", "The build broke (ZeroDivisionError). See the server's log.")
    assert builder.problems[name] == build.problem
    await registry.close()


async def test_a_build_that_runs_keeps_its_products_when_another_collection_goes(
    registry: Registry, origin: Repository, tmp_path: Path
) -> None:
    origin.commit()
    other = Repository(tmp_path / "other").bundle("pods-x")
    other.commit()
    await registry.add(str(other.folder), by="t")
    await registry.build("other", "test")
    name = await registered(registry, origin)

    async def removed(build: Build) -> None:
        await registry.remove("other")

    going: list[asyncio.Task[None]] = []

    def tell(build: Build) -> None:
        if build.stage("lint").state == "running" and not going:
            going.append(asyncio.create_task(removed(build)))

    build = await registry.build(name, "test", tell)
    await going[0]
    assert build.state == "built"
    assert await registry.store.collections() == (await registry.store.collection(name),)
    assert (await publish.bundle(registry.store, name, "pods-one")).tasks


async def test_what_is_pushed_while_another_process_builds_is_built_after(
    registry: Registry, origin: Repository
) -> None:
    origin.commit()
    name = await registered(registry, origin)
    builder = Builder(registry)
    builder.ask(name, "webhook")
    with registry._alone(name):
        await builder._round()
    assert not await registry.store.builds(name)
    await builder._round()
    assert [one.state for one in await registry.store.builds(name)] == ["built"]
