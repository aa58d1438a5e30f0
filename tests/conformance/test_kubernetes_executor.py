"""Runs as Jobs: against an API on loopback whose kubelet runs containers as processes, and the manifest for itself."""

import asyncio
import json
import subprocess
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from lightkube.config.kubeconfig import KubeConfig
from tests.cluster import Cluster, serving

from runstone import plugins
from runstone.connectors.executors import Executor, ExecutorOrder, ExecutorOutcome, Limits
from runstone.content import suite
from runstone.content.suite import SuiteEvent, SuiteOrder, SuiteResult
from runstone.errors import BadInput, Forbidden
from runstone.model.content import CollectionRef

SECRET = "k8s-secret-5e1b"
SUITE = """*** Settings ***
Library    RW.Core
Library    RW.CLI
Suite Setup    Begin

*** Tasks ***
Look
    ${answer}=    RW.CLI.Run Cli    cmd=echo "token has \\${#TOKEN} characters"    secret__token=${TOKEN}
    RW.Core.Add Pre To Report    ${answer.stdout}
    RW.Core.Add Issue    severity=2    title=Found by a Job    next_steps=none

*** Keywords ***
Begin
    RW.Core.Import Secret    TOKEN    description=x    example=x
"""


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncGenerator[tuple[Cluster, Executor]]:
    one = Cluster()
    async with serving(one, tmp_path) as kubeconfig:
        yield (
            one,
            plugins.load("executors", "kubernetes")(image="runstone:test", config=KubeConfig.from_file(kubeconfig)),
        )
    assert one.objects == {"jobs": {}, "pods": {}, "secrets": {}}, "nothing of a run stays in the cluster"


async def lines(
    executor: Executor, folder: Path, script: str, deadline_s: float = 20, **limits: int
) -> tuple[ExecutorOutcome, list[bytes]]:
    heard: list[bytes] = []

    async def hear(line: bytes) -> None:
        heard.append(line)

    folder.mkdir(exist_ok=True)
    argv, env = ("/bin/bash", "-c", script), {"GIVEN": "yes"}
    order = ExecutorOrder(argv, env, folder, b"typed", deadline_s, limits=Limits(**limits))
    return await executor.run(order, hear), heard


@pytest.fixture
def collection(tmp_path: Path) -> CollectionRef:
    """A repository with one bundle."""
    root = tmp_path / "repository"
    (root / "codebundles" / "look").mkdir(parents=True)
    (root / "codebundles" / "look" / "runbook.robot").write_text(SUITE)
    git = ("git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-C", str(root))
    for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "one")):
        subprocess.run([*git, *words], check=True)
    commit = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    return CollectionRef(url=str(root), ref="HEAD", commit=commit)


async def test_a_suite_runs_in_a_pod_that_fetches_its_content(
    cluster: tuple[Cluster, Executor], collection: CollectionRef, tmp_path: Path
) -> None:
    api, executor = cluster
    events: list[SuiteEvent] = []

    async def hear(event: SuiteEvent) -> None:
        events.append(event)

    place = tmp_path / "pod" / "content"
    bundle = place / "codebundles" / "look"
    bundle.mkdir(parents=True)
    (bundle / "runbook.robot").touch()  # the runner has it too: it reads the contract from it
    order = SuiteOrder(
        root=place,
        bundle=bundle,
        robot="runbook.robot",
        titles=("Look",),
        variables={},
        secrets={"TOKEN": SECRET},
        workdir=tmp_path / "pod" / "work",
        deadline_s=60,
        context={},
        collection=collection,
    )
    result = await suite.run(order, executor, hear)
    assert result == SuiteResult(ok=True, message="", exit_code=0, timed_out=False)
    assert [event.record["title"] for event in events if event.type == "issue"] == ["Found by a Job"]
    assert "token has 15 characters" in "".join(event.text for event in events)
    secret, job = api.made
    assert SECRET not in json.dumps(job)
    assert secret["kind"] == "Secret"


async def test_lines_exit_code_and_input(cluster: tuple[Cluster, Executor], tmp_path: Path) -> None:
    outcome, heard = await lines(cluster[1], tmp_path / "a", "cat; echo; echo $GIVEN; exit 3")
    assert outcome.exit_code == 3
    assert heard == [b"typed", b"yes"]


async def test_the_deadline_ends_the_job(cluster: tuple[Cluster, Executor], tmp_path: Path) -> None:
    outcome, heard = await lines(cluster[1], tmp_path / "a", "echo up; sleep 60", deadline_s=1)
    assert outcome.timed_out
    assert heard == [b"up"]


async def test_a_pod_out_of_memory_and_one_that_prints_too_much_say_so(
    cluster: tuple[Cluster, Executor], tmp_path: Path
) -> None:
    outcome, _ = await lines(cluster[1], tmp_path / "a", "kill -9 $$", memory_mb=100)
    assert outcome.stopped == "it took more than 100 MB of memory"
    outcome, _ = await lines(
        cluster[1], tmp_path / "b", "head -c 5000000 /dev/zero | tr '\\0' y | fold -w 1000", output_mb=1
    )
    assert outcome.stopped == "it printed more than 1 MB"


async def test_cancelling_removes_the_job(cluster: tuple[Cluster, Executor], tmp_path: Path) -> None:
    api, executor = cluster
    running = asyncio.create_task(lines(executor, tmp_path / "a", "sleep 60"))
    while not api.logs:
        await asyncio.sleep(0.02)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_an_image_that_cannot_be_had_is_said_at_once(cluster: tuple[Cluster, Executor], tmp_path: Path) -> None:
    api, executor = cluster
    api.images.clear()
    with pytest.raises(BadInput, match="cannot start: ImagePullBackOff: Back-off pulling image runstone:test"):
        await lines(executor, tmp_path / "a", "true")


async def test_a_right_that_is_missing_names_the_call(cluster: tuple[Cluster, Executor], tmp_path: Path) -> None:
    api, executor = cluster
    api.refuse.add("jobs")
    with pytest.raises(Forbidden, match=r"answered 403 to POST /apis/batch/v1/namespaces/runstone/jobs: no such right"):
        await lines(executor, tmp_path / "a", "true")


async def test_content_that_only_the_runner_has_is_refused(cluster: tuple[Cluster, Executor], tmp_path: Path) -> None:
    bundle = tmp_path / "c" / "codebundles" / "x"
    bundle.mkdir(parents=True)
    (bundle / "runbook.robot").write_text(SUITE)
    order = SuiteOrder(
        root=tmp_path / "c",
        bundle=bundle,
        robot="runbook.robot",
        titles=None,
        variables={},
        secrets={"TOKEN": SECRET},
        workdir=tmp_path / "w",
        deadline_s=5,
        context={},
        collection=CollectionRef(url=str(tmp_path / "c"), ref="", commit="worktree"),
    )

    async def hear(event: SuiteEvent) -> None:
        raise AssertionError(event)

    with pytest.raises(BadInput, match="which no Job can fetch"):
        await suite.run(order, cluster[1], hear)


def test_without_an_image_it_says_what_to_set() -> None:
    assert "RUNSTONE_JOB_IMAGE" in plugins.load("executors", "kubernetes")().ready()
