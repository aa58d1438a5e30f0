"""Containers of a pod: how they are, as the API says it, and as one line."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from RW.Kubernetes import event, moment
from RW.Kubernetes.workload import Subject, condition

Json = dict[str, Any]
START_S = 45
"""How long a container may be created, or may be unready, without being ill when it declares no probe delays."""
SIGNALS = {137: "SIGKILL", 143: "SIGTERM", 139: "SIGSEGV", 134: "SIGABRT"}


@dataclass(frozen=True)
class State:
    """One container's state. ``reason`` is that of waiting, or of the end when it is not running."""

    pod: str
    name: str
    init: bool
    phase: str
    reason: str
    message: str
    ready: bool
    restarts: int
    started: float | None
    exit_code: int | None
    """Of the latest end, of this run or the one before; None when it never ended."""
    end_reason: str
    end_message: str
    ended: float | None
    lived: float
    """Seconds that the ended run took."""
    line: str

    def recovered(self, now: float) -> bool:
        """Whether it has run longer than a minute and longer than twice the run before: then its end is history."""
        if self.phase != "running" or not self.ready or self.started is None:
            return False
        return now - self.started > max(60.0, 2 * min(self.lived, 900.0))

    @property
    def exited(self) -> str:
        """``exit code 137, OOMKilled``."""
        return f"exit code {self.exit_code}" + (f", {self.end_reason}" if self.end_reason not in ("", "Error") else "")


def states(pod: Json) -> Iterator[State]:
    """The states of all containers of a pod, init containers first."""
    status = pod.get("status") or {}
    for entry in status.get("initContainerStatuses") or []:
        yield _state(pod, entry, init=True)
    for entry in status.get("containerStatuses") or []:
        yield _state(pod, entry, init=False)


def _state(pod: Json, entry: Json, *, init: bool) -> State:
    now = entry.get("state") or {}
    phase = next(iter(now), "waiting")
    detail = now.get(phase) or {}
    end = now.get("terminated") or (entry.get("lastState") or {}).get("terminated") or {}
    name = pod["metadata"]["name"]
    began, ended = moment.seconds(end.get("startedAt")), moment.seconds(end.get("finishedAt"))
    return State(
        pod=name,
        name=entry["name"],
        init=init,
        phase=phase,
        reason=str(detail.get("reason") or ""),
        message=" ".join(str(detail.get("message") or "").split()),
        ready=bool(entry.get("ready")),
        restarts=int(entry.get("restartCount") or 0),
        started=moment.seconds((now.get("running") or {}).get("startedAt")),
        exit_code=end.get("exitCode"),
        end_reason=str(end.get("reason") or ""),
        end_message=" ".join(str(end.get("message") or "").split()),
        ended=ended,
        lived=max((ended or 0) - (began or ended or 0), 0),
        line=_line(name, entry, init, phase, detail, end),
    )


def _line(pod: str, entry: Json, init: bool, phase: str, detail: Json, end: Json) -> str:
    kind = "init container" if init else "container"
    parts = [f"pod/{pod} {kind} {entry['name']}: {phase} {detail.get('reason') or ''}".rstrip()]
    if detail.get("message"):
        parts.append(" ".join(str(detail["message"]).split())[:300])
    if end and phase != "terminated":
        parts.append(f"last exit {end.get('exitCode')} {end.get('reason') or ''}".rstrip())
    if phase == "terminated":
        parts[0] += f" exit {end.get('exitCode')}"
    parts.append(f"restarts {entry.get('restartCount') or 0}")
    if phase == "running":
        parts.append("ready" if entry.get("ready") else "not ready")
    return "; ".join(parts)


def specification(spec: Json, name: str) -> Json:
    """The container ``name`` of a pod spec; empty when there is none."""
    both = [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]
    return next((entry for entry in both if entry["name"] == name), {})


def line(pod: Json) -> str:
    """``pod/web-0: Running on node-1, ready``."""
    status = pod.get("status") or {}
    ready = condition(pod, "Ready")
    where = f" on {pod['spec']['nodeName']}" if (pod.get("spec") or {}).get("nodeName") else ""
    why = (
        f" ({ready.get('reason')}: {ready.get('message')})"
        if ready.get("status") == "False" and ready.get("message")
        else ""
    )
    leaving = ", terminating" if pod["metadata"].get("deletionTimestamp") else ""
    reason = f" {status['reason']}" if status.get("reason") else ""
    fit = "ready" if ready.get("status") == "True" else f"not ready{why}"
    return f"pod/{pod['metadata']['name']}: {status.get('phase')}{reason}{where}, {fit}{leaving}"


def is_ready(pod: Json) -> bool:
    """Whether a pod is ready and stays."""
    return condition(pod, "Ready").get("status") == "True" and not pod["metadata"].get("deletionTimestamp")


def starting(pod: Json) -> bool:
    """Whether a pod has a node, and containers that were never created."""
    waiting = [
        state
        for state in states(pod)
        if state.phase == "waiting" and state.reason in ("ContainerCreating", "PodInitializing")
    ]
    known = list(states(pod))
    has_node = bool((pod.get("spec") or {}).get("nodeName"))
    return has_node and (pod.get("status") or {}).get("phase") == "Pending" and (bool(waiting) or not known)


def complaints(subject: Subject, pod: Json) -> list[tuple[str, str]]:
    """Fresh warnings about a pod: the line, and the message alone."""
    found = event.warnings(subject.events_of("Pod", pod["metadata"]["name"]))
    return [(event.line(entry), str(entry.get("message") or "")) for entry in found]
