"""A Service: whom it selects, whether they are ready and listen where it sends, and who stands behind it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from . import event, pod as pods, selector
from .cluster import Object
from .finding import Finding, Inquiry, counted, labels_of, listed, name_of, namespace_of, ref
from .trouble import asked
from .workload import is_ready, owner_ref, warnings

WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")


@dataclass(frozen=True)
class Standing:
    """A Service as it stands. ``addresses`` are ready ones; ``owners`` the workloads of the selected pods."""

    item: Object
    pods: tuple[Object, ...]
    ready: int
    addresses: int | None
    """Of its Endpoints object; None when that could not be seen."""
    owners: tuple[str, ...]

    @property
    def ref(self) -> str:
        """``Service/namespace/name``."""
        return ref("Service", namespace_of(self.item), name_of(self.item))

    @property
    def spec(self) -> Object:
        """Its spec."""
        return self.item.get("spec") or {}

    @property
    def serves(self) -> bool:
        """Somebody answers behind it, as far as can be seen. Without a selector only its Endpoints tell."""
        if self.addresses is not None:
            return self.addresses > 0
        return self.ready > 0 or not self.spec.get("selector")

    @property
    def external(self) -> bool:
        """A name of something outside."""
        return self.spec.get("type") == "ExternalName"

    @property
    def headless(self) -> bool:
        """Its name leads to the pods themselves: any port of theirs can be asked."""
        return self.spec.get("clusterIP") == "None"

    @property
    def ports(self) -> list[int]:
        """The ports it listens on."""
        return [int(one["port"]) for one in self.spec.get("ports") or []]

    @property
    def line(self) -> str:
        """``service/cart: selector app=cart, ports 7070->7070, 1 pods selected, 1 ready``."""
        ports = ",".join(f"{one['port']}->{one.get('targetPort', one['port'])}" for one in self.spec.get("ports") or [])
        chosen = selector.text(self.spec.get("selector") or {}) or "none"
        seen = "" if self.addresses is None else f", endpoints {self.addresses or '<none>'}"
        return f"service/{name_of(self.item)}: selector {chosen}; ports {ports or 'none'}; pods {len(self.pods)}, ready {self.ready}{seen}"


def standing(inquiry: Inquiry, item: Object) -> Standing:
    """Look up whom a Service selects and who is ready."""
    namespace, name = namespace_of(item), name_of(item)
    chosen = (item.get("spec") or {}).get("selector") or {}
    found: list[Object] = []
    if chosen:
        every = inquiry.list("Pod", namespace, selector.query({"matchLabels": chosen}))
        found = [pod for pod in every if (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")]
    endpoints = inquiry.get("Endpoints", namespace, name)
    owners = dict.fromkeys(owner_ref(inquiry, pod) for pod in found)
    addresses = None
    if endpoints is not None:
        addresses = sum(len(subset.get("addresses") or []) for subset in endpoints.get("subsets") or [])
    return Standing(item, tuple(found), sum(1 for pod in found if is_ready(pod)), addresses, tuple(owners))


def check(inquiry: Inquiry, namespace: str, name: str) -> None:
    """Whether a Service has somebody behind it, and if not, why."""
    item = inquiry.get("Service", namespace, name)
    if item is None:
        inquiry.could_not_check(
            f"Service {name}", f"There is no Service {name} in namespace {namespace} any more.", ref("Service", namespace, name)
        )
        return
    here = standing(inquiry, item)
    inquiry.show(here.line)
    for one in here.pods[:20]:
        inquiry.show(pods.summary(one))
    before = len(inquiry.findings)
    if here.external:
        inquiry.show(f"service/{name}: ExternalName {here.spec.get('externalName')}")
    elif not here.spec.get("selector"):
        _without_selector(inquiry, here)
    elif not here.pods:
        _nobody_selected(inquiry, here)
    elif here.ready == 0:
        _nobody_ready(inquiry, here)
    else:
        _check_ports(inquiry, here)
    _check_load_balancer(inquiry, here)
    if len(inquiry.findings) == before:
        inquiry.rule_out(
            f"Endpoints of Service {name}",
            f"{here.ready} of {counted(len(here.pods), 'selected pod')} ready, ports {listed(map(str, here.ports))}",
            here.ref,
        )


def _without_selector(inquiry: Inquiry, here: Standing) -> None:
    if here.addresses == 0:
        name, namespace = name_of(here.item), namespace_of(here.item)
        inquiry.find(
            Finding(
                cause="NO_READY_ENDPOINTS",
                resource=here.ref,
                severity=3,
                title=f"Service {name} in namespace {namespace} has no selector and no endpoints",
                actual=f"Service {name} has no selector, and nobody has written endpoints for it.",
                expected="A Service without a selector has endpoints that somebody maintains.",
                evidence=(here.line,),
            )
        )


def _nobody_selected(inquiry: Inquiry, here: Standing) -> None:
    """No pod carries the labels: nobody was ever meant to, or their workload runs none."""
    name, namespace = name_of(here.item), namespace_of(here.item)
    chosen = here.spec["selector"]
    workloads = of_namespace(inquiry, namespace)
    fitting = [one for one in workloads if _template_fits(one, chosen)]
    if fitting:
        for one in fitting:
            _without_pods(inquiry, here, one)
        return
    near = nearest(here.item, workloads)
    text = selector.text(chosen)
    different = ""
    evidence = [here.line]
    blamed = ""
    if near:
        labels = _template_labels(near)
        wrong = sorted(key for key, value in chosen.items() if labels.get(key) != value)
        carried = ", ".join(f"{key}={labels[key]}" if key in labels else f"no label {key}" for key in wrong)
        blamed = f"{near['kind']} {name_of(near)}"
        different = f" Pods of {blamed} carry {carried}."
        evidence.append(inquiry.show(f"{near['kind'].lower()}/{name_of(near)} pod labels: {selector.text(labels)}"))
    inquiry.find(
        Finding(
            cause="SELECTOR_NO_MATCH",
            resource=here.ref,
            severity=1,
            title=f"Service {name} in namespace {namespace}: selector {text} matches no pods, so it has no endpoints",
            actual=f"Service {name} selects {text}, but no pods carry these labels (label mismatch): it has no endpoints "
            f"and every connection to it is refused.{different}",
            expected=f"The selector of Service {name} matches the labels of the pods that should answer.",
            evidence=tuple(evidence),
            next_steps=(
                f"Check Service `{name}` in Namespace `{namespace}`",
                *([f"Check Pods of {near['kind']} `{name_of(near)}` in Namespace `{namespace}`"] if near else []),
            ),
            reproduce=f"kubectl -n {namespace} get endpoints {name}",
        )
    )


def _without_pods(inquiry: Inquiry, here: Standing, workload: Object) -> None:
    """The selector fits a workload that has no pods: scaled to zero, or they cannot be created."""
    name, namespace = name_of(here.item), namespace_of(here.item)
    kind, owner = workload["kind"], name_of(workload)
    replicas = (workload.get("spec") or {}).get("replicas", 1)
    line = inquiry.show(f"{kind.lower()}/{owner}: spec.replicas {replicas}")
    target = ref(kind, namespace, owner)
    scaled = kind != "DaemonSet" and replicas == 0
    used = callers(inquiry, here) if scaled else []
    severity = 1 if used or not scaled else 3
    inquiry.find(
        Finding(
            cause="NO_READY_ENDPOINTS",
            resource=here.ref,
            severity=severity,
            title=f"Service {name} in namespace {namespace} has no endpoints: {kind} {owner} has no pods",
            actual=f"Service {name} has no endpoints: {kind} {owner}, whose pods it selects, has no pods (replicas {replicas}).",
            expected="At least one pod behind the Service is ready.",
            evidence=(here.line, line),
            blames=(target,),
            next_steps=(
                f"Check Rollout of {kind} `{owner}` in Namespace `{namespace}`",
                f"Scale {kind} `{owner}` in Namespace `{namespace}`",
            ),
        )
    )
    if scaled:
        scaled_to_zero(inquiry, workload, here, used)


def scaled_to_zero(inquiry: Inquiry, workload: Object, here: Standing, used: Sequence[str]) -> None:
    """The root behind a Service without pods: somebody set its workload to zero replicas."""
    kind, owner, namespace = workload["kind"], name_of(workload), namespace_of(workload)
    name = name_of(here.item)
    who = f", though {listed(used, 4)} use it" if used else ""
    inquiry.find(
        Finding(
            cause="SCALED_TO_ZERO",
            resource=ref(kind, namespace, owner),
            severity=1 if used else 3,
            title=f"{kind} {owner} in namespace {namespace} is scaled to zero (replicas 0) while Service {name} leads to it",
            actual=f"{kind} {owner} is scaled to 0 replicas (spec.replicas is 0, scaled to zero), so Service {name} has no "
            f"endpoints{who}.",
            expected=f"{kind} {owner} runs at least one replica while somebody uses it.",
            evidence=(here.line, inquiry.show(f"{kind.lower()}/{owner}: spec.replicas 0")),
            next_steps=(f"Scale {kind} `{owner}` in Namespace `{namespace}`",),
        )
    )


def _nobody_ready(inquiry: Inquiry, here: Standing) -> None:
    name, namespace = name_of(here.item), namespace_of(here.item)
    owners = [owner.split("/") for owner in here.owners]
    told = listed(f"{kind} {owner}" for kind, _, owner in owners)
    inquiry.find(
        Finding(
            cause="NO_READY_ENDPOINTS",
            resource=here.ref,
            severity=1,
            title=f"Service {name} in namespace {namespace} has no ready endpoints: 0 of {len(here.pods)} pods ready",
            actual=f"Service {name} has no ready endpoints: it selects {counted(len(here.pods), 'pod')} of {told}, and none of "
            f"them is ready.",
            expected="At least one pod behind the Service is ready.",
            evidence=(here.line, *(pods.summary(one) for one in here.pods[:3])),
            blames=here.owners,
            next_steps=tuple(
                step
                for kind, space, owner in owners
                for step in (
                    f"Check Pods of {kind} `{owner}` in Namespace `{space}`",
                    f"Check Logs of {kind} `{owner}` in Namespace `{space}`",
                )
            ),
            reproduce=f"kubectl -n {namespace} get endpoints {name}",
        )
    )


def _check_ports(inquiry: Inquiry, here: Standing) -> None:
    """Whether ready pods listen where the Service sends. Numbers that nobody declares are believed unless all speaks
    against them: a declared port is only documentation."""
    name, namespace = name_of(here.item), namespace_of(here.item)
    sample = next(pod for pod in here.pods if is_ready(pod))
    containers = (sample.get("spec") or {}).get("containers") or []
    known = known_ports(containers)
    matched = [target_port(one, containers) in known for one in here.spec.get("ports") or []]
    for one in here.spec.get("ports") or []:
        target = target_port(one, containers)
        shown = one.get("targetPort", one.get("port"))
        named = isinstance(shown, str) and not shown.isdigit()
        certain = bool(known) and target not in known and not any(matched) and one.get("protocol", "TCP") != "UDP"
        if not ((named and target is None) or certain) or here.headless:
            continue
        have = listed((str(port) for port in sorted(known)))
        why = (
            f"no container of the pods has a port named {shown}" if named else f"the pods listen on {have}, not on {shown}"
        )
        inquiry.find(
            Finding(
                cause="TARGET_PORT_WRONG",
                resource=here.ref,
                severity=1,
                title=f"Service {name} in namespace {namespace}: targetPort {shown} is a port that its pods do not listen on",
                actual=f"Service {name} sends port {one['port']} to targetPort {shown}, but {why} (wrong targetPort): "
                f"connections to it are refused (connection refused).",
                expected="The targetPort of the Service is a port that the containers listen on.",
                evidence=(here.line, inquiry.show(ports_line(sample))),
                blames=(),
                next_steps=(f"Check Service `{name}` in Namespace `{namespace}`",),
                reproduce=f"kubectl -n {namespace} get service {name} -o yaml",
            )
        )


def _check_load_balancer(inquiry: Inquiry, here: Standing) -> None:
    """A load balancer that cannot be made says so in an event; one that merely has no address may never get one."""
    if here.spec.get("type") != "LoadBalancer":
        return
    name, namespace = name_of(here.item), namespace_of(here.item)
    given = ((here.item.get("status") or {}).get("loadBalancer") or {}).get("ingress")
    told = event.about(warnings(inquiry, namespace), "Service", name)
    fresh = [one for one in event.recent(told, inquiry.now, 1800) if "LoadBalancer" in str(one.get("reason"))]
    if fresh and not given:
        inquiry.find(
            Finding(
                cause="LOAD_BALANCER_FAILING",
                resource=here.ref,
                severity=2,
                title=f"Service {name} in namespace {namespace} gets no load balancer ({fresh[0].get('reason')})",
                actual=f"The load balancer of Service {name} cannot be made: {event.message(fresh[0])}",
                expected="The cloud provider gives the Service an address.",
                evidence=(event.line(fresh[0]),),
            )
        )


def known_ports(containers: Iterable[Object]) -> set[int]:
    """Ports that containers declare, are told by env PORT, or are probed on."""
    found: set[int] = set()
    for spec in containers:
        told = next((str(one.get("value")) for one in spec.get("env") or [] if one.get("name") == "PORT"), "")
        declared = {int(one["containerPort"]) for one in spec.get("ports") or [] if one.get("containerPort")}
        found |= {int(told)} if told.isdigit() else declared
        for which in ("readinessProbe", "livenessProbe", "startupProbe"):
            port, _ = asked(spec.get(which) or {}, spec)
            found |= {port} if port else set()
    return found


def target_port(port: Object, containers: Iterable[Object]) -> int | None:
    """The number a Service's port leads to; None when it is a name that no container has."""
    target = port.get("targetPort", port.get("port"))
    if isinstance(target, int) or str(target).isdigit():
        return int(target)
    return next(
        (int(one["containerPort"]) for spec in containers for one in spec.get("ports") or [] if one.get("name") == target),
        None,
    )


def ports_line(pod: Object) -> str:
    """``pod/cart-x container ports: server 7070 (grpc)``."""
    told = [
        f"{spec.get('name')} {one.get('containerPort')}{' (' + one['name'] + ')' if one.get('name') else ''}"
        for spec in (pod.get("spec") or {}).get("containers") or []
        for one in spec.get("ports") or []
    ]
    return f"pod/{name_of(pod)} container ports: {', '.join(told) or 'none declared'}"


def of_namespace(inquiry: Inquiry, namespace: str) -> list[Object]:
    """Every workload of a namespace, each with its ``kind``: items of a list do not carry it."""
    return [
        {**item, "kind": kind}
        for kind in WORKLOADS
        for item in inquiry.list(kind, namespace)
    ]


def nearest(service: Object, workloads: Iterable[Object]) -> Object | None:
    """The workload a Service most likely means: the same name, else the most labels in common; None when none is near."""
    name, chosen = name_of(service), (service.get("spec") or {}).get("selector") or {}
    scored: list[tuple[int, Object]] = []
    for one in workloads:
        labels = _template_labels(one)
        score = 3 * (name_of(one) == name) + sum(1 for key, value in chosen.items() if labels.get(key) == value)
        score += sum(1 for key in chosen if labels.get(key) == name)
        if score:
            scored.append((score, one))
    return max(scored, key=lambda pair: pair[0])[1] if scored else None


def callers(inquiry: Inquiry, here: Standing) -> list[str]:
    """Workloads and Ingresses of the namespace that use a Service, in words."""
    from . import address

    name, namespace = name_of(here.item), namespace_of(here.item)
    found = [
        f"{one['kind']} {name_of(one)}"
        for one in of_namespace(inquiry, namespace)
        if (one.get("spec") or {}).get("replicas", 1) != 0
        for used in address.of_pod(((one.get("spec") or {}).get("template") or {}).get("spec") or {})
        if used.service(namespace) == (namespace, name)
    ]
    for ingress in inquiry.list("Ingress", namespace):
        if name in backends(ingress):
            found.append(f"Ingress {name_of(ingress)}")
    return list(dict.fromkeys(found))


def backends(ingress: Object) -> list[str]:
    """Names of the Services that an Ingress leads to, in any version of its API."""
    spec = ingress.get("spec") or {}
    entries = [spec.get("defaultBackend") or spec.get("backend")]
    for rule in spec.get("rules") or []:
        entries += [path.get("backend") for path in (rule.get("http") or {}).get("paths") or []]
    found = [(one or {}).get("serviceName") or ((one or {}).get("service") or {}).get("name") for one in entries]
    return [str(name) for name in dict.fromkeys(found) if name]


def _template_fits(workload: Object, chosen: dict[str, str]) -> bool:
    labels = _template_labels(workload)
    return all(labels.get(key) == value for key, value in chosen.items())


def _template_labels(workload: Object) -> dict[str, str]:
    return labels_of((workload.get("spec") or {}).get("template") or {})
