"""A pod's own account of itself: its containers' states as lines a person can read."""

from dataclasses import dataclass
from datetime import datetime

from . import moment
from .cluster import Object
from .finding import condition, name_of

IMAGE_REASONS = frozenset(
    {"ImagePullBackOff", "ErrImagePull", "ErrImageNeverPull", "InvalidImageName", "ImageInspectError", "RegistryUnavailable"}
)
_RECENT = 900.0
"""Seconds in which a restart still counts. Beyond it, a container that runs has recovered."""


@dataclass(frozen=True)
class Container:
    """One container of one pod: what it is meant to be and how it is."""

    name: str
    init: bool
    ready: bool
    restarts: int
    state: str
    """running, waiting or terminated."""
    reason: str
    message: str
    exit_code: int | None
    """Of the current state when terminated, else of the last run; None when it never ended."""
    ended: str
    """The reason of that end: OOMKilled, Error, Completed …"""
    end_message: str
    ended_at: datetime | None
    ran_for: float | None
    """Seconds the ended run lasted."""
    running_for: float | None
    started: bool

    @property
    def looping(self) -> bool:
        """It ends and is started again, now: not long ago, not already over."""
        if self.state == "waiting":
            return self.reason == "CrashLoopBackOff" or (self.restarts > 0 and self.exit_code is not None and not self.init)
        if self.state == "terminated":
            return self.exit_code not in (0, None)
        return False

    @property
    def recovered(self) -> bool:
        """It runs, and for clearly longer than the run that ended before."""
        if self.state != "running" or self.running_for is None:
            return False
        return self.running_for > max(60.0, 3 * (self.ran_for or 0.0))

    def ended_lately(self, now: datetime) -> bool:
        """Its last run ended within a quarter of an hour, and the present one has not proved itself."""
        if self.ended_at is None or self.restarts == 0:
            return False
        return (now - self.ended_at).total_seconds() < _RECENT and not self.recovered


def containers(pod: Object, now: datetime) -> list[Container]:
    """Its containers' states, those for initialisation first."""
    status = pod.get("status") or {}
    init = [_container(one, True, now) for one in status.get("initContainerStatuses") or []]
    return init + [_container(one, False, now) for one in status.get("containerStatuses") or []]


def _container(status: Object, init: bool, now: datetime) -> Container:
    states = status.get("state") or {}
    state = next(iter(states), "waiting")
    current = states.get(state) or {}
    last = current if state == "terminated" else (status.get("lastState") or {}).get("terminated") or {}
    started, ended = moment.parse(last.get("startedAt")), moment.parse(last.get("finishedAt"))
    return Container(
        name=str(status.get("name")),
        init=init,
        ready=bool(status.get("ready")),
        restarts=int(status.get("restartCount") or 0),
        state=state,
        reason=str(current.get("reason") or ""),
        message=" ".join(str(current.get("message") or "").split()),
        exit_code=last.get("exitCode"),
        ended=str(last.get("reason") or ""),
        end_message=" ".join(str(last.get("message") or "").split()),
        ended_at=ended,
        ran_for=(ended - started).total_seconds() if started and ended else None,
        running_for=moment.since(current.get("startedAt"), now) if state == "running" else None,
        started=bool(status.get("started", status.get("ready"))),
    )


def line(pod: Object, container: Container) -> str:
    """``pod/cart-7d9-xyz container server: waiting CrashLoopBackOff; last exit 1 Error; restarts 7``."""
    parts = [f"{container.state} {container.reason}".strip()]
    if container.state == "running":
        parts = ["running, ready" if container.ready else "running, not ready"]
    if container.exit_code is not None:
        word = "exit" if container.state == "terminated" else "last exit"
        parts.append(f"{word} {container.exit_code} {container.ended}".strip())
    if container.restarts:
        parts.append(f"restarts {container.restarts}")
    if container.message and container.state == "waiting" and container.reason != "CrashLoopBackOff":
        parts.append(container.message)
    kind = "init container" if container.init else "container"
    return f"pod/{name_of(pod)} {kind} {container.name}: {'; '.join(parts)}"[:600]


def summary(pod: Object) -> str:
    """``pod/cart-7d9-xyz: Running, 1/1 ready, on node-3``."""
    status, spec = pod.get("status") or {}, pod.get("spec") or {}
    states = status.get("containerStatuses") or []
    ready = sum(1 for one in states if one.get("ready"))
    phase = "Terminating" if pod["metadata"].get("deletionTimestamp") else status.get("phase") or "Unknown"
    reason = f" ({status['reason']})" if status.get("reason") else ""
    place = f", on {spec['nodeName']}" if spec.get("nodeName") else ", on no node"
    return f"pod/{name_of(pod)}: {phase}{reason}, {ready}/{len(spec.get('containers') or states)} ready{place}"


def unscheduled(pod: Object) -> Object:
    """Its PodScheduled condition when that says no; empty when it has a node."""
    said = condition(pod, "PodScheduled")
    if said.get("status") == "False":
        return said
    status, spec = pod.get("status") or {}, pod.get("spec") or {}
    if status.get("phase") == "Pending" and not spec.get("nodeName"):
        return said or {"type": "PodScheduled", "status": "False", "reason": "", "message": ""}
    return {}


def node_of(pod: Object) -> str:
    """The node it is on, empty for none."""
    return str((pod.get("spec") or {}).get("nodeName") or "")


def created(pod: Object, now: datetime) -> float:
    """Seconds since it was created."""
    return moment.since(pod["metadata"].get("creationTimestamp"), now) or 0.0


def claims(spec: Object) -> list[str]:
    """Names of the PersistentVolumeClaims that a pod's spec mounts."""
    return [
        str(volume["persistentVolumeClaim"]["claimName"])
        for volume in spec.get("volumes") or []
        if (volume.get("persistentVolumeClaim") or {}).get("claimName")
    ]
