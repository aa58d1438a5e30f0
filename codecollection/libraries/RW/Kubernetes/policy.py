"""NetworkPolicies: which of them select a pod, and whether they let a flow through.

Semantics of https://kubernetes.io/docs/concepts/services-networking/network-policies/: a pod that any policy selects
for a direction accepts there only what some policy allows; both ends must allow a flow.
"""

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from RW.Kubernetes import selector

Json = dict[str, Any]


@dataclass(frozen=True)
class End:
    """One end of a flow: a pod by namespace and labels, or an address outside (``ip``; labels None)."""

    namespace: str
    labels: Mapping[str, str] | None
    ip: str = ""


@dataclass(frozen=True)
class Flow:
    """A connection somebody needs. ``port`` is the one that the target's container listens on, ``name`` its name."""

    source: End
    target: End
    port: int
    name: str = ""
    protocol: str = "TCP"


def selects(policy: Json, end: End, direction: str) -> bool:
    """Whether ``policy`` rules over ``direction`` (Ingress or Egress) of a pod."""
    spec = policy.get("spec") or {}
    kinds = spec.get("policyTypes") or ["Ingress", *(["Egress"] if spec.get("egress") else [])]
    same = policy["metadata"]["namespace"] == end.namespace and end.labels is not None
    return same and direction in kinds and selector.chooses(spec.get("podSelector") or {}, end.labels)


def blockers(
    flow: Flow, policies: Iterable[Json], namespaces: Mapping[str, Mapping[str, str]]
) -> list[tuple[Json, str]]:
    """The policies that together keep ``flow`` from happening, with the direction; none when it may pass.

    ``namespaces`` has the labels of every namespace, for namespaceSelector.
    """
    known = list(policies)
    found: list[tuple[Json, str]] = []
    for direction, own, other, rules, peers in (
        ("Egress", flow.source, flow.target, "egress", "to"),
        ("Ingress", flow.target, flow.source, "ingress", "from"),
    ):
        ruling = [policy for policy in known if selects(policy, own, direction)]
        allowed = any(
            _allows(rule, peers, policy["metadata"]["namespace"], other, flow, namespaces)
            for policy in ruling
            for rule in (policy.get("spec") or {}).get(rules) or []
        )
        if ruling and not allowed:
            found += [(policy, direction) for policy in ruling]
    return found


def _allows(
    rule: Json, peers: str, namespace: str, other: End, flow: Flow, namespaces: Mapping[str, Mapping[str, str]]
) -> bool:
    wanted = rule.get(peers)
    return _port(rule.get("ports"), flow) and (
        not wanted or any(_peer(peer, namespace, other, namespaces) for peer in wanted)
    )


def _port(ports: list[Json] | None, flow: Flow) -> bool:
    if not ports:
        return True
    for entry in ports:
        if entry.get("protocol", "TCP") != flow.protocol:
            continue
        wanted = entry.get("port")
        last = int(entry.get("endPort") or (wanted if isinstance(wanted, int) else 0))
        if wanted is None or wanted == flow.name or (isinstance(wanted, int) and wanted <= flow.port <= last):
            return True
    return False


def _peer(peer: Json, namespace: str, other: End, namespaces: Mapping[str, Mapping[str, str]]) -> bool:
    if peer.get("ipBlock"):
        return _block(peer["ipBlock"], other.ip)
    if other.labels is None:
        return False
    if peer.get("namespaceSelector") is not None:
        labels = {"kubernetes.io/metadata.name": other.namespace, **namespaces.get(other.namespace, {})}
        if not selector.chooses(peer["namespaceSelector"], labels):
            return False
    elif other.namespace != namespace:
        return False
    return selector.chooses(peer.get("podSelector") or {}, other.labels)


def _block(block: Json, ip: str) -> bool:
    """An address we do not know may be in any block; the benefit of the doubt keeps us from false alarms."""
    if not ip:
        return True
    address = ipaddress.ip_address(ip)
    inside = address in ipaddress.ip_network(block["cidr"], strict=False)
    return inside and not any(address in ipaddress.ip_network(out, strict=False) for out in block.get("except") or [])


def shown(policy: Json) -> str:
    """``networkpolicy/deny-all: selects all pods; Ingress allows nothing``."""
    spec = policy.get("spec") or {}
    kinds = spec.get("policyTypes") or ["Ingress", *(["Egress"] if spec.get("egress") else [])]
    chosen = selector.text(spec.get("podSelector")) or "all pods"
    allows = [
        f"{kind} allows {_rules(spec.get(kind.lower()), 'from' if kind == 'Ingress' else 'to')}" for kind in kinds
    ]
    return f"networkpolicy/{policy['metadata']['name']}: selects {chosen}; {'; '.join(allows)}"


def _rules(rules: list[Json] | None, peers: str) -> str:
    if not rules:
        return "nothing"
    return " or ".join(f"{_peers(rule.get(peers))} on {_ports(rule.get('ports'))}" for rule in rules)


def _peers(peers: list[Json] | None) -> str:
    if not peers:
        return "anyone"
    words: list[str] = []
    for peer in peers:
        if peer.get("ipBlock"):
            words.append(str(peer["ipBlock"].get("cidr")))
            continue
        pods = selector.text(peer.get("podSelector")) or "all pods"
        where = peer.get("namespaceSelector")
        words.append(pods if where is None else f"{pods} in namespaces {selector.text(where) or '(all)'}")
    return ", ".join(words)


def _ports(ports: list[Json] | None) -> str:
    return (
        ", ".join(f"{entry.get('protocol', 'TCP')} {entry.get('port', 'any')}" for entry in ports or []) or "all ports"
    )
