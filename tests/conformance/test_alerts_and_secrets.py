"""Every alert source and secret provider does what its kind promises, whatever it is given."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runstone import plugins
from runstone.connectors.secrets import SecretProvider
from runstone.errors import BadInput, NotFound, RunstoneError
from runstone.model.alert import Alert
from runstone.model.secret import Secret, SecretRef

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


@pytest.mark.parametrize("name", plugins.names("secrets"))
def test_a_secret_that_is_not_there_says_where_it_was_looked_for(name: str) -> None:
    provider: SecretProvider = plugins.load("secrets", name)()
    with pytest.raises(RunstoneError, match="no-such-secret"):
        provider.get("/tmp/no-such-secret" if name == "file" else "no-such-secret")


def test_secrets_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "s").write_text("value\n")
    monkeypatch.setenv("A_SECRET", "value")
    assert plugins.load("secrets", "file")().get(str(tmp_path / "s")) == "value"
    assert plugins.load("secrets", "env")().get("A_SECRET") == "value"


def test_a_secret_does_not_show_itself() -> None:
    secret = Secret("token", "hidden-value")
    assert "hidden-value" not in f"{secret} {secret!r}"
    with pytest.raises(TypeError):
        json.dumps(secret)
    with pytest.raises(TypeError, match="does not serialise"):
        __import__("pickle").dumps(secret)


@pytest.mark.parametrize("key", ["", "plain", "@path", "file@"])
def test_a_key_without_provider_or_path_is_refused(key: str) -> None:
    with pytest.raises(BadInput, match="names no provider"):
        SecretRef.parse(key)


def test_an_unknown_connector_lists_those_there_are() -> None:
    with pytest.raises((BadInput, NotFound), match="file"):
        plugins.load("secrets", "nobody")
