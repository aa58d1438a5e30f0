"""What a check has to say: lines to print, Issues, what it ruled out and what it could not check.

An Issue is one fact about one resource: the object that would have to be changed. Its evidence lines are always among
the printed lines.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from RW.Kubernetes import moment

CLUSTER_SCOPED = {"Node", "Namespace", "PersistentVolume", "StorageClass", "IngressClass", "PriorityClass", "Cluster"}
_CREDENTIALS = [
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^/\s:@]*:[^/\s@]+@"), r"\1***@"),
    (re.compile(r"(?i)\b(authorization\W{1,4}\w+|bearer)\s+[\w.~+/=-]{8,}"), r"\1 ***"),
    (
        re.compile(
            r"(?i)(?<![\w/-])([\w-]*(?:password|passwd|secret[_-]?key|api[_-]?key|access[_-]?key"
            r"|token))([\"']?\s*[=:]\s*)[^\s,;&\"']*[\"']?[^\s,;&]*"
        ),
        r"\1\2***",
    ),
]


def ref(kind: str, namespace: str, name: str) -> str:
    """``Kind/namespace/name``, with an empty namespace for what has none."""
    return f"{kind}/{'' if kind in CLUSTER_SCOPED else namespace}/{name}"


def spoken(reference: str) -> str:
    """A reference as it reads in a title: ``Service `cart` in Namespace `shop` ``."""
    kind, namespace, name = reference.split("/", 2)
    return f"{kind} `{name}`" + (f" in Namespace `{namespace}`" if namespace else "")


def clean(text: str) -> str:
    """``text`` without passwords in addresses, bearer tokens and assigned secrets."""
    for pattern, stars in _CREDENTIALS:
        text = pattern.sub(stars, text)
    return text


_NEXT = {
    "Service": "Check Endpoints of {}",
    "PersistentVolumeClaim": "Check Binding of {}",
    "Ingress": "Check Backends of {}",
    "Node": "Check Conditions of {}",
    "Namespace": "Check Warning Events in {}",
    "NetworkPolicy": "Check Flows Blocked by {}",
    "Job": "Check Failures of {}",
    "CronJob": "Check Runs of {}",
    "ResourceQuota": "Check Quota: compare used and hard of {}",
    "Deployment": "Check Pods of {}",
    "StatefulSet": "Check Pods of {}",
    "DaemonSet": "Check Pods of {}",
}


def look_at(reference: str) -> str:
    """The next step that leads to ``reference``, worded like the title of a task that checks it."""
    kind = reference.split("/", 1)[0]
    return _NEXT.get(kind, "Check {}").format(spoken(reference))


@dataclass(frozen=True)
class Issue:
    """One fact about one resource. ``reason`` is the technical word in the title; ``actual`` holds every value."""

    resource: str
    cause: str
    severity: int
    reason: str
    actual: str
    expected: str
    evidence: tuple[str, ...] = ()
    blames: tuple[str, ...] = ()
    next_steps: tuple[str, ...] = ()
    details: str = ""
    reproduce: str = ""

    def arguments(self, now: float) -> dict[str, Any]:
        """The arguments of RW.Core's ``Add Issue``."""
        steps = list(dict.fromkeys([*self.next_steps, *(look_at(blamed) for blamed in self.blames)]))
        kind, namespace, name = self.resource.split("/", 2)
        where = f" -n {namespace}" if namespace else ""
        return {
            "severity": self.severity,
            "title": f"{spoken(self.resource)}: {self.reason}",
            "expected": self.expected,
            "actual": clean(self.actual),
            "details": clean("\n".join([self.details, *self.evidence]).strip()),
            "next_steps": "\n".join(steps),
            "reproduce_hint": self.reproduce or f"kubectl describe {kind.lower()} {name}{where}",
            "observed_at": moment.written(now),
            "resource": self.resource,
            "cause": self.cause,
            "evidence": [clean(line) for line in self.evidence],
            "blames": list(self.blames),
        }


@dataclass
class Report:
    """Collects while a check looks."""

    lines: list[str] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    ruled_out: list[tuple[str, str, str]] = field(default_factory=list)
    gaps: list[tuple[str, str, str]] = field(default_factory=list)

    def say(self, *lines: str) -> None:
        """Print lines, each once."""
        for line in lines:
            if line and line not in self.lines:
                self.lines.append(line)

    def add(self, issue: Issue) -> None:
        """Keep an Issue, and print its evidence. The same fact about the same resource is kept once."""
        self.say(*issue.evidence)
        same = (issue.resource, issue.cause, issue.actual)
        if not any((kept.resource, kept.cause, kept.actual) == same for kept in self.issues):
            self.issues.append(issue)

    def rule_out(self, what: str, why: str, resource: str) -> None:
        """Say what was looked at and found well, with the facts that show it."""
        self.ruled_out.append((what, why, resource))

    def gap(self, what: str, why: str, resource: str) -> None:
        """Say what could not be looked at, and why; each once."""
        if (what, why, resource) not in self.gaps:
            self.gaps.append((what, why, resource))

    def take(self, others: Iterable["Report"]) -> None:
        """Append other reports to this one."""
        for other in others:
            self.say(*other.lines)
            for issue in other.issues:
                self.add(issue)
            self.ruled_out += other.ruled_out
            for gap in other.gaps:
                self.gap(*gap)

    def has(self, *causes: str) -> bool:
        """Whether an Issue with one of ``causes`` is here."""
        return any(issue.cause in causes for issue in self.issues)

    def arguments(self, now: float) -> dict[str, Any]:
        """What a Robot task needs: the text to print and the arguments of Add Issue, Rule Out, Could Not Check."""
        note = ("what", "why", "resource")
        return {
            "text": clean("\n".join(self.lines)) or "Nothing to show.",
            "issues": [issue.arguments(now) for issue in self.issues],
            "ruled_out": [dict(zip(note, entry, strict=True)) for entry in self.ruled_out],
            "could_not_check": [dict(zip(note, entry, strict=True)) for entry in self.gaps],
        }
