"""What a suite pushed, on its way home."""

import asyncio
import json
import math
from typing import Any

import httpx2
from hypothesis import given
from hypothesis import strategies as st

from runstone.content.suite import SuiteEvent
from runstone.edge.home import Home
from runstone.edge.runner.metrics import metric
from runstone.edge.runner.report import Reporter
from runstone.model.content import BundleRef, CollectionRef
from runstone.model.measure import Metric
from runstone.model.redact import MASK, Redactor
from runstone.model.run import Note
from runstone.model.wire import Lease
from stage import NOW, ref

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
RECORD: dict[str, Any] = {"name": "cart__pods", "sub_name": "pods", "value": 3, "type": "gauge", "labels": {}}


def test_a_push_becomes_a_metric_without_the_label_that_all_have() -> None:
    found = metric({**RECORD, "labels": {"zone": "a", "n": 1, "workspace": "w"}}, Redactor())
    assert found == Metric(sub_name="pods", value=3.0, type="gauge", labels={"n": "1", "zone": "a"})


def test_what_is_no_finite_number_is_told_and_not_sent_as_one() -> None:
    for value in (math.nan, math.inf, -math.inf, "much", None, 10**400):
        found = metric({**RECORD, "value": value}, Redactor())
        assert isinstance(found, Note)
        assert (found.kind, found.what) == ("could_not_check", "metric pods")


def test_secrets_in_names_and_labels_are_masked() -> None:
    found = metric(
        {**RECORD, "sub_name": "url hunter2hunter2", "labels": {"k": "hunter2hunter2"}}, Redactor(["hunter2hunter2"])
    )
    assert isinstance(found, Metric)
    assert (found.sub_name, found.labels) == (f"url {MASK}", {"k": MASK})


@given(JSON, JSON, JSON, st.dictionaries(st.text(), JSON, max_size=30))
def test_whatever_is_pushed_travels_or_is_told(value: Any, sub_name: Any, type_: Any, labels: dict[str, Any]) -> None:
    record = {"name": "", "sub_name": sub_name, "value": value, "type": type_, "labels": labels}
    found = metric(record, Redactor())
    if isinstance(found, Metric):
        assert Metric.model_validate_json(found.model_dump_json()) == found
        assert len(found.sub_name) <= 200
        assert len(found.labels) <= 20
    else:
        assert found.why


async def test_pushes_leave_as_they_come_numbered_with_the_rest() -> None:
    sent: list[dict[str, Any]] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        sent.extend(json.loads(request.content).get("progress", []))
        return httpx2.Response(200, json={"cancel": False})

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer), base_url="http://home") as client:
        reporter = Reporter(Home(client, "t"), _lease(), Redactor(), "runner-1")
        await reporter.take(_event("started"))
        await reporter.take(_event("metric", record=RECORD))
        await reporter.take(_event("metric", record={**RECORD, "value": math.nan}))
        await reporter.take(_event("done", state="passed"))
        reporter.close()
        await reporter.run(asyncio.Event())
    assert [(one["seq"], one["type"]) for one in sent] == [(1, "started"), (2, "metric"), (3, "note"), (4, "done")]
    assert sent[1]["metric"] == {"sub_name": "pods", "value": 3.0, "type": "gauge", "labels": {}}


def _event(type_: Any, **more: Any) -> SuiteEvent:
    return SuiteEvent(type=type_, title="Score", resolved_title="Score", at=NOW, **more)


def _lease() -> Lease:
    collection = CollectionRef(url="test", ref="main", commit="0" * 40)
    return Lease(
        request="sli-1-1",
        session="",
        token="t",
        attempt=1,
        bundle=BundleRef(collection=collection, path="x", robot="sli.robot"),
        titles=("Score",),
        variables={},
        secrets=(),
        subject=ref("Deployment/cart"),
        deadline_s=60,
        ttl_s=30,
        approval="",
    )
