"""Prometheus Alertmanager's webhook body, version 4 (its documentation: Configuration, ``webhook_config``)."""

from typing import Any, cast

from runstone.connectors.alerts import AlertSource
from runstone.errors import BadInput
from runstone.model.alert import Alert


class Alertmanager(AlertSource):
    """``{"alerts": [{"status", "labels", "annotations", "startsAt"}], "commonLabels", …}``."""

    def parse(self, payload: Any) -> list[Alert]:
        """One Alert per entry of ``alerts``."""
        entries = cast("dict[str, Any]", payload).get("alerts") if isinstance(payload, dict) else None
        if not isinstance(entries, list) or not entries:
            raise BadInput("This is not an Alertmanager webhook body: it has no list 'alerts' with an entry in it.")
        return [_alert(entry, number) for number, entry in enumerate(cast("list[Any]", entries))]


def _alert(entry: Any, number: int) -> Alert:
    said = cast("dict[str, Any]", entry) if isinstance(entry, dict) else {}
    labels = cast("dict[str, Any]", said.get("labels")) if isinstance(said.get("labels"), dict) else {}
    if not labels:
        raise BadInput(f"alerts[{number}] of the Alertmanager body has no 'labels', so nothing tells what it is about.")
    named = {str(key): str(value) for key, value in labels.items()}
    notes = said.get("annotations") or {}
    texts = [str(notes[key]) for key in ("summary", "message", "description") if notes.get(key)]
    return Alert(
        source="alertmanager",
        name=named.get("alertname", ""),
        firing=str(said.get("status", "firing")) == "firing",
        severity=named.get("severity", ""),
        summary=texts[0] if texts else "",
        labels={key: value for key, value in named.items() if key != "alertname"},
        starts_at=str(said.get("startsAt", "")),
    )
