"""Volume claims: whether they are bound, and if not, why; the volumes behind them."""

import re
from collections.abc import Iterable
from typing import Any

from RW.Kubernetes import container, event, moment, report
from RW.Kubernetes.report import Issue, Report
from RW.Kubernetes.workload import Subject, condition

Json = dict[str, Any]
BIND_S = 60


def shown(claim: Json) -> str:
    """``persistentvolumeclaim/data: Pending; storageClassName fast; requests 1Gi``."""
    spec, status = claim.get("spec") or {}, claim.get("status") or {}
    asked = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    chosen = spec.get("storageClassName")
    named = "(the default)" if chosen is None else chosen or "(none)"
    bound = f"; volume {spec['volumeName']}" if spec.get("volumeName") else ""
    return (
        f"persistentvolumeclaim/{claim['metadata']['name']}: {status.get('phase')}; storageClassName {named}; "
        f"requests {asked}{bound}"
    )


def check(
    claim: Json, classes: set[str] | str, events: Iterable[Json], now: float, defaults: set[str] | None = None
) -> Report:
    """One claim. ``classes`` are the names of all StorageClasses, or why they could not be listed."""
    seen = Report()
    meta, status = claim["metadata"], claim.get("status") or {}
    reference = report.ref("PersistentVolumeClaim", meta["namespace"], meta["name"])
    said = event.warnings(event.fresh(event.about(events, "PersistentVolumeClaim", meta["name"]), now, 3600))
    seen.say(shown(claim), *(event.line(entry) for entry in said))
    phase = status.get("phase")
    if phase == "Lost":
        seen.add(_lost(claim, reference))
    elif phase == "Pending":
        _pending(
            claim,
            reference,
            classes,
            said,
            event.fresh(event.about(events, "PersistentVolumeClaim", meta["name"]), now, 3600),
            now,
            defaults,
            seen,
        )
    else:
        seen.rule_out(
            "Unbound claim",
            f"PersistentVolumeClaim {meta['name']} is {phase} to {(claim.get('spec') or {}).get('volumeName')}",
            reference,
        )
    _resize(claim, reference, now, seen)
    return seen


def _lost(claim: Json, reference: str) -> Issue:
    volume = (claim.get("spec") or {}).get("volumeName")
    return Issue(
        resource=reference,
        cause="PVC_LOST",
        severity=1,
        reason="volume is lost",
        actual=f"PersistentVolumeClaim {claim['metadata']['name']} is Lost: its PersistentVolume {volume} does not "
        "exist any more.",
        expected="The claim is bound to an existing volume.",
        evidence=(shown(claim),),
        next_steps=(f"Restore PersistentVolume `{volume}`, or create the claim again",),
    )


def _pending(
    claim: Json,
    reference: str,
    classes: set[str] | str,
    warnings: list[Json],
    fresh: list[Json],
    now: float,
    defaults: set[str] | None,
    seen: Report,
) -> None:
    name, chosen = claim["metadata"]["name"], (claim.get("spec") or {}).get("storageClassName")
    lines = [event.line(entry) for entry in warnings]
    text = " ".join(str(entry.get("message") or "") for entry in warnings)
    absent = re.search(r"storageclass(?:\.storage\.k8s\.io)? \"(?P<name>[^\"]+)\" not found", text)
    if chosen and ((not isinstance(classes, str) and chosen not in classes) or (absent and absent["name"] == chosen)):
        seen.add(_classless(claim, reference, str(chosen), classes, lines))
        return
    if isinstance(classes, str):
        seen.gap(f"Whether StorageClass {chosen or '(the default)'} exists", classes, reference)
    waits = any(entry.get("reason") == "WaitForFirstConsumer" for entry in fresh)
    age = moment.age(claim["metadata"].get("creationTimestamp"), now)
    failed = [
        entry for entry in warnings if entry.get("reason") in ("ProvisioningFailed", "FailedBinding", "VolumeMismatch")
    ]
    if failed:
        seen.add(
            _issue(
                claim,
                reference,
                "PVC_PROVISION_FAILED",
                "provisioning fails",
                f"its volume cannot be provisioned: {failed[0].get('message')}",
                lines,
            )
        )
    elif chosen is None and defaults is not None and not defaults and not waits:
        seen.add(
            _issue(
                claim,
                reference,
                "NO_DEFAULT_STORAGECLASS",
                "names no StorageClass, and there is no default",
                "it names no StorageClass, and the cluster has no default StorageClass",
                lines,
            )
        )
    elif any(entry.get("reason") == "FailedBinding" for entry in fresh):
        said = next(str(entry.get("message")) for entry in fresh if entry.get("reason") == "FailedBinding")
        seen.add(
            _issue(
                claim,
                reference,
                "PVC_UNBOUND",
                "no volume fits",
                f"no volume fits: {said}",
                [event.line(entry) for entry in fresh][:2],
            )
        )
    elif not waits and age > BIND_S:
        seen.add(
            _issue(
                claim,
                reference,
                "PVC_UNBOUND",
                "not bound",
                f"it is Pending for {moment.words(age)} and no event says why",
                [shown(claim)],
            )
        )
    else:
        seen.rule_out(
            "Unbound claim",
            f"PersistentVolumeClaim {name} waits for its first pod, or is {moment.words(age)} old",
            reference,
        )


def _classless(claim: Json, reference: str, chosen: str, classes: set[str] | str, lines: list[str]) -> Issue:
    name = claim["metadata"]["name"]
    have = "" if isinstance(classes, str) else f" (StorageClasses there are: {', '.join(sorted(classes)) or 'none'})"
    return Issue(
        resource=reference,
        cause="STORAGECLASS_MISSING",
        severity=2,
        reason=f"StorageClass {chosen} not found",
        actual=f"PersistentVolumeClaim (PVC) {name} is Pending: it asks for StorageClass {chosen}, which does not "
        f"exist: storageclass {chosen} not found{have}.",
        expected="The claim names a StorageClass that exists.",
        evidence=(shown(claim), *lines[:2]),
        next_steps=(f"Create PersistentVolumeClaim `{name}` again with a StorageClass that exists",),
        reproduce=f"kubectl describe pvc {name} -n {claim['metadata']['namespace']}; kubectl get storageclass",
    )


def _issue(claim: Json, reference: str, code: str, reason: str, why: str, lines: list[str]) -> Issue:
    return Issue(
        resource=reference,
        cause=code,
        severity=2,
        reason=reason,
        actual=f"PersistentVolumeClaim (PVC) {claim['metadata']['name']} is Pending: {why}.",
        expected="The claim is bound.",
        evidence=(shown(claim), *lines[:2]),
        next_steps=("Check StorageClasses and the provisioner",),
    )


def _resize(claim: Json, reference: str, now: float, seen: Report) -> None:
    stuck = condition(claim, "Resizing") or condition(claim, "FileSystemResizePending")
    if stuck.get("status") == "True" and moment.age(stuck.get("lastTransitionTime"), now) > 600:
        line = (
            f"condition {stuck.get('type')}=True since {stuck.get('lastTransitionTime')} "
            f"{stuck.get('message') or ''}".strip()
        )
        seen.add(
            Issue(
                resource=reference,
                cause="PVC_RESIZE_STUCK",
                severity=3,
                reason="resize does not finish",
                actual=f"PersistentVolumeClaim {claim['metadata']['name']} is being resized for more than 10 "
                f"minutes: {stuck.get('message') or stuck.get('type')}.",
                expected="The resize finishes; some drivers need the pod to be restarted.",
                evidence=(line,),
            )
        )


def of_workload(subject: Subject, name: str, claims: list[Json], classes: set[str] | str) -> Report:
    """One claim of a workload: the claim's own state, and whether the workload suffers."""
    claim = next((entry for entry in claims if entry["metadata"]["name"] == name), None)
    seen = Report()
    if claim is None:
        if claims:
            seen.say(f"persistentvolumeclaim/{name}: not found in namespace {subject.namespace}")
        return seen
    seen.take([check(claim, classes, subject.events, subject.now)])
    if seen.issues and subject.ready < subject.desired:
        lines = [container.line(pod) for pod in subject.live_pods if not container.is_ready(pod)]
        seen.add(
            Issue(
                resource=subject.ref,
                cause="VOLUME_NOT_BOUND",
                severity=subject.severity,
                reason="waits for a volume claim",
                actual=f"{subject.kind} {subject.name} needs PersistentVolumeClaim {name}, which is "
                f"{(claim.get('status') or {}).get('phase')}; {subject.ready} of {subject.desired} pods are ready.",
                expected="All claims of the workload are bound.",
                evidence=(shown(claim), *lines[:1]),
                blames=(report.ref("PersistentVolumeClaim", subject.namespace, name),),
            )
        )
    return seen


def of_volume(volume: Json, now: float) -> Report:
    """A PersistentVolume that failed, or that nobody can use because its claim is gone."""
    seen = Report()
    name, status = volume["metadata"]["name"], volume.get("status") or {}
    reference = report.ref("PersistentVolume", "", name)
    line = f"persistentvolume/{name}: {status.get('phase')} {status.get('message') or ''}".strip()
    seen.say(line)
    if status.get("phase") == "Failed":
        seen.add(
            Issue(
                resource=reference,
                cause="PV_FAILED",
                severity=2,
                reason="volume failed",
                actual=f"PersistentVolume {name} is Failed: {status.get('message') or 'it could not be reclaimed'}.",
                expected="The volume is Bound or Available.",
                evidence=(line,),
            )
        )
    return seen
