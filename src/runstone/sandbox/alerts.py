"""The alert a stock kube-prometheus rule set would fire for a fault's symptom, as Alertmanager's webhook sends it."""

import hashlib
import json

from runstone.sandbox.clock import stamp
from runstone.sandbox.faults import Fault
from runstone.sandbox.objects import Obj

FIRING_SECONDS = 300.0
"""How long before now the alert began."""


def body(fault: Fault, pod: str, now: float) -> Obj:
    """A webhook body, version 4. `pod` fills the pod label, if there is one; `now` is seconds since the epoch."""
    labels: dict[str, str] = {
        key: value.replace("{pod}", pod)
        for key, value in {**fault.alert["labels"], "prometheus": "monitoring/k8s"}.items()
    }
    notes = {key: value.replace("{pod}", pod) for key, value in fault.alert["annotations"].items()}
    group = {key: labels[key] for key in ("alertname", "namespace") if key in labels}
    mark = hashlib.sha256(json.dumps(labels, sort_keys=True).encode()).hexdigest()[:16]
    one: Obj = {
        "status": "firing",
        "labels": labels,
        "annotations": notes,
        "startsAt": stamp(now - FIRING_SECONDS),
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.sandbox.example/graph",
        "fingerprint": mark,
    }
    return {
        "version": "4",
        "groupKey": "{}:{" + ", ".join(f'{key}="{value}"' for key, value in group.items()) + "}",
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "runstone",
        "groupLabels": group,
        "commonLabels": labels,
        "commonAnnotations": notes,
        "externalURL": "http://alertmanager.sandbox.example",
        "alerts": [one],
    }
