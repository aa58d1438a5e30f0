"""What is wrong with the pods of a workload, one Trouble per fact, told from status, events and spec together. Pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from . import event, message, moment, pod as pods
from .cluster import Object
from .finding import Finding, Inquiry, condition, counted, name_of, ref
from .workload import Workload, is_ready

_SLOW_START = 60.0
"""Seconds a pod may create its containers before its FailedMount events count."""
_UNREADY = 20.0
"""Seconds a running pod may stay unready before anyone is told: probes need a few periods."""


@dataclass(frozen=True)
class Trouble:
    """One thing wrong. ``resource`` is what would have to be changed, ``headline`` goes into a title."""

    cause: str
    resource: str
    headline: str
    actual: str
    expected: str
    evidence: tuple[str, ...]
    blames: tuple[str, ...] = ()
    container: str = ""
    pod: str = ""
    severity: int = 0
    """0: 1 when no pod of the workload is ready, else 2."""
    steps: tuple[str, ...] = ()


def of_workload(workload: Workload, now: datetime) -> list[Trouble]:
    """The troubles of all its pods; the same trouble of several pods is one, with their number."""
    alive = [pod for pod in workload.pods if (pod.get("status") or {}).get("phase") != "Failed"]
    failed = [pod for pod in workload.pods if (pod.get("status") or {}).get("phase") == "Failed"]
    found = [trouble for pod in alive for trouble in of_pod(workload, pod, now)]
    if workload.ill or workload.kind == "Job":
        found += [trouble for pod in failed for trouble in _of_failed(workload, pod, now)]
    return list(_merged(found))


def of_pod(workload: Workload, pod: Object, now: datetime) -> list[Trouble]:
    """The troubles of one pod."""
    if pod["metadata"].get("deletionTimestamp"):
        return _stuck_terminating(workload, pod, now)
    if pods.unscheduled(pod):
        return _unscheduled(workload, pod, now)
    found: list[Trouble] = []
    for container in pods.containers(pod, now):
        found += _of_container(workload, pod, container, now)
    if not found:
        found += _not_starting(workload, pod, now) or _unready(workload, pod, now)
    return found


def _of_container(workload: Workload, pod: Object, container: pods.Container, now: datetime) -> list[Trouble]:
    if container.state == "waiting" and container.reason in pods.IMAGE_REASONS:
        return [_image(workload, pod, container, now)]
    if container.state == "waiting" and container.reason == "CreateContainerConfigError":
        return _config_error(workload, pod, container)
    if container.state == "waiting" and container.reason in (
        "CreateContainerError", "RunContainerError", "PreCreateHookError", "PreStartHookError", "PostStartHookError",
        "CreatePodSandboxError",
    ):  # fmt: skip
        return _start_error(workload, pod, container)
    if container.exit_code is not None and (container.looping or container.ended_lately(now)):
        if container.init and container.state == "terminated" and container.exit_code == 0:
            return []
        return _ended(workload, pod, container, now)
    return []


def _image(workload: Workload, pod: Object, container: pods.Container, now: datetime) -> Trouble:
    image = str(_spec_of(workload, pod, container).get("image") or "")
    events = [
        one
        for one in event.recent(workload.events_of(pod), now, 3600)
        if _is_about_image(one) and (image in event.message(one) or not image)
    ]
    told = next((one for one in events if message.image(event.message(one)) != "IMAGE_PULL_FAILING"), None)
    code = message.image(f"{container.reason} {container.message}")
    if code in ("IMAGE_PULL_FAILING",) and told:
        code = message.image(event.message(told))
    repository, tag = split_image(image)
    why = {
        "IMAGE_NOT_FOUND": f"the tag {tag} of {repository} does not exist in the registry (not found)",
        "IMAGE_AUTH_DENIED": f"the registry denied access to {repository} (unauthorized): imagePullSecrets are missing, wrong or expired, or the repository does not exist",
        "IMAGE_REGISTRY_UNREACHABLE": f"the registry {repository.split('/')[0]} cannot be reached from the node",
        "IMAGE_NAME_INVALID": "the image name is not a valid reference (InvalidImageName)",
        "IMAGE_NEVER_PULL": "imagePullPolicy is Never and the node has no such image (ErrImageNeverPull)",
        "IMAGE_RATE_LIMITED": "the registry limits how often images may be pulled (toomanyrequests)",
        "IMAGE_PLATFORM_MISMATCH": "the image is not built for the node's CPU architecture",
    }.get(code, "the reason is not told")
    first = pods.line(pod, container)
    evidence = (first, *(event.line(one) for one in events[:2]))
    detail = _short(container.message or (event.message(told) if told else ""))
    return Trouble(
        cause=code,
        resource=workload.ref,
        headline=f"image {image} cannot be pulled ({container.reason})",
        actual=f"Container {container.name} is in {container.reason}: image {image} cannot be pulled, {why}."
        + (f" The kubelet says: {detail}" if detail else ""),
        expected=f"The image {image} can be pulled.",
        evidence=evidence,
        container=container.name,
        pod=name_of(pod),
        steps=(
            f"Check Configuration References of {workload.kind} `{workload.name}` in Namespace `{workload.namespace}`",
            f"Show Changes of {workload.kind} `{workload.name}` in Namespace `{workload.namespace}`",
            f"Undo the Last Rollout of Deployment `{workload.name}` in Namespace `{workload.namespace}`",
        ),
    )


def _is_about_image(one: Object) -> bool:
    return one.get("reason") in ("Failed", "InspectFailed", "ErrImageNeverPull", "BackOff", "FailedToRetrieveImagePullSecret")


def split_image(image: str) -> tuple[str, str]:
    """(repository, tag or digest) of an image; ``latest`` when it names none."""
    if "@" in image:
        repository, digest = image.split("@", 1)
        return repository, digest
    head, slash, tail = image.rpartition("/")
    name, colon, tag = tail.partition(":")
    return f"{head}{slash}{name}", tag if colon else "latest"


def _config_error(workload: Workload, pod: Object, container: pods.Container) -> list[Trouble]:
    lacking = message.missing(container.message)
    evidence = (pods.line(pod, container), *_last_events(workload, pod, "Failed"))
    if lacking:
        return missing_reference(workload, lacking, evidence, container.name, name_of(pod), "CreateContainerConfigError")
    return _start_error(workload, pod, container)


def missing_reference(
    workload: Workload, lacking: message.Missing, evidence: tuple[str, ...], container: str, pod: str, reason: str
) -> list[Trouble]:
    """A Secret, ConfigMap, key or claim that is not there: the root on what is missing, the symptom on the workload."""
    target = ref(lacking.kind, workload.namespace, lacking.name)
    codes = {
        "Secret": "SECRET", "ConfigMap": "CONFIGMAP", "PersistentVolumeClaim": "PVC", "ServiceAccount": "SERVICE_ACCOUNT"
    }  # fmt: skip
    code = f"{codes[lacking.kind]}_{'KEY_' if lacking.key else ''}MISSING"
    what = f"has no key {lacking.key} (key not found, missing)" if lacking.key else "does not exist (not found, missing)"
    who = f"container {container} of {workload.kind} {workload.name}" if container else f"{workload.kind} {workload.name}"
    used = uses(workload.pod_spec, lacking)
    root = Trouble(
        cause=code,
        resource=target,
        headline=f"key {lacking.key} not found" if lacking.key else "not found",
        actual=f"{lacking.kind} {lacking.name} in namespace {workload.namespace} {what}, but {who} needs it"
        f"{f' for {used}' if used else ''}; its pods cannot start ({reason}).",
        expected=f"{lacking.kind} {lacking.name} exists"
        + (f" and has the key {lacking.key}." if lacking.key else f" in namespace {workload.namespace}."),
        evidence=evidence,
        container=container,
        pod=pod,
        steps=(
            f"Check Configuration References of {workload.kind} `{workload.name}` in Namespace `{workload.namespace}`",
            f"Check Pods of {workload.kind} `{workload.name}` in Namespace `{workload.namespace}`",
        ),
    )
    symptom = Trouble(
        cause="CONTAINER_CONFIG_ERROR",
        resource=workload.ref,
        headline=f"pods cannot start ({reason})",
        actual=f"Pods of {workload.where} are in {reason}: {lacking.kind} {lacking.name} {what}.",
        expected="Everything that the pods refer to exists.",
        evidence=evidence,
        blames=(target,),
        container=container,
        pod=pod,
        steps=root.steps,
    )
    return [root, symptom]


def uses(spec: Object, lacking: message.Missing) -> str:
    """Where a pod's spec uses a Secret or ConfigMap: ``env API_KEY (key api-key), volume certs``."""
    found: list[str] = []
    env_ref = {"Secret": "secretKeyRef", "ConfigMap": "configMapKeyRef"}.get(lacking.kind, "")
    from_ref = {"Secret": "secretRef", "ConfigMap": "configMapRef"}.get(lacking.kind, "")
    for container in [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]:
        for one in container.get("env") or []:
            source = (one.get("valueFrom") or {}).get(env_ref) or {}
            if source.get("name") == lacking.name and lacking.key in ("", source.get("key")):
                found.append(f"env {one['name']} (key {source.get('key')})")
        if any((one.get(from_ref) or {}).get("name") == lacking.name for one in container.get("envFrom") or []):
            found.append("envFrom")
    for volume in spec.get("volumes") or []:
        names = [(volume.get("secret") or {}).get("secretName"), (volume.get("configMap") or {}).get("name")]
        names += [
            (source.get(kind) or {}).get("name")
            for source in (volume.get("projected") or {}).get("sources") or []
            for kind in ("secret", "configMap")
        ]
        if lacking.name in names:
            found.append(f"volume {volume.get('name')}")
    return ", ".join(dict.fromkeys(found))


def _start_error(workload: Workload, pod: Object, container: pods.Container) -> list[Trouble]:
    text = f"{container.message} {container.end_message}"
    code = message.start(text) or "RUN_CONTAINER_ERROR"
    return [
        Trouble(
            cause=code,
            resource=workload.ref,
            headline=f"container {container.name} cannot start ({container.reason})",
            actual=f"Container {container.name} is in {container.reason}: {_short(container.message) or 'no reason given'}",
            expected="The container starts.",
            evidence=(pods.line(pod, container), *_last_events(workload, pod, "Failed")),
            container=container.name,
            pod=name_of(pod),
            steps=(f"Show Changes of {workload.kind} `{workload.name}` in Namespace `{workload.namespace}`",),
        )
    ]


def _ended(workload: Workload, pod: Object, container: pods.Container, now: datetime) -> list[Trouble]:
    """A container that ended and does not stay up."""
    how = _how_it_loops(container)
    found: list[Trouble] = []
    root = _why_it_ended(workload, pod, container, now, how)
    if root:
        found.append(root)
    noun = "init container" if container.init else "container"
    symptom = "INIT_FAILING" if container.init else "CRASH_LOOP" if container.looping or container.restarts > 2 else "RESTARTING"
    reason = container.ended or "Error"
    found.append(
        Trouble(
            cause=symptom,
            resource=workload.ref,
            headline=f"{noun} {container.name} keeps ending ({container.reason or reason})",
            actual=f"{noun.capitalize()} {container.name} {how}.",
            expected=f"{noun.capitalize()} {container.name} "
            + ("ends with exit code 0." if container.init else "keeps running."),
            evidence=(pods.line(pod, container), *_last_events(workload, pod, "BackOff", "Unhealthy", "Killing")),
            container=container.name,
            pod=name_of(pod),
            steps=(
                f"Check Logs of {workload.kind} `{workload.name}` in Namespace `{workload.namespace}`",
                f"Check Dependencies of {workload.kind} `{workload.name}` in Namespace `{workload.namespace}`",
                f"Show Changes of {workload.kind} `{workload.name}` in Namespace `{workload.namespace}`",
            ),
        )
    )
    return found


def _how_it_loops(container: pods.Container) -> str:
    state = f"is in {container.reason}" if container.state == "waiting" else f"is {container.state}"
    ran = f" after {container.ran_for:.0f} s" if container.ran_for is not None else ""
    return (
        f"{state}: its last run ended with exit code {container.exit_code} ({container.ended or 'Error'}){ran}, "
        f"{container.restarts} restarts so far"
    )


def _why_it_ended(
    workload: Workload, pod: Object, container: pods.Container, now: datetime, how: str
) -> Trouble | None:
    """The reason when status, events and spec alone tell it; logs may tell more."""
    spec = _spec_of(workload, pod, container)
    line = pods.line(pod, container)
    base = Trouble("", workload.ref, "", "", "", (line,), container=container.name, pod=name_of(pod))
    if container.ended == "OOMKilled":
        return _out_of_memory(workload, container, spec, how, base)
    code = message.start(container.end_message)
    if container.exit_code in (126, 127, 128) or code:
        code = code or "COMMAND_NOT_FOUND"
        command = [*(spec.get("command") or []), *(spec.get("args") or [])][:1]
        return replace(
            base,
            cause=code,
            headline=f"container {container.name} cannot run its command (exit code {container.exit_code})",
            actual=f"Container {container.name} {how}: its command {command[0] if command else 'of the image'} cannot be "
            f"run. {_short(container.end_message)}".strip(),
            expected="The command exists in the image and can be executed.",
        )
    liveness = [one for one in workload.events_of(pod) if "Liveness probe" in event.message(one) or "Startup probe" in event.message(one)]
    fresh = event.recent(liveness, now, 900)
    if container.exit_code in (137, 143, 2, 0) and fresh and not container.init:
        return _killed_by_probe(workload, container, spec, how, fresh[0], base)
    policy = workload.pod_spec.get("restartPolicy", "Always")
    if container.exit_code == 0 and not container.init and policy == "Always" and container.reason == "CrashLoopBackOff":
        return replace(
            base,
            cause="EXITS_EARLY",
            headline=f"container {container.name} ends by itself (exit code 0, Completed)",
            actual=f"Container {container.name} {how}: its command does its work and ends, but a {workload.kind} wants "
            f"a program that keeps running.",
            expected="The container's command keeps running in the foreground.",
        )
    return None


def _out_of_memory(workload: Workload, container: pods.Container, spec: Object, how: str, base: Trouble) -> Trouble:
    resources = spec.get("resources") or {}
    limit = str((resources.get("limits") or {}).get("memory") or "")
    request = str((resources.get("requests") or {}).get("memory") or "")
    heap = _heap(spec)
    if limit:
        reason = f"its memory limit (limits.memory) is {limit} and the process needs more"
        if heap:
            reason += f"; it is told to use a heap of {heap[1]} ({heap[0]})"
    else:
        reason = "it has no memory limit (limits.memory) of its own, so the node ran out of memory"
    return replace(
        base,
        cause="OOM_KILLED" if limit else "NODE_OUT_OF_MEMORY",
        headline=f"container {container.name} was OOMKilled (exit code 137)",
        actual=f"Container {container.name} was OOMKilled (exit code 137): {reason}. It {how}.",
        expected="The memory limit is above what the container needs.",
        evidence=(
            *base.evidence,
            f"container {container.name} resources: limits.memory={limit or 'none'}, requests.memory={request or 'none'}",
            *([f"{heap[0]} sets the heap to {heap[1]}"] if heap else []),
        ),
        steps=(
            f"Check Resources of {workload.kind} `{workload.name}` in Namespace `{workload.namespace}`",
            f"Show Changes of {workload.kind} `{workload.name}` in Namespace `{workload.namespace}`",
        ),
    )


def _heap(spec: Object) -> tuple[str, str] | None:
    """(where, how much) of a heap size that the configuration gives a Java or Node program."""
    for one in spec.get("env") or []:
        if one.get("name") in ("JAVA_TOOL_OPTIONS", "JAVA_OPTS", "JDK_JAVA_OPTIONS", "NODE_OPTIONS", "_JAVA_OPTIONS"):
            found = re.search(r"-Xmx(\d+[kKmMgG]?)|--max-old-space-size=(\d+)", str(one.get("value") or ""))
            if found:
                return f"env {one['name']}", found[0]
    return None


def _killed_by_probe(
    workload: Workload, container: pods.Container, spec: Object, how: str, seen: Object, base: Trouble
) -> Trouble | None:
    said = message.probe(event.message(seen))
    if not said:
        return None
    diagnosis = probe_fault(workload, spec, said)
    return replace(
        base,
        cause=diagnosis[0] if diagnosis else "LIVENESS_KILLING",
        headline=f"container {container.name} is killed by its {said.which} probe",
        actual=f"Container {container.name} is restarted because its {said.which} probe fails: "
        f"{diagnosis[1] if diagnosis else _short(event.message(seen))}. It {how}.",
        expected=f"The {said.which} probe asks a port and path that the container answers.",
        evidence=(*base.evidence, event.line(seen), *_probe_lines(spec, said.which)),
        steps=(f"Check Probes of {workload.kind} `{workload.name}` in Namespace `{workload.namespace}`",),
    )


def probe_fault(workload: Workload, spec: Object, said: message.Probe) -> tuple[str, str] | None:
    """(cause code, sentence) when the probe itself is wrong: its port, its path, its time. None: the program says no."""
    probe = spec.get(f"{said.which}Probe") or {}
    port, path = asked(probe, spec)
    open_ports = listening(spec)
    names = ", ".join(str(one) for one in sorted(open_ports)) or "none"
    if said.how == "refused" and port and open_ports and port not in open_ports:
        return (
            "PROBE_WRONG_PORT",
            f"the {said.which} probe asks port {port}, but the container listens on {names} (connection refused)",
        )
    others = [one for which in ("readiness", "liveness", "startup") if which != said.which for one in [spec.get(f"{which}Probe")] if one]
    if said.how == "status" and said.status in (400, 401, 403, 404, 405):
        other = next((asked(one, spec)[1] for one in others if asked(one, spec)[1] not in ("", path)), "")
        hint = f"; another probe of it asks {other}" if other else ""
        return (
            "PROBE_WRONG_PATH",
            f"the {said.which} probe asks path {path or '/'} on port {port} and gets HTTP {said.status}{hint}",
        )
    if said.how == "timeout" and int(probe.get("timeoutSeconds") or 1) <= 1:
        return (
            "PROBE_TIMEOUT",
            f"the {said.which} probe gets no answer within its timeoutSeconds of {probe.get('timeoutSeconds') or 1}",
        )
    return None


def asked(probe: Object, spec: Object) -> tuple[int, str]:
    """(port, path) that a probe asks, a named port resolved; 0 and empty when it asks none."""
    for kind in ("httpGet", "tcpSocket", "grpc"):
        if kind in probe:
            port = probe[kind].get("port")
            if isinstance(port, str) and not port.isdigit():
                port = next((one.get("containerPort") for one in spec.get("ports") or [] if one.get("name") == port), 0)
            return int(port or 0), str(probe[kind].get("path") or ("/" if kind == "httpGet" else ""))
    return 0, ""


def listening(spec: Object) -> set[int]:
    """The ports a container is known to listen on: its env PORT when it has one, else its declared ports."""
    told = next((str(one.get("value")) for one in spec.get("env") or [] if one.get("name") == "PORT"), "")
    declared = {int(one["containerPort"]) for one in spec.get("ports") or [] if one.get("containerPort")}
    return {int(told)} if told.isdigit() else declared


def _probe_lines(spec: Object, which: str) -> list[str]:
    probe = spec.get(f"{which}Probe") or {}
    port, path = asked(probe, spec)
    declared = ",".join(str(one.get("containerPort")) for one in spec.get("ports") or []) or "none"
    told = next((str(one.get("value")) for one in spec.get("env") or [] if one.get("name") == "PORT"), "")
    mine = f"{which} probe of container {spec.get('name')}: port {port or '-'}{f' path {path}' if path else ''}"
    return [f"{mine}; container ports {declared}{f'; env PORT={told}' if told.isdigit() else ''}"]


def _not_starting(workload: Workload, pod: Object, now: datetime) -> list[Trouble]:
    """A pod that has a node and does not get its containers created: volumes, sandbox, or only slow."""
    states = pods.containers(pod, now)
    creating = [one for one in states if one.state == "waiting" and one.reason in ("ContainerCreating", "PodInitializing", "")]
    if not (creating or (not states and (pod.get("status") or {}).get("phase") == "Pending")):
        return []
    if any(one.init and one.state == "running" for one in states):
        return _init_running(workload, pod, states, now)
    events = event.recent(workload.events_of(pod), now, 600)
    summary = pods.line(pod, creating[0]) if creating else pods.summary(pod)
    for one in events:
        text = event.message(one)
        lacking = message.missing(text)
        evidence = (summary, event.line(one))
        if lacking and one.get("reason") in ("FailedMount", "FailedAttachVolume", "Failed", "FailedScheduling"):
            return missing_reference(workload, lacking, evidence, "", name_of(pod), "ContainerCreating, FailedMount")
        key = message.missing_volume_key(text)
        if key:
            return _volume_key(workload, pod, text, key, evidence)
        if one.get("reason") in ("FailedCreatePodSandBox", "FailedCreatePodContainer", "NetworkNotReady"):
            return [_sandbox(workload, pod, one, evidence)]
        code = message.mount(text)
        if code and one.get("reason") in ("FailedMount", "FailedAttachVolume", "FailedMapVolume"):
            return [_mount(workload, pod, one, code, evidence)]
    if pods.created(pod, now) > 5 * _SLOW_START:
        return [
            Trouble(
                cause="NOT_STARTING",
                resource=workload.ref,
                headline="pods stay in ContainerCreating",
                actual=f"Pod {name_of(pod)} has been in ContainerCreating for more than five minutes, and no event says why.",
                expected="Containers are created within a minute.",
                evidence=(summary,),
                blames=(ref("Node", "", pods.node_of(pod)),) if pods.node_of(pod) else (),
                pod=name_of(pod),
            )
        ]
    return []


def _init_running(workload: Workload, pod: Object, states: Iterable[pods.Container], now: datetime) -> list[Trouble]:
    """An init container that has run for long: it usually waits for something."""
    return [
        Trouble(
            cause="INIT_FAILING",
            resource=workload.ref,
            headline=f"init container {one.name} does not end",
            actual=f"Init container {one.name} has been running for {one.running_for:.0f} s and does not end; it usually "
            f"waits for something that does not come.",
            expected="Init containers end within a minute or two.",
            evidence=(pods.line(pod, one),),
            container=one.name,
            pod=name_of(pod),
            steps=(
                f"Check Logs of {workload.kind} `{workload.name}` in Namespace `{workload.namespace}`",
                f"Check Dependencies of {workload.kind} `{workload.name}` in Namespace `{workload.namespace}`",
            ),
        )
        for one in states
        if one.init and one.state == "running" and (one.running_for or 0) > 120
    ]


def _volume_key(workload: Workload, pod: Object, text: str, key: str, evidence: tuple[str, ...]) -> list[Trouble]:
    """A volume asks for a key: which volume, the message says; which object, the spec."""
    for volume in workload.pod_spec.get("volumes") or []:
        if f'"{volume.get("name")}"' not in text:
            continue
        for kind, part, name in (("Secret", "secret", "secretName"), ("ConfigMap", "configMap", "name")):
            if volume.get(part):
                lacking = message.Missing(kind, str(volume[part].get(name)), key.strip('"'))
                return missing_reference(workload, lacking, evidence, "", name_of(pod), "ContainerCreating, FailedMount")
    return []


def _sandbox(workload: Workload, pod: Object, one: Object, evidence: tuple[str, ...]) -> Trouble:
    node = pods.node_of(pod)
    return Trouble(
        cause="POD_SANDBOX_FAILING",
        resource=ref("Node", "", node) if node else workload.ref,
        headline="pod sandboxes cannot be created (FailedCreatePodSandBox)",
        actual=f"On node {node} the sandbox of pod {name_of(pod)} of {workload.where} cannot be created "
        f"(FailedCreatePodSandBox): {_short(event.message(one))}",
        expected="The node's container runtime and network plugin (CNI) set up pods.",
        evidence=evidence,
        pod=name_of(pod),
        steps=(f"Check Node `{node}`",),
    )


def _mount(workload: Workload, pod: Object, one: Object, code: str, evidence: tuple[str, ...]) -> Trouble:
    claims = pods.claims(pod.get("spec") or {})
    blamed = tuple(ref("PersistentVolumeClaim", workload.namespace, claim) for claim in claims)
    target = blamed[0] if blamed and code in ("VOLUME_MULTI_ATTACH", "VOLUME_ATTACH_FAILING") else workload.ref
    if code == "NODE_DISK_FULL":
        target = ref("Node", "", pods.node_of(pod))
    return Trouble(
        cause=code,
        resource=target,
        headline=f"a volume cannot be mounted ({one.get('reason')})",
        actual=f"Pod {name_of(pod)} of {workload.where} waits for a volume ({one.get('reason')}): {_short(event.message(one))}",
        expected="All volumes of the pod are attached and mounted.",
        evidence=evidence,
        blames=tuple(one for one in blamed if one != target),
        pod=name_of(pod),
        steps=(
            f"Check Volumes of {workload.kind} `{workload.name}` in Namespace `{workload.namespace}`",
            *(f"Check PersistentVolumeClaim `{claim}` in Namespace `{workload.namespace}`" for claim in claims),
        ),
    )


def _unready(workload: Workload, pod: Object, now: datetime) -> list[Trouble]:
    """A pod whose containers run and which is not ready."""
    if is_ready(pod) or (pod.get("status") or {}).get("phase") != "Running":
        return []
    ready = condition(pod, "Ready")
    if _seconds_in(ready, now) < _UNREADY:
        return []
    running = [one for one in pods.containers(pod, now) if not one.init and not one.ready]
    if not running:
        return _gates(workload, pod)
    container = running[0]
    spec = _spec_of(workload, pod, container)
    unhealthy = [one for one in event.recent(workload.events_of(pod), now, 600) if one.get("reason") == "Unhealthy"]
    mine = [one for one in unhealthy if message.probe(event.message(one))]
    seen = mine[0] if mine else None
    said = message.probe(event.message(seen)) if seen else None
    diagnosis = probe_fault(workload, spec, said) if said else None
    which = said.which if said else "readiness"
    line = pods.line(pod, container)
    evidence = (line, *([event.line(seen)] if seen else []), *_probe_lines(spec, which))
    told = f"{which} probe failed: {_short(event.message(seen))}" if seen else "no event says which probe fails"
    node = pods.node_of(pod)
    symptom = Trouble(
        cause="PROBE_FAILING" if seen else "NOT_READY",
        resource=workload.ref,
        headline=f"container {container.name} is not ready ({told.split(':')[0]})",
        actual=f"Container {container.name} of pod {name_of(pod)} runs but is not ready: {told}.",
        expected="The container answers its readiness probe.",
        evidence=evidence,
        blames=() if seen or ready.get("reason") != "" else (ref("Node", "", node),),
        container=container.name,
        pod=name_of(pod),
        steps=(
            f"Check Logs of {workload.kind} `{workload.name}` in Namespace `{workload.namespace}`",
            f"Check Dependencies of {workload.kind} `{workload.name}` in Namespace `{workload.namespace}`",
            f"Check Probes of {workload.kind} `{workload.name}` in Namespace `{workload.namespace}`",
        ),
    )
    if not diagnosis or not seen:
        return [symptom]
    root = replace(
        symptom,
        cause=diagnosis[0],
        headline=f"{which} probe of container {container.name} is wrong ({diagnosis[0].removeprefix('PROBE_').replace('_', ' ').lower()})",
        actual=f"Container {container.name} is not ready: {diagnosis[1]}. The kubelet says: {_short(event.message(seen))}",
        expected=f"The {which} probe asks a port and path that the container answers.",
    )
    return [root, symptom]


def _gates(workload: Workload, pod: Object) -> list[Trouble]:
    gates = [str(one.get("conditionType")) for one in (pod.get("spec") or {}).get("readinessGates") or []]
    open_ones = [gate for gate in gates if condition(pod, gate).get("status") != "True"]
    node = pods.node_of(pod)
    if not open_ones:
        reason = condition(pod, "Ready")
        return [
            Trouble(
                cause="NOT_READY",
                resource=workload.ref,
                headline="a pod is not ready",
                actual=f"Pod {name_of(pod)} on node {node} is not ready ({reason.get('reason') or 'no reason'}) though its "
                f"containers are: its node may not answer.",
                expected="The pod is ready.",
                evidence=(pods.summary(pod),),
                blames=(ref("Node", "", node),),
                pod=name_of(pod),
                steps=(f"Check Node `{node}`",),
            )
        ]
    return [
        Trouble(
            cause="NOT_READY",
            resource=workload.ref,
            headline=f"readiness gate {open_ones[0]} is not passed",
            actual=f"Pod {name_of(pod)} is not ready: its readiness gate {', '.join(open_ones)} is not True.",
            expected="Every readiness gate is True.",
            evidence=(pods.summary(pod),),
            pod=name_of(pod),
        )
    ]


def _unscheduled(workload: Workload, pod: Object, now: datetime) -> list[Trouble]:
    said = pods.unscheduled(pod)
    if pods.created(pod, now) < 5:
        return []
    text = str(said.get("message") or "no scheduler has looked at it")
    claims = [ref("PersistentVolumeClaim", workload.namespace, claim) for claim in pods.claims(pod.get("spec") or {})]
    blamed = claims if "persistentvolumeclaim" in text.lower() else []
    return [
        Trouble(
            cause="POD_PENDING",
            resource=workload.ref,
            headline=f"pods are Pending ({said.get('reason') or 'not scheduled'})",
            actual=f"Pod {name_of(pod)} is Pending ({said.get('reason') or 'not scheduled'}): {_short(text)}",
            expected="Every pod finds a node.",
            evidence=(pods.summary(pod), f"pod/{name_of(pod)} PodScheduled=False {said.get('reason') or ''}: {text}"[:600]),
            blames=tuple(blamed),
            pod=name_of(pod),
            steps=(
                f"Check Scheduling of {workload.kind} `{workload.name}` in Namespace `{workload.namespace}`",
                f"Check Volumes of {workload.kind} `{workload.name}` in Namespace `{workload.namespace}`",
            ),
        )
    ]


def _of_failed(workload: Workload, pod: Object, now: datetime) -> list[Trouble]:
    """A pod that ended in phase Failed: evicted, past its deadline, or a Job's failed try."""
    status = pod.get("status") or {}
    reason, text = str(status.get("reason") or ""), str(status.get("message") or "")
    node = pods.node_of(pod)
    evidence = (pods.summary(pod), f"pod/{name_of(pod)} status: {reason}: {text}"[:600]) if reason else (pods.summary(pod),)
    steps = (f"Check Node `{node}`", f"Check Resources of {workload.kind} `{workload.name}` in Namespace `{workload.namespace}`")
    base = Trouble("", workload.ref, "", "", "", evidence, container="", pod=name_of(pod), steps=steps)
    if reason == "Evicted" and "ephemeral" in text.lower() and "exceeds" in text:
        return [
            replace(
                base,
                cause="EPHEMERAL_STORAGE_EXCEEDED",
                headline="pods are evicted for using too much ephemeral storage",
                actual=f"Pod {name_of(pod)} was Evicted: {text}",
                expected="The pod stays below its limit of ephemeral storage.",
            )
        ]
    if reason in ("Evicted", "NodeLost", "NodeShutdown", "Terminated", "Shutdown", "NodeAffinity"):
        return [
            replace(
                base,
                cause="POD_EVICTED",
                headline=f"pods were stopped by their node ({reason})",
                actual=f"Pod {name_of(pod)} on node {node} ended ({reason}): {text}",
                expected="The node has room for the pod.",
                blames=(ref("Node", "", node),) if node else (),
            )
        ]
    found: list[Trouble] = []
    for container in pods.containers(pod, now):
        if container.state == "terminated" and container.exit_code not in (0, None):
            found += _ended(workload, pod, container, now)
    return found


def _stuck_terminating(workload: Workload, pod: Object, now: datetime) -> list[Trouble]:
    deleted = moment.since(pod["metadata"].get("deletionTimestamp"), now) or 0.0
    if deleted < 120:
        return []
    finalizers = pod["metadata"].get("finalizers") or []
    node = pods.node_of(pod)
    why = f"its finalizers {', '.join(finalizers)} are not removed" if finalizers else f"its node {node} does not confirm"
    return [
        Trouble(
            cause="POD_STUCK_TERMINATING",
            resource=workload.ref,
            headline="a pod does not go away (Terminating)",
            actual=f"Pod {name_of(pod)} has been Terminating for {deleted:.0f} s beyond its grace period: {why}.",
            expected="A deleted pod is gone after its grace period.",
            evidence=(pods.summary(pod),),
            blames=() if finalizers or not node else (ref("Node", "", node),),
            pod=name_of(pod),
            severity=3,
            steps=(f"Check Node `{node}`",),
        )
    ]


def _merged(found: Iterable[Trouble]) -> Iterable[Trouble]:
    """One per cause, resource and container; the others' pods are counted."""
    groups: dict[tuple[str, str, str], list[Trouble]] = {}
    for one in found:
        groups.setdefault((one.cause, one.resource, one.container), []).append(one)
    for group in groups.values():
        first = group[0]
        names = {one.pod for one in group if one.pod}
        lines = tuple(dict.fromkeys([*first.evidence, *(one.evidence[0] for one in group[1:3])]))
        more = f" The same holds for {len(names) - 1} more of its pods." if len(names) > 1 else ""
        yield replace(first, actual=first.actual + more, evidence=lines)


def _spec_of(workload: Workload, pod: Object, container: pods.Container) -> Object:
    """The container's spec in the pod itself, which may be of another revision than the template."""
    spec = pod.get("spec") or {}
    every = [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]
    return next((one for one in every if one.get("name") == container.name), workload.container(container.name))


def _last_events(workload: Workload, pod: Object, *reasons: str) -> list[str]:
    """The newest event of each reason, as lines."""
    found: dict[str, str] = {}
    for one in sorted(workload.events_of(pod), key=lambda one: str(one.get("lastTimestamp") or ""), reverse=True):
        if one.get("reason") in reasons:
            found.setdefault(str(one.get("reason")), event.line(one))
    return list(found.values())


def _seconds_in(said: Object, now: datetime) -> float:
    return moment.since(said.get("lastTransitionTime"), now) or 0.0


def _short(text: str) -> str:
    """At most 300 characters, ended with a full stop."""
    text = " ".join(text.split())
    return text if len(text) <= 300 else f"{text[:297]}..."


def check(inquiry: Inquiry, workload: Workload) -> None:
    """Every pod of a workload, and what is wrong with it."""
    for one in workload.pods[:30]:
        inquiry.show(pods.summary(one))
        for container in pods.containers(one, inquiry.now):
            inquiry.show(pods.line(one, container))
    troubles = of_workload(workload, inquiry.now)
    for one in troubles:
        inquiry.find(finding(workload, one))
    if troubles:
        return
    restarts = sum(one.restarts for pod in workload.pods for one in pods.containers(pod, inquiry.now))
    inquiry.rule_out(
        f"Pods of {workload.where}",
        f"{workload.ready}/{workload.wanted} pods ready, {counted(restarts, 'restart')} in their lives, none lately",
        workload.ref,
    )


def finding(workload: Workload, one: Trouble) -> Finding:
    """A trouble as a Finding."""
    kind, namespace, name = one.resource.split("/", 2)
    where = f"{kind} {name}{f' in namespace {namespace}' if namespace else ''}"
    return Finding(
        cause=one.cause,
        resource=one.resource,
        severity=one.severity or (1 if workload.ready == 0 else 2),
        title=f"{where}: {one.headline}",
        actual=one.actual,
        expected=one.expected,
        evidence=one.evidence,
        next_steps=one.steps,
        blames=one.blames,
        reproduce=f"kubectl -n {workload.namespace} describe pod {one.pod}" if one.pod else "",
    )
