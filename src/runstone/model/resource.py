"""Things that exist in a customer's accounts and clusters, by name. Their manifests never leave the edge."""

from typing import Literal, Self

from runstone.model.noun import Noun

Health = Literal["ok", "ill", "unknown"]

RelationType = Literal[
    "owns", "selects", "routes-to", "mounts", "references", "runs-on", "calls", "scales", "contains", "guards",
    "managed-by", "same-app", "listens",
]  # fmt: skip
"""owns: controller to owned. selects: Service to the workload (or lone Pod) behind it. routes-to: Ingress to Service.
mounts: workload to volume claim, ConfigMap or Secret. references: workload or Ingress to a named ConfigMap, Secret,
ServiceAccount or class. runs-on: workload to Node. calls: workload to the Service its configuration addresses. scales:
autoscaler to workload. contains: Namespace to what lies in it. guards: NetworkPolicy to the workloads it selects.
managed-by: workload to the Helm release, Flux or Argo CD object that puts it there. same-app: workload to another of
one application. listens: process or unit to the port it listens on."""


class ResourceRef(Noun):
    """A resource's name. ``namespace`` is empty for what has none; ``platform`` names the cluster or account."""

    platform: str
    kind: str
    namespace: str
    name: str

    @property
    def path(self) -> str:
        """``platform/Kind/namespace/name``: one string per resource, used as its key."""
        return f"{self.platform}/{self.kind}/{self.namespace}/{self.name}"

    @classmethod
    def parse(cls, path: str) -> Self:
        """The inverse of :attr:`path`. Raises ValueError when ``path`` has fewer than four parts."""
        platform, kind, namespace, name = path.split("/", 3)
        return cls(platform=platform, kind=kind, namespace=namespace, name=name)

    def __str__(self) -> str:
        where = f" in namespace {self.namespace}" if self.namespace else ""
        return f"{self.kind} {self.name}{where}"


class Software(Noun):
    """A framework, project or component that was recognised in a resource, and why."""

    id: str
    name: str
    category: str
    version: str
    """Empty when nothing tells it."""
    role: str
    confidence: float
    """0 to 1."""
    evidence: tuple[str, ...]
    """Sentences, the strongest first."""


class Resource(Noun):
    """What may travel about a resource: its name, its labels, whether it looks well, and what history compares."""

    ref: ResourceRef
    labels: dict[str, str]
    health: Health
    summary: str
    """A few words on its state, such as ``0/2 ready``; never a value from its configuration."""
    facts: dict[str, str]
    """What a change of it would be told by: ``image/CONTAINER``, ``replicas``, ``env/CONTAINER/NAME``, ``config/KEY``.
    Of configuration an address stays as it is; any other value is a hash, salted at the edge."""
    software: tuple[Software, ...]


class Relation(Noun):
    """A typed edge of the Map. ``source`` needs or governs ``target``, as RelationType tells per type."""

    source: ResourceRef
    type: RelationType
    target: ResourceRef
    detail: str
    """What the edge rests on, such as ``env PAYMENT_ADDR payments:8080``; empty when the type says it all."""


class Scope(Noun):
    """A part of a platform that is read as one: a resource type, in one namespace or (empty) in all."""

    platform: str
    kind: str
    namespace: str


class ScopeReading(Noun):
    """How far a Scope was read. Only a complete one lets stale resources be removed."""

    scope: Scope
    complete: bool
    problem: str
    """Why it is not complete, as a sentence; empty when complete."""
