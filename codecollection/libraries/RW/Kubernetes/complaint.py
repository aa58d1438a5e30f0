"""What the logs of a workload complain of, beyond what it calls: configuration, permissions, memory, its own errors."""

import re
from typing import Any

from RW.Kubernetes import calls, container, log, report, schedule
from RW.Kubernetes.calls import Guard, Logs, World
from RW.Kubernetes.log import Clue, Line
from RW.Kubernetes.report import Issue, Report
from RW.Kubernetes.workload import Subject

Json = dict[str, Any]
_KINDS = {
    "env": ("ENV_MISSING", "an environment variable is not set"),
    "port_in_use": ("PORT_IN_USE", "the port is already in use"),
    "heap": ("HEAP_EXHAUSTED", "the runtime's heap is exhausted (out of memory)"),
    "file": ("FILE_MISSING", "a file is missing"),
    "config": ("CONFIG_INVALID", "the configuration cannot be read"),
    "permission": ("FILE_PERMISSION_DENIED", "permission is denied"),
    "read_only": ("READ_ONLY_FILESYSTEM", "the file system is read-only"),
    "auth": ("DEPENDENCY_AUTH_FAILED", "a dependency rejects the credentials"),
    "tls": ("TLS_UNTRUSTED", "a TLS certificate is not trusted"),
    "tls_expired": ("CERTIFICATE_EXPIRED", "a TLS certificate has expired"),
}
_ACCOUNT = re.compile(r"system:serviceaccount:(?P<ns>[\w.-]+):(?P<name>[\w.-]+)")


def check(subject: Subject, world: World, logs: Logs, guard: Guard, changes: list[str]) -> Report:
    """Logs of current and previous containers: what the failing ones say, and calls that fail now in any."""
    seen = Report()
    for (pod, name, previous), lines in logs.items():
        which = " (previous)" if previous else ""
        seen.say(*(f"log {pod} {name}{which}: {text}" for text in log.shown(lines, 6)))
    reaching = calls.check(subject, world, logs, guard)
    for issue in reaching.issues:
        if any(line.startswith("log ") for line in issue.evidence):
            seen.add(issue)
    for pod in subject.live_pods:
        for state in container.states(pod):
            lines = [*logs.get((state.pod, state.name, True), []), *logs.get((state.pod, state.name, False), [])]
            if lines and _failing(state, subject.now):
                _of_container(subject, state, lines, changes, seen)
    _of_ready(subject, logs, seen)
    if not seen.issues and logs:
        seen.rule_out(
            "Errors in logs",
            f"logs of {len({pod for pod, _, _ in logs})} pods tell of no failing call, panic or refused permission now",
            subject.ref,
        )
    return seen


def _failing(state: container.State, now: float) -> bool:
    crashed = state.exit_code not in (None, 0) and not state.recovered(now)
    return state.end_reason != "OOMKilled" and (
        crashed or (state.phase == "running" and not state.ready and now - (state.started or now) > container.START_S)
    )


def _of_container(
    subject: Subject, state: container.State, lines: list[Line], changes: list[str], seen: Report
) -> None:
    clue = log.telling(log.clues(lines))
    crashed = state.exit_code not in (None, 0) and not state.recovered(subject.now)
    if (
        clue is None
        or clue.kind in log.NETWORK
        or (clue.kind in ("panic", "file", "permission", "config") and not crashed)
    ):
        if crashed and clue is None and state.reason == "CrashLoopBackOff":
            seen.add(_application(subject, state, log.shown(lines, 3), changes))
        return
    evidence = [f"log {state.pod} {state.name}: {clue.line.text.strip()[:400]}", state.line]
    if clue.kind == "rbac":
        seen.add(_rbac(subject, clue, evidence))
    elif clue.kind == "disk":
        seen.add(_disk(subject, state, clue, evidence))
    elif clue.kind == "panic":
        seen.add(_application(subject, state, log.shown(lines, 3), changes))
    else:
        seen.add(_known(subject, state, clue, evidence, changes))


def _known(subject: Subject, state: container.State, clue: Clue, evidence: list[str], changes: list[str]) -> Issue:
    code, phrase = _KINDS[clue.kind]
    ended = f" ({state.exited})" if state.exit_code not in (None, 0) else ""
    changed = f" The latest revision changed {'; '.join(changes[:3])}." if changes else ""
    return Issue(
        resource=subject.ref,
        cause=code,
        severity=subject.severity,
        reason=phrase,
        actual=f"{phrase}: container {state.name}{ended} logs: {clue.line.text.strip()[:400]}{changed}",
        expected="The container works with the configuration it was given.",
        evidence=tuple(evidence),
        next_steps=(f"Check Rollout of {subject.spoken}", f"Check Configuration References of {subject.spoken}"),
    )


def _rbac(subject: Subject, clue: Clue, evidence: list[str]) -> Issue:
    hit = _ACCOUNT.search(clue.line.text)
    account = (
        report.ref("ServiceAccount", hit["ns"], hit["name"])
        if hit
        else report.ref(
            "ServiceAccount", subject.namespace, str(subject.template.get("serviceAccountName") or "default")
        )
    )
    return Issue(
        resource=account,
        cause="RBAC_DENIED",
        severity=subject.severity,
        reason="lacks a permission (forbidden)",
        actual=f"{report.spoken(account)} lacks a permission that {subject.kind} {subject.name} needs: "
        f"{clue.line.text.strip()[:400]}",
        expected="A Role or ClusterRole grants what the workload does.",
        evidence=tuple(evidence),
        next_steps=(f"Grant the permission to {report.spoken(account)}",),
    )


def _disk(subject: Subject, state: container.State, clue: Clue, evidence: list[str]) -> Issue:
    claims = schedule.claims(subject)
    full = report.ref("PersistentVolumeClaim", subject.namespace, claims[0]) if len(claims) == 1 else subject.ref
    return Issue(
        resource=full,
        cause="VOLUME_FULL",
        severity=subject.severity,
        reason="no space left on device",
        actual=f"no space left on device: container {state.name} of {subject.kind} {subject.name} logs: "
        f"{clue.line.text.strip()[:400]} (claims: {', '.join(claims) or 'none'})",
        expected="The volume has free space.",
        evidence=tuple(evidence),
        next_steps=(f"Check Volumes of {subject.spoken}",),
    )


def _application(subject: Subject, state: container.State, last: list[str], changes: list[str]) -> Issue:
    image_changed = [change for change in changes if " image " in change]
    newer_fails = image_changed and subject.ready > 0
    changed = f" The latest revision changed {'; '.join(changes[:4])}." if changes else ""
    return Issue(
        resource=subject.ref,
        cause="BAD_ROLLOUT" if newer_fails else "APPLICATION_ERROR",
        severity=subject.severity,
        reason="the new revision crashes" if newer_fails else "the application crashes by its own error",
        actual=f"container {state.name} ends with {state.exited} ({state.restarts} restarts), and nothing in the "
        f"cluster explains it; it logs: {' | '.join(last)[:500]}{changed}",
        expected="The application keeps running.",
        evidence=(state.line, *(f"log {state.pod} {state.name}: {text[:400]}" for text in last)),
        next_steps=(f"Check Rollout of {subject.spoken}", f"Undo Rollout of {subject.spoken}"),
    )


def _of_ready(subject: Subject, logs: Logs, seen: Report) -> None:
    """In ready pods only refused permissions and failing TLS or logins count, and only when they go on now."""
    for (pod, name, previous), lines in logs.items():
        if previous:
            continue
        recent = [line for line in lines if line.at >= subject.now - calls.LIVE_S]
        clues = [
            clue
            for clue in log.clues(recent, quiet_too=False)
            if clue.kind in ("rbac", "tls", "tls_expired", "auth", "disk")
        ]
        state = next(
            (s for p in subject.live_pods for s in container.states(p) if (s.pod, s.name) == (pod, name)), None
        )
        if state is None or len(clues) < calls.OFTEN or _failing(state, subject.now):
            continue
        clue, evidence = clues[-1], [f"log {pod} {name}: {clues[-1].line.text.strip()[:400]}", state.line]
        if clue.kind == "rbac":
            seen.add(_rbac(subject, clue, evidence))
        elif clue.kind == "disk":
            seen.add(_disk(subject, state, clue, evidence))
        else:
            seen.add(_known(subject, state, clue, evidence, []))
