"""Why pods may not even be created: quotas, limit ranges, admission."""

import re
from collections.abc import Iterable
from typing import Any

from RW.Kubernetes import event, quantity, report
from RW.Kubernetes.report import Issue, Report
from RW.Kubernetes.workload import Subject, condition

Json = dict[str, Any]
_QUOTA = re.compile(
    r"exceeded quota: (?P<name>[^,\s]+), requested: (?P<asked>.+?), used: (?P<used>.+?), limited: (?P<hard>.+)$"
)
_MUST = re.compile(r"failed quota: (?P<name>[^:\s]+): must specify (?P<what>.+)$")
_RANGE = re.compile(
    r"(?:maximum|minimum) (?P<what>[\w./-]+) usage per (?:Container|Pod) is [^,]+, but (?:limit|request) is [^.,]+"
    r"|max(?:imum)? (?P<what2>\w+) usage per"
)
_ACCOUNT = re.compile(r"error looking up service account [^/]+/(?P<name>[^:]+): serviceaccount")


def refusals(subject: Subject) -> list[tuple[str, str]]:
    """Why the controller cannot create pods: lines and messages, of conditions that hold now and of fresh events."""
    found: list[tuple[str, str]] = []
    for thing in [subject.manifest, *subject.sets]:
        failing = condition(thing, "ReplicaFailure")
        if failing.get("status") == "True":
            name = thing["metadata"]["name"]
            found.append(
                (
                    f"condition ReplicaFailure {failing.get('reason')} of {name}: {failing.get('message')}",
                    str(failing.get("message")),
                )
            )
    owners = [(subject.kind, subject.name), *(("ReplicaSet", each["metadata"]["name"]) for each in subject.sets)]
    if len(subject.live_pods) < subject.desired:
        for kind, name in owners:
            fresh = [entry for entry in subject.events_of(kind, name) if entry.get("reason") == "FailedCreate"]
            found += [(event.line(entry), str(entry.get("message") or "")) for entry in fresh]
    return found


def check(subject: Subject) -> Report:
    """Whether the API server lets the controller create this workload's pods."""
    seen = Report()
    said = refusals(subject)
    for line, message in said:
        seen.say(line)
        issue = judge(subject, line, message)
        if (issue.resource, issue.cause) not in {(kept.resource, kept.cause) for kept in seen.issues}:
            seen.add(issue)
    if said:
        blamed = tuple(dict.fromkeys(issue.resource for issue in seen.issues if issue.resource != subject.ref))
        seen.add(
            Issue(
                resource=subject.ref,
                cause="PODS_NOT_CREATED",
                severity=subject.severity,
                reason="pods cannot be created (FailedCreate)",
                actual=f"{len(subject.live_pods)} of {subject.desired} pods exist; creating more fails: {said[0][1]}",
                expected=f"{subject.desired} pods exist.",
                evidence=(said[0][0],),
                blames=blamed,
                next_steps=(f"Check Scheduling and Quota of {subject.spoken}",),
            )
        )
    return seen


def judge(subject: Subject, line: str, message: str) -> Issue:
    """One refusal, as an Issue about the object that would have to be changed."""
    quota, must, account = _QUOTA.search(message), _MUST.search(message), _ACCOUNT.search(message)
    if quota:
        return _issue(
            subject,
            line,
            report.ref("ResourceQuota", subject.namespace, quota["name"]),
            "QUOTA_EXCEEDED",
            "quota is used up",
            f"ResourceQuota {quota['name']} is used up (exceeded quota): requested {quota['asked']}, used "
            f"{quota['used']}, "
            f"limited to {quota['hard']}; {subject.kind} {subject.name} cannot create pods.",
        )
    if must:
        return _issue(
            subject,
            line,
            subject.ref,
            "QUOTA_NEEDS_RESOURCES",
            f"ResourceQuota {must['name']} wants resources declared",
            f"ResourceQuota {must['name']} refuses pods that do not specify {must['what']}; {subject.kind} "
            f"{subject.name} does not.",
        )
    if account:
        return _issue(
            subject,
            line,
            report.ref("ServiceAccount", subject.namespace, account["name"]),
            "SERVICEACCOUNT_MISSING",
            "not found",
            f"ServiceAccount {account['name']} is missing: not found in namespace {subject.namespace}; "
            f"{subject.kind} {subject.name} needs it.",
        )
    return _other(subject, line, message)


_OTHER = [
    ("LIMIT_RANGE_REJECTED", _RANGE, "a LimitRange rejects the pods"),
    (
        "POD_SECURITY_REJECTED",
        re.compile(
            r"violates PodSecurity|unable to validate against any (?:pod security policy|security context constraint)"
        ),
        "pod security rejects the pods",
    ),
    ("WEBHOOK_UNAVAILABLE", re.compile(r"failed calling webhook"), "an admission webhook does not answer"),
    (
        "ADMISSION_DENIED",
        re.compile(r"admission webhook \S+ denied the request|denied by policy"),
        "an admission webhook denies the pods",
    ),
    ("PRIORITYCLASS_MISSING", re.compile(r"no PriorityClass with name"), "the PriorityClass does not exist"),
]


def _other(subject: Subject, line: str, message: str) -> Issue:
    for code, pattern, phrase in _OTHER:
        if pattern.search(message):
            return _issue(subject, line, subject.ref, code, phrase, f"{phrase}: {message}")
    return _issue(
        subject,
        line,
        subject.ref,
        "POD_SPEC_REJECTED",
        "the API server rejects the pods",
        f"Creating pods fails: {message}",
    )


def _issue(subject: Subject, line: str, resource: str, code: str, reason: str, actual: str) -> Issue:
    return Issue(
        resource=resource,
        cause=code,
        severity=subject.severity,
        reason=reason,
        actual=actual,
        expected=f"{subject.kind} {subject.name} may create its {subject.desired} pods.",
        evidence=(line,),
        next_steps=(f"Check Quotas and Limit Ranges in Namespace `{subject.namespace}`",),
    )


def overview(namespace: str, quotas: Iterable[Json], events: Iterable[Json], now: float) -> Report:
    """How full the quotas of a namespace are, and whether they have refused anything lately."""
    seen = Report()
    refused = [entry for entry in event.fresh(events, now) if _QUOTA.search(str(entry.get("message") or ""))]
    for quota in quotas:
        name = quota["metadata"]["name"]
        reference = report.ref("ResourceQuota", namespace, name)
        full = _full(quota, seen)
        lines = [event.line(entry) for entry in refused if f"quota: {name}," in str(entry.get("message"))]
        if lines:
            seen.add(_full_issue(reference, name, full, lines, 2))
        elif not full:
            seen.rule_out("Quota used up", f"every resource of ResourceQuota {name} is below its limit", reference)
        else:
            seen.say(f"resourcequota/{name} is at its limit for {', '.join(full)}, and nothing was refused lately")
    return seen


def _full(quota: Json, seen: Report) -> list[str]:
    status = quota.get("status") or {}
    full: list[str] = []
    for key, hard in sorted((status.get("hard") or {}).items()):
        used = (status.get("used") or {}).get(key, "0")
        seen.say(f"resourcequota/{quota['metadata']['name']} {key}: used {used} of {hard}")
        if quantity.number(used) >= quantity.number(hard):
            full.append(f"{key} ({used} of {hard})")
    return full


def _full_issue(reference: str, name: str, full: list[str], lines: list[str], severity: int) -> Issue:
    used = f" Used up: {', '.join(full)}." if full else ""
    return Issue(
        resource=reference,
        cause="QUOTA_EXCEEDED",
        severity=severity,
        reason="quota is used up",
        actual=f"ResourceQuota {name} refuses new objects (exceeded quota).{used} {lines[0]}",
        expected="The quota leaves room for what the workloads ask for.",
        evidence=tuple(lines[:3]),
        next_steps=(f"Raise {report.spoken(reference)}, or scale down what uses it",),
    )
