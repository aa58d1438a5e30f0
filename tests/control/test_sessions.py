"""A session from question to cause, through the API, with a runner that says what each test scripts."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import pytest

from runstone.control.clock import SystemClock
from runstone.control.runs import store
from runstone.errors import Conflict
from runstone.model.run import Issue, Trigger
from runstone.model.wire import Completion, Heartbeat, Progress, ProgressReport
from stage import Stage, bound, code, issue, map_update, ref, relation, resource, slx, stage

CAUSES = (
    code("SECRET_MISSING", explains=("POD_PENDING",)),
    code("POD_PENDING", "symptom", explains=("UNREACHABLE",)),
    code("UNREACHABLE", "symptom", explains=("UNREACHABLE",)),
)
SHOP = map_update(
    (
        resource("Deployment/front", "ill"),
        resource("Service/pay"),
        resource("Deployment/pay", "ill"),
        resource("Secret/key", "ill", "not found"),
        resource("Deployment/other", "ill", namespace="elsewhere"),
    ),
    (
        relation("Deployment/front", "calls", "Service/pay"),
        relation("Service/pay", "selects", "Deployment/pay"),
        relation("Deployment/pay", "references", "Secret/key"),
    ),
    (
        slx("Deployment/front", bound("Check front")),
        slx("Service/pay", bound("Check service pay")),
        slx("Deployment/pay", bound("Check pay"), bound("Restart pay", "read-write", ("remedy:SECRET_MISSING",))),
        slx("Deployment/other", bound("Check other"), namespace="elsewhere"),
    ),
)


def shop(title: str, _: int) -> tuple[list[Issue], str]:
    """front cannot reach pay, whose Pods wait for a Secret that is not there."""
    match title:
        case "Check front":
            return [
                issue("front cannot reach pay", "Deployment/front", "UNREACHABLE", blames=(ref("Service/pay"),))
            ], "failed"
        case "Check pay":
            return [
                issue("key not found", "Secret/key", "SECRET_MISSING"),
                issue("pay is pending", "Deployment/pay", "POD_PENDING", blames=(ref("Secret/key"),)),
            ], "failed"
        case _:
            return [], "passed"


@contextlib.asynccontextmanager
async def at_work(one: Stage, script: Any):
    runner = one.runner(script)
    task = asyncio.create_task(runner.work())
    try:
        yield runner
    finally:
        task.cancel()


async def ask(one: Stage, text: str, budget_s: int = 20) -> str:
    answer = await one.client.post("/api/v1/sessions", json={"text": text, "budget_s": budget_s})
    assert answer.status_code == 201, answer.text
    return answer.json()["session"]


async def report(one: Stage, session: str) -> dict[str, Any]:
    return (await one.client.get(f"/api/v1/sessions/{session}")).json()


async def over(one: Stage, session: str, states: tuple[str, ...] = ("concluded", "inconclusive")) -> dict[str, Any]:
    async with asyncio.timeout(15):
        while (found := await report(one, session))["state"] not in states:
            await asyncio.sleep(0.05)
    return found


async def test_a_question_ends_at_the_deepest_cause_with_its_evidence(tmp_path: Path) -> None:
    async with stage(tmp_path, CAUSES) as one:
        await one.home.map_update(SHOP)
        async with at_work(one, shop) as runner:
            found = await over(one, await ask(one, "why is front failing?"))
    assert found["state"] == "concluded"
    cause = found["causes"][0]
    assert cause["resource"] == {"kind": "Secret", "name": "key", "namespace": "shop", "platform": "c"}
    assert cause["grade"] == "confirmed"
    assert cause["evidence"][0]["line"] == "line of key not found"
    assert set(cause["explains"]) == {"front cannot reach pay", "pay is pending"}
    assert "Check other" not in runner.ran, "what has nothing to do with the question is not looked at"
    assert "Restart pay" not in runner.ran, "a change is never run by itself"
    assert found["writes"] == 0


async def test_a_healthy_subject_concludes_with_no_cause(tmp_path: Path) -> None:
    async with stage(tmp_path, CAUSES) as one:
        await one.home.map_update(SHOP)
        async with at_work(one, lambda _title, _n: ([], "passed")):
            found = await over(one, await ask(one, "why is front failing?"))
    assert (found["state"], found["causes"]) == ("concluded", [])
    assert "nothing found" in found["reason"]
    assert found["ruled_out"]


async def test_issues_without_a_root_are_inconclusive(tmp_path: Path) -> None:
    def script(title: str, _: int) -> tuple[list[Issue], str]:
        return ([issue("strange", "Deployment/front")], "failed") if title == "Check front" else ([], "passed")

    async with stage(tmp_path, CAUSES) as one:
        await one.home.map_update(SHOP)
        async with at_work(one, script):
            found = await over(one, await ask(one, "why is front failing?"))
    assert found["state"] == "inconclusive"
    assert [cause["grade"] for cause in found["causes"]] == ["possible"]


async def test_a_cause_whose_evidence_no_task_printed_is_no_cause(tmp_path: Path) -> None:
    def script(title: str, _: int) -> tuple[list[Issue], str]:
        if title != "Check front":
            return [], "passed"
        told = issue("key not found", "Secret/key", "SECRET_MISSING", evidence=("never printed",))
        return [told.model_copy(update={"details": ""})], "failed"

    async with stage(tmp_path, CAUSES) as one:
        await one.home.map_update(SHOP)
        runner = one.runner(script)
        session = await ask(one, "why is front failing?")
        for lease in await runner.lease(wait_s=5):
            said = [issue_ for title in lease.titles for issue_ in script(title, 0)[0]]
            await _say_without_evidence(runner, lease, said)
        async with at_work(one, lambda _t, _n: ([], "passed")):
            found = await over(one, session)
    assert found["causes"] == []
    assert found["state"] == "inconclusive"
    assert found["issues"], "the Issue itself is kept"


async def _say_without_evidence(runner: Any, lease: Any, said: list[Issue]) -> None:
    bodies: list[dict[str, Any]] = []
    for title in lease.titles:
        issues = said if title == "Check front" else []
        bodies += [{"type": "started", "title": title}]
        bodies += [{"type": "issue", "title": title, "issue": one} for one in issues]
        bodies += [{"type": "done", "title": title, "state": "failed" if issues else "passed"}]
    progress = tuple(
        Progress.model_validate({"seq": n, "resolved_title": body["title"], "at": "2026-01-01T00:00:00Z", **body})
        for n, body in enumerate(bodies, 1)
    )
    await runner.home.progress(lease.request, ProgressReport(token=lease.token, progress=progress))
    await runner.home.complete(lease.request, Completion(token=lease.token, state="done", message=""))


async def test_a_question_waits_for_the_map_to_name_what_it_asks_about(tmp_path: Path) -> None:
    async with stage(tmp_path, CAUSES) as one:
        session = await ask(one, "why is front failing?")
        async with at_work(one, shop):
            await asyncio.sleep(0.3)
            assert (await report(one, session))["tasks_run"] == 0
            await one.home.map_update(SHOP)
            found = await over(one, session)
    assert found["causes"][0]["code"] == "SECRET_MISSING"


async def test_with_no_runner_a_session_ends_with_its_budget_and_says_so(tmp_path: Path) -> None:
    async with stage(tmp_path, CAUSES) as one:
        await one.home.map_update(SHOP)
        session = await ask(one, "why is front failing?", budget_s=5)
        waiting = await over(one, session, ("waiting",))
        assert "no runner" in waiting["reason"]
        found = await over(one, session)
    assert found["state"] == "inconclusive"
    assert found["reason"] == "out of time"


async def test_an_alert_and_its_repeat_are_one_session(tmp_path: Path) -> None:
    labels = {"alertname": "KubePodCrashLooping", "namespace": "shop", "pod": "pay-5d9f-abcde", "severity": "warning"}
    body = {"alerts": [{"status": "firing", "labels": labels, "annotations": {}, "startsAt": "2026-01-01T00:00:00Z"}]}
    async with stage(tmp_path, CAUSES) as one:
        await one.home.map_update(SHOP)
        first = (await one.client.post("/hooks/alertmanager", json=body)).json()["sessions"]
        labels["pod"] = "pay-5d9f-zzzzz"
        again = (await one.client.post("/hooks/alertmanager", json=body)).json()["sessions"]
        assert [one_["session"] for one_ in first] == [one_["session"] for one_ in again]
        assert (first[0]["new"], again[0]["new"]) == (True, False)
        async with at_work(one, shop):
            found = await over(one, first[0]["session"])
    assert found["causes"][0]["code"] == "SECRET_MISSING", "the Pod that is gone stands for its workload"


async def test_a_lost_lease_is_offered_again_with_what_had_not_ended(tmp_path: Path) -> None:
    front = slx("Deployment/front", bound("Check front"), bound("Check front logs"))
    async with stage(tmp_path, CAUSES) as one:
        await one.home.map_update(map_update((resource("Deployment/front", "ill"),), (), (front,)))
        session = await ask(one, "why is front failing?")
        first = one.runner(lambda _t, _n: ([], "passed"), "first")
        (lease,) = await first.lease(wait_s=5)
        half = lease.model_copy(update={"titles": lease.titles[:1]})
        await first.run(half, complete=False)
        second = one.runner(lambda _t, _n: ([], "passed"), "second")
        (again,) = await second.lease(wait_s=5)
        assert again.attempt == 2
        assert again.titles == lease.titles[1:], "what had ended is not repeated"
        with pytest.raises(Conflict, match="leased anew"):
            await first.home.complete(lease.request, Completion(token=lease.token, state="done", message=""))
        await second.run(again)
        found = await over(one, session)
        events = (await one.client.get("/api/v1/events")).json()
    assert found["tasks_run"] == 2
    assert [event["type"] for event in events].count("request.lost") == 1


async def test_a_request_that_could_not_be_run_is_told_and_is_no_health(tmp_path: Path) -> None:
    async with stage(tmp_path, CAUSES) as one:
        await one.home.map_update(SHOP)
        runner = one.runner(lambda _title, _n: ([], "passed"))
        session = await ask(one, "why is front failing?")
        for lease in await runner.lease(wait_s=5):
            if "Check front" in lease.titles:
                completion = Completion(token=lease.token, state="failed", message="git is down")
                await one.home.complete(lease.request, completion)
            else:
                await runner.run(lease)
        async with at_work(one, lambda _title, _n: ([], "passed")):
            found = await over(one, session)
    assert found["state"] == "inconclusive"
    assert ("Check front", "git is down") in {(gap["what"], gap["why"]) for gap in found["could_not_check"]}


async def test_a_cancelled_session_stays_cancelled(tmp_path: Path) -> None:
    async with stage(tmp_path, CAUSES) as one:
        await one.home.map_update(SHOP)
        session = await ask(one, "why is front failing?")
        runner = one.runner(shop)
        leases = await runner.lease(wait_s=5)
        assert (await one.client.post(f"/api/v1/sessions/{session}/cancel")).status_code == 204
        for lease in leases:
            await runner.run(lease)
        await asyncio.sleep(0.3)
        found = await report(one, session)
        assert (await one.client.post(f"/api/v1/sessions/{session}/cancel")).status_code == 204
    assert (found["state"], found["tasks_run"]) == ("cancelled", 0)


async def test_an_offer_is_nobodys_before_it_is_leased(tmp_path: Path) -> None:
    async with stage(tmp_path, CAUSES) as one:
        await one.home.map_update(SHOP)
        session = await ask(one, "why is front failing?")
        await asyncio.sleep(0.3)
        with pytest.raises(Conflict):
            await one.home.heartbeat(f"{session}.000", Heartbeat(token=""))
        assert await one.runner(shop).lease(wait_s=5), "it is still on offer"


async def test_a_permission_that_is_gone_is_seen_by_the_next_session(tmp_path: Path) -> None:
    async with stage(tmp_path, CAUSES) as one:
        await one.home.map_update(SHOP)
        assert not [one_ for one_ in (await one.control.maps.atlas()).map.readings if not one_.complete]
        reading = SHOP.readings[0].model_copy(update={"complete": False, "problem": "may not list"})
        await one.home.map_update(SHOP.model_copy(update={"digest": "other", "readings": (reading,), "slxs": ()}))
        problems = [one_.problem for one_ in (await one.control.maps.atlas()).map.readings if not one_.complete]
    assert problems == ["may not list"]


async def test_a_session_that_was_opened_but_never_started_starts_with_the_next_process(tmp_path: Path) -> None:
    trigger = Trigger(kind="question", text="why is front failing?", labels={}, namespaces=())
    async with stage(tmp_path, CAUSES) as one:
        await one.home.map_update(SHOP)
        async with one.control.database.transaction() as connection:
            assert await store.open_session(connection, SystemClock(), "left", "w", trigger, 60)
    async with stage(tmp_path, CAUSES) as one, at_work(one, shop):
        assert (await over(one, "left"))["causes"][0]["code"] == "SECRET_MISSING"


async def test_a_session_goes_on_after_a_restart(tmp_path: Path) -> None:
    async with stage(tmp_path, CAUSES) as one:
        await one.home.map_update(SHOP)
        session = await ask(one, "why is front failing?", budget_s=60)
        assert await one.runner(shop).lease(wait_s=5)
    async with stage(tmp_path, CAUSES) as one, at_work(one, shop) as runner:
        runner.instance = "after"
        found = await over(one, session)
    assert found["causes"][0]["code"] == "SECRET_MISSING"
    assert len(runner.ran) == len(set(runner.ran)), "no Task ran twice"
