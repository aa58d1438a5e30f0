"""A change: offered, approved exactly once, run by the runner with a signed Approval, and verified."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from test_sessions import ask, at_work, over, report

from runstone.errors import NotAllowed
from runstone.model import approval
from runstone.model.run import Issue
from runstone.model.wire import Completion, Heartbeat
from stage import KEY, NOW, Stage, bound, code, issue, map_update, resource, slx, stage

CAUSES = (code("BAD_IMAGE", explains=("NOT_READY",)), code("NOT_READY", "symptom"))
MAP = map_update(
    (resource("Deployment/front", "ill"),),
    (),
    (
        slx("Deployment/front", bound("Check front")),
        slx("Deployment/front", bound("Undo front", "read-write", ("remedy:BAD_IMAGE",))).model_copy(
            update={"name": "undo-front"}
        ),
    ),
)


class Shop:
    """front is ill until it is undone."""

    def __init__(self, heals: bool = True) -> None:
        self.undone = False
        self.heals = heals

    def __call__(self, title: str, _: int) -> tuple[list[Issue], str]:
        if title == "Undo front":
            self.undone = True
            return [], "passed"
        if self.undone and self.heals:
            return [], "passed"
        found = [
            issue("no such image", "Deployment/front", "BAD_IMAGE"),
            issue("not ready", "Deployment/front", "NOT_READY"),
        ]
        return found, "failed"


async def proposed(one: Stage) -> tuple[str, dict[str, Any]]:
    found = await over(one, await ask(one, "why is front failing?"))
    assert [proposal["task"] for proposal in found["proposals"]] == ["Undo front"]
    assert found["writes"] == 0
    return found["session"], found["proposals"][0]


async def approve(one: Stage, session: str, proposal: dict[str, Any], token: str = "user", **change: Any) -> Any:
    body = {"digest": proposal["digest"], **change}
    path = f"/api/v1/sessions/{session}/proposals/{proposal['id']}/approve"
    return await one.client.post(path, json=body, headers={"Authorization": f"Bearer {token}"})


async def test_an_approved_change_runs_once_and_is_verified(tmp_path: Path) -> None:
    async with stage(tmp_path, CAUSES) as one:
        await one.home.map_update(MAP)
        async with at_work(one, Shop()) as runner:
            session, proposal = await proposed(one)
            assert (await approve(one, session, proposal)).status_code == 202
            async with asyncio.timeout(15):
                while not (found := await report(one, session))["resolved"]:
                    await asyncio.sleep(0.05)
            assert (await approve(one, session, proposal)).status_code == 409
    assert found["state"] == "concluded"
    assert found["writes"] == 1
    assert runner.ran == ["Check front", "Undo front", "Check front"]
    change = next(lease for lease in runner.leases if lease.approval)
    code_ = approval.code_of(change.bundle, change.secrets)
    exact = approval.digest("Undo front", change.subject.path, change.variables, code_, proposal["expires"])
    assert approval.verify(KEY, change.approval, exact, NOW).proposal == proposal["id"]


async def test_a_viewer_may_not_approve_and_a_changed_digest_is_refused(tmp_path: Path) -> None:
    async with stage(tmp_path, CAUSES) as one:
        await one.home.map_update(MAP)
        async with at_work(one, Shop()) as runner:
            session, proposal = await proposed(one)
            assert (await approve(one, session, proposal, token="viewer")).status_code == 403
            assert (await approve(one, session, proposal, token="nobody")).status_code == 401
            assert (await approve(one, session, proposal, digest="0" * 64)).status_code == 403
            assert "Undo front" not in runner.ran


async def test_a_rejected_proposal_cannot_be_approved(tmp_path: Path) -> None:
    async with stage(tmp_path, CAUSES) as one:
        await one.home.map_update(MAP)
        async with at_work(one, Shop()):
            session, proposal = await proposed(one)
            path = f"/api/v1/sessions/{session}/proposals/{proposal['id']}/reject"
            assert (await one.client.post(path)).status_code == 204
            assert (await approve(one, session, proposal)).status_code == 409


async def test_a_change_lost_with_its_runner_is_not_repeated(tmp_path: Path) -> None:
    async with stage(tmp_path, CAUSES) as one:
        await one.home.map_update(MAP)
        async with at_work(one, Shop()):
            session, proposal = await proposed(one)
        lost = one.runner(Shop(), "lost")
        await approve(one, session, proposal)
        (lease,) = await lost.lease(wait_s=5)
        assert lease.titles == ("Undo front",)
        assert not await one.runner(Shop(), "after").lease(wait_s=0.3)
        async with asyncio.timeout(15):
            while (found := await report(one, session))["state"] == "running":
                await asyncio.sleep(0.05)
        # The runner that was given up shows up again: what was told to people stays true.
        assert (await lost.home.heartbeat(lease.request, Heartbeat(token=lease.token))).cancel
        await lost.home.complete(lease.request, Completion(token=lease.token, state="done", message=""))
        assert (await report(one, session))["resolved"] is False
    assert not found["resolved"]
    assert "did not succeed" in found["reason"]


async def test_a_session_that_is_cancelled_before_its_change_changes_nothing(tmp_path: Path) -> None:
    async with stage(tmp_path, CAUSES) as one:
        await one.home.map_update(MAP)
        async with at_work(one, Shop()):
            session, proposal = await proposed(one)
        await approve(one, session, proposal)
        (lease,) = await one.runner(Shop(), "slow").lease(wait_s=5)
        assert (await one.client.post(f"/api/v1/sessions/{session}/cancel")).status_code == 204
        assert (await one.home.heartbeat(lease.request, Heartbeat(token=lease.token))).cancel
        await asyncio.sleep(0.5)
        found = await report(one, session)
    assert found["state"] == "cancelled"
    assert not found["resolved"]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("task", "Undo back", "another Task"),
        ("target", "c/Deployment/shop/back", "another Task"),
        ("parameters", {"NAME": "back"}, "another Task"),
        ("code", "bundle at commit 2", "another Task"),
        ("now", "2026-01-02T00:00:00Z", "ended at"),
        ("key", b"other", "not signed"),
        ("text", "{}", "without a readable approval"),
    ],
)
def test_an_approval_fits_only_the_exact_change(field: str, value: Any, said: str) -> None:
    exact: dict[str, Any] = {"task": "Undo front", "target": "c/Deployment/shop/front", "parameters": {"NAME": "front"}}
    exact["code"] = "bundle at commit 1"
    expires = "2026-01-01T01:00:00Z"
    signed = approval.sign(KEY, "p1", approval.digest(**exact, expires=expires), expires).model_dump_json()
    seen = {"now": NOW, "key": KEY, "text": signed, **exact, field: value}
    digest = approval.digest(seen["task"], seen["target"], seen["parameters"], seen["code"], expires)
    with pytest.raises(NotAllowed, match=said):
        approval.verify(seen["key"], seen["text"], digest, seen["now"])
