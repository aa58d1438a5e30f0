"""NetworkPolicies: which select a pod, and whether they let one flow through. Values in, values out, but for the look-up."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from . import selector
from .cluster import Object
from .finding import Finding, Inquiry, counted, labels_of, listed, name_of, namespace_of, ref

_DNS = 53


@dataclass(frozen=True)
class End:
    """One end of a flow: a pod with its labels and those of its namespace."""

    namespace: str
    labels: dict[str, str]
    namespace_labels: dict[str, str]
    ip: str = ""


@dataclass(frozen=True)
class Denial:
    """No rule of these policies lets the flow through. ``side`` is egress or ingress."""

    side: str
    policies: tuple[str, ...]
    namespace: str

    @property
    def ref(self) -> str:
        """The policy to change as ``NetworkPolicy/namespace/name``."""
        return ref("NetworkPolicy", self.namespace, self.policies[0])


def end_of(inquiry: Inquiry, pod: Object) -> End:
    """A pod as an end of a flow."""
    namespace = namespace_of(pod)
    return End(namespace, labels_of(pod), namespace_labels(inquiry, namespace), str((pod.get("status") or {}).get("podIP") or ""))


def namespace_labels(inquiry: Inquiry, namespace: str) -> dict[str, str]:
    """Labels of a namespace; where we may not see it, at least its name, which newer clusters put there themselves."""
    item = inquiry.get("Namespace", "", namespace) or {}
    return {"kubernetes.io/metadata.name": namespace, **labels_of(item)}


def denial(policies: Iterable[Object], source: End, target: End, port: int, target_ports: Iterable[Object] = (), protocol: str = "TCP") -> Denial | None:
    """What stops a flow from ``source`` to ``target`` at the target pod's ``port``; None when nothing does."""
    every, ports = list(policies), list(target_ports)
    for side, here, there in (("egress", source, target), ("ingress", target, source)):
        mine = [one for one in every if _governs(one, here, side)]
        if mine and not any(_allows(one, side, there, port, ports, protocol) for one in mine):
            return Denial(side, tuple(sorted(name_of(one) for one in mine)), here.namespace)
    return None


def _governs(policy: Object, here: End, side: str) -> bool:
    spec = policy.get("spec") or {}
    types = spec.get("policyTypes") or ["Ingress", *(["Egress"] if "egress" in spec else [])]
    return (
        namespace_of(policy) == here.namespace
        and side.capitalize() in types
        and selector.matches(spec.get("podSelector") or {}, here.labels)
    )


def _allows(policy: Object, side: str, there: End, port: int, ports: list[Object], protocol: str) -> bool:
    spec = policy.get("spec") or {}
    peers = "to" if side == "egress" else "from"
    return any(
        _peer_fits(rule.get(peers), there, namespace_of(policy)) and _port_fits(rule.get("ports"), port, ports, protocol)
        for rule in spec.get(side) or []
    )


def _peer_fits(peers: Any, there: End, home: str) -> bool:
    if not peers:
        return True
    return any(_one_fits(peer, there, home) for peer in peers)


def _one_fits(peer: Object, there: End, home: str) -> bool:
    if peer.get("ipBlock"):
        return _in_block(peer["ipBlock"], there.ip)
    if "namespaceSelector" in peer:
        if not selector.matches(peer["namespaceSelector"] or {}, there.namespace_labels):
            return False
    elif there.namespace != home:
        return False
    return "podSelector" not in peer or selector.matches(peer["podSelector"] or {}, there.labels)


def _in_block(block: Object, ip: str) -> bool:
    try:
        address = ipaddress.ip_address(ip)
        inside = address in ipaddress.ip_network(block.get("cidr", ""), strict=False)
        return inside and not any(address in ipaddress.ip_network(one, strict=False) for one in block.get("except") or [])
    except ValueError:
        return False


def _port_fits(allowed: Any, port: int, ports: list[Object], protocol: str) -> bool:
    if not allowed:
        return True
    names = {str(one.get("name")): one.get("containerPort") for one in ports if one.get("name")}
    for one in allowed:
        if one.get("protocol", "TCP") != protocol:
            continue
        wanted = one.get("port")
        if wanted is None or str(wanted) == str(port) or names.get(str(wanted)) == port:
            return True
        if one.get("endPort") and str(wanted).isdigit() and int(wanted) <= port <= int(one["endPort"]):
            return True
    return False


def of_flow(inquiry: Inquiry, source: Object, target: Object, port: int, protocol: str = "TCP") -> Denial | None:
    """What stops a flow from one pod to another; None also where the policies could not be seen."""
    policies: list[Object] = []
    for namespace in dict.fromkeys((namespace_of(source), namespace_of(target))):
        policies += inquiry.list("NetworkPolicy", namespace)
    if not policies:
        return None
    ports = [one for spec in (target.get("spec") or {}).get("containers") or [] for one in spec.get("ports") or []]
    return denial(policies, end_of(inquiry, source), end_of(inquiry, target), port, ports, protocol)


def denied(denial_: Denial, caller: str, callee: str, port: int, evidence: tuple[str, ...], severity: int = 1) -> Finding:
    """The root: a policy that does not let a needed flow through."""
    names = listed(denial_.policies)
    source, target = caller.split("/"), callee.split("/")
    direction = "leave" if denial_.side == "egress" else "reach"
    subject = source if denial_.side == "egress" else target
    return Finding(
        cause="NETWORK_POLICY_DENIES",
        resource=denial_.ref,
        severity=severity,
        title=f"NetworkPolicy {denial_.policies[0]} in namespace {denial_.namespace} denies {source[0]} {source[2]} the way to "
        f"{target[0]} {target[2]} port {port}",
        actual=f"NetworkPolicy {names} selects the pods of {subject[0]} {subject[2]} for {denial_.side}, and no rule lets "
        f"traffic from {source[0]} {source[2]} (namespace {source[1]}) to {target[0]} {target[2]} (namespace {target[1]}) "
        f"port {port} {direction} them: connections are blocked and time out.",
        expected=f"A rule of a NetworkPolicy allows {source[0]} {source[2]} to reach {target[0]} {target[2]} on port {port}.",
        evidence=evidence,
        next_steps=(
            f"Check Network Policies of {source[0]} `{source[2]}` in Namespace `{source[1]}`",
            f"Check Network Policies of {target[0]} `{target[2]}` in Namespace `{target[1]}`",
        ),
    )


def line(policy: Object) -> str:
    """``networkpolicy/deny-all: pods *, ingress 0 rules, egress 1 rule``."""
    spec = policy.get("spec") or {}
    chosen = selector.query(spec.get("podSelector") or {}) or "all pods"
    types = spec.get("policyTypes") or ["Ingress", *(["Egress"] if "egress" in spec else [])]
    rules = [f"{kind.lower()} {counted(len(spec.get(kind.lower()) or []), 'rule')}" for kind in types]
    return f"networkpolicy/{name_of(policy)}: selects {chosen}; {', '.join(rules)}"


def selecting(inquiry: Inquiry, pod_labels: dict[str, str], namespace: str) -> list[Object]:
    """The policies that select pods with these labels."""
    return [
        one
        for one in inquiry.list("NetworkPolicy", namespace)
        if selector.matches((one.get("spec") or {}).get("podSelector") or {}, pod_labels)
    ]
