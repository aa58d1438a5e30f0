"""What home does not know yet of one platform, worked out from what changed in its picture.

Each thing home has is known by a name and a digest. A look works out the things that changed objects could have
changed, and tells those whose digest is another; what was told counts as known only when home has taken it. The digest
of all that home holds is the sum of the digests of its things, so that it follows a difference without the rest.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from runstone.connectors.platforms import Object
from runstone.edge.discovery import facts, health, references, relations, subjects
from runstone.edge.discovery.binding import Bound, Key, Rules
from runstone.edge.discovery.inventory import digest
from runstone.edge.discovery.levels import Levels
from runstone.edge.discovery.picture import CLUSTER, HIDDEN, Picture
from runstone.edge.discovery.relations import CLUSTER_KINDS
from runstone.edge.discovery.subjects import Cluster, Subject
from runstone.model.resource import Health, Relation, Resource, ResourceRef, Scope, ScopeReading
from runstone.model.wire import Related
from runstone.model.workspace import SLX

_SLXS = 300
"""SLXs in one update: each is a few kB."""
_AGAIN_S = 5.0
"""How often what does not look well is looked at anew: some of it changes with time alone."""
_RESOURCE, _RELATED, _SCOPE, _SLX = "resource/", "related/", "scope/", "slx/"


@dataclass(frozen=True)
class Difference:
    """What home is to be told, and the digests by which it will be known; ``more`` when another look has more."""

    readings: tuple[ScopeReading, ...]
    scopes_gone: tuple[Scope, ...]
    resources: tuple[Resource, ...]
    gone: tuple[ResourceRef, ...]
    related: tuple[Related, ...]
    slxs: tuple[SLX, ...]
    slxs_gone: tuple[str, ...]
    digests: Mapping[str, str]
    """By name; empty for what is gone."""
    base: str
    digest: str
    more: bool

    def __bool__(self) -> bool:
        return bool(self.digests)


@dataclass
class _Told:
    """What each namespace's objects tell of relations, and whom it concerns."""

    by_namespace: dict[str, dict[ResourceRef, list[Relation]]] = field(
        default_factory=dict[str, dict[ResourceRef, list[Relation]]]
    )
    namespaces_of: dict[ResourceRef, set[str]] = field(default_factory=dict[ResourceRef, set[str]])
    """In which namespaces a resource is a source."""
    targets: dict[ResourceRef, int] = field(default_factory=dict[ResourceRef, int])
    """How many relations lead to a resource."""

    def replace(self, namespace: str, found: Iterable[Relation]) -> tuple[set[ResourceRef], set[ResourceRef]]:
        """What a namespace tells now; returns the sources and targets whose relations are others than before."""
        now: dict[ResourceRef, list[Relation]] = {}
        for one in found:
            now.setdefault(one.source, []).append(one)
        before = self.by_namespace.get(namespace, {})
        self.by_namespace[namespace] = now
        sources = set(filter(lambda ref: before.get(ref) != now.get(ref), before.keys() | now.keys()))
        targets: set[ResourceRef] = set()
        for ref in sources:
            self._count(before.get(ref, ()), -1, targets)
            self._count(now.get(ref, ()), 1, targets)
            where = self.namespaces_of.setdefault(ref, set())
            (where.add if ref in now else where.discard)(namespace)
        return sources, targets

    def of(self, source: ResourceRef) -> list[Relation]:
        """All relations that start at a resource."""
        told = (self.by_namespace[namespace].get(source, ()) for namespace in self.namespaces_of.get(source, ()))
        return relations.in_order(one for found in told for one in found)

    def _count(self, found: Iterable[Relation], by: int, targets: set[ResourceRef]) -> None:
        for one in found:
            self.targets[one.target] = self.targets.get(one.target, 0) + by
            targets.add(one.target)
            if not self.targets[one.target]:
                del self.targets[one.target]


class News:
    """What home is to be told of one platform."""

    def __init__(self, picture: Picture, rules: Rules, levels: Levels, known: Mapping[str, str]) -> None:
        """``known``: home's digests by name, as an earlier process left them."""
        self.picture = picture
        self._levels = levels
        self._bound = Bound(rules, picture.platform.name, picture.platform.family, _cluster(picture))
        self.known = dict(known)
        self._sum = sum(_number(name, value) for name, value in known.items())
        self._told = _Told()
        self._resources: set[ResourceRef] = set()
        """To be looked at."""
        self._sources: set[ResourceRef] = set()
        self._slxs: dict[str, SLX | None] = {}
        """To be told."""
        self._shown: set[ResourceRef] = set()
        """What has been worked out to be on the Map."""
        self._unwell: set[ResourceRef] = set()
        """What may look otherwise as time goes by."""
        self._addressed: set[ResourceRef] = set()
        """Services and Namespaces that are there."""
        self._sure: set[Scope] = set()
        """Scopes that were completely read."""
        self._looked_at: dt.datetime | None = None

    @property
    def bound(self) -> Bound:
        """The SLXs of the platform."""
        return self._bound

    def forget(self) -> None:
        """Home does not have what it was thought to have: tell everything."""
        self.known.clear()
        self._sum = 0
        self._resources |= self._shown
        self._sources |= self._told.namespaces_of.keys()
        self._slxs.clear()
        self._bound.again()

    def look(self, now: dt.datetime) -> Difference:
        """What home does not know. Told again by the next look unless :meth:`delivered`.

        Many SLXs are told in parts, but for the whole of a platform that home may hold something of already: what such
        an update does not say is gone.
        """
        self._note(now)
        resources, digests = self._looked(now)
        related = self._related(digests)
        readings, scopes_gone = self._readings(digests)
        most = self._bound.waiting if not self._sum and self.picture.whole else _SLXS - len(self._slxs)
        self._slxs |= self._bound.render(most)
        for name, slx in self._slxs.items():
            digests[_SLX + name] = self._bound.digest(name) if slx is not None else ""
        if self.picture.whole and not self._bound.waiting:
            names = {_SLX + name for name in self._bound.names}
            digests |= {name: "" for name in self.known if name.startswith(_SLX) and name not in names}
        fresh = {name: value for name, value in digests.items() if self.known.get(name, "") != value}
        changed = sum(_number(name, value) - _number(name, self.known.get(name, "")) for name, value in fresh.items())
        return Difference(
            readings=tuple(reading for name, reading in readings.items() if name in fresh),
            scopes_gone=tuple(scopes_gone),
            resources=tuple(one for name, one in resources.items() if name in fresh),
            gone=tuple(ResourceRef.parse(path) for path in _gone(fresh, _RESOURCE)),
            related=tuple(one for name, one in related.items() if name in fresh),
            slxs=tuple(slx for name, slx in self._slxs.items() if slx is not None and _SLX + name in fresh),
            slxs_gone=tuple(_gone(fresh, _SLX)),
            digests=fresh,
            base=_text(self._sum),
            digest=_text(self._sum + changed),
            more=self._bound.waiting > 0,
        )

    def delivered(self, difference: Difference) -> None:
        """Home took it: only then is it known there, and need not be looked at again."""
        for name, value in difference.digests.items():
            self._sum += _number(name, value) - _number(name, self.known.get(name, ""))
            if value:
                self.known[name] = value
            else:
                self.known.pop(name, None)
        self._resources.clear()
        self._sources.clear()
        self._slxs.clear()

    def _note(self, now: dt.datetime) -> None:
        """From changed objects to what has to be looked at."""
        picture, dirty = self.picture, self.picture.dirty
        picture.dirty = set()
        self._resources.update(self._spoken_for(ref) for ref in dirty)
        self._relate(dirty, anew=self._addresses_changed(dirty))
        self._resources |= self._newly_sure()
        self._resources.add(picture.cluster_ref())
        if self._looked_at is None or (now - self._looked_at).total_seconds() >= _AGAIN_S:
            self._looked_at = now
            self._resources |= self._unwell
        self._bind(dirty)

    def _spoken_for(self, ref: ResourceRef) -> ResourceRef:
        """Endpoints tell how their Service is."""
        return ref.model_copy(update={"kind": "Service"}) if ref.kind == "Endpoints" else ref

    def _addresses_changed(self, dirty: set[ResourceRef]) -> bool:
        """Whether a Service or Namespace came or went: then any address may lead elsewhere."""
        by_ref = self.picture.objects.by_ref
        named = set(filter(lambda ref: ref.kind in ("Service", "Namespace"), dirty))
        here = named & by_ref.keys()
        changed = here != named & self._addressed
        self._addressed = (self._addressed - named) | here
        return changed

    def _newly_sure(self) -> set[ResourceRef]:
        """What others point to and is not there, in scopes that are, or are no more, completely read."""
        sure = set(filter(lambda scope: self.picture.scopes[scope].complete, self.picture.scopes))
        kinds = {scope.kind for scope in sure ^ self._sure}
        self._sure = sure
        by_ref = self.picture.objects.by_ref
        return set(filter(lambda ref: ref.kind in kinds and ref not in by_ref, self._told.targets)) if kinds else set()

    def _relate(self, dirty: set[ResourceRef], *, anew: bool) -> None:
        objects = self.picture.objects
        if self.picture.platform.family != "kubernetes":
            found = {"": references.relate(objects)} if dirty else {}
        else:
            places = {*objects.namespaces(), *self._told.by_namespace} if anew else {ref.namespace for ref in dirty}
            found = {place: relations.told_in(objects, place) for place in places}
        for place, told in found.items():
            shown = (one for one in told if not {one.source.kind, one.target.kind} & HIDDEN)
            sources, targets = self._told.replace(place, shown)
            self._sources |= sources
            self._resources.update(ref for ref in targets if ref not in objects.by_ref)

    def _looked(self, now: dt.datetime) -> tuple[dict[str, Resource], dict[str, str]]:
        """What is or was on the Map of that which has to be looked at."""
        found: dict[str, Resource] = {}
        digests: dict[str, str] = {}
        for ref in self._resources:
            if ref.kind in HIDDEN:
                continue
            resource = self._resource(ref, now)
            timed = resource is not None and ref.kind in health.TIMED and resource.health != "ok"
            (self._unwell.add if timed else self._unwell.discard)(ref)
            if (resource is not None) != (ref in self._shown):
                self._sources.add(ref)
            if resource is None:
                self._shown.discard(ref)
                digests[_RESOURCE + ref.path] = ""
            else:
                self._shown.add(ref)
                found[_RESOURCE + ref.path] = resource
                digests[_RESOURCE + ref.path] = digest([resource])
        return found, digests

    def _resource(self, ref: ResourceRef, now: dt.datetime) -> Resource | None:
        obj = self.picture.objects.by_ref.get(ref)
        if obj is None:
            return self._without_object(ref)
        looks, summary = self._looks(ref, obj, now)
        labels = subjects.texts(obj["metadata"].get("labels"))
        return Resource(
            ref=ref,
            labels=labels,
            health=looks,
            summary=summary,
            facts=facts.of(ref, obj),
            software=self.picture.software(ref, obj),
        )

    def _without_object(self, ref: ResourceRef) -> Resource | None:
        """The platform itself; and what others point to and what is surely not there. Anything else is gone."""
        if ref == self.picture.cluster_ref() and self.picture.platform.family == "kubernetes":
            reached = self.picture.reached
            return _bare(ref, *(("ok", "") if reached else ("unknown", "not reachable")))
        if ref in self._told.targets and self.picture.complete(ref):
            return _bare(ref, "ill", "not found")
        return None

    def _looks(self, ref: ResourceRef, obj: Object, now: dt.datetime) -> tuple[Health, str]:
        if self.picture.platform.family != "kubernetes":
            said = obj.get("_map") or {}
            return said.get("health") or "unknown", str(said.get("summary") or "")
        if ref.kind != "Service":
            return health.of(obj, now)
        if not (obj.get("spec") or {}).get("selector"):
            return "ok", ""
        objects = self.picture.objects
        backing = objects.by_ref.get(objects.ref("Endpoints", ref.namespace, ref.name))
        return health.endpoints(backing) if backing else ("unknown", "")

    def _related(self, digests: dict[str, str]) -> dict[str, Related]:
        found: dict[str, Related] = {}
        for ref in self._sources:
            # What is not on the Map itself, such as an owner that may not be looked at, is no source either.
            told = self._told.of(ref) if ref in self._shown else []
            name = _RELATED + ref.path
            digests[name] = digest(told)
            found[name] = Related(source=ref, relations=tuple(told))
        return found

    def _readings(self, digests: dict[str, str]) -> tuple[dict[str, ScopeReading], list[Scope]]:
        found = {_scope_name(reading.scope): reading for reading in self.picture.readings()}
        digests |= {name: digest([reading]) for name, reading in found.items()}
        gone = [name for name in self.known if name.startswith(_SCOPE) and name not in found]
        digests |= dict.fromkeys(gone, "")
        return found, [_scope(name, self.picture.platform.name) for name in gone]

    def _bind(self, dirty: set[ResourceRef]) -> None:
        """Try what changed on the rules. What a namespace asks for concerns all that lies in it."""
        concerned = set(dirty)
        for ref in dirty:
            if ref.kind == "Namespace" and self._levels.forget(ref.name):
                concerned.update(self.picture.objects.lying_in(ref.name))
        self._bound.change(subjects_of(self.picture, self._levels, concerned))


def subjects_of(
    picture: Picture,
    levels: Levels,
    refs: Iterable[ResourceRef] | None = None,
    attributes: Mapping[str, object] | None = None,
) -> dict[Key, Subject | None]:
    """What rules are tried on, of these names or all; None for what is gone or left out.

    ``attributes`` of the cluster: those of its platform if none are given.
    """
    chosen = picture.objects.by_ref.keys() if refs is None else refs
    managed = subjects.managed(picture.platform.attributes() if attributes is None else attributes)
    found = {_key(ref): _subject(ref, picture, levels, managed) for ref in filter(_shown, chosen)}
    if picture.platform.family == "kubernetes":
        found[_key(picture.cluster_ref())] = _cluster_subject(picture, managed)
    return found


def _subject(ref: ResourceRef, picture: Picture, levels: Levels, managed: Mapping[str, str]) -> Subject | None:
    platform, obj = picture.platform, picture.objects.by_ref.get(ref)
    if obj is None or levels.excluded(ref, obj, picture.objects):
        return None
    level = levels.level(ref, obj, picture.objects)
    software = tuple(one.id for one in picture.software(ref, obj) if one.role != "client")
    if platform.family != "kubernetes":
        return subjects.described(ref, obj, platform.family, level, software=software)
    return subjects.kubernetes(ref, obj, platform.name, platform.context, level, software=software, values=managed)


def _cluster_subject(picture: Picture, managed: Mapping[str, str]) -> Subject | None:
    """The cluster itself; none as long as it was never reached."""
    if not (picture.reached or picture.objects.by_ref):
        return None
    name, context = picture.platform.name, picture.platform.context
    return Subject("cluster", CLUSTER, name, "", name, context, {}, {}, {}, stamp=context, values=managed)


def _shown(ref: ResourceRef) -> bool:
    return ref.kind not in HIDDEN


def _cluster(picture: Picture) -> Cluster:
    return Cluster(dict(picture.platform.attributes()))


def _bare(ref: ResourceRef, looks: Health, summary: str) -> Resource:
    return Resource(ref=ref, labels={}, health=looks, summary=summary, facts={}, software=())


def _key(ref: ResourceRef) -> Key:
    return ref.kind, "" if ref.kind in CLUSTER_KINDS else ref.namespace, ref.name


def _gone(digests: Mapping[str, str], prefix: str) -> Iterator[str]:
    return (name.removeprefix(prefix) for name, value in digests.items() if not value and name.startswith(prefix))


def _scope_name(scope: Scope) -> str:
    return f"{_SCOPE}{scope.kind}/{scope.namespace}"


def _scope(name: str, platform: str) -> Scope:
    kind, _, namespace = name.removeprefix(_SCOPE).partition("/")
    return Scope(platform=platform, kind=kind, namespace=namespace)


def _number(name: str, value: str) -> int:
    """A thing's share in the digest of all."""
    return int.from_bytes(hashlib.sha256(f"{name} {value}".encode()).digest()[:16], "big") if value else 0


def _text(number: int) -> str:
    """The digest of all; empty for nothing."""
    return f"{number % 2**128:032x}" if number else ""
