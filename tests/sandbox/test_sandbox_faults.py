"""Every fault shows the evidence its truth names, and heals when it is undone."""

import asyncio
import re

import pytest

from runstone.errors import NotFound
from runstone.sandbox import faults
from runstone.sandbox.cluster import Sandbox

TRUTH_KEYS = {
    *("id", "title", "category", "root_cause", "root_cause_text", "affected"),
    *("keywords_all_of_any", "fix", "evidence"),
}


async def _evidence(cluster: Sandbox, kubectl, fault: faults.Fault) -> dict[str, str]:
    """What does not show: by command, its output."""
    asked = fault.truth["evidence"]
    outputs = await asyncio.gather(*(kubectl(cluster, one["kubectl"]) for one in asked))
    return {
        f"{one['kubectl']} ~ {one['regex']}": output
        for one, output in zip(asked, outputs, strict=True)
        if not re.search(one["regex"], output)
    }


async def _shows_and_heals(name: str, kubectl, turn: asyncio.Semaphore) -> dict[str, str]:
    """What went wrong with a fault, by what was looked at; empty when all is as its truth says."""
    async with turn, Sandbox.start(faults=[name], pace=15) as cluster:
        if missing := await _evidence(cluster, kubectl, faults.load(name)):
            return missing
        await cluster.revert(name)
        ill = await cluster.healthy(15)
        deployments = await kubectl(cluster, "get deploy -n shop")
        return {"after revert": deployments} if ill or re.search(r" (0/1|0/2|1/2|[23]/5) ", deployments) else {}


async def test_every_fault_shows_at_once_and_heals_when_undone(kubectl) -> None:
    turn = asyncio.Semaphore(4)  # most of the time is waiting for Pods; more at once would wait for the processor
    found = await asyncio.gather(*(_shows_and_heals(name, kubectl, turn) for name in faults.names()))
    assert dict(zip(faults.names(), found, strict=True)) == {name: {} for name in faults.names()}


async def test_a_live_fault_shows_within_seconds_and_rollout_undo_heals_it(kubectl) -> None:
    ill = {"wrong-env-port": "checkout", "wrong-image-tag": "suggestions", "memory-limit-too-low": "banners"}
    async with Sandbox.start(pace=15) as cluster:
        for name in ill:
            await cluster.inject(name)
        for app in ill.values():
            assert await _until(cluster, kubectl, f"get pods -l app={app}", "CrashLoopBackOff|ImagePullBackOff")
        for app in ill.values():
            assert "rolled back" in await kubectl(cluster, f"rollout undo deploy/{app}")
        assert await cluster.healthy(8) == []


async def _until(cluster: Sandbox, kubectl, line: str, pattern: str) -> bool:
    for _ in range(40):
        if re.search(pattern, await kubectl(cluster, line)):
            return True
        await asyncio.sleep(0.2)
    return False


async def test_a_pod_that_is_watched_is_seen_to_change(kubectl) -> None:
    async with Sandbox.start(pace=15) as cluster:
        watching = asyncio.create_task(kubectl(cluster, "get pods -w --request-timeout=3s -l app=mailer"))
        await asyncio.sleep(0.5)
        await cluster.inject("wrong-probe-port")
        assert re.search(r"mailer-\S+ +0/1 +Running", await watching)


async def test_a_secret_made_again_heals_without_a_restart(kubectl) -> None:
    async with Sandbox.start(faults=["missing-secret"]) as cluster:
        await kubectl(cluster, "create secret generic payment-gateway --from-literal=api-key=x")
        assert await cluster.healthy(6) == []


async def test_a_healthy_shop_has_no_warning_but_those_of_its_start(kubectl) -> None:
    async with Sandbox.start() as cluster:
        assert cluster.ill() == []
        assert "No resources found" in await kubectl(cluster, "get events -A --field-selector type=Warning")


async def test_noise_is_ill_beside_a_healthy_shop(kubectl) -> None:
    async with Sandbox.start(noise=True) as cluster:
        pods = await kubectl(cluster, "get pods -n batch-lab")
        assert "CrashLoopBackOff" in pods
        assert "ImagePullBackOff" in pods
        assert "invalid literal" in await kubectl(cluster, "logs -n batch-lab deploy/price-import")
        assert cluster.ill("shop") == []


@pytest.mark.parametrize("name", faults.names())
def test_a_fault_has_a_whole_truth_and_an_alert_about_its_symptom(name: str) -> None:
    fault = faults.load(name)
    assert set(fault.truth) >= TRUTH_KEYS
    assert fault.truth["id"] == name
    labels = fault.alert["labels"]
    assert labels["alertname"]
    root = fault.truth["root_cause"]
    if root["kind"] != "Deployment":
        assert root["name"] not in {labels.get("deployment"), labels.get("pod")}


async def test_an_alert_names_the_ill_pod() -> None:
    async with Sandbox.start(faults=["wrong-env-port"]) as cluster:
        body = cluster.alert("wrong-env-port")
        assert body["version"] == "4"
        assert body["alerts"][0]["labels"]["pod"] in cluster.ill()


async def test_an_unknown_fault_is_refused_before_anything_starts() -> None:
    with pytest.raises(NotFound, match="wrong-env-port"):
        async with Sandbox.start(faults=["no-such-fault"]):
            pass
