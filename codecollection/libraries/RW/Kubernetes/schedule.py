"""Why no node takes a pod: the scheduler's own words, held against what the pod asks for."""

import re
from dataclasses import dataclass
from typing import Any

from RW.Kubernetes import report
from RW.Kubernetes.workload import Subject

Json = dict[str, Any]
_SAID = [
    ("PVC_UNBOUND", r"unbound immediate PersistentVolumeClaims|didn't find available persistent volumes"),
    ("PVC_MISSING", r"persistentvolumeclaim \"[^\"]+\" (?:not found|is being deleted)"),
    (
        "VOLUME_NODE_CONFLICT",
        r"volume node affinity conflict|had no available volume zone|node\(s\) exceed max volume count",
    ),
    ("HOST_PORT_CONFLICT", r"didn't have free ports"),
    ("INSUFFICIENT_RESOURCES", r"Insufficient (?P<what>[\w./-]+)|Too many pods"),
    ("TAINT_NOT_TOLERATED", r"(?:had (?:untolerated )?taints? |taint )\{(?P<what>[^}]*)\}"),
    (
        "NODE_SELECTOR_UNMATCHED",
        r"didn't match (?:Pod's node affinity|node selector|Pod's node affinity/selector)|didn't match Pod's node",
    ),
    ("AFFINITY_UNSATISFIED", r"didn't match pod (?:anti-?)?affinity|topology spread constraints|anti-affinity"),
    ("NODE_CORDONED", r"were unschedulable"),
]


@dataclass(frozen=True)
class Reason:
    """A reason of the scheduler: how many nodes it holds for, its cause code, and what it names."""

    code: str
    nodes: int
    text: str


def reasons(message: str) -> list[Reason]:
    """The scheduler's reasons, the one that holds for most nodes first.

    Its message reads ``0/4 nodes are available: 3 Insufficient cpu, 1 node(s) had taint {a: b}, that …``; what follows
    ``preemption:`` is about another question.
    """
    body = re.split(r"[. ]*preemption:", message)[0]
    found: list[Reason] = []
    for part in re.split(r", (?=\d+ )|: (?=\d+ )|: (?=pod has)", body):
        for code, pattern in _SAID:
            if re.search(pattern, part):
                lead = re.match(r"\s*(\d+) ", part)
                found.append(Reason(code, int(lead[1]) if lead else 0, part.strip(" .")))
                break
    return sorted(found, key=lambda reason: (reason.code == "NODE_CORDONED", -reason.nodes))


def asks(spec: Json) -> str:
    """What a pod spec asks of a node, as facts: requests, selector, tolerations."""
    parts: list[str] = []
    for entry in spec.get("containers") or []:
        requests = (entry.get("resources") or {}).get("requests") or {}
        if requests:
            asked = ", ".join(f"{key} {value}" for key, value in sorted(requests.items()))
            parts.append(f"container {entry['name']} requests {asked}")
    if spec.get("nodeSelector"):
        parts.append("nodeSelector " + ", ".join(f"{k}={v}" for k, v in sorted(spec["nodeSelector"].items())))
    if ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get("requiredDuringSchedulingIgnoredDuringExecution"):
        parts.append("required nodeAffinity")
    return "; ".join(parts) or "no requests and no selector"


def blame(code: str, subject: Subject) -> tuple[str, ...]:
    """What else to look at for a reason of the scheduler: the claims of the pod."""
    if code not in ("PVC_UNBOUND", "PVC_MISSING", "VOLUME_NODE_CONFLICT"):
        return ()
    return tuple(report.ref("PersistentVolumeClaim", subject.namespace, name) for name in claims(subject))


def claims(subject: Subject) -> list[str]:
    """The claims of a workload: those its template names, and those that its pods got from claim templates."""
    specs = [subject.template, *((pod.get("spec") or {}) for pod in subject.live_pods)]
    return list(
        dict.fromkeys(
            volume["persistentVolumeClaim"]["claimName"]
            for spec in specs
            for volume in spec.get("volumes") or []
            if volume.get("persistentVolumeClaim")
        )
    )


WORDS = {
    "INSUFFICIENT_RESOURCES": "no node has enough free resources",
    "TAINT_NOT_TOLERATED": "nodes have a taint that the pod does not tolerate",
    "NODE_SELECTOR_UNMATCHED": "no node matches the nodeSelector or node affinity",
    "AFFINITY_UNSATISFIED": "pod affinity or spread rules fit no node",
    "HOST_PORT_CONFLICT": "the hostPort is taken on every node",
    "VOLUME_NODE_CONFLICT": "the volume is bound to another zone or node",
    "NODE_CORDONED": "nodes are cordoned (unschedulable)",
}
