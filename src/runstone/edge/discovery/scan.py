"""A round of discovery: platforms to readings, to resources and relations, to SLXs, to what is new for home.

What is read first leaves first: after each scope the Map as known so far is worked out again, and only what differs
from what home has is sent. So the first answer does not wait for the last kind, and a round without news is silent.
"""

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from runstone.connectors.platforms import Batch, Object, Platform
from runstone.content import parse
from runstone.edge.discovery import health, relations
from runstone.edge.discovery.inventory import Inventory, digest
from runstone.edge.discovery.relations import CLUSTER_KINDS, Objects
from runstone.edge.discovery.render import Renderer, Setting
from runstone.edge.discovery.rules import KINDS, Match, Rule, Subject, World, custom_types
from runstone.errors import BadInput
from runstone.model.content import CodeCollection, Finding
from runstone.model.resource import Health, Relation, Resource, ResourceRef, Scope, ScopeReading
from runstone.model.wire import MapUpdate
from runstone.model.workspace import SLX

log = structlog.get_logger()
_FIRST_AFTER_S = 0.05
_THEN_EVERY_S = 0.4
"""Between two updates of a round: each costs a look at everything read so far."""
_HIDDEN = frozenset({"ReplicaSet", "Endpoints"})
"""Read for what they tell of others; not on the Map themselves."""
_TYPE_OF = {kind: word for word, kind in reversed(KINDS.items())}


@dataclass
class _Round:
    """What one platform told so far."""

    platform: Platform
    batches: dict[Scope, Batch] = field(default_factory=dict[Scope, Batch])

    def take(self, batch: Batch) -> None:
        self.batches[batch.reading.scope] = batch

    def objects(self) -> Objects:
        return Objects(self.platform.name, (obj for batch in self.batches.values() for obj in batch.objects))

    def complete(self, ref: ResourceRef) -> bool:
        """Whether the scope that would hold ``ref`` was read completely."""
        whole = self.batches.get(Scope(platform=ref.platform, kind=ref.kind, namespace=""))
        part = self.batches.get(Scope(platform=ref.platform, kind=ref.kind, namespace=ref.namespace))
        return any(batch is not None and batch.reading.complete for batch in (whole, part))


class Scanner:
    """Discovery of one Location."""

    def __init__(
        self,
        platforms: Sequence[Platform],
        collections: Sequence[tuple[CodeCollection, Path]],
        *,
        workspace: str,
        location: str,
        custom: Mapping[str, Any],
        inventory: Inventory,
    ) -> None:
        self._platforms = platforms
        self._location = location
        self._inventory = inventory
        self._setting = Setting(workspace, location, custom)
        self._rules: list[tuple[Rule, Renderer, str]] = []
        self.findings: list[Finding] = []
        """What is wrong with rules and templates, by file and resource."""
        for collection, root in collections:
            self._load(collection, root)

    async def updates(self) -> AsyncIterator[MapUpdate]:
        """What is new for home, in a few pieces; the last one has ``final`` set. Raises when a platform is out of reach."""
        self.findings = [finding for finding in self.findings if not finding.message.startswith("rule:")]
        for platform in self._platforms:
            async for update in self._platform(platform):
                yield update
        yield self._update((), (), (), (), final=True)

    def forget(self) -> None:
        """Home may have missed something: send everything next time."""
        self._inventory.forget()

    async def _platform(self, platform: Platform) -> AsyncIterator[MapUpdate]:
        known = _Round(platform)
        itself = Scope(platform=platform.name, kind="Cluster", namespace="")
        known.take(Batch(ScopeReading(scope=itself, complete=True, problem=""), ()))
        due = time.monotonic() + _FIRST_AFTER_S
        async for batch in platform.read(custom_types([rule for rule, _, _ in self._rules])):
            known.take(batch)
            if time.monotonic() >= due:
                for update in self._news(known):
                    yield update
                due = time.monotonic() + _THEN_EVERY_S
        for update in self._news(known):
            yield update

    def _news(self, known: _Round) -> list[MapUpdate]:
        """One update with what differs from what home has; none when nothing does."""
        objects = known.objects()
        resources = _resources(known, objects)
        related = [one for one in relations.relate(objects) if not {one.source.kind, one.target.kind} & _HIDDEN]
        resources |= _missing(known, related, resources)
        fresh, readings, digests = self._fresh(known, resources, related)
        slxs = self._slxs(known, objects)
        new_slxs = [slx for slx in slxs if self._inventory.changed(f"slx/{slx.name}", digest([slx]))]
        digests |= {f"slx/{slx.name}": digest([slx]) for slx in new_slxs}
        if not (readings or fresh or new_slxs):
            return []
        sources = {resource.ref for resource in fresh}
        sent = tuple(one for one in related if one.source in sources)
        update = self._update(readings, tuple(fresh), sent, tuple(new_slxs), final=False)
        self._inventory.sent(digests)
        return [update]

    def _fresh(
        self, known: _Round, resources: dict[ResourceRef, Resource], related: list[Relation]
    ) -> tuple[list[Resource], tuple[ScopeReading, ...], dict[str, str]]:
        """Resources of every scope that changed, and each source whose relations did; with their new digests."""
        by_source: dict[ResourceRef, list[Relation]] = {}
        for one in related:
            by_source.setdefault(one.source, []).append(one)
        fresh: dict[ResourceRef, Resource] = {}
        readings: list[ScopeReading] = []
        digests: dict[str, str] = {}
        for scope, batch in known.batches.items():
            if scope.kind in _HIDDEN:
                continue
            mine = [one for ref, one in resources.items() if _within(ref, scope)]
            name, summed = f"scope/{scope.platform}/{scope.kind}/{scope.namespace}", digest([batch.reading, *mine])
            if self._inventory.changed(name, summed):
                readings.append(batch.reading)
                fresh |= {one.ref: one for one in mine}
                digests[name] = summed
        for ref, own in by_source.items():
            name, summed = f"relations/{ref.path}", digest(own)
            if ref in resources and self._inventory.changed(name, summed):
                fresh[ref] = resources[ref]
                digests[name] = summed
        return list(fresh.values()), tuple(readings), digests

    def _slxs(self, known: _Round, objects: Objects) -> list[SLX]:
        world = World(_subjects(known.platform, objects), {"custom": dict(self._setting.custom)})
        found: dict[str, SLX] = {}
        for rule, renderer, file in self._rules:
            for match in rule.matches(world):
                slx = self._rendered(renderer, match, known.platform, file)
                if slx:
                    found.setdefault(slx.name, slx)
        return list(found.values())

    def _rendered(self, renderer: Renderer, match: Match, platform: Platform, file: str) -> SLX | None:
        try:
            return renderer.slx(match, platform.name, file)
        except BadInput as err:
            finding = Finding(file=file, line=0, message=f"rule: {err}", severity="error")
            if all(one.file != file for one in self.findings):
                log.warning("template failed", file=file, problem=str(err))
            if finding not in self.findings:
                self.findings.append(finding)
            return None

    def _load(self, collection: CodeCollection, root: Path) -> None:
        self.findings += collection.findings
        for bundle in collection.bundles:
            renderer = Renderer(collection.ref, root, bundle.path, self._setting)
            for file in bundle.rule_files:
                self._load_rules(root, file, renderer)

    def _load_rules(self, root: Path, file: str, renderer: Renderer) -> None:
        try:
            for source in parse.generation_rules(root / file):
                rule = Rule(source)
                _ = (rule.types, rule.tests, rule.slxs)
                if source.platform in ("kubernetes", ""):
                    self._rules.append((rule, renderer, file))
        except BadInput as err:
            self.findings.append(Finding(file=file, line=0, message=str(err), severity="error"))
            log.warning("rule skipped", file=file, problem=str(err))

    def _update(
        self,
        readings: tuple[ScopeReading, ...],
        resources: tuple[Resource, ...],
        related: tuple[Relation, ...],
        slxs: tuple[SLX, ...],
        *,
        final: bool,
    ) -> MapUpdate:
        return MapUpdate(
            location=self._location, final=final, readings=readings, resources=resources, relations=related, slxs=slxs
        )


def _within(ref: ResourceRef, scope: Scope) -> bool:
    return ref.kind == scope.kind and scope.namespace in ("", ref.namespace)


def _resources(known: _Round, objects: Objects) -> dict[ResourceRef, Resource]:
    found: dict[ResourceRef, Resource] = {}
    for ref, obj in objects.by_ref.items():
        if ref.kind in _HIDDEN:
            continue
        looks, summary = _looks(ref, obj, objects)
        labels = {str(k): str(v) for k, v in (obj["metadata"].get("labels") or {}).items()}
        found[ref] = Resource(ref=ref, labels=labels, health=looks, summary=summary)
    cluster = cluster_ref(known.platform)
    found[cluster] = Resource(ref=cluster, labels={}, health="ok", summary="")
    return found


def cluster_ref(platform: Platform) -> ResourceRef:
    """The cluster itself, as a resource."""
    return ResourceRef(platform=platform.name, kind="Cluster", namespace="", name=platform.name)


def _looks(ref: ResourceRef, obj: Object, objects: Objects) -> tuple[Health, str]:
    if ref.kind != "Service":
        return health.of(obj)
    backing = objects.by_ref.get(objects.ref("Endpoints", ref.namespace, ref.name))
    selecting = bool((obj.get("spec") or {}).get("selector"))
    if backing is None or not selecting:
        return ("unknown", "") if selecting else ("ok", "")
    return health.endpoints(backing)


def _missing(
    known: _Round, related: list[Relation], resources: dict[ResourceRef, Resource]
) -> dict[ResourceRef, Resource]:
    """What others point to and what is not there, where its scope was read whole."""
    wanted = {one.target for one in related if one.target not in resources}
    return {
        ref: Resource(ref=ref, labels={}, health="ill", summary="not found") for ref in wanted if known.complete(ref)
    }


def _subjects(platform: Platform, objects: Objects) -> dict[str, list[Subject]]:
    found: dict[str, list[Subject]] = {"cluster": [_cluster_subject(platform)]}
    levels = {obj["metadata"]["name"]: _level(obj) for ref, obj in objects.by_ref.items() if ref.kind == "Namespace"}
    for ref, obj in objects.by_ref.items():
        if ref.kind in _HIDDEN:
            continue
        namespace = ref.name if ref.kind == "Namespace" else ref.namespace
        subject = _subject(ref, obj, platform, levels.get(namespace, 2))
        for type_ in _types(ref, obj):
            found.setdefault(type_, []).append(subject)
    return found


def _types(ref: ResourceRef, obj: Object) -> list[str]:
    """The words a rule may know a resource by."""
    words = [word for word, kind in KINDS.items() if kind == ref.kind]
    if words:
        return words
    group, _, version = str(obj.get("apiVersion", "")).rpartition("/")
    plural = str(obj.get("_plural") or f"{ref.kind.lower()}s")
    return [plural, f"{plural}.{group}", f"{plural}.{group}/{version}"] if group else [plural]


def _subject(ref: ResourceRef, obj: Object, platform: Platform, level: int) -> Subject:
    metadata = obj["metadata"]
    return Subject(
        type=_TYPE_OF.get(ref.kind, ref.kind.lower()),
        kind=ref.kind,
        name=ref.name,
        namespace="" if ref.kind in CLUSTER_KINDS else ref.namespace,
        cluster=platform.name,
        context=platform.context,
        labels={str(k): str(v) for k, v in (metadata.get("labels") or {}).items()},
        annotations={str(k): str(v) for k, v in (metadata.get("annotations") or {}).items()},
        resource=obj,
        level=level,
    )


def _cluster_subject(platform: Platform) -> Subject:
    return Subject("cluster", "Cluster", platform.name, "", platform.name, platform.context, {}, {}, {})


def _level(namespace: Object) -> int:
    said = (namespace["metadata"].get("annotations") or {}).get("config.runwhen.com/lod", "detailed")
    return {"none": -1, "basic": 1, "detailed": 2}.get(str(said), 2)
