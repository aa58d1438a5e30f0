"""What a workload's containers log: gathered from the pods that matter, and turned into findings."""

import re
from dataclasses import dataclass

from . import dependency, logs, pod as pods
from .cluster import Object
from .finding import Finding, Inquiry, counted, listed, name_of, ref
from .logs import Saying
from .workload import Workload, is_ready

_PODS = 3
"""Pods whose logs are read: the ill ones first. More say the same."""


@dataclass(frozen=True)
class Told:
    """One saying and who said it. ``fatal``: in the last run of a container that ended ill."""

    saying: Saying
    pod: str
    container: str
    fatal: bool

    @property
    def line(self) -> str:
        """The line as the program wrote it."""
        return self.saying.line[:500]


def gather(inquiry: Inquiry, workload: Workload) -> list[Told]:
    """What its containers say that goes on, or that came last before an ill end."""
    found: list[Told] = []
    for one in sorted(workload.pods, key=lambda one: (is_ready(one), name_of(one)))[:_PODS]:
        for container in pods.containers(one, inquiry.now):
            found += _of_container(inquiry, workload, one, container)
    return found


def _of_container(inquiry: Inquiry, workload: Workload, one: Object, container: pods.Container) -> list[Told]:
    ended_ill = container.exit_code not in (0, None) and (container.looping or container.ended_lately(inquiry.now))
    pod = name_of(one)
    found: list[Told] = []
    if ended_ill:
        previous = container.restarts > 0 and not (container.state == "terminated")
        lines = inquiry.log(workload.namespace, pod, container.name, previous=previous)
        if not lines and previous:
            lines = inquiry.log(workload.namespace, pod, container.name)
        found += [Told(saying, pod, container.name, True) for saying in logs.read(lines[-60:])]
        return found
    if container.state != "running" and not container.init:
        return found
    if container.init and container.state == "terminated":
        return found
    sayings = logs.read(inquiry.log(workload.namespace, pod, container.name))
    groups: dict[tuple[str, str, int], list[Saying]] = {}
    for saying in sayings:
        groups.setdefault((saying.meaning, saying.host or saying.callee, saying.port), []).append(saying)
    for group in groups.values():
        if logs.still_happening([saying.at for saying in group], inquiry.now, 30.0 if is_ready(one) else 60.0):
            found += [Told(saying, pod, container.name, False) for saying in group]
    return found


def check(inquiry: Inquiry, workload: Workload) -> None:
    """What the logs say is wrong."""
    if not workload.pods:
        inquiry.could_not_check(f"Logs of {workload.where}", "It has no pods, so there are no logs.", workload.ref)
        return
    told = gather(inquiry, workload)
    _show_tails(inquiry, workload, told)
    before = len(inquiry.findings)
    network = [one for one in told if one.saying.meaning in logs.NETWORK]
    for group in dependency.by_target(inquiry, workload, network):
        dependency.tell(inquiry, workload, group)
    for meaning in _CODES:
        mine = [one for one in told if one.saying.meaning == meaning]
        if mine and _worth_telling(meaning, mine, network, workload):
            inquiry.find(_finding(workload, meaning, mine))
    if any(one.saying.meaning == "crash" and one.fatal for one in told) and len(inquiry.findings) == before:
        inquiry.find(_crash(inquiry, workload, told))
    if len(inquiry.findings) == before and not inquiry.unseen:
        inquiry.rule_out(
            f"Logs of {workload.where}",
            f"the last lines of {counted(min(len(workload.pods), _PODS), 'pod')} have no error that goes on",
            workload.ref,
        )


def _show_tails(inquiry: Inquiry, workload: Workload, told: list[Told]) -> None:
    shown = list(dict.fromkeys(f"{one.pod}/{one.container}" for one in told))
    for place in shown[:_PODS]:
        pod, container = place.split("/", 1)
        inquiry.show(f"--- log of pod/{pod} container {container}")
        lines = list(dict.fromkeys(one.line for one in told if (one.pod, one.container) == (pod, container)))
        for line in lines[-12:]:
            inquiry.show(line)


_CODES: dict[str, tuple[str, str, str]] = {
    "tls_expired": ("TLS_CERT_EXPIRED", "a TLS certificate has expired", "Certificates in use are valid."),
    "tls_untrusted": (
        "TLS_CERT_UNTRUSTED",
        "a TLS certificate is not trusted",
        "The program trusts the authority that signed the certificate, and the name on it is the one it asks for.",
    ),
    "tls_other": ("TLS_HANDSHAKE_FAILING", "a TLS handshake fails", "Both sides speak the same TLS version and protocol."),
    "rbac": ("RBAC_DENIED", "the Kubernetes API forbids it something", "Its ServiceAccount has the permissions it needs."),
    "auth": (
        "DEPENDENCY_AUTH_DENIED",
        "a program it calls does not accept its credentials",
        "The credentials it is given are those the other side knows.",
    ),
    "oom": ("APP_OUT_OF_MEMORY", "the program ran out of memory", "The program's heap is large enough for its work."),
    "disk_full": ("VOLUME_FULL", "no space is left on a disk", "There is room on the volumes it writes to."),
    "readonly": ("FILESYSTEM_READ_ONLY", "it writes to a read-only file system", "It writes only where it may."),
    "port_taken": ("PORT_TAKEN", "its port is already in use", "Nobody else in the pod or on the node uses the port."),
    "permission": ("FILE_PERMISSION_DENIED", "it may not open a file", "The user it runs as may read and write its files."),
    "env_missing": ("ENV_MISSING", "an environment variable is missing", "Every environment variable it needs is set."),
    "config": ("CONFIG_INVALID", "its configuration cannot be read", "Its configuration is complete and well formed."),
}
"""Of what a log line means: the cause code, what is wrong in words, and what should be."""


def _worth_telling(meaning: str, mine: list[Told], network: list[Told], workload: Workload) -> bool:
    """A running, ready program that complains about its own affairs now and then is no fault to report."""
    if any(one.fatal for one in mine):
        return True
    if meaning in ("tls_expired", "rbac", "auth", "disk_full", "oom", "tls_untrusted"):
        return len(mine) > 1 or workload.ill
    return workload.ill and not network


def _finding(workload: Workload, meaning: str, mine: list[Told]) -> Finding:
    code, what, expected = _CODES[meaning]
    last = mine[-1]
    host = last.saying.host
    about = f" (about {host}{f':{last.saying.port}' if last.saying.port else ''})" if host else ""
    resource, extra, blames = _subject(workload, meaning, last)
    ended = f"Container {last.container} ended ill right after saying so. " if last.fatal else ""
    return Finding(
        cause=code,
        resource=resource,
        severity=_severity(workload, any(one.fatal for one in mine)),
        title=f"{_named(resource, workload)}: {what}{about}",
        actual=f"{ended}Container {last.container} of {workload.where} logs: {last.line[:300]}{extra}",
        expected=expected,
        evidence=tuple(dict.fromkeys(one.line for one in mine))[-3:],
        blames=blames,
        next_steps=_steps(workload),
        reproduce=f"kubectl -n {workload.namespace} logs {last.pod} -c {last.container} --previous --tail=50"
        if last.fatal
        else f"kubectl -n {workload.namespace} logs {last.pod} -c {last.container} --tail=50",
    )


def _subject(workload: Workload, meaning: str, last: Told) -> tuple[str, str, tuple[str, ...]]:
    """(resource to change, words on it, blames) of a saying."""
    spec = workload.pod_spec
    if meaning == "rbac":
        account = str(spec.get("serviceAccountName") or "default")
        return (
            ref("ServiceAccount", workload.namespace, account),
            f" It runs as ServiceAccount {account}: a Role and RoleBinding for what is forbidden are missing.",
            (),
        )
    if meaning == "disk_full":
        claim = _claim_at(workload, last)
        if claim:
            return ref("PersistentVolumeClaim", workload.namespace, claim), f" PersistentVolumeClaim {claim} is full.", ()
    if meaning == "auth":
        secrets = sorted(
            {
                str(one["valueFrom"]["secretKeyRef"]["name"])
                for container in workload.containers
                for one in container.get("env") or []
                if (one.get("valueFrom") or {}).get("secretKeyRef")
            }
        )
        if secrets:
            return workload.ref, f" Its credentials come from Secret {listed(secrets)}.", ()
    return workload.ref, "", ()


def _claim_at(workload: Workload, last: Told) -> str:
    """The claim mounted where a log line's path leads; the only claim when there is one; else empty."""
    claims = {
        str(volume.get("name")): str(volume["persistentVolumeClaim"]["claimName"])
        for volume in workload.pod_spec.get("volumes") or []
        if volume.get("persistentVolumeClaim")
    }
    for template in (workload.item.get("spec") or {}).get("volumeClaimTemplates") or []:
        claims[name_of(template)] = f"{name_of(template)}-{last.pod}"
    mounts = workload.container(last.container).get("volumeMounts") or []
    for mount in sorted(mounts, key=lambda one: -len(str(one.get("mountPath")))):
        if str(mount.get("mountPath")) in last.line and mount.get("name") in claims:
            return claims[mount["name"]]
    return next(iter(claims.values())) if len(claims) == 1 else ""


def _crash(inquiry: Inquiry, workload: Workload, told: list[Told]) -> Finding:
    """A program that broke by itself: a panic or a traceback, and nothing around it explains it."""
    mine = [one for one in told if one.saying.meaning == "crash" and one.fatal]
    last = mine[-1]
    tail = inquiry.log(workload.namespace, last.pod, last.container, previous=True) or inquiry.log(
        workload.namespace, last.pod, last.container
    )
    words = logs.exception(tail) or last.line
    inquiry.show(words)
    place = next((text for text in reversed([logs.bare(line) for line in tail]) if re.search(r"\.(?:go|py|js|java|rb|rs):\d+|File \"[^\"]+\", line \d+", text)), "")
    evidence = [words, *([inquiry.show(place)] if place else [])]
    return Finding(
        cause="APP_CRASH",
        resource=workload.ref,
        severity=_severity(workload, True),
        title=f"{workload.where}: the program in container {last.container} crashes ({words[:120]})",
        actual=f"The program in container {last.container} of {workload.where} crashes with: {words[:300]}. Nothing in its "
        f"configuration or around it explains it: it is an error of the application itself.",
        expected="The program handles its input without crashing.",
        evidence=tuple(dict.fromkeys(evidence)),
        next_steps=(
            f"Show Changes of {workload.kind} `{workload.name}` in Namespace `{workload.namespace}`",
            f"Undo the Last Rollout of Deployment `{workload.name}` in Namespace `{workload.namespace}`",
        ),
        reproduce=f"kubectl -n {workload.namespace} logs {last.pod} -c {last.container} --previous",
    )


def _severity(workload: Workload, fatal: bool) -> int:
    if workload.ready == 0 and fatal:
        return 1
    return 2 if fatal or workload.ill else 3


def _named(resource: str, workload: Workload) -> str:
    kind, namespace, name = resource.split("/", 2)
    return workload.where if resource == workload.ref else f"{kind} {name} in namespace {namespace}"


def _steps(workload: Workload) -> tuple[str, ...]:
    return (
        f"Check Dependencies of {workload.kind} `{workload.name}` in Namespace `{workload.namespace}`",
        f"Check Configuration References of {workload.kind} `{workload.name}` in Namespace `{workload.namespace}`",
        f"Show Changes of {workload.kind} `{workload.name}` in Namespace `{workload.namespace}`",
    )
