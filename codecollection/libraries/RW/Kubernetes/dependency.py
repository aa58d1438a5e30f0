"""What a workload calls: the addresses it is given, held against the Services that are there."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from . import address, logs, networkpolicy, pod as pods, service
from .address import Address
from .cluster import Object
from .finding import Finding, Inquiry, counted, listed, name_of, namespace_of, ref
from .service import Standing
from .workload import Workload, is_ready

if TYPE_CHECKING:
    from .journal import Told

State = Literal["fine", "outside", "unseen", "missing", "wrong_port", "no_endpoints", "denied"]


@dataclass(frozen=True)
class Verdict:
    """What stands at an address. ``standing`` is the Service's, when there is one."""

    namespace: str
    name: str
    port: int
    state: State
    standing: Standing | None = None
    denial: networkpolicy.Denial | None = None

    @property
    def ref(self) -> str:
        """``Service/namespace/name``."""
        return ref("Service", self.namespace, self.name)


@dataclass(frozen=True)
class Group:
    """Sayings about one target: a Service (``verdict``), or a host that is none of ours."""

    verdict: Verdict | None
    host: str
    port: int
    told: tuple["Told", ...]


def check(inquiry: Inquiry, workload: Workload) -> None:
    """Whether every address the workload is given leads to a Service that answers."""
    from . import journal

    addresses = address.of_pod(workload.pod_spec)
    told = [one for one in journal.gather(inquiry, workload) if one.saying.meaning in logs.NETWORK]
    before = len(inquiry.findings)
    fine: list[str] = []
    for one in addresses:
        verdict = judge(inquiry, workload, one)
        inquiry.show(f"{one.line} ({_in_words(verdict, one)})" if False else one.line)
        if verdict.standing:
            inquiry.show(verdict.standing.line)
        if verdict.state == "fine":
            fine.append(f"{one.name} {one.host}:{one.port}")
            continue
        complaints = [saying for saying in told if _is_about(saying, one, verdict)]
        if verdict.state in ("outside", "unseen") or not (workload.ill or complaints):
            inquiry.show(f"{one.source}: {_in_words(verdict, one)}, and nothing complains about it")
            continue
        _tell_address(inquiry, workload, one, verdict, complaints)
    unexplained = [one for one in told if not any(_is_about(one, a, None) for a in addresses)]
    for group in by_target(inquiry, workload, unexplained):
        tell(inquiry, workload, group)
    for group in by_target(inquiry, workload, [one for one in told if one not in unexplained]):
        if group.verdict is None or group.verdict.state in ("outside", "fine"):
            tell(inquiry, workload, group)
    if len(inquiry.findings) == before:
        what = listed(fine, 8) if fine else "it is given no address of a Service in plain sight"
        inquiry.rule_out(
            f"Dependencies of {workload.where}",
            f"every Service it is told to call has that port and ready endpoints: {what}" if fine else what,
            workload.ref,
        )


def judge(inquiry: Inquiry, workload: Workload, one: Address) -> Verdict:
    """What stands at an address, seen from the workload."""
    place = one.service(workload.namespace)
    if place is None:
        return Verdict("", one.host, one.port, "outside")
    namespace, name = place
    if not one.certainly_inside and inquiry.exists("Namespace", "", namespace) is False:
        return Verdict("", one.host, one.port, "outside")
    return _judge_service(inquiry, workload, namespace, name, one.port)


def _judge_service(inquiry: Inquiry, workload: Workload, namespace: str, name: str, port: int) -> Verdict:
    seen = len(inquiry.unseen)
    item = inquiry.get("Service", namespace, name)
    if item is None:
        return Verdict(namespace, name, port, "unseen" if len(inquiry.unseen) > seen else "missing")
    here = service.standing(inquiry, item)
    if here.external:
        return Verdict(namespace, name, port, "fine", here)
    if port and port not in here.ports and not here.headless and here.ports:
        return Verdict(namespace, name, port, "wrong_port", here)
    if here.headless and port and here.pods and port not in here.ports:
        known = service.known_ports(spec for pod in here.pods for spec in (pod.get("spec") or {}).get("containers") or [])
        if known and port not in known:
            return Verdict(namespace, name, port, "wrong_port", here)
    if not here.serves:
        return Verdict(namespace, name, port, "no_endpoints", here)
    denied = _denial(inquiry, workload, here, port)
    return Verdict(namespace, name, port, "denied" if denied else "fine", here, denied)


def _denial(inquiry: Inquiry, workload: Workload, here: Standing, port: int) -> networkpolicy.Denial | None:
    ready = [pod for pod in here.pods if is_ready(pod)]
    if not ready or not workload.pods:
        return None
    mine = next((one for one in here.spec.get("ports") or [] if int(one["port"]) == port), None)
    target = service.target_port(mine, (ready[0].get("spec") or {}).get("containers") or []) if mine else port
    return networkpolicy.of_flow(inquiry, workload.pods[0], ready[0], target or port)


def _is_about(one: "Told", given: Address, verdict: Verdict | None) -> bool:
    """Whether a log line speaks of this address: by its host, its variable's name, or the Service's cluster address."""
    saying = one.saying
    if given.name and given.source.startswith("env ") and given.name in saying.line:
        return True
    if saying.host and not _is_ip(saying.host):
        same_host = saying.host == given.host or saying.host.split(".")[0] == given.host.split(".")[0]
        return same_host and saying.port in (0, given.port)
    if saying.callee == given.host.split(".")[0]:
        return True
    here = verdict.standing if verdict else None
    return bool(here and saying.host and saying.host in _cluster_ips(here.item) and saying.port in (0, given.port))


def _tell_address(inquiry: Inquiry, workload: Workload, one: Address, verdict: Verdict, complaints: Sequence["Told"]) -> None:
    match verdict.state:
        case "wrong_port":
            _wrong_port(inquiry, workload, one, verdict, complaints)
        case "missing":
            _missing(inquiry, workload, one, verdict, complaints)
        case "denied":
            if complaints or workload.ill:
                _denied(inquiry, workload, verdict, complaints, one.line)
        case _:
            _unreachable(inquiry, workload, verdict, complaints, one.line)


def _wrong_port(inquiry: Inquiry, workload: Workload, one: Address, verdict: Verdict, complaints: Sequence["Told"]) -> None:
    """The address has a port that the Service does not have. Whose mistake: the one that stands alone."""
    here = verdict.standing
    assert here is not None
    has = listed(str(port) for port in here.ports)
    others = _others_port(inquiry, workload, verdict)
    service_changed = len(others) >= 1 and all(port == one.port for port in others)
    evidence = _evidence(inquiry, workload, complaints, one.line, here.line)
    said = _said(workload, complaints, inquiry)
    if service_changed:
        inquiry.find(
            Finding(
                cause="SERVICE_WRONG_PORT",
                resource=verdict.ref,
                severity=1,
                title=f"Service {verdict.name} in namespace {verdict.namespace} has no port {one.port}, which everyone calls (wrong port)",
                actual=f"Service {verdict.name} listens on {has}, but all {len(others) + 1} workloads that call it use port "
                f"{one.port}, {workload.kind} {workload.name} by {one.source} {one.value}.{said}",
                expected=f"Service {verdict.name} has the port its callers use.",
                evidence=evidence,
                next_steps=(f"Check Service `{verdict.name}` in Namespace `{verdict.namespace}`",),
            )
        )
        return
    inquiry.find(
        Finding(
            cause="ENV_WRONG_PORT",
            resource=workload.ref,
            severity=_severity(workload),
            title=f"{workload.where}: {one.name} has the wrong port {one.port} for Service {verdict.name}, which listens on {has}",
            actual=f"{one.name} is {one.value}, but Service {verdict.name} in namespace {verdict.namespace} listens on {has}, "
            f"not on {one.port} (wrong port).{said}",
            expected=f"{one.name} names a port of Service {verdict.name}: {has}.",
            evidence=evidence,
            next_steps=(
                f"Undo the Last Rollout of Deployment `{workload.name}` in Namespace `{workload.namespace}`",
                f"Show Changes of {workload.kind} `{workload.name}` in Namespace `{workload.namespace}`",
                f"Check Logs of {workload.kind} `{workload.name}` in Namespace `{workload.namespace}`",
            ),
            reproduce=f"kubectl -n {verdict.namespace} get service {verdict.name}",
        )
    )


def _others_port(inquiry: Inquiry, workload: Workload, verdict: Verdict) -> list[int]:
    """The ports at which other workloads of the namespace call the same Service."""
    found: dict[str, int] = {}
    for one in service.of_namespace(inquiry, workload.namespace):
        if name_of(one) == workload.name and one["kind"] == workload.kind:
            continue
        for used in address.of_pod(((one.get("spec") or {}).get("template") or {}).get("spec") or {}):
            if used.service(workload.namespace) == (verdict.namespace, verdict.name):
                found[name_of(one)] = used.port
    return list(found.values())


def _missing(inquiry: Inquiry, workload: Workload, one: Address, verdict: Verdict, complaints: Sequence["Told"]) -> None:
    """No such Service. A near name or another namespace speaks for a slip in the address, else the Service is gone."""
    elsewhere = _elsewhere(inquiry, verdict)
    names = [name_of(item) for item in inquiry.list("Service", verdict.namespace)]
    near = difflib.get_close_matches(verdict.name, names, 1, 0.75)
    owner = next((w for w in service.of_namespace(inquiry, verdict.namespace) if name_of(w) == verdict.name), None)
    evidence = _evidence(inquiry, workload, complaints, one.line)
    said = _said(workload, complaints, inquiry)
    lead = f"{one.name} is {one.value}, but there is no Service {verdict.name} in namespace {verdict.namespace} (not found)"
    steps = (
        f"Undo the Last Rollout of Deployment `{workload.name}` in Namespace `{workload.namespace}`",
        f"Show Changes of {workload.kind} `{workload.name}` in Namespace `{workload.namespace}`",
    )
    if (elsewhere or near) and owner is None:
        other = f"Service {verdict.name} is in namespace {elsewhere}" if elsewhere else f"the nearest name is {near[0]}"
        cause = "ENV_WRONG_NAMESPACE" if elsewhere else "ENV_WRONG_HOST"
        inquiry.find(
            Finding(
                cause=cause,
                resource=workload.ref,
                severity=_severity(workload),
                title=f"{workload.where}: {one.name} names Service {verdict.name}, which does not exist in namespace "
                f"{verdict.namespace} (no such host)",
                actual=f"{lead}; {other} (wrong {'namespace' if elsewhere else 'host name'}).{said}",
                expected=f"{one.name} names a Service that exists.",
                evidence=evidence,
                next_steps=steps,
            )
        )
        return
    inquiry.find(
        Finding(
            cause="SERVICE_MISSING",
            resource=verdict.ref,
            severity=_severity(workload),
            title=f"Service {verdict.name} in namespace {verdict.namespace} not found, but {workload.kind} {workload.name} calls it",
            actual=f"{lead}, no such host{f'; {owner['kind']} {verdict.name}, which should be behind it, exists' if owner else ''}."
            f"{said}",
            expected=f"Service {verdict.name} exists in namespace {verdict.namespace}, or nobody calls it.",
            evidence=evidence,
            next_steps=steps[1:],
        )
    )
    _unreachable(inquiry, workload, verdict, complaints, one.line)


def _elsewhere(inquiry: Inquiry, verdict: Verdict) -> str:
    """Another namespace that has a Service of this name; empty for none, or where we may not look everywhere."""
    from .failure import Forbidden

    try:
        every = inquiry.cluster.list("Service", "", fields=f"metadata.name={verdict.name}")
    except Forbidden:
        # Not worth a remark: it would only have made a good answer better.
        return ""
    return next((namespace_of(one) for one in every if name_of(one) == verdict.name), "")


def _denied(inquiry: Inquiry, workload: Workload, verdict: Verdict, complaints: Sequence["Told"], given: str) -> None:
    here, denial = verdict.standing, verdict.denial
    assert here is not None
    assert denial is not None
    policies = inquiry.list("NetworkPolicy", denial.namespace)
    lines = [inquiry.show(networkpolicy.line(one)) for one in policies if name_of(one) in denial.policies]
    told = [one.line for one in complaints[-2:]]
    target = here.owners[0] if here.owners else here.ref
    inquiry.find(networkpolicy.denied(denial, workload.ref, target, verdict.port, (*lines, given, *told), _severity(workload)))
    _unreachable(inquiry, workload, verdict, complaints, given)


def _unreachable(
    inquiry: Inquiry, workload: Workload, verdict: Verdict, complaints: Sequence["Told"], given: str
) -> None:
    """The symptom: the workload is told to call something that does not answer. The blame goes on."""
    here = verdict.standing
    why = {
        "missing": f"there is no Service {verdict.name} in namespace {verdict.namespace}",
        "no_endpoints": f"Service {verdict.name} has no ready endpoints",
        "denied": f"NetworkPolicy {verdict.denial.policies[0] if verdict.denial else ''} blocks the way to Service {verdict.name}",
        "wrong_port": f"Service {verdict.name} has no port {verdict.port}, only {listed(map(str, here.ports)) if here else ''}",
        "fine": f"Service {verdict.name} has ready endpoints now",
    }.get(verdict.state, f"{verdict.name} does not answer")
    blames = {"denied": (verdict.denial.ref,) if verdict.denial else (), "wrong_port": ()}.get(verdict.state, (verdict.ref,))
    inquiry.find(
        Finding(
            cause="DEPENDENCY_UNREACHABLE",
            resource=workload.ref,
            severity=_severity(workload),
            title=f"{workload.where} cannot reach Service {verdict.name}{f':{verdict.port}' if verdict.port else ''}",
            actual=f"{workload.where} calls Service {verdict.name}{f' on port {verdict.port}' if verdict.port else ''}, but {why}."
            f"{_said(workload, complaints, inquiry)}",
            expected=f"Service {verdict.name} answers.",
            evidence=_evidence(inquiry, workload, complaints, given, here.line if here else ""),
            blames=blames,
            next_steps=(
                f"Check Service `{verdict.name}` in Namespace `{verdict.namespace}`",
                *(
                    f"Check Pods of {kind} `{name}` in Namespace `{space}`"
                    for kind, space, name in (owner.split("/") for owner in (here.owners if here else ()))
                ),
                f"Check Dependencies of {workload.kind} `{workload.name}` in Namespace `{workload.namespace}`",
            ),
        )
    )


def by_target(inquiry: Inquiry, workload: Workload, told: Iterable["Told"]) -> list[Group]:
    """Network complaints by whom they are about: a Service where one can be found, else the host as it is written."""
    groups: dict[tuple[str, str, int], list[Told]] = {}
    for one in told:
        groups.setdefault(_target(inquiry, workload, one), []).append(one)
    found: list[Group] = []
    for (namespace, name, port), mine in groups.items():
        verdict = _judge_service(inquiry, workload, namespace, name, port) if namespace else None
        found.append(Group(verdict, name, port, tuple(mine)))
    return found


def _target(inquiry: Inquiry, workload: Workload, one: "Told") -> tuple[str, str, int]:
    """(namespace, Service, port) a complaint is about; an empty namespace when it is no Service of the cluster."""
    saying = one.saying
    if saying.host and _is_ip(saying.host):
        owner = _by_ip(inquiry, workload.namespace, saying.host)
        if owner:
            return *owner, saying.port
    elif saying.host:
        place = Address("", "", "", saying.host, saying.port, "").service(workload.namespace)
        inside = Address("", "", "", saying.host, saying.port, "").certainly_inside
        if place and (inside or inquiry.exists("Namespace", "", place[0])):
            return *place, saying.port
        return "", saying.host, saying.port
    if saying.callee and inquiry.exists("Service", workload.namespace, saying.callee):
        return workload.namespace, saying.callee, saying.port
    known = {(a.name, a.host): a for a in address.of_pod(workload.pod_spec)}
    named = next((a for (name, _), a in known.items() if name and name in saying.line), None)
    place = named.service(workload.namespace) if named else None
    if named and place:
        return *place, named.port
    return "", saying.host, saying.port


def _by_ip(inquiry: Inquiry, namespace: str, ip: str) -> tuple[str, str] | None:
    """The Service with this cluster address: of the workload's own namespace, else of any we may see."""
    from .failure import Forbidden

    for space in (namespace, ""):
        try:
            every = inquiry.cluster.list("Service", space)
        except Forbidden:
            continue
        for item in every:
            if ip in _cluster_ips(item):
                return namespace_of(item), name_of(item)
    return None


def _cluster_ips(item: Object) -> list[str]:
    spec = item.get("spec") or {}
    return [str(ip) for ip in [spec.get("clusterIP"), *(spec.get("clusterIPs") or [])] if ip and ip != "None"]


def tell(inquiry: Inquiry, workload: Workload, group: Group) -> None:
    """The finding for complaints about one target."""
    meanings = {one.saying.meaning for one in group.told}
    if group.verdict is None and not group.host:
        _tell_unnamed(inquiry, workload, group)
    elif "dns_timeout" in meanings:
        _tell_dns(inquiry, workload, group)
    elif group.verdict is None:
        _tell_outside(inquiry, workload, group)
    elif group.verdict.state == "denied":
        _denied(inquiry, workload, group.verdict, group.told, group.told[-1].line)
    elif group.verdict.state != "fine" or _goes_on(inquiry, workload, group):
        _unreachable(inquiry, workload, group.verdict, group.told, "")


def _goes_on(inquiry: Inquiry, workload: Workload, group: Group) -> bool:
    """A Service that stands well again is no longer news once its caller has been quiet for a while."""
    fatal = any(one.fatal for one in group.told)
    return fatal and workload.ill or logs.still_happening([one.saying.at for one in group.told], inquiry.now, 15.0)


def _tell_dns(inquiry: Inquiry, workload: Workload, group: Group) -> None:
    """Names cannot be resolved: the name service does not answer, or a policy keeps it away."""
    dns = inquiry.get("Service", "kube-system", "kube-dns")
    here = service.standing(inquiry, dns) if dns else None
    denial = None
    ready = [pod for pod in (here.pods if here else ()) if is_ready(pod)]
    if ready and workload.pods:
        denial = networkpolicy.of_flow(inquiry, workload.pods[0], ready[0], 53, "UDP")
    evidence = _evidence(inquiry, workload, group.told, "", here.line if here else "")
    blames = (ref("Service", "kube-system", "kube-dns"),)
    why = "the cluster's name service (kube-dns) does not answer"
    if here and not here.serves:
        why = "the cluster's name service kube-dns has no ready endpoints"
    if denial:
        policies = [one for one in inquiry.list("NetworkPolicy", denial.namespace) if name_of(one) in denial.policies]
        lines = tuple(inquiry.show(networkpolicy.line(one)) for one in policies)
        target = here.owners[0] if here and here.owners else blames[0]
        inquiry.find(networkpolicy.denied(denial, workload.ref, target, 53, (*lines, *evidence[:2]), _severity(workload)))
        blames = (denial.ref,)
        why = f"NetworkPolicy {denial.policies[0]} does not let DNS (port 53) through"
    inquiry.find(
        Finding(
            cause="DNS_FAILING",
            resource=workload.ref,
            severity=_severity(workload),
            title=f"{workload.where} cannot resolve names (DNS)",
            actual=f"{workload.where} cannot resolve {group.host or 'names'}: {why}.{_said(workload, group.told, inquiry)}",
            expected="Names resolve within milliseconds.",
            evidence=evidence,
            blames=blames,
            next_steps=(
                "Check Service `kube-dns` in Namespace `kube-system`",
                f"Check Network Policies of {workload.kind} `{workload.name}` in Namespace `{workload.namespace}`",
            ),
        )
    )


def _tell_outside(inquiry: Inquiry, workload: Workload, group: Group) -> None:
    last = group.told[-1]
    ready_and_rare = not workload.ill and len(group.told) < 3
    if ready_and_rare:
        return
    where = f"{group.host}{f':{group.port}' if group.port else ''}"
    inquiry.find(
        Finding(
            cause="EXTERNAL_UNREACHABLE",
            resource=workload.ref,
            severity=_severity(workload),
            title=f"{workload.where} cannot reach {where} outside the cluster",
            actual=f"{workload.where} cannot reach {where}, which is outside the cluster."
            f"{_said(workload, group.told, inquiry)}",
            expected=f"{where} can be reached from the cluster, and the address is right.",
            evidence=_evidence(inquiry, workload, group.told, ""),
            next_steps=(
                f"Check Network Policies of {workload.kind} `{workload.name}` in Namespace `{workload.namespace}`",
                f"Show Changes of {workload.kind} `{workload.name}` in Namespace `{workload.namespace}`",
            ),
            reproduce=f"kubectl -n {workload.namespace} logs {last.pod} -c {last.container}",
        )
    )


def _tell_unnamed(inquiry: Inquiry, workload: Workload, group: Group) -> None:
    if not (workload.ill or any(one.fatal for one in group.told)):
        return
    inquiry.find(
        Finding(
            cause="DEPENDENCY_UNREACHABLE",
            resource=workload.ref,
            severity=_severity(workload),
            title=f"{workload.where} cannot reach something it calls",
            actual=f"{workload.where} cannot reach something it calls; the log does not name it."
            f"{_said(workload, group.told, inquiry)}",
            expected="Everything it calls answers.",
            evidence=_evidence(inquiry, workload, group.told, ""),
            next_steps=(f"Check Dependencies of {workload.kind} `{workload.name}` in Namespace `{workload.namespace}`",),
        )
    )


def _evidence(inquiry: Inquiry, workload: Workload, told: Sequence["Told"], *lines: str) -> tuple[str, ...]:
    """The given lines, what the logs say, and the state of an ill container: all of it printed."""
    states: list[str] = []
    for pod in workload.pods:
        for container in pods.containers(pod, inquiry.now):
            if not is_ready(pod) and (container.looping or not container.ready) and len(states) < 2:
                states.append(pods.line(pod, container))
    said = [one.line for one in list(told)[-2:]]
    return tuple(dict.fromkeys(inquiry.show(line) for line in (*lines, *said, *states) if line))


def _said(workload: Workload, told: Sequence["Told"], inquiry: Inquiry) -> str:
    """`` Container server logs '…connection refused' and is in CrashLoopBackOff (exit code 1).``"""
    parts: list[str] = []
    if told:
        last = told[-1]
        parts.append(f"Container {last.container} logs '{_brief(last.line)}'")
    state = _state(workload, inquiry)
    if state:
        parts.append(state if told else f"Its container {state}")
    return f" {' and '.join(parts)}." if parts else ""


def _state(workload: Workload, inquiry: Inquiry) -> str:
    for pod in workload.pods:
        for container in pods.containers(pod, inquiry.now):
            if container.looping or (container.exit_code not in (0, None) and container.ended_lately(inquiry.now)):
                reason = container.reason or container.ended or "Error"
                return f"is in {reason} (exit code {container.exit_code}, {container.restarts} restarts)"
        if not is_ready(pod) and (pod.get("status") or {}).get("phase") == "Running":
            return "is not ready"
    return ""


def _brief(line: str) -> str:
    """The telling part of a long log line: what comes after the last quote or bracket before the error."""
    if len(line) <= 220:
        return line
    for mark in ("dial tcp", "connection refused", "no such host", "timeout", "UNAVAILABLE"):
        place = line.find(mark)
        if place >= 0:
            start = max(0, place - 110)
            return f"…{line[start : place + 110]}"
    return f"{line[:220]}…"


def _severity(workload: Workload) -> int:
    return 1 if workload.ready == 0 else 2


def _is_ip(host: str) -> bool:
    return bool(host) and all(part.isdigit() for part in host.split("."))


def _in_words(verdict: Verdict, one: Address) -> str:
    match verdict.state:
        case "outside":
            return "outside the cluster, not looked at"
        case "missing":
            return f"there is no Service {verdict.name} in namespace {verdict.namespace}"
        case "wrong_port":
            return f"Service {verdict.name} has no port {one.port}"
        case "no_endpoints":
            return f"Service {verdict.name} has no ready endpoints"
        case "denied":
            return f"a NetworkPolicy blocks the way to Service {verdict.name}"
        case "unseen":
            return "not visible"
        case _:
            return counted(verdict.standing.ready, "ready pod") if verdict.standing else "fine"
