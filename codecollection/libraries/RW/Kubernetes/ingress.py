"""An Ingress: its class, the Services and ports it routes to, its TLS Secrets, its address."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from RW.Kubernetes import dependency, event, moment, report
from RW.Kubernetes.report import Issue, Report

Json = dict[str, Any]
ADDRESS_S = 300
LEGACY_CLASS = "kubernetes.io/ingress.class"
DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class"


@dataclass
class Scene:
    """An Ingress as read at ``now``. ``classes`` and ``secrets`` may be the sentence why they could not be listed."""

    ingress: Json
    world: dependency.World = field(default_factory=dependency.World)
    classes: list[Json] | str = field(default_factory=list)
    secrets: set[str] | str = field(default_factory=set)
    events: list[Json] = field(default_factory=list)
    controller_log: list[str] = field(default_factory=list)
    now: float = 0.0

    @property
    def name(self) -> str:
        """The Ingress's name."""
        return str(self.ingress["metadata"]["name"])

    @property
    def namespace(self) -> str:
        """The Ingress's namespace."""
        return str(self.ingress["metadata"]["namespace"])

    @property
    def ref(self) -> str:
        """``Ingress/namespace/name``."""
        return report.ref("Ingress", self.namespace, self.name)


@dataclass(frozen=True)
class Backend:
    """A route: host and path, and the Service and port behind it (networking.k8s.io/v1 or v1beta1)."""

    route: str
    service: str
    port: int | str


def backends(ingress: Json) -> Iterator[Backend]:
    """Every Service that an Ingress routes to."""
    spec = ingress.get("spec") or {}
    default = spec.get("defaultBackend") or spec.get("backend")
    if default:
        yield from _backend("(default)", default)
    for rule in spec.get("rules") or []:
        for path in (rule.get("http") or {}).get("paths") or []:
            yield from _backend(f"{rule.get('host') or '*'}{path.get('path') or '/'}", path.get("backend") or {})


def _backend(route: str, entry: Json) -> Iterator[Backend]:
    service = entry.get("service") or {}
    port = service.get("port") or {}
    if service.get("name"):
        yield Backend(route, service["name"], port.get("number") or port.get("name") or 0)
    elif entry.get("serviceName"):
        yield Backend(route, entry["serviceName"], entry.get("servicePort") or 0)


def check(scene: Scene) -> Report:
    """Where the Ingress routes to."""
    seen, well = Report(), []
    for backend in backends(scene.ingress):
        issue = _routed(scene, backend, seen)
        if issue:
            seen.add(issue)
        else:
            well.append(f"{backend.route} -> {backend.service}:{backend.port}")
    if well and not seen.issues:
        seen.rule_out(
            "Broken backends", f"{'; '.join(well)}: the Service, its port and ready endpoints are there", scene.ref
        )
    return seen


def _routed(scene: Scene, backend: Backend, seen: Report) -> Issue | None:
    key = (scene.namespace, backend.service)
    service, ready = scene.world.services.get(key), scene.world.ready.get(key, 0)
    line = f"ingress/{scene.name} {backend.route} -> service {backend.service}:{backend.port}"
    if scene.namespace not in scene.world.read:
        seen.say(line)
        return None
    if service is None:
        seen.say(f"{line} (not found)")
        return _issue(
            scene,
            "INGRESS_BACKEND_MISSING",
            f"backend Service {backend.service} not found",
            f"route {backend.route} leads to Service {backend.service}, which is not found in namespace "
            f"{scene.namespace}",
            (f"{line} (not found)",),
            (),
            2,
        )
    entries = (service.get("spec") or {}).get("ports") or []
    if not any(backend.port in (entry.get("name"), entry["port"]) for entry in entries):
        have = ", ".join(str(entry["port"]) + (f" ({entry['name']})" if entry.get("name") else "") for entry in entries)
        line += f" (the Service has {have})"
        return _issue(
            scene,
            "INGRESS_PORT_WRONG",
            f"backend port {backend.port} is not a port of Service {backend.service}",
            f"route {backend.route} leads to port {backend.port} of Service {backend.service}, which listens on {have}",
            (line,),
            (),
            2,
        )
    line += f" ({ready} ready endpoints)"
    seen.say(line)
    if not ready and (service.get("spec") or {}).get("type") != "ExternalName":
        reference = report.ref("Service", scene.namespace, backend.service)
        return _issue(
            scene,
            "INGRESS_BACKEND_DOWN",
            f"backend Service {backend.service} has no ready endpoints",
            f"route {backend.route} leads to Service {backend.service}, which has no ready endpoints: requests get 503",
            (line,),
            (reference,),
            2,
        )
    return None


def _issue(
    scene: Scene, code: str, reason: str, why: str, evidence: tuple[str, ...], blames: tuple[str, ...], severity: int
) -> Issue:
    return Issue(
        resource=scene.ref,
        cause=code,
        severity=severity,
        reason=reason,
        actual=f"Ingress {scene.name}: {why}.",
        expected="Every route leads to a Service that answers, through a class that a controller serves.",
        evidence=evidence,
        blames=blames,
        next_steps=() if blames else (f"Correct {report.spoken(scene.ref)}",),
    )


def class_of(ingress: Json) -> str:
    """The class an Ingress names, in its spec or in the annotation from before there were classes."""
    annotations = ingress["metadata"].get("annotations") or {}
    return str((ingress.get("spec") or {}).get("ingressClassName") or annotations.get(LEGACY_CLASS) or "")


def check_class(scene: Scene) -> Report:
    """Whether some controller serves the Ingress."""
    seen, named = Report(), class_of(scene.ingress)
    balancer = ((scene.ingress.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    addresses = ", ".join(str(entry.get("ip") or entry.get("hostname")) for entry in balancer)
    line = f"ingress/{scene.name}: class {named or '(none)'}; address {addresses or '(none)'}"
    seen.say(line)
    if isinstance(scene.classes, str):
        seen.gap(f"Whether IngressClass {named or '(default)'} exists", scene.classes, scene.ref)
        return seen
    names = {str(entry["metadata"]["name"]) for entry in scene.classes}
    has_default = any(
        (entry["metadata"].get("annotations") or {}).get(DEFAULT_CLASS) == "true" for entry in scene.classes
    )
    have = ", ".join(sorted(names)) or "none"
    by_annotation = named and not (scene.ingress.get("spec") or {}).get("ingressClassName")
    if named and named not in names and not (by_annotation and balancer):
        seen.add(
            _issue(
                scene,
                "INGRESS_CLASS_MISSING",
                f"IngressClass {named} not found",
                f"it names IngressClass {named}, which is not found (there are: {have}), so no controller serves it",
                (line,),
                (),
                2,
            )
        )
    elif not named and not has_default and not balancer:
        seen.add(
            _issue(
                scene,
                "INGRESS_CLASS_MISSING",
                "no IngressClass named and no default",
                f"it names no IngressClass, and none is the default (there are: {have}), so no controller serves it",
                (line,),
                (),
                2,
            )
        )
    elif not balancer and moment.age(scene.ingress["metadata"].get("creationTimestamp"), scene.now) > ADDRESS_S:
        seen.add(
            _issue(
                scene,
                "INGRESS_NO_ADDRESS",
                "no address was assigned",
                f"class {named or 'default'} exists, but no controller has given it an address",
                (line, *_said(scene)),
                (),
                3,
            )
        )
    else:
        seen.rule_out(
            "Unserved class",
            f"class {named or 'default'} exists and the Ingress has address {addresses or '(young)'}",
            scene.ref,
        )
    return seen


def _said(scene: Scene) -> list[str]:
    found = event.warnings(event.fresh(event.about(scene.events, "Ingress", scene.name), scene.now))
    return [event.line(entry) for entry in found][:2]


_EXPIRED = re.compile(r"expired|has expired|certificate is about to expire")


def check_tls(scene: Scene) -> Report:
    """Whether the TLS Secrets exist. Certificates in them are never read: what the controller logs counts."""
    seen = Report()
    entries = [entry for entry in (scene.ingress.get("spec") or {}).get("tls") or [] if entry.get("secretName")]
    for entry in entries:
        secret, hosts = str(entry["secretName"]), ", ".join(entry.get("hosts") or ["*"])
        reference = report.ref("Secret", scene.namespace, secret)
        told = [line for line in scene.controller_log if f"{scene.namespace}/{secret}" in line]
        gone = any("no object matching key" in line or "not found" in line for line in told)
        line = f"ingress/{scene.name} tls {hosts}: secret {secret}"
        if isinstance(scene.secrets, str) and not gone:
            seen.gap(f"Whether Secret {secret} exists", scene.secrets, reference)
        elif gone or secret not in scene.secrets:
            seen.take([_tls_missing(scene, secret, reference, line, told)])
            continue
        expired = [text for text in told if _EXPIRED.search(text)]
        if expired:
            seen.add(_expired(scene, secret, reference, line, expired))
        else:
            seen.say(line)
    if entries and not seen.issues and not seen.gaps:
        seen.rule_out("Missing TLS Secrets", f"{len(entries)} TLS Secrets exist", scene.ref)
    return seen


def _tls_missing(scene: Scene, secret: str, reference: str, line: str, told: list[str]) -> Report:
    seen = Report()
    evidence = (f"{line} (not found)", *[f"log {text[:400]}" for text in told[:1]])
    seen.add(
        Issue(
            resource=reference,
            cause="SECRET_MISSING",
            severity=2,
            reason="not found (TLS of an Ingress)",
            actual=f"Secret {secret} is missing: not found in namespace {scene.namespace}; Ingress {scene.name} "
            "needs it for TLS and serves a wrong certificate without it.",
            expected=f"Secret {secret} of type kubernetes.io/tls exists.",
            evidence=evidence,
            next_steps=(f"Create {report.spoken(reference)}",),
        )
    )
    seen.add(
        _issue(
            scene,
            "INGRESS_TLS_BROKEN",
            f"TLS Secret {secret} not found",
            f"its TLS Secret {secret} is not found",
            evidence,
            (reference,),
            2,
        )
    )
    return seen


def _expired(scene: Scene, secret: str, reference: str, line: str, told: list[str]) -> Issue:
    return Issue(
        resource=reference,
        cause="CERTIFICATE_EXPIRED",
        severity=2,
        reason="certificate has expired or is about to",
        actual=f"The certificate in Secret {secret} (TLS of Ingress {scene.name}) has expired or is about to "
        f"expire: {told[0][:300]}",
        expected="The certificate is valid for weeks to come.",
        evidence=(line, f"log {told[0][:400]}"),
        next_steps=(f"Renew the certificate in {report.spoken(reference)}",),
    )


def check_certificates(certificates: Iterable[Json], now: float) -> Report:
    """cert-manager's own account of its Certificates: not ready, or past their end."""
    seen = Report()
    for each in certificates:
        meta, status = each["metadata"], each.get("status") or {}
        reference = report.ref("Certificate", meta["namespace"], meta["name"])
        ready = next((entry for entry in status.get("conditions") or [] if entry.get("type") == "Ready"), {})
        line = (
            f"certificate/{meta['name']}: Ready={ready.get('status')} {ready.get('reason') or ''} notAfter "
            f"{status.get('notAfter')}"
        )
        ends = moment.seconds(status.get("notAfter"))
        if (ends is not None and ends < now) or (
            ready.get("status") == "False" and moment.age(ready.get("lastTransitionTime"), now) > 600
        ):
            seen.add(
                Issue(
                    resource=reference,
                    cause="CERTIFICATE_EXPIRED" if ends is not None and ends < now else "CERTIFICATE_NOT_ISSUED",
                    severity=2,
                    reason="certificate has expired"
                    if ends is not None and ends < now
                    else "certificate is not issued",
                    actual=f"Certificate {meta['name']} (Secret {(each.get('spec') or {}).get('secretName')}): "
                    f"notAfter {status.get('notAfter')}; {ready.get('message') or ''}",
                    expected="The certificate is issued and valid.",
                    evidence=(line,),
                )
            )
        else:
            seen.say(line)
    return seen
