"""SLIs measured by clock, through the API: a runner says what each test tells it, and the test moves the clock."""

from pathlib import Path

import pytest

from measuring import Measuring, done, map_of, measured, measuring, metric
from runstone.control.measures import meter, schedule
from runstone.errors import Conflict
from runstone.model.wire import Heartbeat
from stage import bound, resource, slx

CART, PAY = measured("Deployment/cart"), measured("Deployment/pay")
NAME = "deployment-cart"


async def put(one: Measuring, *slxs: object) -> None:
    await one.home.map_update(map_of(*slxs))  # pyright: ignore
    await one.control.queue.sweep()


async def question(one: Measuring, *subjects: str) -> None:
    """A session that offers a RunRequest for each subject's Runbook."""
    for subject in subjects:
        answer = await one.client.post("/api/v1/sessions", json={"text": f"why is {subject} failing?", "budget_s": 60})
        assert answer.status_code == 201


async def offered(one: Measuring, wanted: int) -> None:
    """Wait until so many RunRequests are on offer."""
    seen = 0
    while seen < wanted:
        events = await one.control.audit.next(0, "", 10)
        seen = sum(1 for event in events if event.type == "request.offered")


async def test_an_sli_is_leased_when_due_run_to_its_end_and_then_due_an_interval_later(tmp_path: Path) -> None:
    async with measuring(tmp_path) as one:
        await put(one, CART)
        (lease,) = await one.due()
        assert (lease.session, lease.titles, lease.bundle.robot) == ("", ("Score",), "sli.robot")
        assert lease.variables["RW_LOOKBACK_WINDOW"] == "90"
        assert lease.variables["RW_SLI_METRIC_NAME"] == "deployment_cart"
        assert await one.lease() == (), "one at a time"
        await one.end(lease, metric(1, "pods"), metric(0.5), done())
        assert await one.lease() == (), "it is not due again"
        listed = await one.get("/api/v1/slis")
        (again,) = await one.due(90)
        assert again.request != lease.request
        sessions = await one.get("/api/v1/sessions")
    assert [(row["slx"], row["standing"], row["last"]["value"]) for row in listed] == [(NAME, "ok", 0.5)]
    assert sessions == [], "a measurement is no session's"


async def test_numbers_are_there_while_the_run_goes_on(tmp_path: Path) -> None:
    async with measuring(tmp_path) as one:
        await put(one, CART)
        (lease,) = await one.due()
        await one.say(lease, metric(3, "errors", zone="a"))
        found = await one.get(f"/api/v1/slis/{NAME}")
    (series,) = found["series"]
    assert (series["sub_name"], series["labels"], series["last"]["value"]) == ("errors", {"zone": "a"}, 3)
    assert found["standing"] == "never", "but nothing is measured before the run has ended"


async def test_the_last_push_without_sub_name_is_the_score_and_no_push_is_lost(tmp_path: Path) -> None:
    async with measuring(tmp_path) as one:
        await put(one, CART)
        (lease,) = await one.due()
        await one.end(lease, metric(0.1), metric(7, "a"), metric(0.9), metric(8, "a"), done())
        found = await one.get(f"/api/v1/slis/{NAME}")
        narrowed = await one.get(f"/api/v1/slis/{NAME}?sub_name=a")
    assert found["last"]["value"] == 0.9
    points = {series["sub_name"]: [point["value"] for point in series["points"]] for series in found["series"]}
    assert points == {"": [0.1, 0.9], "a": [7, 8]}
    assert [series["sub_name"] for series in narrowed["series"]] == ["a"]


async def test_a_repeated_report_changes_nothing(tmp_path: Path) -> None:
    async with measuring(tmp_path) as one:
        await put(one, CART)
        (lease,) = await one.due()
        await one.say(lease, metric(1))
        await one.say(lease, metric(1), metric(0))
        await one.end(lease)
        await one.end(lease, state="failed", message="late repeat")
        found = await one.get(f"/api/v1/slis/{NAME}")
    assert [point["value"] for point in found["series"][0]["points"]] == [1, 0]
    assert found["standing"] == "ok"


@pytest.mark.parametrize(
    ("bodies", "state", "message", "standing", "said"),
    [
        ((done(),), "done", "", "failing", "pushed no metric"),
        ((), "failed", "Bundle x could not be set up", "failing", "Bundle x could not be set up"),
        ((metric(1), done("errored", "no route")), "done", "", "failing", "Score: no route"),
        ((metric(0), done("failed", "it is ill")), "done", "", "ok", ""),
        ((metric(1, "pods"), done()), "done", "", "ok", "there is no score"),
        ((metric(1), done()), "done", "No secret 'x' is known.", "ok", "No secret 'x' is known."),
    ],
)
async def test_how_a_run_went_says_how_the_sli_stands(
    tmp_path: Path, bodies: tuple[dict[str, object], ...], state: str, message: str, standing: str, said: str
) -> None:
    async with measuring(tmp_path) as one:
        await put(one, CART)
        (lease,) = await one.due()
        await one.end(lease, *bodies, state=state, message=message)
        found, reason = await one.standing(NAME)
    assert found == standing
    assert said in reason


async def test_what_could_not_be_looked_at_is_remarked(tmp_path: Path) -> None:
    gap = {"kind": "could_not_check", "resource": None, "what": "kubectl get pods", "why": "forbidden"}
    async with measuring(tmp_path) as one:
        await put(one, CART, PAY)
        first, second = await one.due(free=3)
        await one.end(first, {"type": "note", "note": gap}, done())
        await one.end(second, {"type": "note", "note": gap}, metric(0), done())
        stands = dict([await one.standing("deployment-cart"), await one.standing("deployment-pay")])
    assert stands["failing"] == "pushed no metric; could not check kubectl get pods: forbidden"
    assert stands["ok"] == "could not check kubectl get pods: forbidden"


async def test_a_run_that_is_still_going_when_the_next_is_due_is_late_and_not_stacked(tmp_path: Path) -> None:
    async with measuring(tmp_path) as one:
        await put(one, CART)
        (lease,) = await one.due()
        one.clock.advance(95, leases=False)
        assert await one.lease() == ()
        await one.control.queue.sweep()
        assert await one.lease() == ()
        standing, reason = await one.standing(NAME)
        assert standing == "late"
        assert "still going when the next was due" in reason
        await one.end(lease, metric(1), done())
        assert (await one.standing(NAME))[0] == "ok", "it came, if late"
        (again,) = await one.due(90)
        assert again.request != lease.request


async def test_an_sli_that_nothing_comes_from_is_late(tmp_path: Path) -> None:
    async with measuring(tmp_path) as one:
        await put(one, CART)
        (lease,) = await one.due()
        await one.end(lease, metric(1), done())
        one.clock.advance(2 * 60 + schedule.GRACE_S + 1, leases=False)
        standing, reason = await one.standing(NAME)
    assert standing == "late"
    assert "nothing since" in reason


async def test_without_a_runner_that_is_said_and_since_when_it_waits(tmp_path: Path) -> None:
    async with measuring(tmp_path) as one:
        await put(one, CART)
        assert (await one.standing(NAME))[0] == "no_runner"
        await one.lease()
        standing, reason = await one.standing(NAME)
        assert standing == "never"
        assert "waits since 2026-01-01 00:00:00 UTC" in reason
        one.clock.advance(61)
        assert (await one.standing(NAME))[0] == "no_runner"


async def test_a_runner_that_is_too_busy_to_ask_for_work_is_not_taken_for_gone(tmp_path: Path) -> None:
    async with measuring(tmp_path) as one:
        await put(one, CART)
        (lease,) = await one.due(60)
        for number in (1, 2, 3):
            one.clock.advance(25)
            await one.say(lease, metric(number), first=number)
        standing, _ = await one.standing(NAME)
    assert standing == "never"


async def test_a_lost_runner_is_told_and_its_result_is_not_taken(tmp_path: Path) -> None:
    async with measuring(tmp_path) as one:
        await put(one, CART)
        (lease,) = await one.due()
        assert await one.lease(instance="two") == (), "lost, and not repeated: the next is due anyway"
        standing, reason = await one.standing(NAME)
        assert (standing, reason) == ("failing", "its runner was lost while it ran")
        assert (await one.home.heartbeat(lease.request, Heartbeat(token=lease.token))).cancel
        (again,) = await one.due(90)
        with pytest.raises(Conflict):
            await one.end(lease, metric(1))
        one.clock.advance(31)
        await one.control.queue.sweep()
        await one.lease()
        assert (await one.standing(NAME))[0] == "failing", "no sign of life"
        assert (await one.home.heartbeat(again.request, Heartbeat(token=again.token))).cancel


async def test_many_new_slis_do_not_begin_together_and_keep_their_place_over_a_restart(tmp_path: Path) -> None:
    slxs = [measured(f"Deployment/d{number}", interval_s=300) for number in range(400)]
    async with measuring(tmp_path) as one:
        await put(one, *slxs)
        first = {row["slx"]: row["due"] for row in await one.get("/api/v1/slis")}
        minute = [due for due in first.values() if due < "2026-01-01T00:00:50.000Z"]
        assert 150 < len(minute) < 250, "they lie evenly over the first 100 seconds"
        clock = one.clock
    async with measuring(tmp_path, clock) as one:
        await one.control.queue.sweep()
        assert {row["slx"]: row["due"] for row in await one.get("/api/v1/slis")} == first


async def test_what_was_missed_while_nobody_was_there_is_one_gap_and_no_burst(tmp_path: Path) -> None:
    slxs = [measured(f"Deployment/d{number}", interval_s=300) for number in range(40)]
    async with measuring(tmp_path) as one:
        await put(one, *slxs)
        for lease in await one.due(300, free=33):
            await one.end(lease, metric(1), done())
        clock = one.clock
    clock.advance(86400)
    async with measuring(tmp_path, clock) as one:
        assert await one.lease(free=33) == (), "nothing before the plan is made anew"
        await one.control.queue.sweep()
        assert len(await one.lease(free=33)) < 5
        dues = sorted(row["due"] for row in await one.get("/api/v1/slis"))
    assert dues[20] > "2026-01-02T00:05:02.500Z", "spread over ten seconds"
    assert dues[-1] < "2026-01-02T00:10:00.000Z", "and each is made up for once, soon"


async def test_an_sli_that_leaves_the_map_is_measured_no_more_and_a_new_interval_holds(tmp_path: Path) -> None:
    async with measuring(tmp_path) as one:
        await put(one, CART, PAY)
        await put(one, measured("Deployment/cart", interval_s=600))
        listed = await one.get("/api/v1/slis")
        assert [(row["slx"], row["interval_s"]) for row in listed] == [(NAME, 600)]
        (lease,) = await one.due(600)
        assert lease.subject.name == "cart"
        assert lease.variables["RW_LOOKBACK_WINDOW"] == "900"
        gone = await one.client.get("/api/v1/slis/deployment-pay")
    assert gone.status_code == 404
    assert "no SLX 'deployment-pay' on the Map" in gone.json()["message"]


async def test_an_interval_out_of_range_is_moved_into_it(tmp_path: Path) -> None:
    async with measuring(tmp_path) as one:
        await put(one, measured("Deployment/fast", interval_s=1), measured("Deployment/slow", interval_s=10**6))
        listed = await one.get("/api/v1/slis")
    assert [row["interval_s"] for row in listed] == [30, 3600]


async def test_a_persons_work_comes_first_and_finds_a_free_slot(tmp_path: Path) -> None:
    cart = measured("Deployment/cart").model_copy(update={"runbook": slx("Deployment/cart", bound("Look")).runbook})
    async with measuring(tmp_path) as one:
        await put(one, cart, PAY, measured("Deployment/a"))
        first = await one.due(free=2)
        assert [lease.session for lease in first] == [""], "one of two slots stays free"
        assert await one.lease(free=1) == ()
        await question(one, "cart")
        await offered(one, 1)
        (asked,) = await one.lease(free=1)
        assert asked.session, "the free slot is for the session"


async def test_while_a_session_is_at_work_only_what_waited_too_long_begins(tmp_path: Path) -> None:
    cart = measured("Deployment/cart", interval_s=600)
    cart = cart.model_copy(update={"runbook": slx("Deployment/cart", bound("Look")).runbook})
    async with measuring(tmp_path) as one:
        await put(one, cart, PAY)
        await question(one, "cart")
        await offered(one, 1)
        one.clock.advance(30, leases=False)
        assert [bool(lease.session) for lease in await one.lease(free=5)] == [True], (
            "slots are free, yet a person waits"
        )
        one.clock.advance(schedule.SHORTEST_WAIT_S + 60, leases=False)
        (waited,) = await one.lease(free=5)
        assert (waited.session, waited.subject.name) == ("", "pay"), "the one that is due every ten minutes can wait"


async def test_a_measurement_that_waited_too_long_goes_first_but_only_now_and_then(tmp_path: Path) -> None:
    cart = slx("Deployment/cart", bound("Look"))
    async with measuring(tmp_path) as one:
        ill = map_of(cart, PAY, measured("Deployment/a"))
        ill = ill.model_copy(update={"resources": (resource("Deployment/cart", "ill"), *ill.resources[1:])})
        await one.home.map_update(ill)
        await one.control.queue.sweep()
        one.clock.advance(schedule.SHORTEST_WAIT_S + 60, leases=False)
        await question(one, "cart")
        await offered(one, 1)
        (starved,) = await one.lease(free=1)
        assert starved.session == ""
        await one.end(starved, metric(1), done())
        (asked,) = await one.lease(free=1)
        assert asked.session, "the other one waits as long, but a person comes first again"


async def test_a_flood_of_numbers_is_cut_and_that_is_said(tmp_path: Path) -> None:
    async with measuring(tmp_path) as one:
        await put(one, CART)
        (lease,) = await one.due()
        flood = [metric(number, "pods") for number in range(meter.MOST_METRICS + 5)]
        await one.end(lease, *flood, metric(1), done())
        found = await one.get(f"/api/v1/slis/{NAME}?buckets=1")
    (pods,) = [series for series in found["series"] if series["sub_name"] == "pods"]
    assert pods["buckets"][0]["count"] == meter.MOST_METRICS
    assert found["last"]["value"] == 1, "the score counts all the same"
    assert "more was pushed than is kept" in found["reason"]


async def test_old_numbers_go_and_new_ones_stay(tmp_path: Path) -> None:
    async with measuring(tmp_path) as one:
        await put(one, CART)
        (lease,) = await one.due()
        await one.end(lease, metric(1), metric(1, "old"), done())
        one.clock.advance(meter.RETENTION_S)
        (lease,) = await one.due(180)
        await one.end(lease, metric(0), done())
        one.clock.advance(meter.PRUNE_EVERY_S)
        await one.control.queue.sweep()
        found = await one.get(f"/api/v1/slis/{NAME}?window_s={meter.RETENTION_S}")
    assert [(series["sub_name"], len(series["points"])) for series in found["series"]] == [("", 1)]
    assert found["last"]["value"] == 0


async def test_a_runners_clock_cannot_put_a_number_outside_of_its_run(tmp_path: Path) -> None:
    async with measuring(tmp_path) as one:
        await put(one, CART)
        (lease,) = await one.due(300)
        moments = ("2030-01-01T00:00:00Z", "1990-01-01T00:00:00Z", "nonsense")
        await one.end(lease, *({**metric(n), "at": at} for n, at in enumerate(moments)), done())
        found = await one.get(f"/api/v1/slis/{NAME}")
    points = found["series"][0]["points"]
    assert [point["value"] for point in points] == [0, 1, 2]
    assert {point["at"][:19] for point in points} == {"2026-01-01T00:05:00"}


async def test_a_metric_that_a_session_pushes_stands_in_the_tasks_output(tmp_path: Path) -> None:
    async with measuring(tmp_path) as one:
        await put(one, slx("Deployment/cart", bound("Look")))
        await question(one, "cart")
        await offered(one, 1)
        (lease,) = await one.lease()
        of = {"title": "Look", "resolved_title": "Look"}
        await one.end(lease, {**metric(4, "restarts"), **of}, {**done(), **of})
        timeline = await one.get(f"/api/v1/sessions/{lease.session}/timeline")
        assert await one.get("/api/v1/slis") == []
    assert timeline["requests"][0]["tasks"][0]["run"]["output"] == "metric restarts = 4\n"
