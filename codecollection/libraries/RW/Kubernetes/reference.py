"""What a pod template names and needs: Secrets, ConfigMaps, keys of them, a ServiceAccount, volume claims.

Only names are looked at, never values. A missing key is known from what the kubelet says.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from RW.Kubernetes import container, report
from RW.Kubernetes.report import Issue, Report
from RW.Kubernetes.workload import Subject

Json = dict[str, Any]


@dataclass(frozen=True)
class Reference:
    """A named object that a template needs, and where the template says so."""

    kind: str
    name: str
    where: str


def references(spec: Json) -> list[Reference]:
    """Every object a pod spec needs; optional ones are left out."""
    found = [Reference("ServiceAccount", str(spec.get("serviceAccountName") or "default"), "serviceAccountName")]
    found += [
        Reference("Secret", entry["name"], "imagePullSecrets")
        for entry in spec.get("imagePullSecrets") or []
        if entry.get("name")
    ]
    for each in [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]:
        found += _of_env(each)
    for volume in spec.get("volumes") or []:
        found += _of_volume(volume)
    return list(dict.fromkeys(found))


_ENV = {"secretKeyRef": "Secret", "configMapKeyRef": "ConfigMap", "secretRef": "Secret", "configMapRef": "ConfigMap"}


def _of_env(each: Json) -> list[Reference]:
    found: list[Reference] = []
    for entry in each.get("env") or []:
        found += [
            Reference(_ENV[form], target["name"], f"env {entry['name']} key {target.get('key')}")
            for form, target in (entry.get("valueFrom") or {}).items()
            if form in _ENV and not target.get("optional")
        ]
    for entry in each.get("envFrom") or []:
        for form in ("secretRef", "configMapRef"):
            if entry.get(form) and not entry[form].get("optional"):
                found.append(Reference(_ENV[form], entry[form]["name"], f"envFrom of container {each['name']}"))
    return found


def _of_volume(volume: Json) -> list[Reference]:
    where = f"volume {volume['name']}"
    parts = [volume, *((volume.get("projected") or {}).get("sources") or [])]
    found: list[Reference] = []
    for part in parts:
        secret, config = part.get("secret") or {}, part.get("configMap") or {}
        name = secret.get("secretName") or secret.get("name")
        if name and not secret.get("optional"):
            found.append(Reference("Secret", name, where))
        if config.get("name") and not config.get("optional"):
            found.append(Reference("ConfigMap", config["name"], where))
    if volume.get("persistentVolumeClaim"):
        found.append(Reference("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"], where))
    return found


CODES = {
    "Secret": "SECRET_MISSING",
    "ConfigMap": "CONFIGMAP_MISSING",
    "ServiceAccount": "SERVICEACCOUNT_MISSING",
    "PersistentVolumeClaim": "PVC_MISSING",
}
_GONE = [
    ("Secret", re.compile(r"secrets? \"(?P<name>[^\"]+)\" not found")),
    ("ConfigMap", re.compile(r"configmaps? \"(?P<name>[^\"]+)\" not found")),
    ("ServiceAccount", re.compile(r"serviceaccounts? \"(?P<name>[^\"]+)\" not found")),
    ("PersistentVolumeClaim", re.compile(r"persistentvolumeclaims? \"(?P<name>[^\"]+)\" not found")),
]
_KEY = re.compile(r"couldn't find key (?P<key>\S+) in (?P<kind>Secret|ConfigMap) (?P<ns>[^/\s]+)/(?P<name>[^\s,\"]+)")
_VOLUME_KEY = re.compile(r"(?:references non-existent (?P<kind>secret|config) key: (?P<key>\S+))")


@dataclass(frozen=True)
class Gone:
    """What a message says is missing: an object, or one ``key`` of it."""

    kind: str
    name: str
    key: str

    @property
    def cause(self) -> str:
        """The cause code: of the object, or of its key."""
        if self.key:
            return "SECRET_KEY_MISSING" if self.kind == "Secret" else "CONFIGMAP_KEY_MISSING"
        return CODES[self.kind]


def gone(message: str) -> Gone | None:
    """What the kubelet, the scheduler or a controller says is missing; None when it says no such thing."""
    key = _KEY.search(message)
    if key:
        return Gone(key["kind"], key["name"], key["key"])
    for kind, pattern in _GONE:
        hit = pattern.search(message)
        if hit:
            return Gone(kind, hit["name"], "")
    return None


def missing_issue(subject: Subject, lost: Gone, said: str, evidence: Iterable[str]) -> Issue:
    """The Issue about the object that is missing, or lacks a key."""
    reference = report.ref(lost.kind, subject.namespace, lost.name)
    users = [
        entry.where for entry in references(subject.template) if (entry.kind, entry.name) == (lost.kind, lost.name)
    ]
    used = f" ({', '.join(users)})" if users else ""
    what = (
        f"key {lost.key} of {lost.kind} {lost.name} is missing"
        if lost.key
        else f"{lost.kind} {lost.name} is missing: not found"
    )
    return Issue(
        resource=reference,
        cause=lost.cause,
        severity=subject.severity,
        reason=f"key {lost.key} not found" if lost.key else "not found",
        actual=f"{what} in namespace {subject.namespace}; {subject.kind} {subject.name} needs it{used}. {said}".strip(),
        expected=f"{lost.kind} {lost.name} exists{f' and has key {lost.key}' if lost.key else ''}.",
        evidence=tuple(evidence),
        next_steps=(f"Create {report.spoken(reference)}", f"Check Configuration References of {subject.spoken}"),
        reproduce=f"kubectl get {lost.kind.lower()} {lost.name} -n {subject.namespace}",
    )


def check(subject: Subject, existing: dict[str, set[str] | str]) -> Report:
    """Whether every object that the template names exists.

    ``existing`` has the names per kind, or the sentence that says why they could not be listed. What could not be
    listed may still be known to be missing, from events and waiting messages: they are what is left to look at.
    """
    seen, well = Report(), 0
    for entry in references(subject.template):
        names = existing.get(entry.kind, set())
        seen.say(f"{subject.kind.lower()}/{subject.name} needs {entry.kind}/{entry.name} ({entry.where})")
        if isinstance(names, str):
            seen.gap(
                f"Whether {entry.kind} {entry.name} exists",
                names,
                report.ref(entry.kind, subject.namespace, entry.name),
            )
        elif entry.name not in names:
            seen.take([_absent(subject, Gone(entry.kind, entry.name, ""), entry)])
        else:
            well += 1
    seen.take([said_missing(subject)])
    if well and not seen.issues:
        seen.rule_out(
            "Missing configuration",
            f"{well} named objects exist (Secrets, ConfigMaps, ServiceAccount, claims)",
            subject.ref,
        )
    return seen


def _absent(subject: Subject, lost: Gone, entry: Reference) -> Report:
    seen = Report()
    line = f"{lost.kind}/{lost.name}: not found in namespace {subject.namespace} ({entry.where})"
    if entry.where == "imagePullSecrets":
        seen.add(_pull_secret(subject, lost, line))
        return seen
    issue = missing_issue(subject, lost, "", [line, *_messages(subject, lost)])
    seen.add(issue)
    if lost.kind == "PersistentVolumeClaim" or subject.ready < subject.desired:
        seen.add(_symptom(subject, lost, [line]))
    return seen


def _pull_secret(subject: Subject, lost: Gone, line: str) -> Issue:
    """A missing imagePullSecret does no harm while images can be had without it."""
    ill = subject.ready < subject.desired
    return Issue(
        resource=report.ref("Secret", subject.namespace, lost.name),
        cause="PULL_SECRET_MISSING" if ill else "",
        severity=2 if ill else 4,
        reason="imagePullSecret not found",
        actual=f"{subject.kind} {subject.name} names imagePullSecret {lost.name}, which is not found in namespace "
        f"{subject.namespace}.",
        expected="The imagePullSecret exists, or is not named.",
        evidence=(line,),
        next_steps=(f"Create Secret `{lost.name}` in Namespace `{subject.namespace}`",),
    )


def _messages(subject: Subject, lost: Gone) -> list[str]:
    return [line for line, found in _said(subject) if found == lost]


def said_missing(subject: Subject) -> Report:
    """What waiting messages and fresh events of the live pods say is missing."""
    seen = Report()
    by_object: dict[Gone, list[str]] = {}
    for line, lost in _said(subject):
        by_object.setdefault(lost, []).append(line)
    for lost, lines in by_object.items():
        evidence = list(dict.fromkeys(lines))[:4]
        seen.add(missing_issue(subject, lost, "", evidence))
        seen.add(_symptom(subject, lost, evidence[:2]))
    return seen


def _said(subject: Subject) -> list[tuple[str, Gone]]:
    found: list[tuple[str, Gone]] = []
    for pod in subject.live_pods:
        for state in container.states(pod):
            lost = gone(state.message)
            if lost and state.reason == "CreateContainerConfigError":
                found.append((state.line, lost))
        if container.starting(pod):
            found += [(line, lost) for line, message in container.complaints(subject, pod) if (lost := gone(message))]
    return found


def _symptom(subject: Subject, lost: Gone, evidence: list[str]) -> Issue:
    blamed = report.ref(lost.kind, subject.namespace, lost.name)
    what = f"key {lost.key} of {lost.kind} {lost.name}" if lost.key else f"{lost.kind} {lost.name}"
    return Issue(
        resource=subject.ref,
        cause="CONFIG_REFERENCE_BROKEN",
        severity=subject.severity,
        reason="containers cannot start without a named object",
        actual=f"{subject.kind} {subject.name} names {what}, which is not found; its new containers cannot start "
        "(CreateContainerConfigError or FailedMount).",
        expected="Everything that the pod template names exists.",
        evidence=tuple(evidence),
        blames=(blamed,),
    )
