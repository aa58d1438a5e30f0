"""What pages show of a published version."""

import shlex
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from repositories import SUITE, Repository
from runstone.catalog import publish
from runstone.catalog.registry import Registry
from runstone.errors import NotFound

RULES = """\
spec:
  platform: kubernetes
  generationRules:
    - resourceTypes: [deployment, {resourceType: pod}]
      slxs:
        - baseName: pods
"""


@pytest.fixture
async def registry(tmp_path: Path) -> AsyncGenerator[Registry]:
    found = await Registry.open(tmp_path)
    yield found
    await found.close()


@pytest.fixture
async def commits(registry: Registry, tmp_path: Path) -> tuple[str, str]:
    origin = Repository(tmp_path / "mine").bundle("pods").bundle("other")
    origin.write("codebundles/pods/README.md", "# Pods\n\n<script>alert(1)</script>\n")
    origin.write("codebundles/pods/.runwhen/generation-rules/pods.yaml", RULES)
    first = origin.commit()
    await registry.add(str(origin.folder), by="t")
    await registry.build("mine", "test")
    second = origin.write("codebundles/other/runbook.robot", b"\xff").commit()
    await registry.build("mine", "test")
    return first, second


async def test_a_collection_lists_its_bundles_with_score_findings_and_what_is_held(
    registry: Registry, commits: tuple[str, str]
) -> None:
    page = await publish.collection(registry.store, "mine")
    assert (page.commit, page.number, page.versions) == (commits[1], 2, (commits[1], commits[0]))
    other, pods = page.bundles
    assert (pods.name, pods.display_name, pods.author, pods.tasks, pods.commit) == (
        "pods",
        "pods",
        "tests",
        1,
        commits[1],
    )
    assert 0 < pods.score < 100
    assert sum(pods.findings.values()) == sum(pods.severities.values()) > 0
    assert not pods.tested
    assert other.commit == commits[0]
    assert other.held
    assert "UTF-8" in other.held.reason


async def test_a_bundle_shows_its_tasks_readme_rules_and_use(registry: Registry, commits: tuple[str, str]) -> None:
    page = await publish.bundle(registry.store, "mine", "pods")
    (task,) = page.tasks
    assert task.title == "List Restarting Pods in `${NAMESPACE}`"
    assert [one["name"] for one in task.contract["tools"]] == ["kubectl"]
    assert task.document
    assert task.document["scenarios"]
    assert page.readme == "<h1>Pods</h1>\n<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n"
    assert page.rules == (
        {
            "file": ".runwhen/generation-rules/pods.yaml",
            "platform": "kubernetes",
            "resource_types": ["deployment"],
            "slxs": ["pods"],
        },
    )
    assert {one["code"] for one in page.findings} == set(page.card.findings)
    assert page.usage.run.splitlines()[1] == "runstone task run collection/codebundles/pods --var NAMESPACE=shop"
    assert f"    ref: {commits[1]}" in page.usage.workspace
    assert 'codeBundles: ["pods"]' in page.usage.workspace


async def test_an_earlier_version_reads_as_it_was(registry: Registry, commits: tuple[str, str]) -> None:
    before = await publish.collection(registry.store, "mine", commits[0])
    assert [one.held for one in before.bundles] == [None, None]
    page = await publish.bundle(registry.store, "mine", "codebundles/other", commits[0])
    assert page.card.commit == commits[0]


async def test_what_is_not_there_is_said_with_a_way_on(registry: Registry, commits: tuple[str, str]) -> None:
    with pytest.raises(NotFound, match="no bundle 'nope'"):
        await publish.bundle(registry.store, "mine", "nope")
    with pytest.raises(NotFound, match="runstone collection show mine"):
        await publish.collection(registry.store, "mine", "0" * 40)
    with pytest.raises(NotFound, match="runstone collection list"):
        await publish.collection(registry.store, "yours")


async def test_an_example_of_many_words_is_one_argument(registry: Registry, tmp_path: Path) -> None:
    origin = Repository(tmp_path / "mine")
    text = SUITE.format(name="pods", title="List").replace("example=shop", "example=get pods | jq '.items'; echo $HOME")
    origin.write("codebundles/pods/runbook.robot", text).commit()
    await registry.add(str(origin.folder), by="t")
    await registry.build("mine", "test")
    run = (await publish.bundle(registry.store, "mine", "pods")).usage.run.splitlines()[1]
    assert shlex.split(run)[-2:] == ["--var", "NAMESPACE=get pods | jq '.items'; echo $HOME"]
