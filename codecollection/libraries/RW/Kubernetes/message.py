"""What kubelet, container runtime, scheduler and controllers write, read. Pure: a text goes in, a meaning comes out."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Missing:
    """An object, or a key of one, that a container needs and that is not there."""

    kind: str
    name: str
    key: str = ""


_KIND = {"secret": "Secret", "configmap": "ConfigMap", "persistentvolumeclaim": "PersistentVolumeClaim", "serviceaccount": "ServiceAccount"}
_NOT_FOUND = re.compile(r'\b(secret|configmap|persistentvolumeclaim|serviceaccount)s? "([^"]+)" not found', re.IGNORECASE)
_NO_KEY = re.compile(r"couldn't find key (\S+) in (Secret|ConfigMap) [^/\s]+/([\w.-]+)")
_NO_VOLUME_KEY = re.compile(r"(?:non-existent|nonexistent) (secret|config) key: (\S+)|references non-existent (secret|config) key: (\S+)")


def missing(text: str) -> Missing | None:
    """The object or key that a kubelet or controller message says is not there."""
    key = _NO_KEY.search(text)
    if key:
        return Missing(key[2], key[3], key[1])
    found = _NOT_FOUND.search(text)
    return Missing(_KIND[found[1].lower()], found[2]) if found else None


def missing_volume_key(text: str) -> str:
    """The key that a volume wants and its Secret or ConfigMap lacks; empty when the message is about something else."""
    found = _NO_VOLUME_KEY.search(text)
    return (found[2] or found[4]) if found else ""


_IMAGE: tuple[tuple[str, str], ...] = (
    ("IMAGE_NEVER_PULL", r"ErrImageNeverPull|not present with pull policy of Never"),
    ("IMAGE_NAME_INVALID", r"InvalidImageName|couldn't parse image (?:reference|name)|invalid reference format"),
    ("IMAGE_RATE_LIMITED", r"toomanyrequests|429 Too Many Requests|pull rate limit"),
    ("IMAGE_PLATFORM_MISMATCH", r"no match for platform|no matching manifest for|exec format error"),
    (
        "IMAGE_AUTH_DENIED",
        r"unauthorized|401 Unauthorized|403 Forbidden|authentication required|no basic auth credentials|access denied|"
        r"pull access denied|denied: |insufficient_scope|authorization failed|permission denied",
    ),
    (
        "IMAGE_REGISTRY_UNREACHABLE",
        r"no such host|i/o timeout|connection refused|TLS handshake timeout|Client\.Timeout|context deadline exceeded|"
        r"network is unreachable|x509|certificate|50[0234] (?:Internal|Bad|Service|Gateway)|connection reset|EOF$",
    ),
    ("IMAGE_NOT_FOUND", r"not found|NotFound|manifest unknown|name unknown|does not exist|404"),
)


def image(text: str) -> str:
    """The cause code for an image that cannot be pulled; IMAGE_PULL_FAILING when the message gives no reason."""
    return next((code for code, pattern in _IMAGE if re.search(pattern, text, re.IGNORECASE)), "IMAGE_PULL_FAILING")


_START: tuple[tuple[str, str], ...] = (
    ("IMAGE_PLATFORM_MISMATCH", r"exec format error"),
    (
        "COMMAND_NOT_FOUND",
        r"executable file not found|no such file or directory: unknown|stat \S+: no such file or directory|"
        r'exec: "[^"]*": (?:is a directory|permission denied)|no command specified',
    ),
    (
        "SECURITY_CONTEXT_REFUSED",
        r"runAsNonRoot|container has runAsNonRoot and image will run as root|cannot verify user is non-root|"
        r"operation not permitted|seccomp|apparmor",
    ),
    ("VOLUME_SUBPATH_MISSING", r"failed to prepare subPath|failed to create subPath|not a directory: unknown"),
    ("CONTAINER_RUNTIME_FAILING", r"context deadline exceeded|failed to reserve container name|runtime is not responding"),
)


def start(text: str) -> str:
    """The cause code for a container that cannot be created or started; empty when the message tells none."""
    return next((code for code, pattern in _START if re.search(pattern, text, re.IGNORECASE)), "")


_MOUNT: tuple[tuple[str, str], ...] = (
    ("VOLUME_MULTI_ATTACH", r"Multi-Attach error"),
    ("NODE_DISK_FULL", r"no space left on device"),
    (
        "VOLUME_ATTACH_FAILING",
        r"AttachVolume\.(?:Attach|FindAttachablePluginBySpec) failed|FailedAttachVolume|attachment timeout|"
        r"exceeds? .{0,20}attach(?:able|ment) limit",
    ),
    (
        "VOLUME_MOUNT_FAILING",
        r"MountVolume\.(?:SetUp|MountDevice|WaitForAttach|NewMounter) failed|Unable to attach or mount volumes|"
        r"mount failed|timed out waiting for the condition",
    ),
)


def mount(text: str) -> str:
    """The cause code for a volume that cannot be attached or mounted; empty when the message tells none."""
    return next((code for code, pattern in _MOUNT if re.search(pattern, text)), "")


@dataclass(frozen=True)
class Probe:
    """What a kubelet says of a failed probe. ``how``: refused, status, timeout, exec, other."""

    which: str
    how: str
    port: int = 0
    path: str = ""
    status: int = 0


def probe(text: str) -> Probe | None:
    """An ``Unhealthy`` event's message, read; None when it is about something else."""
    head = re.match(r"(Readiness|Liveness|Startup) probe (?:failed|errored)", text)
    if not head:
        return None
    which = head[1].lower()
    url = re.search(r"https?://(?:[^/\s:\"]+|\[[^\]]+\]):(\d+)(/[^\s\"]*)?", text)
    dial = re.search(r"(?:dial tcp|connect(?:ing)? to|service \"?)\s*\[?[\w.:-]*?\]?:(\d+)", text)
    port = int(url[1]) if url else int(dial[1]) if dial else 0
    path = (url[2] or "") if url else ""
    status = re.search(r"statuscode: (\d+)", text)
    if status:
        return Probe(which, "status", port, path, int(status[1]))
    if re.search(r"connection refused|failed to connect service", text) and "context deadline" not in text:
        return Probe(which, "refused", port, path)
    if re.search(r"failed to connect service", text):
        return Probe(which, "refused", port, path)
    if re.search(r"timed out|timeout|Timeout|context deadline exceeded|awaiting headers", text):
        return Probe(which, "timeout", port, path)
    return Probe(which, "exec" if not port else "other", port, path)


@dataclass(frozen=True)
class Unfit:
    """One reason why nodes cannot take a pod: ``3 Insufficient cpu``."""

    nodes: int
    cause: str
    text: str


_SCHEDULER: tuple[tuple[str, str], ...] = (
    ("PVC_MISSING", r'persistentvolumeclaim "[^"]+" not found'),
    ("PVC_PENDING", r"unbound immediate PersistentVolumeClaims|bound by the volume controller"),
    ("PVC_LOST", r'persistentvolumeclaim "[^"]+" (?:bound to non-existent|is being deleted)|bound to non-existent'),
    ("VOLUME_ZONE_CONFLICT", r"volume node affinity conflict|no available volume zone|didn't find available persistent volumes"),
    ("INSUFFICIENT_RESOURCES", r"Insufficient [\w./-]+|Too many pods|node\(s\) had too many pods"),
    ("NODE_CORDONED", r"node\(s\) were unschedulable|node\.kubernetes\.io/unschedulable"),
    ("NODE_NOT_READY", r"node\.kubernetes\.io/(?:not-ready|unreachable)|node\(s\) were not ready"),
    ("NODE_PRESSURE", r"node\.kubernetes\.io/(?:memory|disk|pid)-pressure|node\(s\) had (?:memory|disk) pressure"),
    ("TAINT_NOT_TOLERATED", r"taint"),
    ("NODE_SELECTOR_UNMATCHED", r"didn't match (?:Pod's )?node (?:selector|affinity/selector)|didn't match Pod's node affinity"),
    ("HOST_PORT_CONFLICT", r"didn't have free ports"),
    ("AFFINITY_UNSATISFIABLE", r"pod (?:anti-)?affinity|anti-affinity|topology spread|inter-pod"),
    ("VOLUME_LIMIT_REACHED", r"exceed max volume count"),
)


def unfit(text: str) -> list[Unfit]:
    """A scheduler's message, taken apart: one entry per reason, those that stop most nodes first."""
    body = re.sub(r"^\d+/\d+ nodes are available:\s*", "", text)
    body = re.split(r"\s*preemption:", body)[0]
    found: list[Unfit] = []
    for part in re.split(r",\s+(?=\d+ )|,\s+(?=pod )|(?<=[a-z})])\.\s*", body):
        part = part.strip(" .")
        code = next((code for code, pattern in _SCHEDULER if re.search(pattern, part)), "")
        if code:
            number = re.match(r"(\d+) ", part)
            found.append(Unfit(int(number[1]) if number else 0, code, part))
    return sorted(found, key=lambda one: -one.nodes)


_DENIED: tuple[tuple[str, str], ...] = (
    ("QUOTA_EXCEEDED", r"exceeded quota: ([\w.-]+)|failed quota: ([\w.-]+)"),
    ("SERVICE_ACCOUNT_MISSING", r'serviceaccount "([^"]+)" not found'),
    ("WEBHOOK_UNAVAILABLE", r'failed calling webhook "([^"]+)"'),
    ("LIMIT_RANGE_VIOLATED", r"(?:maximum|minimum) (?:cpu|memory|storage|ephemeral-storage) usage per|limit to request ratio|\bLimitRange\b"),
    (
        "ADMISSION_DENIED",
        r'admission webhook "([^"]+)" denied|violates PodSecurity "([^"]+)"|unable to validate against any '
        r"(?:pod security policy|security context constraint)|is forbidden: ",
    ),
    ("POD_SPEC_INVALID", r"Pod \"[^\"]*\" is invalid|Invalid value"),
)


def denied(text: str) -> tuple[str, str]:
    """(cause code, who denied) of a ``FailedCreate`` message; an empty code when it tells none."""
    for code, pattern in _DENIED:
        found = re.search(pattern, text)
        if found:
            return code, next((group for group in found.groups() if group), "")
    return "", ""
