"""A namespace as a whole: what is unhealthy, which warnings repeat, whether it is on its way out."""

from collections.abc import Iterable
from typing import Any

from RW.Kubernetes import event, moment, report, service
from RW.Kubernetes.report import Issue, Report
from RW.Kubernetes.workload import Subject, condition

Json = dict[str, Any]
STUCK_S = 300


def terminating(namespace: Json, now: float) -> Report:
    """Whether the namespace is being deleted and cannot finish."""
    seen = Report()
    name, status = namespace["metadata"]["name"], namespace.get("status") or {}
    reference = report.ref("Namespace", "", name)
    line = f"namespace/{name}: {status.get('phase')}"
    seen.say(line)
    if status.get("phase") != "Terminating":
        seen.rule_out("Terminating namespace", f"namespace {name} is {status.get('phase')}", reference)
        return seen
    since = namespace["metadata"].get("deletionTimestamp")
    held = [str(entry.get("message")) for entry in status.get("conditions") or [] if entry.get("status") == "True"]
    stuck = moment.age(since, now) > STUCK_S
    seen.add(
        Issue(
            resource=reference,
            cause="NAMESPACE_TERMINATING",
            severity=1,
            reason="is stuck in Terminating" if stuck else "is being deleted (Terminating)",
            actual=f"Namespace {name} is Terminating since {since}: nothing new can be created in it. "
            f"{' '.join(held)}".strip(),
            expected="The namespace is Active.",
            evidence=(line, *(f"condition {text[:400]}" for text in held[:3])),
        )
    )
    return seen


def unhealthy(name: str, workloads: Iterable[Json], now: float) -> Report:
    """The workloads of a namespace that are not all ready, and whose rollout had time enough."""
    seen, count = Report(), 0
    for manifest in workloads:
        subject = Subject(str(manifest["kind"]), name, manifest["metadata"]["name"], manifest, now=now)
        seen.say(subject.shown())
        count += 1
        if subject.ready < subject.desired and not _progressing(subject):
            seen.add(_short(subject))
    if not seen.issues:
        seen.rule_out(
            "Unhealthy workloads", f"{count} workloads have all their pods ready", report.ref("Namespace", "", name)
        )
    return seen


def _progressing(subject: Subject) -> bool:
    """Young, or changed within the last minute: a rollout may take that long."""
    changed = condition(subject.manifest, "Available").get("lastTransitionTime")
    born = subject.manifest["metadata"].get("creationTimestamp")
    return min(moment.age(changed, subject.now), moment.age(born, subject.now)) < 30


def _short(subject: Subject) -> Issue:
    return Issue(
        resource=subject.ref,
        cause="REPLICAS_UNAVAILABLE",
        severity=subject.severity,
        reason=f"{subject.ready}/{subject.desired} replicas are ready",
        actual=f"{subject.ready} of {subject.desired} pods of {subject.kind} {subject.name} are ready.",
        expected="All replicas are ready.",
        evidence=(subject.shown(),),
        blames=(subject.ref,),
        next_steps=(f"Check Logs of {subject.spoken}", f"Check Dependencies of {subject.spoken}"),
    )


def warnings(name: str, events: Iterable[Json], now: float) -> Report:
    """Fresh warnings, those alike together, the most frequent first. They are shown; what they mean the checks say."""
    seen = Report()
    groups: dict[tuple[str, str], list[Json]] = {}
    for entry in event.warnings(event.fresh(events, now, 1800)):
        about = entry.get("involvedObject") or {}
        groups.setdefault((str(entry.get("reason")), _family(about)), []).append(entry)
    ranked = sorted(groups.items(), key=lambda item: -sum(map(event.count, item[1])))
    for (reason, family), entries in ranked[:25]:
        total = sum(map(event.count, entries))
        message = " ".join(str(entries[0].get("message") or "").split())[:300]
        seen.say(f"event Warning {reason} x{total} on {family}: {message}")
    if not groups:
        seen.rule_out("Warning events", "no warning in the last 30 minutes", report.ref("Namespace", "", name))
    return seen


def _family(about: Json) -> str:
    """Pods of one ReplicaSet count as one: their names differ in the last word only."""
    name = str(about.get("name"))
    return (
        f"{about.get('kind')}/{name.rsplit('-', 1)[0] + '-*' if about.get('kind') == 'Pod' and '-' in name else name}"
    )


def limits(name: str, ranges: Iterable[Json], events: Iterable[Json], now: float) -> Report:
    """LimitRanges, and whether they have rejected pods lately."""
    seen = Report()
    rejected = [
        event.line(entry)
        for entry in event.fresh(events, now)
        if entry.get("reason") == "FailedCreate" and " usage per " in str(entry.get("message"))
    ]
    for entry in ranges:
        meta = entry["metadata"]
        seen.say(f"limitrange/{meta['name']}: {_limits(entry)}")
        reference = report.ref("LimitRange", name, meta["name"])
        if rejected:
            seen.add(
                Issue(
                    resource=reference,
                    cause="LIMIT_RANGE_REJECTED",
                    severity=2,
                    reason="rejects pods",
                    actual=f"LimitRange {meta['name']} ({_limits(entry)}) rejects pods: {rejected[0]}",
                    expected="Workloads ask for what the LimitRange allows.",
                    evidence=(f"limitrange/{meta['name']}: {_limits(entry)}", *rejected[:2]),
                )
            )
    if not seen.issues:
        seen.rule_out("Rejected by a LimitRange", "no pod was rejected lately", report.ref("Namespace", "", name))
    return seen


def _limits(entry: Json) -> str:
    parts = [
        f"{item.get('type')} {bound} {key} {value}"
        for item in (entry.get("spec") or {}).get("limits") or []
        for bound in ("max", "min")
        for key, value in (item.get(bound) or {}).items()
    ]
    return ", ".join(parts) or "defaults only"


def services(scenes: Iterable[service.Scene]) -> Report:
    """All Services of a namespace in one go."""
    seen = Report()
    found = list(scenes)
    for scene in found:
        checked = service.check(scene)
        seen.say(scene.shown())
        for issue in checked.issues:
            seen.add(issue)
    if found and not seen.issues:
        seen.rule_out(
            "Services without endpoints",
            f"{len(found)} Services have what they need",
            report.ref("Namespace", "", found[0].namespace),
        )
    return seen
