"""The pods of a workload: which are ill, why, and which object would have to be changed."""

import re
from dataclasses import replace
from typing import Any

from RW.Kubernetes import calls, container, event, image, log, moment, probe, reference, report, schedule
from RW.Kubernetes.container import State
from RW.Kubernetes.log import Line
from RW.Kubernetes.report import Issue, Report
from RW.Kubernetes.workload import Subject, condition, finished

Json = dict[str, Any]
Logs = dict[tuple[str, str, bool], list[Line]]
"""Lines by pod, container and whether they are of the run before."""
Found = tuple[str, Issue]
"""The pod it was found in, and the Issue."""
EVICTED_S = 1800
LEAVING_S = 300


def check(subject: Subject, logs: Logs, world: calls.World, nodes: dict[str, Json]) -> Report:
    """All pods of the workload."""
    seen, found = Report(), []
    for pod in subject.pods:
        seen.say(container.line(pod), *(state.line for state in container.states(pod)))
        found += _of_pod(subject, pod, logs, world, nodes)
    for issue in merged(found, len(subject.live_pods)):
        seen.add(issue)
    if not seen.issues:
        _well(subject, seen)
    return seen


def merged(found: list[Found], pods: int) -> list[Issue]:
    """One Issue per resource, cause and reason: what several pods show alike is one fact."""
    groups: dict[tuple[str, str, str], list[Found]] = {}
    for entry in found:
        groups.setdefault((entry[1].resource, entry[1].cause, entry[1].reason), []).append(entry)
    return [_one([issue for _, issue in group], {name for name, _ in group}, pods) for group in groups.values()]


def _one(issues: list[Issue], names: set[str], pods: int) -> Issue:
    first = issues[0]
    evidence = tuple(dict.fromkeys(line for issue in issues for line in issue.evidence))[:8]
    blames = tuple(dict.fromkeys(blamed for issue in issues for blamed in issue.blames))
    more = f". So in {len(names)} of {pods} pods." if len(names) > 1 else ""
    actual = first.actual.rstrip(".") + more if more else first.actual
    return replace(first, actual=actual, evidence=evidence, blames=blames)


def _well(subject: Subject, seen: Report) -> None:
    ready = sum(container.is_ready(pod) for pod in subject.live_pods)
    ends = [
        state.ended for pod in subject.live_pods for state in container.states(pod) if state.ended and not state.init
    ]
    recent = sum(subject.now - ended < 3600 for ended in ends)
    why = f"{ready}/{len(subject.live_pods)} pods ready, {recent} restarts in the last hour that go on"
    seen.rule_out(
        "Crashing, pending or unready pods",
        why if recent else f"{ready}/{len(subject.live_pods)} pods ready, 0 restarts in the last hour",
        subject.ref,
    )


def _of_pod(subject: Subject, pod: Json, logs: Logs, world: calls.World, nodes: dict[str, Json]) -> list[Found]:
    name = pod["metadata"]["name"]
    if pod["metadata"].get("deletionTimestamp"):
        issues = _leaving(subject, pod)
    elif finished(pod):
        issues = _evicted(subject, pod)
    elif not (pod.get("spec") or {}).get("nodeName"):
        issues = _unscheduled(subject, pod)
    else:
        issues = _on_lost_node(subject, pod, nodes) or _placed(subject, pod, logs, world)
    return [(name, issue) for issue in issues]


def _leaving(subject: Subject, pod: Json) -> list[Issue]:
    """A pod being deleted for far longer than its grace period is stuck: a dead node, a finalizer or a volume."""
    if moment.age(pod["metadata"]["deletionTimestamp"], subject.now) < LEAVING_S:
        return []
    node = (pod.get("spec") or {}).get("nodeName") or ""
    finalizers = ", ".join(pod["metadata"].get("finalizers") or []) or "none"
    return [
        Issue(
            resource=subject.ref,
            cause="POD_STUCK_TERMINATING",
            severity=3,
            reason="a pod is stuck in Terminating",
            actual=f"pod {pod['metadata']['name']} is terminating since {pod['metadata']['deletionTimestamp']} on "
            f"node {node}; finalizers: {finalizers}.",
            expected="Deleted pods are gone after their grace period.",
            evidence=(container.line(pod),),
            blames=(report.ref("Node", "", node),) if node else (),
        )
    ]


def _evicted(subject: Subject, pod: Json) -> list[Issue]:
    status = pod.get("status") or {}
    when = max((state.ended or 0 for state in container.states(pod)), default=0) or moment.seconds(
        condition(pod, "DisruptionTarget").get("lastTransitionTime") or pod["metadata"].get("creationTimestamp")
    )
    if status.get("reason") != "Evicted" or subject.now - (when or 0) > EVICTED_S:
        return []
    message, node = str(status.get("message") or ""), str((pod.get("spec") or {}).get("nodeName") or "")
    own = (
        re.search(r"ephemeral|Pod ephemeral local storage|exceeds the limit|Usage of EmptyDir", message)
        and "node was low" not in message
    )
    return [
        Issue(
            resource=subject.ref,
            cause="EPHEMERAL_STORAGE_EXCEEDED" if own else "EVICTED",
            severity=2 if own or subject.ready < subject.desired else 3,
            reason="pods were evicted" + ("" if own else " (node pressure)"),
            actual=f"pod {pod['metadata']['name']} was Evicted from node {node}: {message}",
            expected="Pods stay on their nodes.",
            evidence=(container.line(pod), *[line for line, _ in container.complaints(subject, pod)][:2]),
            blames=() if own or not node else (report.ref("Node", "", node),),
            next_steps=(f"Check Pods of {subject.spoken}",),
        )
    ]


def _unscheduled(subject: Subject, pod: Json) -> list[Issue]:
    scheduled = condition(pod, "PodScheduled")
    message = str(scheduled.get("message") or "")
    lines = [
        container.line(pod),
        f"condition PodScheduled=False {scheduled.get('reason')}: {message}" if message else "",
    ]
    said = [line for line, _ in container.complaints(subject, pod)][:2]
    evidence = tuple(line for line in [*lines, *said] if line)
    if scheduled.get("status") != "False" or (not message and not said):
        return []
    lost = reference.gone(message)
    if lost:
        return [
            reference.missing_issue(subject, lost, message, evidence),
            _pending(subject, pod, message, evidence, (report.ref(lost.kind, subject.namespace, lost.name),)),
        ]
    found = schedule.reasons(message)
    roots = [reason for reason in found if reason.code in schedule.WORDS]
    blames = tuple(dict.fromkeys(blamed for reason in found for blamed in schedule.blame(reason.code, subject)))
    issues = [_pending(subject, pod, message, evidence, blames)]
    if roots and not any(reason.code == "PVC_UNBOUND" for reason in found):
        issues.append(_unplaceable(subject, roots[0].code, message, evidence))
    return issues


def _pending(subject: Subject, pod: Json, message: str, evidence: tuple[str, ...], blames: tuple[str, ...]) -> Issue:
    return Issue(
        resource=subject.ref,
        cause="POD_PENDING",
        severity=subject.severity,
        reason="pods are Pending",
        actual=f"pod {pod['metadata']['name']} is Pending and has no node: {message}",
        expected="Every pod is placed on a node.",
        evidence=evidence,
        blames=blames,
        next_steps=(f"Check Scheduling and Quota of {subject.spoken}",),
    )


def _unplaceable(subject: Subject, code: str, message: str, evidence: tuple[str, ...]) -> Issue:
    return Issue(
        resource=subject.ref,
        cause=code,
        severity=subject.severity,
        reason=f"pods are Pending and fit no node (FailedScheduling): {schedule.WORDS[code]}",
        actual=f"{schedule.WORDS[code]}: {message}. {subject.kind} {subject.name}: {schedule.asks(subject.template)}.",
        expected="At least one node satisfies what the pods ask for.",
        evidence=evidence,
        next_steps=(f"Check Scheduling and Quota of {subject.spoken}", "Check Conditions of all Nodes"),
    )


def _on_lost_node(subject: Subject, pod: Json, nodes: dict[str, Json]) -> list[Issue]:
    name = pod["spec"]["nodeName"]
    ready = condition(nodes.get(name) or {}, "Ready")
    if not ready or ready.get("status") == "True" or container.is_ready(pod):
        return []
    return [
        Issue(
            resource=subject.ref,
            cause="NOT_READY",
            severity=subject.severity,
            reason="pods are on a node that is not ready",
            actual=f"pod {pod['metadata']['name']} is not ready; its node {name} has Ready={ready.get('status')} "
            f"({ready.get('reason')}: {ready.get('message')}).",
            expected="Pods run on ready nodes.",
            evidence=(container.line(pod), f"node/{name}: Ready={ready.get('status')} {ready.get('reason')}"),
            blames=(report.ref("Node", "", name),),
        )
    ]


def _placed(subject: Subject, pod: Json, logs: Logs, world: calls.World) -> list[Issue]:
    issues = [issue for state in container.states(pod) if (issue := _of_state(subject, pod, state, logs, world))]
    if container.starting(pod):
        issues += _not_created(subject, pod)
    missing = [each for state in container.states(pod) for each in _missing(subject, state)]
    return issues + missing


def _missing(subject: Subject, state: State) -> list[Issue]:
    """What a waiting container says is missing: the object first, the workload as one who suffers."""
    lost = reference.gone(state.message) if state.reason == "CreateContainerConfigError" else None
    return [reference.missing_issue(subject, lost, f"The kubelet says: {state.message}.", [state.line])] if lost else []


def _of_state(subject: Subject, pod: Json, state: State, logs: Logs, world: calls.World) -> Issue | None:
    if state.phase == "waiting":
        if state.reason in image.WAITING:
            return _image(subject, pod, state)
        if state.reason in (
            "CreateContainerConfigError",
            "CreateContainerError",
            "RunContainerError",
            "PreCreateHookError",
            "PreStartHookError",
            "PostStartHookError",
        ):
            return _uncreated(subject, state)
    if state.exit_code is not None and not state.recovered(subject.now) and not (state.init and state.exit_code == 0):
        ended = _ended(subject, pod, state, logs, world)
        if ended:
            return ended
    if state.phase == "running" and not state.ready and not state.init:
        return _unready(subject, pod, state, logs, world)
    return None


def _image(subject: Subject, pod: Json, state: State) -> Issue:
    spec = container.specification(pod["spec"], state.name)
    named = str(spec.get("image"))
    said = [pair for pair in container.complaints(subject, pod) if "image" in pair[1].lower()]
    code, phrase = image.judge(state.reason, " ".join([state.message, *(message for _, message in said)]))
    parts = image.name(named)
    tag = f"tag {parts.tag} of {parts.registry}/{parts.repository}" if parts.tag else named
    why = next((message for _, message in said if "ailed to pull" in message), state.message)
    word = "ImagePullBackOff" if state.reason == "ErrImagePull" else state.reason
    return Issue(
        resource=subject.ref,
        cause=code,
        severity=subject.severity,
        reason=f"image cannot be pulled ({word})",
        actual=f"{subject.kind} {subject.name}: container {state.name} waits in {word}: image {named} cannot be "
        f"pulled, {phrase}; {tag}. The kubelet says: {why}",
        expected=f"Image {named} can be pulled.",
        evidence=(state.line, *list(dict.fromkeys(line for line, _ in said))[:3]),
        next_steps=(f"Undo Rollout of {subject.spoken}", f"Check Rollout of {subject.spoken}"),
        reproduce=f"kubectl describe pod {state.pod} -n {subject.namespace}",
    )


_NO_COMMAND = re.compile(
    r"executable file not found|no such file or directory|exec format error|permission denied|not a directory"
    r"|OCI runtime create failed"
)


def _uncreated(subject: Subject, state: State) -> Issue:
    lost = reference.gone(state.message)
    base = f"container {state.name} waits in {state.reason}: {state.message}"
    code, blames = "CONTAINER_CREATE_FAILED", ()
    if lost:
        code, blames = "CONFIG_REFERENCE_BROKEN", (report.ref(lost.kind, subject.namespace, lost.name),)
    elif re.search(r"runAsNonRoot|run as root|runAsUser|non-numeric user", state.message):
        code = "SECURITY_CONTEXT_INVALID"
    elif "exec format error" in state.message:
        code = "IMAGE_ARCH_MISMATCH"
    elif _NO_COMMAND.search(state.message):
        code = "CONTAINER_COMMAND_INVALID"
    return Issue(
        resource=subject.ref,
        cause=code,
        severity=subject.severity,
        reason=f"containers cannot be created ({state.reason})",
        actual=base,
        expected="Containers are created and start.",
        evidence=(state.line,),
        blames=blames,
        next_steps=(f"Check Configuration References of {subject.spoken}", f"Check Rollout of {subject.spoken}"),
    )


def _not_created(subject: Subject, pod: Json) -> list[Issue]:
    """A pod that has a node but no containers: its volumes or its network are not there."""
    issues: list[Issue] = []
    for line, message in container.complaints(subject, pod):
        lost = reference.gone(message)
        if lost:
            blamed = report.ref(lost.kind, subject.namespace, lost.name)
            issues += [
                reference.missing_issue(subject, lost, message, [line]),
                _volume(subject, pod, line, message, "VOLUME_MOUNT_FAILED", (blamed,)),
            ]
        elif "FailedCreatePodSandBox" in line:
            node = report.ref("Node", "", pod["spec"]["nodeName"])
            issues.append(_volume(subject, pod, line, message, "POD_NETWORK_FAILED", (node,)))
        elif "Multi-Attach" in message:
            issues.append(_volume(subject, pod, line, message, "VOLUME_ATTACH_CONFLICT", ()))
        elif re.search(r"FailedMount|FailedAttachVolume|FailedMapVolume", line):
            blames = tuple(
                report.ref("PersistentVolumeClaim", subject.namespace, name) for name in schedule.claims(subject)
            )
            issues.append(_volume(subject, pod, line, message, "VOLUME_MOUNT_FAILED", blames))
    return issues


_VOLUME_WORDS = {
    "VOLUME_MOUNT_FAILED": "volumes cannot be mounted (FailedMount)",
    "VOLUME_ATTACH_CONFLICT": "a volume is still attached to another node (Multi-Attach)",
    "POD_NETWORK_FAILED": "the pod's network cannot be set up (FailedCreatePodSandBox)",
}


def _volume(subject: Subject, pod: Json, line: str, message: str, code: str, blames: tuple[str, ...]) -> Issue:
    return Issue(
        resource=subject.ref,
        cause=code,
        severity=subject.severity,
        reason=_VOLUME_WORDS[code],
        actual=f"pod {pod['metadata']['name']} stays in ContainerCreating: {message}",
        expected="The pod's volumes and network are set up.",
        evidence=(container.line(pod), line),
        blames=blames,
    )


def _ended(subject: Subject, pod: Json, state: State, logs: Logs, world: calls.World) -> Issue | None:
    spec = container.specification(pod["spec"], state.name)
    if state.end_reason == "OOMKilled":
        return _oom(subject, pod, state, spec)
    if state.end_reason in ("ContainerCannotRun", "StartError") or state.exit_code in (126, 127):
        return _cannot_run(subject, state, spec)
    killed = _killed_by_probe(subject, pod, state, spec)
    if killed:
        return killed
    policy = (pod.get("spec") or {}).get("restartPolicy") or "Always"
    if state.exit_code == 0 and state.reason == "CrashLoopBackOff" and policy == "Always" and not state.init:
        return _finishes(subject, state)
    if state.exit_code in (0, 143) and state.reason != "CrashLoopBackOff":
        return None
    return _crash(subject, pod, state, logs, world)


def _oom(subject: Subject, pod: Json, state: State, spec: Json) -> Issue:
    limit = ((spec.get("resources") or {}).get("limits") or {}).get("memory")
    if not limit:
        node = str(pod["spec"].get("nodeName"))
        return Issue(
            resource=subject.ref,
            cause="OOM_KILLED",
            severity=subject.severity,
            reason="container was OOMKilled without a memory limit",
            actual=f"container {state.name} was OOMKilled (exit code {state.exit_code}) {state.restarts} times; it "
            f"has no memory limit (limits.memory), so node {node} ran out of memory.",
            expected="The container lives within the node's memory.",
            evidence=(state.line,),
            blames=(report.ref("Node", "", node),),
        )
    again = " and is in CrashLoopBackOff" if state.reason == "CrashLoopBackOff" else ""
    lived = f"; it lived {moment.words(state.lived)}" if state.lived else ""
    return Issue(
        resource=subject.ref,
        cause="OOM_KILLED",
        severity=subject.severity,
        reason="container is OOMKilled at its memory limit",
        actual=f"{subject.kind} {subject.name}: container {state.name} was OOMKilled (exit code "
        f"{state.exit_code}){again}: its memory limit (limits.memory) is {limit}, below what it uses; "
        f"{state.restarts} restarts{lived}.",
        expected="The container's memory use stays below its limit.",
        evidence=(state.line, f"container {state.name} limits.memory={limit}"),
        next_steps=(f"Check Rollout of {subject.spoken}", f"Undo Rollout of {subject.spoken}"),
    )


def _cannot_run(subject: Subject, state: State, spec: Json) -> Issue:
    code = "IMAGE_ARCH_MISMATCH" if "exec format error" in state.end_message else "CONTAINER_COMMAND_INVALID"
    command = " ".join(map(str, [*(spec.get("command") or []), *(spec.get("args") or [])][:2])) or "the image's own"
    return Issue(
        resource=subject.ref,
        cause=code,
        severity=subject.severity,
        reason="the container's command cannot run",
        actual=f"container {state.name} ended with {state.exited}: its command ({command}) cannot run; "
        f"{state.end_message or 'command not found or not executable'}.",
        expected="The command exists in the image and may be executed.",
        evidence=(state.line,),
        next_steps=(f"Check Rollout of {subject.spoken}", f"Undo Rollout of {subject.spoken}"),
    )


def _killed_by_probe(subject: Subject, pod: Json, state: State, spec: Json) -> Issue | None:
    """Whether the kubelet ended it: an event says that a liveness or startup probe failed and it will be restarted."""
    said = container.complaints(subject, pod) + [
        (event.line(e), str(e.get("message") or ""))
        for e in subject.events_of("Pod", state.pod)
        if e.get("reason") == "Killing"
    ]
    kill = next(
        (
            line
            for line, message in said
            if re.search(r"failed (?:liveness|startup) probe", message) and state.name in message
        ),
        "",
    )
    if not kill or state.exit_code not in (0, 2, 137, 143):
        return None
    failures = [(line, found) for line, message in said if (found := probe.failed(message)) and found[0] != "Readiness"]
    which, why = failures[0][1] if failures else ("Startup" if "startup" in kill else "Liveness", "")
    code, known = probe.judge(spec, which, why)
    return Issue(
        resource=subject.ref,
        cause=code,
        severity=subject.severity,
        reason=f"{which.lower()} probe fails and containers are restarted",
        actual=f"container {state.name} is restarted by its {which.lower()} probe ({state.restarts} restarts, "
        f"{state.exited}): {known}.",
        expected=f"The {which.lower()} probe succeeds while the container works.",
        evidence=(state.line, kill, *[line for line, _ in failures][:1]),
        next_steps=(f"Check Logs of {subject.spoken}",),
    )


def _finishes(subject: Subject, state: State) -> Issue:
    return Issue(
        resource=subject.ref,
        cause="CONTAINER_EXITS",
        severity=subject.severity,
        reason="the container's process ends without an error (CrashLoopBackOff)",
        actual=f"container {state.name} ends with exit code 0 each time and is in CrashLoopBackOff "
        f"({state.restarts} restarts): its command finishes instead of serving.",
        expected="The process keeps running.",
        evidence=(state.line,),
        next_steps=(f"Check Rollout of {subject.spoken}", f"Check Logs of {subject.spoken}"),
    )


def _log_of(state: State, logs: Logs) -> list[Line]:
    return [*logs.get((state.pod, state.name, True), []), *logs.get((state.pod, state.name, False), [])]


def _crash(subject: Subject, pod: Json, state: State, logs: Logs, world: calls.World) -> Issue:
    lines = _log_of(state, logs)
    clue = log.telling(log.clues(lines))
    last = [clue.line.text.strip()] if clue else log.shown(lines, 1)
    said = f"; the container logs: {last[0][:300]}" if last else ""
    kind = "init container" if state.init else "container"
    word = "CrashLoopBackOff" if state.reason == "CrashLoopBackOff" else "restarting"
    return Issue(
        resource=subject.ref,
        cause="INIT_FAILED" if state.init else "CRASH_LOOP",
        severity=subject.severity,
        reason=f"{kind} crashes ({word})",
        actual=f"{kind} {state.name} is in {word} ({state.exited}, {state.restarts} restarts){said}",
        expected=f"The {kind} {'ends without an error' if state.init else 'keeps running'}.",
        evidence=(state.line, *(f"log {state.pod} {state.name}: {text[:400]}" for text in last)),
        blames=calls.blamed(subject, clue, world),
        next_steps=(
            f"Check Logs of {subject.spoken}",
            f"Check Dependencies of {subject.spoken}",
            f"Check Rollout of {subject.spoken}",
        ),
    )


def _unready(subject: Subject, pod: Json, state: State, logs: Logs, world: calls.World) -> Issue | None:
    spec = container.specification(pod["spec"], state.name)
    grace = max(probe.patience(spec), container.START_S)
    ran = subject.now - (state.started or subject.now)
    failures = [
        (line, found) for line, message in container.complaints(subject, pod) if (found := probe.failed(message))
    ]
    judged = [(line, found, *probe.judge(spec, *found)) for line, found in failures]
    wrong = next((entry for entry in judged if entry[2] != "PROBE_FAILING"), None)
    if ran < grace and not wrong:
        return None
    if judged and not (wrong and ran < 10):
        return _probe_issue(subject, state, wrong or judged[0], _log_of(state, logs), world)
    return None if judged else _just_unready(subject, state, ran)


def _probe_issue(
    subject: Subject, state: State, judged: tuple[str, tuple[str, str], str, str], lines: list[Line], world: calls.World
) -> Issue:
    line, (which, _), code, known = judged
    clue = log.telling(
        [
            clue
            for clue in log.clues(lines, quiet_too=False)
            if clue.kind in calls.CALLS and clue.line.at > subject.now - calls.LIVE_S * 2
        ]
    )
    said = f"; the container logs: {clue.line.text.strip()[:300]}" if clue else ""
    evidence = (state.line, line, *((f"log {state.pod} {state.name}: {clue.line.text.strip()[:400]}",) if clue else ()))
    return Issue(
        resource=subject.ref,
        cause=code,
        severity=subject.severity,
        reason=f"{which.lower()} probe fails, pods are not ready",
        actual=f"container {state.name} runs but is not ready: {known}{said}.",
        expected="All containers are ready.",
        evidence=evidence,
        blames=calls.blamed(subject, clue, world) or (calls.down(subject, world) if code == "PROBE_FAILING" else ()),
        next_steps=(f"Check Logs of {subject.spoken}", f"Check Dependencies of {subject.spoken}"),
    )


def _just_unready(subject: Subject, state: State, ran: float) -> Issue:
    return Issue(
        resource=subject.ref,
        cause="NOT_READY",
        severity=subject.severity,
        reason="containers run but are not ready",
        actual=f"container {state.name} runs for {moment.words(ran)} and is not ready; no event says why.",
        expected="All containers are ready.",
        evidence=(state.line,),
        next_steps=(f"Check Logs of {subject.spoken}", f"Check Dependencies of {subject.spoken}"),
    )
