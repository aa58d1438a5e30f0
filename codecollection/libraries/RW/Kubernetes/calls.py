"""What a workload calls and whether that can work: its addresses, the Services behind them, the policies between, and
what its log says about it.

A wrong address is the workload's own fault. A Service that cannot answer is blamed, and looked into by its own check.
"""

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from RW.Kubernetes import container, dependency, log, policy, report, selector
from RW.Kubernetes.dependency import Address, Verdict, World
from RW.Kubernetes.log import CALLS, Clue, Line
from RW.Kubernetes.report import Issue, Report
from RW.Kubernetes.workload import Subject

Json = dict[str, Any]
Logs = dict[tuple[str, str, bool], list[Line]]
LIVE_S = 75
"""How fresh a line must be, in a pod that is ready, to tell how things are."""
OFTEN = 3
"""How many fresh lines it takes when everything in the cluster looks well."""
DNS = ("kube-system", "kube-dns")


@dataclass
class Guard:
    """The NetworkPolicies known, the labels of namespaces, and the pods behind Services (labels and spec)."""

    policies: list[Json] = field(default_factory=list)
    namespaces: dict[str, dict[str, str]] = field(default_factory=dict)
    behind: dict[dependency.Key, tuple[dict[str, str], Json]] = field(default_factory=dict)


def live(subject: Subject, logs: Logs) -> list[tuple[str, str, Clue]]:
    """Lines that tell of failing calls now, with pod and container.

    Of a crashed or unready container everything tells; of a ready one only what is fresh and not marked as harmless.
    """
    found: list[tuple[str, str, Clue]] = []
    by_name = {pod["metadata"]["name"]: pod for pod in subject.live_pods}
    for (pod, name, previous), lines in logs.items():
        if pod not in by_name:
            continue
        ill = _ill(by_name[pod], name, subject.now)
        if previous and not ill:
            continue
        clues = log.clues(lines, quiet_too=ill)
        last_at = max((line.at for line in lines), default=0.0)
        span = last_at - 2 * LIVE_S if ill else subject.now - LIVE_S
        found += [(pod, name, clue) for clue in clues if clue.line.at >= span and clue.kind in CALLS]
    return found


def _ill(pod: Json, name: str, now: float) -> bool:
    state = next((state for state in container.states(pod) if state.name == name), None)
    if state is None or container.is_ready(pod):
        return False
    return state.phase != "running" or not state.ready


def check(subject: Subject, world: World, logs: Logs, guard: Guard) -> Report:
    """Every address in the workload's environment and arguments, and every failing call in its log."""
    seen, fine = Report(), []
    clues = live(subject, logs)
    addresses = dependency.addresses(subject.template)
    told: set[int] = set()
    for address in addresses:
        verdict = dependency.judge(address.host, address.port, subject.namespace, world)
        seen.say(f"{address.shown}: {_reads(verdict)}")
        mine = [entry for entry in clues if _concerns(entry[2], address, verdict, world)]
        told |= {id(entry[2]) for entry in mine}
        found = _judged(subject, address, verdict, mine, world, guard)
        seen.take([found, _suffering(subject, found)])
        if not found.issues and verdict.kind == "ok":
            fine.append(f"{address.host}:{address.port}")
        if verdict.kind == "unknown":
            seen.gap(
                f"Whether {verdict.service} can answer", "Services of its namespace may not be listed.", subject.ref
            )
    _unaddressed(subject, [entry for entry in clues if id(entry[2]) not in told], addresses, world, guard, seen)
    if fine and not seen.issues:
        seen.rule_out(
            "Unreachable dependencies",
            f"these have a Service, the right port and ready endpoints: {', '.join(sorted(set(fine)))}",
            subject.ref,
        )
    return seen


def _suffering(subject: Subject, found: Report) -> Report:
    """The workload's side of a denied flow: a symptom that blames the policy."""
    seen = Report()
    for issue in found.issues:
        if issue.cause == "NETWORK_POLICY_DENIES":
            seen.add(
                Issue(
                    resource=subject.ref,
                    cause="DEPENDENCY_UNREACHABLE",
                    severity=issue.severity,
                    reason="calls are blocked by a NetworkPolicy",
                    actual=f"{subject.kind} {subject.name} cannot call what it needs: {issue.actual}",
                    expected=issue.expected,
                    evidence=issue.evidence,
                    blames=(issue.resource,),
                )
            )
    return seen


def _reads(verdict: Verdict) -> str:
    ports = ", ".join(map(str, verdict.ports))
    name = "Service " + verdict.service.rsplit("/", 1)[-1]
    return {
        "ok": f"{name} listens there and has ready endpoints",
        "external": "lies outside the cluster",
        "unknown": f"{name} may not be read",
        "no_service": f"no {name}",
        "port_wrong": f"{name} does not listen there, but on {ports}",
        "no_endpoints": f"{name} has no ready endpoints",
    }[verdict.kind]


def _concerns(clue: Clue, address: Address, verdict: Verdict, world: World) -> bool:
    said = re.search(
        rf"\b{re.escape(address.source.removeprefix('env '))}\b(?:=(?P<value>[^\s\"'),]+))?", clue.line.text
    )
    if said:
        # A pod of an older revision may log the same variable with the address it was given then.
        return not said["value"] or address.host in said["value"]
    for host, port in clue.targets:
        same = host == address.host or (verdict.service and _service_of(host, verdict, world) == verdict.service)
        if same and (not port or not address.port or port == address.port):
            return True
    return False


def _service_of(host: str, verdict: Verdict, world: World) -> str:
    namespace = verdict.service.split("/")[1]
    key = dependency.place(host, namespace, world)
    return report.ref("Service", *key) if key else ""


def _line(entry: tuple[str, str, Clue]) -> str:
    pod, name, clue = entry
    return f"log {pod} {name}: {clue.line.text.strip()[:400]}"


def _judged(
    subject: Subject, address: Address, verdict: Verdict, mine: list[tuple[str, str, Clue]], world: World, guard: Guard
) -> Report:
    seen = Report()
    network = [entry for entry in mine if entry[2].kind in log.NETWORK]
    evidence = (
        f"{address.shown}: {_reads(verdict)}",
        *dict.fromkeys(_line(entry) for entry in network[-2:]),
        *_ends(subject),
    )
    sick = bool(network) or _suffers(subject)
    match verdict.kind:
        case "port_wrong":
            seen.add(_wrong(subject, address, verdict, sick, network, evidence))
        case "no_service":
            seen.take([_no_service(subject, address, verdict, sick, network, evidence, world)])
        case "no_endpoints":
            blocked = _blocked(subject, address.host, address.port, world, guard) if network else None
            if network or _suffers(subject):
                seen.add(
                    _policy(subject, address, blocked, network, evidence)
                    if blocked
                    else _down(subject, address.shown, verdict, network, evidence)
                )
        case "ok" | "external":
            seen.take([_through(subject, address, verdict, network, evidence, world, guard)])
        case _:
            pass
    return seen


def _suffers(subject: Subject) -> bool:
    """Whether the workload is ill now: a live container crashed, or is unready for longer than a start takes."""
    for pod in subject.live_pods:
        for state in container.states(pod):
            if state.init and state.exit_code == 0:
                continue
            crashed = state.exit_code not in (None, 0) and not state.recovered(subject.now)
            unready = (
                state.phase == "running"
                and not state.ready
                and not state.init
                and subject.now - (state.started or subject.now) > container.START_S
            )
            if (crashed and state.end_reason != "OOMKilled") or unready:
                return True
    return False


def _ends(subject: Subject) -> list[str]:
    lines = [
        state.line
        for pod in subject.live_pods
        for state in container.states(pod)
        if state.exit_code is not None and not state.recovered(subject.now) and not state.init
    ]
    return lines[:1]


def _how(subject: Subject, network: list[tuple[str, str, Clue]]) -> str:
    """What log and state say: ``the container logs 'timeout' and is in CrashLoopBackOff (exit code 1)``."""
    words = {
        "refused": "connection refused",
        "no_host": "no such host",
        "timeout": "timeout",
        "dns": "DNS lookup timeout",
    }
    parts: list[str] = []
    if network:
        parts.append(f"the container logs '{words[network[-1][2].kind]}'")
    for pod in subject.live_pods:
        for state in container.states(pod):
            if state.exit_code not in (None, 0) and not state.recovered(subject.now):
                word = "is in CrashLoopBackOff" if state.reason == "CrashLoopBackOff" else "crashed"
                return " and ".join(
                    [*parts, f"{'' if parts else 'container ' + state.name + ' '}{word} ({state.exited})"]
                )
    return " and ".join(parts) or "no symptom yet"


def _wrong(
    subject: Subject,
    address: Address,
    verdict: Verdict,
    sick: bool,
    network: list[tuple[str, str, Clue]],
    evidence: tuple[str, ...],
) -> Issue:
    name, source = verdict.service.split("/")[2], address.source.removeprefix("env ")
    ports = ", ".join(map(str, verdict.ports))
    return Issue(
        resource=subject.ref,
        cause="DEPENDENCY_PORT_WRONG" if sick else "",
        severity=subject.severity if sick else 4,
        reason=f"calls Service {name} on the wrong port",
        actual=f"{subject.kind} {subject.name}: {source} is {_value(address)}, but Service {name} listens on "
        f"{ports}: wrong port; {_how(subject, network)}.",
        expected=f"{source} names a port that Service {name} listens on ({ports}).",
        evidence=evidence,
        next_steps=(f"Check Rollout of {subject.spoken}", f"Undo Rollout of {subject.spoken}"),
    )


def _value(address: Address) -> str:
    return address.shown.split("=", 1)[1]


def _no_service(
    subject: Subject,
    address: Address,
    verdict: Verdict,
    sick: bool,
    network: list[tuple[str, str, Clue]],
    evidence: tuple[str, ...],
    world: World,
) -> Report:
    seen = Report()
    _, namespace, name = verdict.service.split("/")
    workload = world.workloads.get((namespace, name))
    if sick and workload:
        seen.add(_service_gone(subject, verdict, workload, network, evidence))
        seen.add(_down(subject, address.shown, verdict, network, evidence))
        return seen
    source = address.source.removeprefix("env ")
    near = f" The nearest name is {verdict.near}." if verdict.near else ""
    seen.add(
        Issue(
            resource=subject.ref,
            cause="DEPENDENCY_HOST_WRONG" if sick else "",
            severity=subject.severity if sick else 4,
            reason=f"calls {address.host}, which does not exist",
            actual=f"{subject.kind} {subject.name}: {source} is {_value(address)}, but there is no Service {name} "
            f"in namespace {namespace} (not found: no such host); {_how(subject, network)}.{near}",
            expected=f"{source} names a Service that exists.",
            evidence=evidence,
            next_steps=(f"Check Rollout of {subject.spoken}", f"Undo Rollout of {subject.spoken}"),
        )
    )
    return seen


def _service_gone(
    subject: Subject, verdict: Verdict, workload: str, network: list[tuple[str, str, Clue]], evidence: tuple[str, ...]
) -> Issue:
    _, namespace, name = verdict.service.split("/")
    return Issue(
        resource=verdict.service,
        cause="SERVICE_MISSING",
        severity=subject.severity,
        reason="not found",
        actual=f"Service {name} is missing: not found in namespace {namespace}, though {workload.split('/')[0]} "
        f"{name} exists and {subject.kind} {subject.name} calls it; {_how(subject, network)}.",
        expected=f"Service {name} exists and selects the pods of {workload.split('/')[0]} {name}.",
        evidence=evidence,
        next_steps=(f"Create {report.spoken(verdict.service)}",),
    )


def _down(
    subject: Subject, what: str, verdict: Verdict, network: list[tuple[str, str, Clue]], evidence: tuple[str, ...]
) -> Issue:
    name = verdict.service.split("/")[2]
    return Issue(
        resource=subject.ref,
        cause="DEPENDENCY_UNREACHABLE",
        severity=subject.severity if subject.ready < subject.desired else 3,
        reason=f"calls to Service {name} fail",
        actual=f"{subject.kind} {subject.name} calls {what.split('=', 1)[-1]}, and {_reads(verdict)}; "
        f"{_how(subject, network)}.",
        expected=f"Service {name} answers.",
        evidence=evidence,
        blames=(verdict.service,),
    )


def _through(
    subject: Subject,
    address: Address,
    verdict: Verdict,
    network: list[tuple[str, str, Clue]],
    evidence: tuple[str, ...],
    world: World,
    guard: Guard,
) -> Report:
    """The address is right as far as one can see. Calls may still fail: a policy, a target port, or the outside."""
    seen = Report()
    blocked = _blocked(subject, address.host, address.port, world, guard)
    key = dependency.place(address.host, subject.namespace, world)
    lately = [entry for entry in network if entry[2].line.at > world.since.get(key, 0.0)] if key else network
    failing = bool(lately) if _suffers(subject) else _goes_on(lately, subject.now)
    if blocked and (network or _suffers(subject)):
        seen.add(_policy(subject, address, blocked, network, evidence))
    elif blocked:
        seen.say(f"{policy.shown(blocked[0])} (would block {address.shown})")
    elif failing and any(entry[2].kind == "dns" for entry in network):
        seen.take([_dns(subject, network, evidence, guard)])
    elif failing and verdict.kind == "ok":
        seen.add(_down(subject, address.shown, verdict, network, evidence))
    elif failing:
        seen.add(_outside(subject, address.host, address.port, network, evidence))
    return seen


def _goes_on(network: list[tuple[str, str, Clue]], now: float) -> bool:
    """Whether a ready pod's calls still fail: several times, and the last not long ago by their own rhythm."""
    times = sorted(entry[2].line.at for entry in network)[-OFTEN:]
    if len(times) < OFTEN:
        return False
    rhythm = max(later - earlier for earlier, later in itertools.pairwise(times))
    return now - times[-1] <= max(6.0, 1.5 * rhythm)


def _outside(
    subject: Subject, host: str, port: int, network: list[tuple[str, str, Clue]], evidence: tuple[str, ...]
) -> Issue:
    shown = f"{host}:{port}" if port else host
    return Issue(
        resource=subject.ref,
        cause="EXTERNAL_DEPENDENCY_UNREACHABLE",
        severity=subject.severity,
        reason=f"calls to {shown} outside the cluster fail",
        actual=f"{subject.kind} {subject.name} calls {shown}, which lies outside the cluster; "
        f"{_how(subject, network)}.",
        expected=f"{shown} answers, or the address is corrected.",
        evidence=evidence,
        next_steps=(f"Check Rollout of {subject.spoken}",),
    )


def _blocked(subject: Subject, host: str, port: int, world: World, guard: Guard) -> tuple[Json, str] | None:
    """The policy that keeps the workload from calling ``host``:``port``, or from asking DNS for it."""
    source = policy.End(subject.namespace, subject.labels)
    key = dependency.place(host, subject.namespace, world)
    if key is None:
        digits = host.replace(".", "").isdigit()
        flow = policy.Flow(source, policy.End("", None, host if digits else ""), port)
        found = policy.blockers(flow, guard.policies, guard.namespaces)
    else:
        found = [
            hit
            for flow in flows(subject, key, port, world, guard)
            for hit in policy.blockers(flow, guard.policies, guard.namespaces)
        ]
    return (found or _dns_blocked(subject, guard) or [None])[0]


def flows(subject: Subject, key: dependency.Key, port: int, world: World, guard: Guard) -> list[policy.Flow]:
    """The flow to the pods behind a Service, on the port their container listens on."""
    behind, service = guard.behind.get(key), world.services.get(key)
    if behind is None or service is None:
        return []
    labels, spec = behind
    entry = next((e for e in service["spec"].get("ports") or [] if e["port"] == port), {})
    target = entry.get("targetPort", port)
    named = [
        p
        for c in spec.get("containers") or []
        for p in c.get("ports") or []
        if target in (p.get("name"), p["containerPort"])
    ]
    number = int(named[0]["containerPort"]) if named else int(target) if isinstance(target, int) else port
    name = str(named[0].get("name") or "") if named else ""
    return [policy.Flow(policy.End(subject.namespace, subject.labels), policy.End(key[0], labels), number, name)]


def _dns_blocked(subject: Subject, guard: Guard) -> list[tuple[Json, str]]:
    """Whether policies keep the workload from asking the cluster's DNS, over UDP and TCP alike."""
    labels = guard.behind.get(DNS, ({"k8s-app": "kube-dns"}, {}))[0]
    flow = policy.Flow(
        policy.End(subject.namespace, subject.labels), policy.End("kube-system", labels), 53, "dns", "UDP"
    )
    return policy.blockers(flow, guard.policies, guard.namespaces)


def _policy(
    subject: Subject,
    address: Address,
    blocked: tuple[Json, str],
    network: list[tuple[str, str, Clue]],
    evidence: tuple[str, ...],
) -> Issue:
    return denied(subject, address.shown.split("=", 1)[-1], blocked, _how(subject, network), evidence)


def denied(subject: Subject, target: str, blocked: tuple[Json, str], how: str, evidence: tuple[str, ...]) -> Issue:
    """The Issue about a NetworkPolicy that denies a flow somebody needs."""
    rule, direction = blocked
    meta = rule["metadata"]
    return Issue(
        resource=report.ref("NetworkPolicy", meta["namespace"], meta["name"]),
        cause="NETWORK_POLICY_DENIES",
        severity=subject.severity,
        reason=f"denies {direction.lower()} that {subject.kind} {subject.name} needs",
        actual=f"NetworkPolicy {meta['name']} blocks {direction} ({policy.shown(rule)}), so {subject.kind} "
        f"{subject.name} cannot reach {target}; {how}.",
        expected=f"A NetworkPolicy allows {subject.kind} {subject.name} to reach {target}.",
        evidence=(policy.shown(rule), *evidence),
        next_steps=(f"Check Flows Blocked by NetworkPolicy `{meta['name']}` in Namespace `{meta['namespace']}`",),
    )


def _dns(subject: Subject, network: list[tuple[str, str, Clue]], evidence: tuple[str, ...], guard: Guard) -> Report:
    seen = Report()
    blocked = _dns_blocked(subject, guard)
    if blocked:
        seen.add(denied(subject, "the cluster's DNS (port 53)", blocked[0], _how(subject, network), evidence))
        return seen
    seen.add(
        Issue(
            resource=subject.ref,
            cause="DNS_FAILURE",
            severity=subject.severity,
            reason="name lookups fail (DNS)",
            actual=f"{subject.kind} {subject.name} cannot resolve names: the cluster's DNS does not answer; "
            f"{_how(subject, network)}.",
            expected="The cluster's DNS answers.",
            evidence=evidence,
            blames=(report.ref("Service", *DNS),),
        )
    )
    return seen


def _unaddressed(
    subject: Subject,
    clues: list[tuple[str, str, Clue]],
    addresses: list[Address],
    world: World,
    guard: Guard,
    seen: Report,
) -> None:
    """Failing calls in the log to what the template does not name: the address came from elsewhere."""
    groups: dict[tuple[str, int], list[tuple[str, str, Clue]]] = {}
    for entry in clues:
        if entry[2].kind not in log.NETWORK:
            continue
        target = _target(entry[2], subject, world)
        if target:
            groups.setdefault(target, []).append(entry)
    for (host, port), entries in groups.items():
        verdict = dependency.judge(host, port, subject.namespace, world)
        shown = f"log {host}:{port}" if port else f"log {host}"
        address = Address(
            entries[0][1],
            "an address outside the pod template",
            host,
            port,
            f"{shown}={host}" + (f":{port}" if port else ""),
        )
        if verdict.kind == "external" and len(entries) < OFTEN and not _suffers(subject):
            continue
        if verdict.kind == "external" and any(host.startswith(a.host) for a in addresses):
            continue
        seen.take([_judged(subject, address, verdict, entries, world, guard)])


def _target(clue: Clue, subject: Subject, world: World) -> tuple[str, int] | None:
    """The target that leads to a Service that cannot answer, else the first one."""
    ranked = sorted(
        clue.targets, key=lambda target: dependency.judge(*target, subject.namespace, world).kind in ("ok", "external")
    )
    return ranked[0] if ranked else None


def blamed(subject: Subject, clue: Clue | None, world: World) -> tuple[str, ...]:
    """The Services that a line of the log leads to, unless the address itself is wrong."""
    if clue is None or clue.kind not in CALLS:
        return ()
    found: list[str] = []
    for host, port in clue.targets:
        verdict = dependency.judge(host, port, subject.namespace, world)
        if verdict.service and verdict.kind in ("ok", "no_endpoints"):
            found.append(verdict.service)
    for address in dependency.addresses(subject.template):
        verdict = dependency.judge(address.host, address.port, subject.namespace, world)
        if verdict.kind in ("ok", "no_endpoints") and _concerns(clue, address, verdict, world):
            found.append(verdict.service)
    return tuple(dict.fromkeys(found))


def down(subject: Subject, world: World) -> tuple[str, ...]:
    """The Services that the workload's template names and that cannot answer."""
    verdicts = [
        dependency.judge(a.host, a.port, subject.namespace, world) for a in dependency.addresses(subject.template)
    ]
    return tuple(dict.fromkeys(verdict.service for verdict in verdicts if verdict.kind == "no_endpoints"))


def behind(services: Iterable[Json], workloads: Iterable[Json]) -> dict[dependency.Key, tuple[dict[str, str], Json]]:
    """The pod template behind each Service, as labels and spec; only Services whose selector some template fits."""
    found: dict[dependency.Key, tuple[dict[str, str], Json]] = {}
    known = list(workloads)
    for service in services:
        chosen = (service.get("spec") or {}).get("selector")
        for workload in known:
            template = (workload.get("spec") or {}).get("template") or {}
            labels = (template.get("metadata") or {}).get("labels") or {}
            same = workload["metadata"]["namespace"] == service["metadata"]["namespace"]
            if chosen and same and selector.chooses(selector.of_labels(chosen), labels):
                found[service["metadata"]["namespace"], service["metadata"]["name"]] = (
                    labels,
                    template.get("spec") or {},
                )
    return found
