"""The whole line in one process: a sandbox shop with a fault goes in, the root cause with its evidence comes out."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from runstone import settings
from runstone.cli import embedded, follow
from runstone.sandbox import faults
from runstone.sandbox.cluster import Sandbox

SIX = (
    "wrong-image-tag",
    "missing-secret",
    "wrong-env-port",
    "selector-mismatch",
    "unknown-storage-class",
    "memory-limit-too-low",
)


@contextlib.asynccontextmanager
async def instance(cluster: Sandbox, folder: Path, user: str = "admin") -> AsyncGenerator[embedded.Embedded]:
    """Runstone on the cluster, at work, without sockets."""
    kubeconfig = cluster.write_kubeconfig(folder / "kubeconfig", user)
    told = settings.read({}, data=folder / "data", kubeconfig=str(kubeconfig))
    async with embedded.start(told) as one, embedded.working(one):
        yield one


async def concluded(one: embedded.Embedded, session: str) -> dict[str, Any]:
    return await follow.until_over(one.client, session, 60, lambda _event: None)


async def ask(one: embedded.Embedded, text: str, *namespaces: str) -> dict[str, Any]:
    body = {"text": text, "namespaces": namespaces, "budget_s": 60}
    opened = await follow.call(one.client, "POST", "/api/v1/sessions", body)
    return await concluded(one, opened["session"])


def named(cause: dict[str, Any]) -> dict[str, Any]:
    return {field: cause["resource"][field] for field in ("kind", "name", "namespace")}


@pytest.mark.parametrize("fault", SIX)
async def test_an_alert_on_the_symptom_ends_at_the_cause(tmp_path: Path, fault: str) -> None:
    truth = faults.load(fault).truth
    async with Sandbox.start(faults=(fault,), noise=True) as cluster, instance(cluster, tmp_path) as one:
        opened = await follow.call(one.client, "POST", "/hooks/alertmanager", cluster.alert(fault))
        report = await concluded(one, opened["sessions"][0]["session"])
        assert cluster.writes() == [], "looking changes nothing"
    assert report["state"] == "concluded", report["reason"]
    first = report["causes"][0]
    assert named(first) == truth["root_cause"]
    for words in truth["keywords_all_of_any"]:
        assert any(word.lower() in first["reason"].lower() for word in words), (words, first["reason"])
    assert first["evidence"]
    assert {issue["resource"]["namespace"] for issue in report["issues"] if issue["resource"]} <= {"shop", None}


async def test_a_healthy_shop_has_no_cause(tmp_path: Path) -> None:
    async with Sandbox.start(noise=True) as cluster, instance(cluster, tmp_path) as one:
        report = await ask(one, "why is checkout failing?")
        overall = await ask(one, "is anything wrong?", "shop")
    for found in (report, overall):
        assert (found["state"], found["causes"]) == ("concluded", []), found["reason"]
        assert found["ruled_out"]
        assert [issue for issue in found["issues"] if issue["severity"] <= 3] == []


async def test_an_approved_fix_heals_the_shop(tmp_path: Path) -> None:
    async with Sandbox.start(faults=("wrong-env-port",)) as cluster, instance(cluster, tmp_path) as one:
        report = await ask(one, "why is checkout failing?")
        undo = next(one_ for one_ in report["proposals"] if one_["task"].startswith("Undo Rollout"))
        assert cluster.writes() == []
        path = f"/api/v1/sessions/{report['session']}/proposals/{undo['id']}/approve"
        await follow.call(one.client, "POST", path, {"digest": undo["digest"]})
        async with asyncio.timeout(60):
            while not (report := await follow.report(one.client, report["session"]))["resolved"]:
                await asyncio.sleep(0.2)
        assert await cluster.healthy(20) == []
        assert [(record.verb, record.resource, record.name) for record in cluster.writes()] == [
            ("patch", "deployments", "checkout")
        ]
    assert report["state"] == "concluded"
    assert report["writes"] == 1


async def test_a_missing_permission_is_said_and_the_rest_is_found(tmp_path: Path) -> None:
    async with Sandbox.start(faults=("missing-secret",)) as cluster:
        cluster.forbid("viewer", "*", "secrets")
        async with instance(cluster, tmp_path, "viewer") as one:
            report = await ask(one, "why is payment failing?")
    assert named(report["causes"][0]) == {"kind": "Secret", "name": "payment-gateway", "namespace": "shop"}
    gaps = " ".join(gap["why"] for gap in report["could_not_check"])
    assert "secrets" in gaps
    assert "rant" in gaps, "it says what to grant"
