"""A cluster that is watched tells each change once, survives what a server does to watches, and keeps no secret."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from tests.apiserver import ApiServer, serving
from tests.estate import deployment, estate, obj, service

from runstone import plugins
from runstone.connectors.platforms import Batch, Change, Platform
from runstone.errors import Unreachable

Piece = Batch | Change


@contextlib.asynccontextmanager
async def watching(api: ApiServer, folder: Path, extra: tuple[str, ...] = ()) -> AsyncGenerator["asyncio.Queue[Piece]"]:
    """What is told after a reading."""
    platform: Platform = plugins.load("platforms", "kubernetes")(kubeconfig=str(api.kubeconfig(folder / "kc")))
    platform.salt = b"salt"
    async for _ in platform.read(extra):
        pass
    told: asyncio.Queue[Piece] = asyncio.Queue()

    async def follow() -> None:
        async for piece in platform.watch(extra):
            await told.put(piece)

    task = asyncio.create_task(follow())
    try:
        yield told
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def next_of(told: "asyncio.Queue[Piece]") -> Any:
    return await asyncio.wait_for(told.get(), timeout=5)


async def test_what_comes_changes_and_goes_is_told_in_order(tmp_path: Path) -> None:
    api = ApiServer()
    api.load(estate(1))
    async with serving(api), watching(api, tmp_path) as told:
        await api.put(deployment("new", "team-000"))
        await api.put(deployment("new", "team-000", image="2.0"))
        await api.delete("apps/v1", "Deployment", "team-000", "new")
        first, second, third = [await next_of(told) for _ in range(3)]
        assert {one.ref.path for one in (first, second, third)} == {"sim-cluster/Deployment/team-000/new"}
        image = second.object["spec"]["template"]["spec"]["containers"][0]["image"]
        assert (first.object["kind"], image, third.object) == ("Deployment", "shop/new:2.0", None)


async def test_what_was_read_already_is_not_told_again(tmp_path: Path) -> None:
    api = ApiServer()
    api.load(estate(1))
    async with serving(api), watching(api, tmp_path) as told:
        await asyncio.sleep(0.3)
        assert told.empty()


async def test_a_version_that_is_too_old_leads_to_a_new_list(tmp_path: Path) -> None:
    api = ApiServer()
    api.load(estate(1))
    async with serving(api):
        api.oldest = api.revision + 1
        async with watching(api, tmp_path) as told:
            batch = await next_of(told)
            assert isinstance(batch, Batch)
            assert batch.reading.complete


async def test_custom_resources_are_watched_too(tmp_path: Path) -> None:
    api = ApiServer()
    api.load([*estate(1), obj("cert-manager.io/v1", "ClusterIssuer", "letsencrypt", "")])
    async with serving(api), watching(api, tmp_path, ("clusterissuers.cert-manager.io",)) as told:
        await api.put(obj("cert-manager.io/v1", "ClusterIssuer", "own", ""))
        change = await next_of(told)
        assert (change.ref.kind, change.ref.namespace, change.ref.name) == ("ClusterIssuer", "", "own")


async def test_no_value_of_a_secret_or_config_map_is_told(tmp_path: Path) -> None:
    api = ApiServer()
    api.load(estate(1))
    async with serving(api), watching(api, tmp_path) as told:
        await api.put(obj("v1", "ConfigMap", "settings", "team-000", data={"LEVEL": "canary-value", "A": "1"}))
        first = await next_of(told)
        await api.put(obj("v1", "ConfigMap", "settings", "team-000", data={"LEVEL": "canary-other", "A": "1"}))
        second = await next_of(told)
        await api.put(obj("v1", "Secret", "pg", "team-000", data={"password": "canary-secret"}))
        third = await next_of(told)
        assert "canary" not in repr((first, second, third))
        before, after = (one.object["_hashes"] for one in (first, second))
        assert before["A"] == after["A"]
        assert before["LEVEL"] != after["LEVEL"]
        assert "_hashes" not in third.object


async def test_a_cluster_that_may_not_be_watched_says_nothing_and_goes_on(tmp_path: Path) -> None:
    api = ApiServer(unwatchable=True)
    api.load(estate(1))
    async with serving(api), watching(api, tmp_path) as told:
        await api.put(service("new", "team-000"))
        await asyncio.sleep(0.3)
        assert told.empty()


async def test_a_server_that_is_gone_ends_the_watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    api = ApiServer()
    api.load(estate(1))
    async with serving(api):
        platform: Platform = plugins.load("platforms", "kubernetes")(kubeconfig=str(api.kubeconfig(tmp_path / "kc")))
        async for _ in platform.read():
            pass
    monkeypatch.setattr("runstone.connectors.platforms.kubernetes.watch._PAUSE_S", 0.01)
    with pytest.raises(Unreachable):
        async with asyncio.timeout(10):
            async for _ in platform.watch():
                pass
