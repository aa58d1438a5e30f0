"""Why a running container is not ready, or is restarted: its probes, held against its ports."""

import re
from typing import Any

Json = dict[str, Any]
PROBES = {"Readiness": "readinessProbe", "Liveness": "livenessProbe", "Startup": "startupProbe"}
_FAILED = re.compile(r"^(?P<which>Readiness|Liveness|Startup) probe (?:failed|errored)(?:: (?P<why>.*))?", re.DOTALL)


def failed(message: str) -> tuple[str, str] | None:
    """Which probe an event of reason Unhealthy is about, and why it failed."""
    hit = _FAILED.match(message.strip())
    return (hit["which"], " ".join((hit["why"] or "").split())) if hit else None


def port(container: Json, probe: Json) -> int | str | None:
    """The port a probe asks, as a number where a name can be resolved; None for a command."""
    for form in ("httpGet", "tcpSocket", "grpc"):
        if probe.get(form):
            asked = probe[form].get("port")
            named = [entry["containerPort"] for entry in container.get("ports") or [] if entry.get("name") == asked]
            return named[0] if named else asked
    return None


def shown(which: str, probe: Json) -> str:
    """``readinessProbe httpGet /healthz on port 8080``."""
    for form in ("httpGet", "tcpSocket", "grpc", "exec"):
        if probe.get(form):
            target = probe[form]
            if form == "exec":
                return f"{which} exec"
            path = f" {target['path']}" if target.get("path") else ""
            return f"{which} {form}{path} on port {target.get('port')}"
    return which


def listens(container: Json) -> set[int]:
    """Ports a container says that it uses: declared ports, and numbers in its environment and arguments."""
    declared = {int(entry["containerPort"]) for entry in container.get("ports") or []}
    words = [str(entry.get("value") or "") for entry in container.get("env") or []]
    words += [str(word) for word in [*(container.get("command") or []), *(container.get("args") or [])]]
    own = [
        re.fullmatch(r"(?:.*[=:])?(\d{2,5})", word) for word in words if not re.search(r"[A-Za-z][\w.-]*:\d+$", word)
    ]
    return declared | {int(hit[1]) for hit in own if hit}


def judge(container: Json, which: str, why: str) -> tuple[str, str]:
    """The cause code, and what is known, of a failing probe of ``container``."""
    field = PROBES[which]
    probe = container.get(field) or {}
    asked, declared = port(container, probe), sorted(listens(container))
    is_port = isinstance(asked, int)
    if re.search(r"connection refused|failed to connect", why) and is_port and declared and asked not in declared:
        ports = ", ".join(map(str, declared))
        return "PROBE_PORT_WRONG", f"{shown(field, probe)}, but the container listens on {ports}: connection refused"
    if isinstance(asked, str):
        return "PROBE_PORT_WRONG", f"{shown(field, probe)}, but the container declares no port named {asked}"
    if re.search(r"statuscode: 404", why):
        return "PROBE_PATH_WRONG", f"{shown(field, probe)} answers 404: the path does not exist"
    if re.search(r"statuscode: (?:401|403)", why):
        return "PROBE_PATH_WRONG", f"{shown(field, probe)} is answered {why[-3:]}: the path needs a login"
    if re.search(r"server gave HTTP response to HTTPS client|malformed HTTP response|first record does not look", why):
        return "PROBE_SCHEME_WRONG", f"{shown(field, probe)} uses the wrong scheme: {why}"
    if re.search(r"executable file not found|no such file", why):
        return "PROBE_COMMAND_INVALID", f"{shown(field, probe)} runs a command that the image does not have"
    return "PROBE_FAILING", f"{shown(field, probe)} fails: {why}"


def patience(container: Json) -> float:
    """Seconds a container may take to become ready by its own probes."""
    longest = 0.0
    for field in ("startupProbe", "readinessProbe"):
        probe = container.get(field) or {}
        if probe:
            tries = int(probe.get("failureThreshold") or 3)
            longest += int(probe.get("initialDelaySeconds") or 0) + tries * int(probe.get("periodSeconds") or 10)
    return longest
