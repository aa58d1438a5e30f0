"""One container's life: image, settings, run, end, back-off. A state machine stepped by the kubelet."""

import hashlib
import re
from dataclasses import dataclass, field
from typing import Literal

from runstone.sandbox.clock import go_span, stamp
from runstone.sandbox.kubelet import images, network, probes, program, settings
from runstone.sandbox.kubelet.voice import Voice
from runstone.sandbox.logbook import LogBook
from runstone.sandbox.objects import Obj, at, labels_of, name_of, namespace_of, uid_of
from runstone.sandbox.world import World

Phase = Literal["image", "image-wait", "settings", "running", "crashed", "backing-off", "done"]

PULL_SECONDS = 0.6
CRASH_SECONDS = 1.2
"""How long a program lives that cannot start; OOM_SECONDS likewise for one that grows over its limit."""
OOM_SECONDS = 1.5
SETTLE_SECONDS = 0.7
"""How long an ended container is shown as such before the kubelet goes on."""
FIRST_BACK_OFF, LONGEST_BACK_OFF = 10.0, 300.0
RECOVERY_SECONDS = 2.0
"""A back-off ends this soon once what caused it is gone: nobody should watch a demo wait five minutes."""
REPEAT_SECONDS = 60.0
"""A standing complaint is repeated as an event this often (a real kubelet: about as often)."""


@dataclass(frozen=True, slots=True)
class End:
    """How a run ends: when, with what code and reason, and the last lines."""

    moment: float
    code: int
    reason: str
    lines: tuple[str, ...] = ()


@dataclass(slots=True)
class Life:
    """What the kubelet remembers about one container. Times are seconds since the epoch."""

    spec: Obj
    is_init: bool = False
    phase: Phase = "image"
    waiting: tuple[str, str] = ("ContainerCreating", "")
    until: float = 0.0
    complained: float = 0.0
    failures: int = 0
    restarts: int = 0
    started: float = 0.0
    end: End | None = None
    last: Obj | None = None
    current: Obj | None = None
    ready: bool = False
    has_run: bool = False
    pulled: bool = False
    broken_calls: tuple[tuple[str, str, str, str], ...] = ()
    environment: dict[str, str] = field(default_factory=dict[str, str])
    readiness: probes.Watch = field(default_factory=probes.Watch)
    liveness: probes.Watch = field(default_factory=lambda: probes.Watch(passing=True))

    @property
    def name(self) -> str:
        """The container's name."""
        return self.spec["name"]


class Runner:
    """Steps the containers of one Pod."""

    def __init__(self, world: World, pod: Obj) -> None:
        self.world, self.pod, self.now = world, pod, world.now

    def step(self, life: Life) -> None:
        """Do what is due now, and ask to be called when the next thing is."""
        match life.phase:
            case "image":
                self._image(life)
            case "image-wait":
                self._image_wait(life)
            case "settings":
                self._settings(life)
            case "running":
                self._running(life)
            case "crashed":
                self._crashed(life)
            case "backing-off":
                self._backing_off(life)
            case "done":
                return
        if life.until > self.now:
            self.world.wake_at(life.until)

    def say(self, life: Life, reason: str, message: str, warn: bool = False) -> None:
        """An event about this container."""
        place = f"spec.{'initContainers' if life.is_init else 'containers'}{{{life.name}}}"
        level = "Warning" if warn else "Normal"
        self.world.events.say(self.pod, reason, message, "kubelet", level, place, self.pod["spec"]["nodeName"])

    def _image(self, life: Life) -> None:
        image = life.spec["image"]
        if not life.until:
            self.say(life, "Pulling", f'Pulling image "{image}"')
            life.until = self.now + PULL_SECONDS
        if self.now < life.until:
            return
        if images.exists(image):
            self.say(life, "Pulled", f'Successfully pulled image "{image}" in {int(PULL_SECONDS * 1000)}ms')
            life.pulled, life.until, life.phase = True, 0.0, "settings"
            self._settings(life)
            return
        why = images.why_not(image)
        life.failures += 1
        self.say(life, "Failed", f'Failed to pull image "{image}": {why}', warn=True)
        self.say(life, "Failed", "Error: ErrImagePull", warn=True)
        life.waiting, life.phase, life.complained = ("ErrImagePull", why), "image-wait", 0.0
        life.until = self.now + self._back_off(life.failures)

    def _image_wait(self, life: Life) -> None:
        image = life.spec["image"]
        if images.exists(image):
            life.until = min(life.until, self.now)
        if not life.complained and life.until - self.now <= self._back_off(life.failures) - 1.0:
            life.complained = self.now
            life.waiting = (
                "ImagePullBackOff",
                f'Back-off pulling image "{image}": ErrImagePull: {images.why_not(image)}',
            )
            self.say(life, "BackOff", f'Back-off pulling image "{image}"')
            self.say(life, "Failed", "Error: ImagePullBackOff", warn=True)
        elif not life.complained:
            self.world.wake_at(life.until - self._back_off(life.failures) + 1.0)
        if self.now >= life.until:
            life.phase, life.until = "image", 0.0
            self._image(life)

    def _back_off(self, failures: int) -> float:
        """Seconds to wait after that many failures, at the world's pace; never under 1.5 s, so it can be seen."""
        return max(1.5, self._told_back_off(failures) / self.world.pace)

    def _told_back_off(self, failures: int) -> float:
        return min(LONGEST_BACK_OFF, FIRST_BACK_OFF * 2 ** (failures - 1))

    def _settings(self, life: Life) -> None:
        try:
            life.environment = settings.environment(self.world, self.pod, life.spec)
        except settings.SettingMissing as missing:
            life.waiting = ("CreateContainerConfigError", str(missing))
            if self.now >= life.complained + REPEAT_SECONDS / self.world.pace:
                life.complained = self.now
                self.say(life, "Failed", f"Error: {missing}", warn=True)
            self.world.wake_at(life.complained + REPEAT_SECONDS / self.world.pace)
            return
        self.say(life, "Created", f"Created container: {life.name}")
        self.say(life, "Started", f"Started container {life.name}")
        self._start(life)

    def book(self, life: Life) -> LogBook:
        """The container's log."""
        return self.world.books.setdefault((uid_of(self.pod), life.name), LogBook())

    def voice(self) -> Voice:
        """How the Pod's program writes."""
        labels = labels_of(self.pod)
        app = labels.get("app") or labels.get("app.kubernetes.io/name") or labels.get("job-name") or name_of(self.pod)
        http = any(one.get("name") == "http" for one in self.pod["spec"]["containers"][0].get("ports") or [])
        return Voice(program.style(self.pod), app, name_of(self.pod), http)

    def _start(self, life: Life) -> None:
        life.phase, life.started, life.has_run, life.until = "running", self.now, True, 0.0
        life.waiting, life.current, life.complained = ("", ""), None, 0.0
        life.ready, life.readiness, life.liveness = False, probes.Watch(), probes.Watch(passing=True)
        book, voice = self.book(life), self.voice()
        if life.restarts or book.lines:
            book.turn()
        version = life.spec["image"].rsplit(":", 1)[-1]
        for line in voice.start(self.now, version, sorted(program.ports_of(life.spec))):
            book.say(self.now, line)
        book.talk(self.now, voice.traffic)
        life.broken_calls = ()
        life.end = self._fate(life)
        self._running(life)

    def _fate(self, life: Life) -> End | None:
        """How a run that starts now will end by itself; None when it will not."""
        voice, values = self.voice(), life.environment
        for variable, pattern in program.checks(self.pod):
            value = values.get(variable, "")
            if not re.fullmatch(pattern, value):
                return End(self.now + CRASH_SECONDS, 1, "Error", tuple(voice.bad_value(self.now, variable, value)))
        if program.starves(self.pod, life.spec):
            return End(self.now + OOM_SECONDS, 137, "OOMKilled")
        for variable, address, why, reaction in self._calls(life):
            if reaction == "crash":
                lines = tuple(voice.gave_up(self.now, variable, address, why))
                return End(self.now + CRASH_SECONDS, 1, "Error", lines)
        lasts = program.runs_for(self.pod)
        return End(self.now + lasts, 0, "Completed") if lasts is not None else None

    def _calls(self, life: Life) -> list[tuple[str, str, str, str]]:
        """Calls that fail now: variable, address, why, what the program does about it."""
        failing: list[tuple[str, str, str, str]] = []
        for need in program.needs(self.pod):
            address = life.environment.get(need.variable, "")
            why = network.dial(self.world, self.pod, address) if address else f"{need.variable} is not set"
            if why:
                failing.append((need.variable, address, why, need.reaction))
        if program.routes_ingresses(self.pod):
            failing += [("ingress", place, why, "log") for place, why in network.lost_routes(self.world)]
        return failing

    def _running(self, life: Life) -> None:
        if life.end and self.now >= life.end.moment:
            self._stop(life, life.end)
            return
        if life.end:
            self.world.wake_at(life.end.moment)
        calls = tuple(self._calls(life))
        if calls != life.broken_calls and not (life.end and life.end.code):
            life.broken_calls = calls
            self._talk(life)
        self._probe(life)

    def finish(self, life: Life) -> None:
        """An init container has nothing that keeps it: it ends well."""
        life.end = End(self.now + CRASH_SECONDS, 0, "Completed")
        self.world.wake_at(life.end.moment)

    def _talk(self, life: Life) -> None:
        voice, calls = self.voice(), life.broken_calls

        def chatter(moment: float) -> list[str]:
            lines = voice.traffic(moment)
            for variable, address, why, _ in calls:
                lines += voice.failed_call(moment, variable, address, why)
            return lines

        book = self.book(life)
        book.talk(self.now, chatter)
        for line in chatter(self.now):
            book.say(self.now, line)

    def _probe(self, life: Life) -> None:
        if life.is_init:
            return
        refuses = any(reaction == "unready" for *_, reaction in life.broken_calls)
        ready = life.readiness.look(self.world, self.pod, life.spec, "readinessProbe", life.started, refuses)
        life.ready = ready.passing and not (life.end and life.end.code)
        for message in ready.messages:
            self.say(life, "Unhealthy", f"Readiness probe failed: {message}", warn=True)
        alive = life.liveness.look(self.world, self.pod, life.spec, "livenessProbe", life.started, False)
        for message in alive.messages:
            self.say(life, "Unhealthy", f"Liveness probe failed: {message}", warn=True)
        if not alive.passing:
            self.say(life, "Killing", f"Container {life.name} failed liveness probe, will be restarted")
            self._stop(life, End(self.now, 137, "Error"))

    def _stop(self, life: Life, end: End) -> None:
        book = self.book(life)
        for line in end.lines:
            book.say(self.now, line)
        book.stop(self.now)
        life.current = {
            "exitCode": end.code,
            "reason": end.reason,
            "startedAt": stamp(life.started),
            "finishedAt": stamp(self.now),
            "containerID": container_id(self.pod, life),
        }
        life.ready, life.end = False, None
        policy = self.pod["spec"]["restartPolicy"]
        if policy == "Never" or (end.code == 0 and (policy == "OnFailure" or life.is_init)):
            life.phase, life.until = "done", 0.0
            return
        life.failures = life.failures + 1 if self.now - life.started < 600 else 1
        life.phase, life.until = "crashed", self.now + SETTLE_SECONDS

    def _crashed(self, life: Life) -> None:
        if self.now < life.until:
            return
        if life.failures == 1:
            self._restart(life)
            return
        told = self._told_back_off(life.failures - 1)
        where = f"{name_of(self.pod)}_{namespace_of(self.pod)}({uid_of(self.pod)})"
        life.waiting = (
            "CrashLoopBackOff",
            f"back-off {go_span(told)} restarting failed container={life.name} pod={where}",
        )
        life.last, life.current = life.current, None
        life.phase, life.until = "backing-off", self.now + self._back_off(life.failures - 1)
        self._complain(life)

    def _complain(self, life: Life) -> None:
        life.complained = self.now
        where = f"{name_of(self.pod)}_{namespace_of(self.pod)}({uid_of(self.pod)})"
        self.say(life, "BackOff", f"Back-off restarting failed container {life.name} in pod {where}", warn=True)

    def _backing_off(self, life: Life) -> None:
        if self.now < life.until and self._is_cured(life):
            life.until = min(life.until, self.now + RECOVERY_SECONDS)
        repeat = life.complained + REPEAT_SECONDS / self.world.pace
        if self.now >= life.until:
            self._restart(life)
        elif self.now >= repeat:
            self._complain(life)
        elif repeat < life.until:
            self.world.wake_at(repeat)

    def _is_cured(self, life: Life) -> bool:
        try:
            life.environment = settings.environment(self.world, self.pod, life.spec)
        except settings.SettingMissing:
            return False
        fate = self._fate(life)
        broken = probes.unreachable(life.spec, "livenessProbe")
        return (fate is None or fate.code == 0) and not broken

    def _restart(self, life: Life) -> None:
        life.last, life.current = life.current or life.last, None
        life.restarts += 1
        life.waiting, life.phase, life.until = ("", ""), "settings", 0.0
        image = life.spec["image"]
        self.say(life, "Pulled", f'Container image "{image}" already present on machine')
        self._settings(life)


def container_id(pod: Obj, life: Life) -> str:
    """The id of the container's present run."""
    text = f"{uid_of(pod)}{life.name}{life.restarts}"
    return "containerd://" + hashlib.sha256(text.encode()).hexdigest()


def status_of(pod: Obj, life: Life) -> Obj:
    """The container's entry in the Pod's status."""
    if life.phase == "running":
        state: Obj = {"running": {"startedAt": stamp(life.started)}}
    elif life.current:
        state = {"terminated": life.current}
    else:
        reason, message = life.waiting
        state = {"waiting": {"reason": reason, **({"message": message} if message else {})}}
    image = life.spec["image"]
    digest = hashlib.sha256(image.encode()).hexdigest()
    return {
        "name": life.name,
        "image": image,
        "imageID": f"{image.rsplit(':', 1)[0]}@sha256:{digest}" if life.pulled else "",
        "containerID": container_id(pod, life) if life.has_run else "",
        "ready": life.ready or (life.is_init and at(life.current, "exitCode") == 0),
        "started": life.phase == "running",
        "restartCount": life.restarts,
        "state": state,
        "lastState": {"terminated": life.last} if life.last else {},
    }
