"""A Service: whether it leads to pods that listen, and if not, which side is wrong."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from RW.Kubernetes import container, dependency, event, moment, probe, report, selector
from RW.Kubernetes.report import Issue, Report

Json = dict[str, Any]
PENDING_S = 300


@dataclass
class Scene:
    """A Service as read at ``now``: the pods in its namespace, the workloads there, its ready addresses, events."""

    service: Json
    pods: list[Json] = field(default_factory=list)
    workloads: list[Json] = field(default_factory=list)
    ready: int = 0
    events: list[Json] = field(default_factory=list)
    now: float = 0.0

    @property
    def name(self) -> str:
        """The Service's name."""
        return str(self.service["metadata"]["name"])

    @property
    def namespace(self) -> str:
        """The Service's namespace."""
        return str(self.service["metadata"]["namespace"])

    @property
    def ref(self) -> str:
        """``Service/namespace/name``."""
        return report.ref("Service", self.namespace, self.name)

    @property
    def spec(self) -> Json:
        """The Service's spec."""
        return self.service.get("spec") or {}

    @property
    def selector(self) -> dict[str, str]:
        """The labels it selects by; empty when it selects nothing."""
        return dict(self.spec.get("selector") or {})

    @property
    def chosen(self) -> list[Json]:
        """The pods it selects that have not finished."""
        wanted = selector.of_labels(self.selector)
        alive = [pod for pod in self.pods if (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")]
        return [pod for pod in alive if self.selector and selector.chooses(wanted, pod["metadata"].get("labels"))]

    def shown(self) -> str:
        """``service/cart: selector app=cart; ports 7070->7070; 2 pods selected, 1 ready endpoint``."""
        ports = ", ".join(
            f"{entry['port']}->{entry.get('targetPort', entry['port'])}" for entry in self.spec.get("ports") or []
        )
        chosen = selector.text(selector.of_labels(self.selector)) or "(none)"
        return (
            f"service/{self.name}: selector {chosen}; ports {ports}; {len(self.chosen)} pods selected, "
            f"{self.ready} ready endpoints"
        )


def labels_of(workload: Json) -> dict[str, str]:
    """The labels that a workload's pods carry."""
    template = (workload.get("spec") or {}).get("template") or {}
    return dict((template.get("metadata") or {}).get("labels") or {})


def reference(workload: Json) -> str:
    """``Kind/namespace/name`` of a workload."""
    meta = workload["metadata"]
    return report.ref(str(workload.get("kind")), meta["namespace"], meta["name"])


def check(scene: Scene) -> Report:
    """Endpoints of a Service: selector, pods, ready addresses."""
    seen = Report()
    seen.say(scene.shown(), *(container.line(pod) for pod in scene.chosen))
    if scene.spec.get("type") == "ExternalName":
        seen.rule_out(
            "No endpoints", f"it is an alias of {scene.spec.get('externalName')} and has none by nature", scene.ref
        )
        return seen
    if not scene.selector:
        _without_selector(scene, seen)
    elif not scene.chosen:
        _nothing_selected(scene, seen)
    elif not scene.ready and not _young(scene):
        seen.add(_none_ready(scene))
    else:
        seen.rule_out(
            "No endpoints",
            f"selector {selector.text(selector.of_labels(scene.selector))} matches {len(scene.chosen)} pods, "
            f"{scene.ready} endpoints are ready",
            scene.ref,
        )
    _load_balancer(scene, seen)
    return seen


def _young(scene: Scene) -> bool:
    return all(
        moment.age(pod["metadata"].get("creationTimestamp"), scene.now) < container.START_S and not _troubled(pod)
        for pod in scene.chosen
    )


def _troubled(pod: Json) -> bool:
    return any(
        state.restarts or state.reason not in ("", "ContainerCreating", "PodInitializing")
        for state in container.states(pod)
    )


def _without_selector(scene: Scene, seen: Report) -> None:
    if scene.ready or scene.name == "kubernetes":
        seen.rule_out("No endpoints", f"it has no selector; {scene.ready} endpoints are set by hand", scene.ref)
        return
    seen.say(f"service/{scene.name} has no selector and no endpoints: whoever sets them by hand has not")


def _nothing_selected(scene: Scene, seen: Report) -> None:
    fitting = [
        workload
        for workload in scene.workloads
        if selector.chooses(selector.of_labels(scene.selector), labels_of(workload))
    ]
    zero = [workload for workload in fitting if (workload.get("spec") or {}).get("replicas") == 0]
    if zero:
        seen.add(_zero(scene, zero[0]))
        seen.add(_no_pods(scene, f"its only workload {reference(zero[0])} is scaled to zero", reference(zero[0])))
    elif fitting:
        seen.add(_no_pods(scene, f"{reference(fitting[0])} has the right labels but no pods", reference(fitting[0])))
    else:
        seen.add(_mismatch(scene))


def _zero(scene: Scene, workload: Json) -> Issue:
    kind, _, name = reference(workload).split("/")
    return Issue(
        resource=reference(workload),
        cause="SCALED_TO_ZERO",
        severity=2,
        reason="scaled to zero replicas while a Service needs it",
        actual=f"{kind} {name} has spec.replicas 0: it is scaled to zero, so Service {scene.name} has no endpoints.",
        expected=f"{kind} {name} runs at least one replica while Service {scene.name} is used.",
        evidence=(f"{kind.lower()}/{name}: spec.replicas is 0", scene.shown()),
        next_steps=(f"Scale {report.spoken(reference(workload))}",),
    )


def _no_pods(scene: Scene, why: str, blamed: str) -> Issue:
    return Issue(
        resource=scene.ref,
        cause="NO_READY_ENDPOINTS",
        severity=2,
        reason="no endpoints: no pods run",
        actual=f"Service {scene.name} has no ready endpoints: {why}.",
        expected="At least one ready endpoint.",
        evidence=(scene.shown(),),
        blames=(blamed,),
    )


def _mismatch(scene: Scene) -> Issue:
    near = nearest(scene)
    lines = [scene.shown()]
    said = "no pod or workload in the namespace carries these labels"
    if near:
        differ = "; ".join(selector.difference(scene.selector, labels_of(near)))
        kind, _, name = reference(near).split("/")
        said = f"the pods of {kind} {name} come nearest: label {differ}"
        lines.append(f"{kind.lower()}/{name}: pods carry {selector.text(selector.of_labels(labels_of(near)))}")
    wanted = selector.text(selector.of_labels(scene.selector))
    return Issue(
        resource=scene.ref,
        cause="SELECTOR_MISMATCH",
        severity=2 if near else 3,
        reason="selector matches no pods",
        actual=f"Service {scene.name} has selector {wanted}, which matches no pods, so it has no endpoints; {said}.",
        expected="The selector matches the labels of the pods that serve it.",
        evidence=tuple(lines),
        next_steps=(f"Correct the selector of {report.spoken(scene.ref)}",),
        reproduce=f"kubectl get endpoints {scene.name} -n {scene.namespace}; kubectl get pods -n {scene.namespace} "
        f"-l {wanted}",
    )


def nearest(scene: Scene) -> Json | None:
    """The workload the Service was most likely meant for: of its own name, else with the most labels alike."""
    named = [workload for workload in scene.workloads if workload["metadata"]["name"] == scene.name]
    if named:
        return named[0]

    def alike(workload: Json) -> float:
        have = labels_of(workload)
        same = sum(have.get(key) == value for key, value in scene.selector.items())
        values = sum(_similar(have.get(key), value) for key, value in scene.selector.items())
        return same + values

    best = max(scene.workloads, key=alike, default=None)
    return best if best is not None and alike(best) > 0 else None


def _similar(one: str | None, other: str) -> float:
    plain = [str(text or "").replace("-", "").replace("_", "").lower() for text in (one, other)]
    return 0.5 if plain[0] and (plain[0] in plain[1] or plain[1] in plain[0]) else 0.0


def owners(scene: Scene) -> list[str]:
    """The workloads behind the Service."""
    return [reference(w) for w in scene.workloads if selector.chooses(selector.of_labels(scene.selector), labels_of(w))]


def _none_ready(scene: Scene) -> Issue:
    states = [state.line for pod in scene.chosen for state in container.states(pod) if not state.ready][:3]
    pods = len(scene.chosen)
    return Issue(
        resource=scene.ref,
        cause="NO_READY_ENDPOINTS",
        severity=2,
        reason="no ready endpoints",
        actual=f"Service {scene.name} has no ready endpoints: its selector matches {pods} pods, and none is ready.",
        expected="At least one ready endpoint.",
        evidence=(scene.shown(), *[container.line(pod) for pod in scene.chosen][:2], *states),
        blames=tuple(owners(scene)),
    )


def _load_balancer(scene: Scene, seen: Report) -> None:
    if scene.spec.get("type") != "LoadBalancer":
        return
    given = ((scene.service.get("status") or {}).get("loadBalancer") or {}).get("ingress")
    age = moment.age(scene.service["metadata"].get("creationTimestamp"), scene.now)
    if given or age < PENDING_S:
        return
    said = [
        event.line(entry)
        for entry in event.warnings(event.fresh(event.about(scene.events, "Service", scene.name), scene.now))
    ]
    seen.add(
        Issue(
            resource=scene.ref,
            cause="LOADBALANCER_PENDING",
            severity=3,
            reason="load balancer has no address (pending)",
            actual=f"Service {scene.name} of type LoadBalancer has no external address after {moment.words(age)}. "
            f"{' '.join(said[:1])}",
            expected="The load balancer gets an address.",
            evidence=(f"service/{scene.name}: type LoadBalancer, status.loadBalancer is empty", *said[:2]),
            next_steps=("Check the cloud or load balancer controller",),
        )
    )


def ports(scene: Scene) -> Report:
    """Whether the selected pods listen on what the Service's ports lead to."""
    seen, well = Report(), []
    for entry in scene.spec.get("ports") or []:
        target = entry.get("targetPort", entry["port"])
        for pod in scene.chosen[:1]:
            seen.say(
                f"service/{scene.name} port {entry['port']} -> targetPort {target}; pod {pod['metadata']['name']} "
                f"declares {_declared(pod)}"
            )
            if leads_nowhere(entry, pod):
                seen.add(_wrong_target(scene, entry, pod))
            else:
                well.append(f"{entry['port']}->{target}")
    if well and not seen.issues:
        seen.rule_out("Wrong target port", f"the selected pods listen on {', '.join(well)}", scene.ref)
    return seen


def _declared(pod: Json) -> str:
    ports = [
        f"{p.get('name') or ''}:{p['containerPort']}".lstrip(":")
        for c in pod["spec"].get("containers") or []
        for p in c.get("ports") or []
    ]
    return ", ".join(ports) or "no ports"


def leads_nowhere(entry: Json, pod: Json) -> bool:
    """Whether a Service port leads to a port that no container of the pod uses.

    A named port must be declared. A number need not be: it is wrong only when the containers declare other ports and
    no environment variable, argument or probe mentions it.
    """
    target, both = entry.get("targetPort", entry["port"]), pod["spec"].get("containers") or []
    declared = [p for c in both for p in c.get("ports") or []]
    if isinstance(target, str):
        return not any(p.get("name") == target for p in declared)
    if not declared or entry.get("protocol", "TCP") not in ("TCP", "UDP"):
        return False
    used = {number for c in both for number in probe.listens(c)}
    probed = (
        {probe.port(c, c.get(field) or {}) for c in both for field in probe.PROBES.values()}
        if container.is_ready(pod)
        else set()
    )
    return target not in used | probed


def _wrong_target(scene: Scene, entry: Json, pod: Json) -> Issue:
    target = entry.get("targetPort", entry["port"])
    line = (
        f"service/{scene.name} port {entry['port']} -> targetPort {target}; pod {pod['metadata']['name']} "
        f"declares {_declared(pod)}"
    )
    return Issue(
        resource=scene.ref,
        cause="SERVICE_TARGET_PORT_WRONG",
        severity=2,
        reason=f"targetPort {target} is not a port of its pods",
        actual=f"Service {scene.name} port {entry['port']} has targetPort {target}, but its pods listen on "
        f"{_declared(pod)}: connections are refused.",
        expected="targetPort is a port that the selected containers listen on.",
        evidence=(line,),
        next_steps=(f"Correct the targetPort of {report.spoken(scene.ref)}",),
    )


def world(
    services: Iterable[Json], slices: Iterable[Json], endpoints: Iterable[Json], read: set[str]
) -> dependency.World:
    """Services with their ready addresses, from EndpointSlices or, in old clusters, Endpoints."""
    found = dependency.World(read=set(read))
    for service in services:
        found.services[service["metadata"]["namespace"], service["metadata"]["name"]] = service
    for piece in slices:
        name = (piece["metadata"].get("labels") or {}).get("kubernetes.io/service-name")
        if name:
            key = (piece["metadata"]["namespace"], name)
            found.ready[key] = found.ready.get(key, 0) + sum(
                (e.get("conditions") or {}).get("ready") is not False for e in piece.get("endpoints") or []
            )
            _note_change(found, key, piece)
    for entry in endpoints:
        key = (entry["metadata"]["namespace"], entry["metadata"]["name"])
        _note_change(found, key, entry)
        found.ready[key] = sum(len(subset.get("addresses") or []) for subset in entry.get("subsets") or [])
    return found


def _note_change(found: dependency.World, key: dependency.Key, entry: Json) -> None:
    at = moment.seconds(
        (entry["metadata"].get("annotations") or {}).get("endpoints.kubernetes.io/last-change-trigger-time")
    )
    if at is not None:
        found.since[key] = max(found.since.get(key, 0.0), at)
