"""A Deployment, StatefulSet or DaemonSet with what belongs to it, and whether its rollout is through."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from RW.Kubernetes import event, moment, report
from RW.Kubernetes.report import Issue, Report

Json = dict[str, Any]
KINDS = ("Deployment", "StatefulSet", "DaemonSet")
SETTLE_S = 120
"""How long a change may take before what is not ready yet counts as ill, when no deadline is declared."""


@dataclass
class Subject:
    """A workload as read at ``now`` (seconds): manifest, pods, the ReplicaSets it owns, its namespace's events."""

    kind: str
    namespace: str
    name: str
    manifest: Json
    pods: list[Json] = field(default_factory=list)
    sets: list[Json] = field(default_factory=list)
    events: list[Json] = field(default_factory=list)
    now: float = 0.0

    @property
    def ref(self) -> str:
        """``Kind/namespace/name``."""
        return report.ref(self.kind, self.namespace, self.name)

    @property
    def spoken(self) -> str:
        """The workload as it reads in a title."""
        return report.spoken(self.ref)

    @property
    def template(self) -> Json:
        """The pod template's spec."""
        return ((self.manifest.get("spec") or {}).get("template") or {}).get("spec") or {}

    @property
    def labels(self) -> dict[str, str]:
        """The labels its pods carry."""
        meta = ((self.manifest.get("spec") or {}).get("template") or {}).get("metadata") or {}
        return dict(meta.get("labels") or {})

    @property
    def desired(self) -> int:
        """How many pods there should be."""
        if self.kind == "DaemonSet":
            return int((self.manifest.get("status") or {}).get("desiredNumberScheduled") or 0)
        replicas = (self.manifest.get("spec") or {}).get("replicas")
        return 1 if replicas is None else int(replicas)

    @property
    def ready(self) -> int:
        """How many pods are ready."""
        status = self.manifest.get("status") or {}
        return int(status.get("numberReady" if self.kind == "DaemonSet" else "readyReplicas") or 0)

    @cached_property
    def live_pods(self) -> list[Json]:
        """Its pods that are neither finished nor on their way out."""
        return [pod for pod in self.pods if not pod["metadata"].get("deletionTimestamp") and not finished(pod)]

    @property
    def severity(self) -> int:
        """1 when nothing of it works, 2 when some does."""
        return 1 if self.desired and not self.ready else 2

    def containers(self) -> list[Json]:
        """All containers of the template, init containers first."""
        return [*(self.template.get("initContainers") or []), *(self.template.get("containers") or [])]

    def events_of(self, kind: str, name: str) -> list[Json]:
        """Fresh events about one of its objects, the latest first."""
        return event.fresh(event.about(self.events, kind, name), self.now)

    def shown(self) -> str:
        """``deployment/cart: 1/2 ready, 2 updated, generation 3``."""
        status = self.manifest.get("status") or {}
        updated = status.get("updatedNumberScheduled" if self.kind == "DaemonSet" else "updatedReplicas") or 0
        generation = self.manifest["metadata"].get("generation")
        return (
            f"{self.kind.lower()}/{self.name}: {self.ready}/{self.desired} ready, {updated} updated, generation "
            f"{generation}"
        )


def finished(pod: Json) -> bool:
    """Whether a pod has run to its end: succeeded, failed or evicted."""
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def condition(thing: Json, kind: str) -> Json:
    """A condition of an object by its type; empty when it has none such."""
    conditions = (thing.get("status") or {}).get("conditions") or []
    return next((entry for entry in conditions if entry.get("type") == kind), {})


def owned(things: list[Json], *uids: str) -> list[Json]:
    """Those whose controller has one of ``uids``."""
    return [
        thing
        for thing in things
        if any(owner.get("uid") in uids for owner in thing["metadata"].get("ownerReferences") or [])
    ]


def rollout(subject: Subject, changes: list[str]) -> Report:
    """Whether the latest template is what runs. ``changes`` say how it differs from the revision before."""
    seen = Report()
    seen.say(subject.shown(), *(f"condition {_condition_line(entry)}" for entry in _conditions(subject)))
    seen.say(*(f"changed since the revision before: {change}" for change in changes))
    if subject.desired == 0 and subject.kind != "DaemonSet":
        return _scaled_to_zero(subject, seen)
    stuck = _stuck(subject)
    if stuck:
        seen.add(_stuck_issue(subject, stuck, changes))
    elif _short(subject) and not _settling(subject):
        seen.add(_short_issue(subject))
    else:
        seen.rule_out("Rollout stuck", _well(subject), subject.ref)
    return seen


def _conditions(subject: Subject) -> list[Json]:
    return list((subject.manifest.get("status") or {}).get("conditions") or [])


def _condition_line(entry: Json) -> str:
    words = f"{entry.get('type')}={entry.get('status')} {entry.get('reason') or ''} {entry.get('message') or ''}"
    return " ".join(words.split())


def _well(subject: Subject) -> str:
    if _short(subject):
        return f"{subject.ready}/{subject.desired} ready; the change is younger than its deadline"
    return f"{subject.ready}/{subject.desired} pods ready and all run the latest template"


def _short(subject: Subject) -> bool:
    return subject.ready < subject.desired


def _stuck(subject: Subject) -> str:
    """Why the rollout does not go on, or nothing."""
    progressing = condition(subject.manifest, "Progressing")
    if progressing.get("status") == "False":
        return f"{progressing.get('reason')}: {progressing.get('message')}"
    if _settling(subject):
        return ""
    status = subject.manifest.get("status") or {}
    if int(status.get("observedGeneration") or 0) < int(subject.manifest["metadata"].get("generation") or 0):
        return "the controller has not acted on the latest change (observedGeneration lags)"
    updated = status.get("updatedNumberScheduled" if subject.kind == "DaemonSet" else "updatedReplicas")
    if subject.kind == "StatefulSet":
        revisions = status.get("currentRevision"), status.get("updateRevision")
        return _partial(subject, updated) if revisions[0] != revisions[1] else ""
    return _partial(subject, updated)


def _partial(subject: Subject, updated: Any) -> str:
    if (_update(subject).get("type") or "") == "OnDelete" or _partition(subject) > 0:
        return ""
    if int(updated or 0) < subject.desired:
        return f"{int(updated or 0)} of {subject.desired} pods run the latest template"
    return ""


def _update(subject: Subject) -> Json:
    return (subject.manifest.get("spec") or {}).get("updateStrategy") or {}


def _partition(subject: Subject) -> int:
    return int((_update(subject).get("rollingUpdate") or {}).get("partition") or 0)


def _settling(subject: Subject) -> bool:
    """Whether a change is so young that unready pods are no news.

    The newest ReplicaSet's or pod's birth is when the change began; Progressing is refreshed while there is progress.
    """
    deadline = int((subject.manifest.get("spec") or {}).get("progressDeadlineSeconds") or SETTLE_S)
    births = [thing["metadata"].get("creationTimestamp") for thing in [*subject.sets, *subject.live_pods]]
    youngest = min((moment.age(birth, subject.now) for birth in births), default=float("inf"))
    updated = moment.age(condition(subject.manifest, "Progressing").get("lastUpdateTime"), subject.now)
    return min(youngest, updated) < min(deadline, SETTLE_S)


def _scaled_to_zero(subject: Subject, seen: Report) -> Report:
    """No replicas wanted. Whether that hurts anyone is for the Services to say: here it is only for information."""
    seen.say(f"{subject.kind.lower()}/{subject.name}: spec.replicas is 0")
    seen.add(
        Issue(
            resource=subject.ref,
            cause="",
            severity=4,
            reason="scaled to zero replicas",
            actual=f"{subject.kind} {subject.name} has spec.replicas 0: it is scaled to zero, and no pod of it runs.",
            expected="At least one replica, if anything needs this workload.",
            evidence=(f"{subject.kind.lower()}/{subject.name}: spec.replicas is 0",),
            next_steps=(f"Scale {subject.spoken}",),
        )
    )
    return seen


def _stuck_issue(subject: Subject, why: str, changes: list[str]) -> Issue:
    changed = f" The latest revision changed {'; '.join(changes[:4])}." if changes else ""
    return Issue(
        resource=subject.ref,
        cause="ROLLOUT_STUCK",
        severity=subject.severity,
        reason="rollout is stuck" + (" (ProgressDeadlineExceeded)" if "ProgressDeadline" in why else ""),
        actual=f"{subject.ready} of {subject.desired} pods are ready; {why}.{changed}",
        expected="The latest template runs in all replicas within the progress deadline.",
        evidence=(subject.shown(), *(f"changed since the revision before: {change}" for change in changes[:4])),
        next_steps=(
            f"Check Pods of {subject.spoken}",
            f"Check Logs of {subject.spoken}",
            f"Undo Rollout of {subject.spoken}",
        ),
    )


def _short_issue(subject: Subject) -> Issue:
    return Issue(
        resource=subject.ref,
        cause="REPLICAS_UNAVAILABLE",
        severity=subject.severity,
        reason=f"{subject.ready}/{subject.desired} replicas are ready",
        actual=f"{subject.ready} of {subject.desired} pods are ready.",
        expected="All replicas are ready.",
        evidence=(subject.shown(),),
        next_steps=(f"Check Pods of {subject.spoken}", f"Check Logs of {subject.spoken}"),
    )
