"""``/api/v1/slis`` as a program sees it."""

from pathlib import Path

import pytest

from measuring import done, map_of, measured, measuring, metric


async def test_the_list_and_the_detail_have_their_documented_shape(tmp_path: Path) -> None:
    async with measuring(tmp_path) as one:
        await one.home.map_update(map_of(measured("Deployment/cart")))
        await one.control.queue.sweep()
        (lease,) = await one.due()
        await one.end(lease, metric(1, "pods", zone="a"), metric(0.5), done())
        (listed,) = await one.get("/api/v1/slis?window_s=1600")
        raw = await one.get("/api/v1/slis/deployment-cart")
        cut = await one.get("/api/v1/slis/deployment-cart?buckets=4&sub_name=pods")
    assert listed == {
        "slx": "deployment-cart",
        "alias": "deployment-cart",
        "subject": {"platform": "c", "kind": "Deployment", "namespace": "shop", "name": "cart"},
        "interval_s": 60,
        "standing": "ok",
        "reason": "",
        "since": "2026-01-01T00:00:00.000Z",
        "due": listed["due"],
        "ended_at": "2026-01-01T00:02:00.000Z",
        "last": {"at": "2026-01-01T00:02:00.000Z", "value": 0.5},
        "trend": [None] * 15 + [0.5],
    }
    assert raw["series"][0] == {
        "sub_name": "",
        "labels": {},
        "type": "gauge",
        "last": {"at": "2026-01-01T00:02:00.000Z", "value": 0.5},
        "points": [{"at": "2026-01-01T00:02:00.000Z", "value": 0.5}],
        "buckets": [],
    }
    (pods,) = cut["series"]
    assert (pods["labels"], pods["points"]) == ({"zone": "a"}, [])
    assert {name: pods["buckets"][0][name] for name in ("min", "mean", "max", "count")} == {
        "min": 1,
        "mean": 1,
        "max": 1,
        "count": 1,
    }
    assert cut["start"] < pods["buckets"][0]["at"] < cut["end"]


@pytest.mark.parametrize(
    ("path", "token", "status"),
    [
        ("/api/v1/slis", "runner", 403),
        ("/api/v1/slis?window_s=1", "user", 422),
        ("/api/v1/slis?window_s=nan", "user", 422),
        ("/api/v1/slis?window_s=1e9", "user", 422),
        ("/api/v1/slis/nope", "user", 404),
        ("/api/v1/slis/deployment-pay", "user", 404),
    ],
)
async def test_who_may_not_and_what_is_not_there(tmp_path: Path, path: str, token: str, status: int) -> None:
    async with measuring(tmp_path) as one:
        unmeasured = measured("Deployment/pay").model_copy(update={"sli": None})
        await one.home.map_update(map_of(unmeasured))
        await one.control.queue.sweep()
        answer = await one.client.get(path, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == status, answer.text
    if path.endswith("pay"):
        assert "it has no SLI" in answer.json()["message"]
