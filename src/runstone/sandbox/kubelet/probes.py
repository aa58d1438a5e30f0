"""Readiness and liveness probes: what they find, and when that counts."""

from dataclasses import dataclass, field

from runstone.sandbox.kubelet import program
from runstone.sandbox.objects import Obj, at, each
from runstone.sandbox.world import World

HISTORY_STEP = 60.0
"""While history is compressed a failing probe is told once a minute; its count would be the only difference."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the probe says so far, and the failures to tell now."""

    passing: bool
    messages: tuple[str, ...] = ()


@dataclass(slots=True)
class Watch:
    """One probe of one run of a container. Times are seconds since the epoch."""

    good_since: float = 0.0
    bad_since: float = 0.0
    passing: bool = field(default=False)
    told: float = 0.0

    def look(self, world: World, pod: Obj, container: Obj, name: str, started: float, refuses: bool) -> Verdict:
        """Probe now. `refuses`: the program answers 503 where it is asked whether it is ready."""
        probe = container.get(name)
        if not probe:
            return Verdict(True)
        period = probe["periodSeconds"] / world.pace
        why = _failure(pod, container, probe, refuses)
        first = started + probe.get("initialDelaySeconds", 0) / world.pace
        if why is None:
            return self._good(world, max(self.good_since or world.now, first), min(period, 1.0))
        limit = probe["failureThreshold"] * period
        return self._bad(world, max(first, self.bad_since or world.now), period, limit, why, name)

    def _good(self, world: World, since: float, wait: float) -> Verdict:
        self.good_since, self.bad_since = since, 0.0
        self.passing = self.passing or world.now >= since + wait
        if not self.passing:
            world.wake_at(since + wait)
        return Verdict(self.passing)

    def _bad(self, world: World, since: float, period: float, limit: float, why: str, name: str) -> Verdict:
        self.bad_since, self.good_since = since, 0.0
        if world.now < since:
            world.wake_at(since)
            return Verdict(name == "livenessProbe")
        over = world.now >= since + limit
        self.passing = self.passing and not over
        pause = period if world.clock.is_live else max(period, HISTORY_STEP)
        messages: tuple[str, ...] = ()
        if world.now >= self.told + pause:
            self.told, messages = world.now, (why,)
        world.wake_at(self.told + pause if over else min(self.told + pause, since + limit))
        return Verdict(self.passing, messages)


def _port(container: Obj, probe: Obj) -> int | None:
    port = next((at(probe, way, "port") for way in ("httpGet", "tcpSocket", "grpc") if way in probe), None)
    if isinstance(port, str):
        named = (one for one in each(container, "ports") if one.get("name") == port)
        return next((one["containerPort"] for one in named), -1)
    return port


def unreachable(container: Obj, name: str) -> bool:
    """Does this probe ask on a port where nothing listens?"""
    probe = container.get(name)
    port = _port(container, probe) if probe else None
    return port is not None and port not in program.ports_of(container)


def _failure(pod: Obj, container: Obj, probe: Obj, refuses: bool) -> str | None:
    port = _port(container, probe)
    place = f"{at(pod, 'status', 'podIP') or '10.244.0.1'}:{port}"
    if port is not None and port not in program.ports_of(container):
        refused = f"dial tcp {place}: connect: connection refused"
        return f'Get "http://{place}{probe["httpGet"]["path"]}": {refused}' if "httpGet" in probe else refused
    if refuses and "httpGet" in probe:
        return "HTTP probe failed with statuscode: 503"
    if refuses and "grpc" in probe:
        return 'service unhealthy (responded with "NOT_SERVING")'
    return None
