"""Everything within k edges of a resource on a Map of 100,000 resources. Last line: JSON.

The Map is made here: 11,000 applications in 300 namespaces, each a Deployment with Pods on Nodes, a Service, what it
mounts and references, an autoscaler, calls to others, some an Ingress. Milliseconds are wall clock of one question in
a process that does nothing else; ``after_change`` is the first question after one application's relations changed.
"""

import json
import random
import resource
import time
from dataclasses import dataclass, field

from runstone.control.workspaces.atlas import Atlas, Changes
from runstone.model.resource import Relation, RelationType, Resource, ResourceRef
from runstone.model.workspace import Map

APPLICATIONS, NAMESPACES, NODES = 11_000, 300, 600
QUESTIONS = 500


@dataclass
class Estate:
    """A Map in the making."""

    chance: random.Random = field(default_factory=lambda: random.Random(1))
    resources: list[Resource] = field(default_factory=list[Resource])
    relations: list[Relation] = field(default_factory=list[Relation])
    services: list[ResourceRef] = field(default_factory=list[ResourceRef])

    def thing(self, kind: str, namespace: str, name: str) -> ResourceRef:
        ref = ResourceRef(platform="c", kind=kind, namespace=namespace, name=name)
        self.resources.append(Resource(ref=ref, labels={}, health="ok", summary="", facts={}, software=()))
        return ref

    def edge(self, source: ResourceRef, type_: RelationType, target: ResourceRef) -> None:
        self.relations.append(Relation(source=source, type=type_, target=target, detail=""))

    def application(self, number: int, nodes: list[ResourceRef]) -> None:
        namespace, name = f"ns{number % NAMESPACES}", f"app{number}"
        workload = self.thing("Deployment", namespace, name)
        service = self.thing("Service", namespace, name)
        self.edge(service, "selects", workload)
        for kind, type_ in (("ConfigMap", "references"), ("Secret", "mounts"), ("ServiceAccount", "references")):
            self.edge(workload, type_, self.thing(kind, namespace, name))  # type: ignore[arg-type]
        self.edge(self.thing("HorizontalPodAutoscaler", namespace, name), "scales", workload)
        for pod in range(2):
            one = self.thing("Pod", namespace, f"{name}-{pod}")
            self.edge(workload, "owns", one)
            self.edge(one, "runs-on", self.chance.choice(nodes))
        for _ in range(self.chance.choice([0, 1, 2, 2, 3, 5])):
            if self.services:
                near = self.chance.random() < 0.9
                self.edge(workload, "calls", self.chance.choice(self.services[-200:] if near else self.services))
        if self.chance.random() < 0.3:
            self.edge(self.thing("Ingress", namespace, name), "routes-to", service)
        self.services.append(service)


def main() -> None:
    estate = Estate()
    nodes = [estate.thing("Node", "", f"node{number}") for number in range(NODES)]
    for number in range(APPLICATIONS):
        estate.application(number, nodes)
    began = time.process_time()
    atlas = Atlas(Map(resources=tuple(estate.resources), relations=tuple(estate.relations), slxs=(), readings=()))
    start = estate.services[-1]
    atlas.ways(start, 1, upstream=True)
    figures: dict[str, object] = {
        "resources": len(estate.resources),
        "relations": len(estate.relations),
        "build_cpu_s": round(time.process_time() - began, 2),
    }
    refs = random.Random(2).sample([one.ref for one in estate.resources], QUESTIONS)
    for steps in (1, 2, 3, 4):
        for upstream in (True, False):
            figures[f"{'up' if upstream else 'down'}stream_{steps}"] = asked(atlas, refs, steps, upstream=upstream)
    figures["after_change"] = changed(atlas, estate)
    figures["peak_rss_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    print(json.dumps(figures))


def asked(atlas: Atlas, refs: list[ResourceRef], steps: int, *, upstream: bool) -> dict[str, float]:
    """Median, 95th percentile and maximum in milliseconds, with how many resources were found at most."""
    spent: list[float] = []
    most = 0
    for ref in refs:
        began = time.perf_counter()
        most = max(most, len(atlas.ways(ref, steps, upstream=upstream)))
        spent.append(1000 * (time.perf_counter() - began))
    ranked = sorted(spent)
    return {
        "p50_ms": round(ranked[len(ranked) // 2], 2),
        "p95_ms": round(ranked[int(len(ranked) * 0.95)], 2),
        "max_ms": round(ranked[-1], 2),
        "found_at_most": most,
    }


def changed(atlas: Atlas, estate: Estate) -> dict[str, float]:
    """Milliseconds of applying a change of one application's relations, and of the first question after it."""
    spent: list[tuple[float, float]] = []
    for number in range(20):
        source = next(
            one.ref for one in estate.resources if one.ref.name == f"app{number}" and one.ref.kind == "Deployment"
        )
        call = Relation(source=source, type="calls", target=estate.services[-1 - number], detail="")
        began = time.perf_counter()
        atlas = atlas.changed(Changes(relations={source.path: (*atlas.relations_of(source.path), call)}))
        middle = time.perf_counter()
        atlas.ways(source, 3, upstream=True)
        spent.append((1000 * (middle - began), 1000 * (time.perf_counter() - middle)))
    applied, first = (sorted(one)[len(spent) // 2] for one in zip(*spent, strict=True))
    return {"apply_ms": round(applied, 2), "first_question_ms": round(first, 2)}


if __name__ == "__main__":
    main()
