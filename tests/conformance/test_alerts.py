"""Every alert source does what its kind promises, whatever it is given."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstone import plugins
from runstone.errors import BadInput, NotFound
from runstone.model.alert import Alert

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["alerts", "labels", "annotations", "status", "alertname", "x"]), inner, max_size=4
        )
    ),
    max_leaves=15,
)
FIRING: dict[str, Any] = {
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "KubePodCrashLooping", "namespace": "shop", "pod": "a-1", "severity": "warning"},
            "annotations": {"summary": "Pod is crash looping."},
            "startsAt": "2026-01-01T00:00:00Z",
        }
    ]
}


@pytest.mark.parametrize("name", plugins.names("alerts"))
@given(payload=JSON)
def test_an_alert_source_gives_alerts_or_one_sentence(name: str, payload: Any) -> None:
    alerts: list[Alert] = []
    with contextlib.suppress(BadInput):
        alerts = plugins.load("alerts", name)().parse(payload)
    assert all(alert.labels or alert.name for alert in alerts)


def test_an_alertmanager_body_is_read_whole() -> None:
    (alert,) = plugins.load("alerts", "alertmanager")().parse(FIRING)
    assert (alert.name, alert.firing, alert.severity) == ("KubePodCrashLooping", True, "warning")
    assert alert.summary == "Pod is crash looping."
    assert alert.labels["pod"] == "a-1"


def test_the_fingerprint_outlives_the_pod() -> None:
    later = json.loads(json.dumps(FIRING).replace("a-1", "a-2"))
    other = json.loads(json.dumps(FIRING).replace('"shop"', '"else"'))
    prints = [plugins.load("alerts", "alertmanager")().parse(one)[0].fingerprint for one in (FIRING, later, other)]
    assert prints[0] == prints[1] != prints[2]


def test_an_unknown_connector_lists_those_there_are() -> None:
    with pytest.raises((BadInput, NotFound), match="file"):
        plugins.load("secrets", "nobody")
