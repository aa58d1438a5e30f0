"""A NetworkPolicy: what it selects, and which flows that somebody needs it keeps from happening."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from RW.Kubernetes import calls, dependency, policy, report, selector, service
from RW.Kubernetes.report import Report
from RW.Kubernetes.workload import Subject

Json = dict[str, Any]


@dataclass
class Scene:
    """A policy, the workloads around it as subjects with their logs, and the world they call."""

    policy: Json
    clients: list[tuple[Subject, calls.Logs]] = field(default_factory=list)
    world: dependency.World = field(default_factory=dependency.World)
    guard: calls.Guard = field(default_factory=calls.Guard)

    @property
    def ref(self) -> str:
        """``NetworkPolicy/namespace/name``."""
        return report.ref("NetworkPolicy", self.policy["metadata"]["namespace"], self.policy["metadata"]["name"])


def selected(rule: Json, workloads: Iterable[Json]) -> list[str]:
    """The workloads whose pods a policy selects."""
    chosen = (rule.get("spec") or {}).get("podSelector") or {}
    return [service.reference(each) for each in workloads if selector.chooses(chosen, service.labels_of(each))]


def blocked(scene: Scene) -> Report:
    """Flows that workloads declare in their configuration and that this policy has a part in denying."""
    seen = Report()
    name = scene.policy["metadata"]["name"]
    seen.say(policy.shown(scene.policy))
    for subject, logs in scene.clients:
        checked = calls.check(subject, scene.world, logs, scene.guard)
        for issue in checked.issues:
            if issue.resource == scene.ref:
                seen.add(issue)
        seen.say(*(f"{subject.kind.lower()}/{subject.name}: {line}" for line in _denied(scene, subject, name)))
    if not seen.issues:
        seen.rule_out("Denied flows", f"no workload suffers from a flow that NetworkPolicy {name} denies", scene.ref)
    return seen


def _denied(scene: Scene, subject: Subject, name: str) -> list[str]:
    lines: list[str] = []
    for address in dependency.addresses(subject.template):
        key = dependency.place(address.host, subject.namespace, scene.world)
        for flow in calls.flows(subject, key, address.port, scene.world, scene.guard) if key else []:
            hits = policy.blockers(flow, scene.guard.policies, scene.guard.namespaces)
            lines += [
                f"{direction} to {address.host}:{address.port} is denied by networkpolicy/{name}"
                for rule, direction in hits
                if rule["metadata"]["name"] == name
            ]
    return lines
