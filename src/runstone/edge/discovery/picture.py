"""One platform as far as it has been read: scopes to objects, objects to resources, relations and rule subjects. Pure.

A picture outlives a round. What a new round has not reached yet, or could not read, stays as it was last seen, so that
nothing on the Map flickers while a round is under way and a refused list takes nothing away.
"""

import datetime as dt
from collections.abc import Iterable

from runstone.connectors.platforms import Batch, Object, Platform, version
from runstone.edge.discovery import health, relations
from runstone.edge.discovery.relations import CLUSTER_KINDS, Objects
from runstone.edge.discovery.rules import KINDS, Subject
from runstone.model.resource import Health, Relation, Resource, ResourceRef, Scope, ScopeReading

CLUSTER = "Cluster"
HIDDEN = frozenset({"ReplicaSet", "Endpoints"})
"""Read for what they tell of others; not on the Map themselves."""
_WORD_OF = {kind: word for word, kind in reversed(KINDS.items())}
_LEVELS = {"none": -1, "basic": 1, "detailed": 2}
_LEVEL_ANNOTATION = "config.runwhen.com/lod"
"""The annotation by which a namespace asks for less detail (a fact of the GenerationRules' format)."""


class Picture:
    """What is known of one platform."""

    def __init__(self, platform: Platform, kept: Iterable[Batch] = ()) -> None:
        """``kept``: what an earlier process knew."""
        self.platform = platform
        self.itself = Scope(platform=platform.name, kind=CLUSTER, namespace="")
        self.batches: dict[Scope, Batch] = {batch.reading.scope: batch for batch in kept}
        self._told: set[Scope] = set()
        self._gone: set[Scope] = set()
        self._reached = True
        self.stirred = True
        """Whether anything was told since the last look that differs from what was known."""

    def begin(self) -> None:
        """A new round starts: nothing was told yet."""
        self._told = set()
        self._reached = True

    def take(self, batch: Batch) -> None:
        """One scope was read. What an incomplete reading leaves out stays as last seen."""
        scope = batch.reading.scope
        before = self.batches.get(scope)
        if before and not batch.reading.complete:
            seen = {_key(obj) for obj in batch.objects}
            kept = (obj for obj in before.objects if _key(obj) not in seen)
            batch = Batch(batch.reading, (*batch.objects, *kept))
        self.stirred = self.stirred or before is None or _differ(before, batch)
        self.batches[scope] = batch
        self._told.add(scope)

    def end(self) -> None:
        """The round told all it had: scopes it did not mention are no part of the platform any more.

        Unless a type's kind could not be learned (a scope named like a type, in lower case): what was not said
        then may be of that kind.
        """
        unlearned = any(scope.kind.islower() and not self.batches[scope].reading.complete for scope in self._told)
        self._gone = set() if unlearned else set(self.batches) - self._told
        self._told |= set(self.batches) - self._gone
        self.batches = {scope: batch for scope, batch in self.batches.items() if scope in self._told}
        self._told.add(self.itself)
        self.batches[self.itself] = Batch(ScopeReading(scope=self.itself, complete=True, problem=""), ())

    def unreachable(self, problem: str) -> None:
        """The round failed as a whole: everything stays, and why is said of the cluster itself."""
        self._reached = False
        self.batches[self.itself] = Batch(ScopeReading(scope=self.itself, complete=False, problem=problem), ())
        self._told.add(self.itself)

    def told(self, kinds: Iterable[str]) -> bool:
        """Whether something of each of these kinds was read in this round."""
        return set(kinds) <= {scope.kind for scope in self._told}

    def readings(self) -> list[ScopeReading]:
        """How far each scope was read, those that are gone as complete and so empty."""
        known = [batch.reading for scope, batch in self.batches.items() if scope.kind not in HIDDEN]
        gone = [ScopeReading(scope=scope, complete=True, problem="") for scope in self._gone - set(self.batches)]
        return sorted(known + gone, key=lambda one: (one.scope.kind, one.scope.namespace))

    def objects(self) -> Objects:
        """All objects, in the order of their names, so that the first of several is always the same."""
        chosen = [obj for batch in self.batches.values() for obj in batch.objects if not self._outdated(obj, batch)]
        return Objects(self.platform.name, sorted(chosen, key=_key))

    def _outdated(self, obj: Object, batch: Batch) -> bool:
        """Whether a narrower scope, read completely, knows better than a wider one that was not."""
        if batch.reading.complete or batch.reading.scope.namespace:
            return False
        kind, namespace, _ = _key(obj)
        narrower = self.batches.get(Scope(platform=self.platform.name, kind=kind, namespace=namespace))
        return bool(namespace) and narrower is not None and narrower.reading.complete

    def resources(self, objects: Objects, related: Iterable[Relation], now: dt.datetime) -> dict[ResourceRef, Resource]:
        """What belongs on the Map, with what others point to and what is surely not there."""
        found = {
            ref: _resource(ref, obj, objects, now) for ref, obj in objects.by_ref.items() if ref.kind not in HIDDEN
        }
        cluster = self.cluster_ref()
        looks: tuple[Health, str] = ("ok", "") if self._reached else ("unknown", "not reachable")
        found[cluster] = Resource(ref=cluster, labels={}, health=looks[0], summary=looks[1])
        for relation in related:
            ref = relation.target
            if ref not in found and self._complete(ref):
                found[ref] = Resource(ref=ref, labels={}, health="ill", summary="not found")
        return found

    def _complete(self, ref: ResourceRef) -> bool:
        """Whether the scope that would hold ``ref`` was read completely."""
        for namespace in {"", ref.namespace}:
            batch = self.batches.get(Scope(platform=ref.platform, kind=ref.kind, namespace=namespace))
            if batch is not None and batch.reading.complete:
                return True
        return False

    def relations(self, objects: Objects) -> list[Relation]:
        """Relations between what is shown."""
        return [one for one in relations.relate(objects) if not {one.source.kind, one.target.kind} & HIDDEN]

    def subjects(self, objects: Objects) -> dict[str, list[Subject]]:
        """What rules are tried on, by every word a rule may know its type by."""
        found: dict[str, list[Subject]] = {"cluster": [self._cluster_subject()]} if self._reached else {}
        levels = {ref.name: _level(obj) for ref, obj in objects.by_ref.items() if ref.kind == "Namespace"}
        for ref, obj in objects.by_ref.items():
            if ref.kind in HIDDEN:
                continue
            namespace = ref.name if ref.kind == "Namespace" else ref.namespace
            subject = self._subject(ref, obj, levels.get(namespace, 2))
            for type_ in _types(ref, obj):
                found.setdefault(type_, []).append(subject)
        return found

    def cluster_ref(self) -> ResourceRef:
        """The cluster itself, as a resource."""
        return ResourceRef(platform=self.platform.name, kind=CLUSTER, namespace="", name=self.platform.name)

    def _subject(self, ref: ResourceRef, obj: Object, level: int) -> Subject:
        metadata = obj["metadata"]
        return Subject(
            type=_types(ref, obj)[0],
            kind=ref.kind,
            name=ref.name,
            namespace="" if ref.kind in CLUSTER_KINDS else ref.namespace,
            cluster=self.platform.name,
            context=self.platform.context,
            labels=_texts(metadata.get("labels")),
            annotations=_texts(metadata.get("annotations")),
            resource=obj,
            level=level,
            stamp=version(obj),
        )

    def _cluster_subject(self) -> Subject:
        name, context = self.platform.name, self.platform.context
        return Subject("cluster", CLUSTER, name, "", name, context, {}, {}, {}, stamp=context)


def _differ(before: Batch, after: Batch) -> bool:
    if before.reading != after.reading or len(before.objects) != len(after.objects):
        return True
    return any(version(old) != version(new) for old, new in zip(before.objects, after.objects, strict=True))


def within(ref: ResourceRef, scope: Scope) -> bool:
    """Whether a scope covers a resource."""
    return (ref.platform, ref.kind) == (scope.platform, scope.kind) and scope.namespace in ("", ref.namespace)


def _key(obj: Object) -> tuple[str, str, str]:
    return obj["kind"], obj["metadata"].get("namespace") or "", obj["metadata"]["name"]


def _resource(ref: ResourceRef, obj: Object, objects: Objects, now: dt.datetime) -> Resource:
    looks, summary = _looks(ref, obj, objects, now)
    return Resource(ref=ref, labels=_texts(obj["metadata"].get("labels")), health=looks, summary=summary)


def _looks(ref: ResourceRef, obj: Object, objects: Objects, now: dt.datetime) -> tuple[Health, str]:
    if ref.kind != "Service":
        return health.of(obj, now)
    if not (obj.get("spec") or {}).get("selector"):
        return "ok", ""
    backing = objects.by_ref.get(objects.ref("Endpoints", ref.namespace, ref.name))
    return health.endpoints(backing) if backing else ("unknown", "")


def _types(ref: ResourceRef, obj: Object) -> list[str]:
    """The words a rule may know a resource by, the one it calls itself first."""
    words = [word for word, kind in KINDS.items() if kind == ref.kind]
    group = str(obj.get("apiVersion", "")).rpartition("/")[0]
    plural = str(obj.get("_plural") or f"{ref.kind.lower()}s")
    singular = ref.kind.partition(".")[0].lower()
    named = [f"{plural}.{group}", f"{singular}.{group}", plural] if group else [plural]
    return list(dict.fromkeys([*([_WORD_OF[ref.kind]] if words else []), *words, *named]))


def _texts(values: dict[str, object] | None) -> dict[str, str]:
    return {str(key): str(value) for key, value in (values or {}).items()}


def _level(namespace: Object) -> int:
    said = (namespace["metadata"].get("annotations") or {}).get(_LEVEL_ANNOTATION, "detailed")
    return _LEVELS.get(str(said), 2)
