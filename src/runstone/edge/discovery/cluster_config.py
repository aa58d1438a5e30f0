"""``eksClusters``, ``aksClusters`` and ``gkeClusters`` of a workspaceInfo.yaml: which clusters, how much of each. Pure.

Keys and their precedence are facts of the format: a namespace's level is what is said of it for the cluster, else for
all clusters, else the cluster's ``defaultNamespaceLOD``. What is said of a namespace for one managed cluster also holds
for all others that say nothing of it.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from runstone.connectors.managed import Area, Managed, Seeking, Sought
from runstone.edge.discovery.keys import Keys
from runstone.edge.discovery.levels import Pairs, Wanted
from runstone.errors import BadInput

_FILTERS = ("includeLabels", "includeAnnotations", "excludeLabels", "excludeAnnotations")


@dataclass(frozen=True)
class _Own:
    """What is said of one cluster."""

    default: int | None
    places: Mapping[str, int]
    only: tuple[str, ...]


@dataclass(frozen=True)
class ClustersEntry:
    """The managed clusters of one cloud."""

    seeking: Seeking
    named: Mapping[Sought, _Own] = field(default_factory=dict[Sought, _Own])
    defaults: Mapping[Area, int] = field(default_factory=dict[Area, int])
    """Levels of clusters that are found, by subscription, or by subscription and group; of ``Area()`` for all."""
    only: tuple[str, ...] = ()
    filters: Mapping[str, Pairs] = field(default_factory=dict[str, Pairs])

    @property
    def places(self) -> dict[str, int]:
        """What is said of namespaces, of all clusters together; of two that differ, the first counts."""
        return {name: level for one in reversed([*self.named.values()]) for name, level in one.places.items()}

    def wanted(self, cluster: Managed, every: Wanted) -> Wanted:
        """What is asked for of a cluster. ``every``: of any cluster that says nothing."""
        own = self.named.get(cluster.sought) if cluster.sought else None
        default = own.default if own else self._found(cluster)
        filters = {name: pairs for name, pairs in self.filters.items() if pairs}
        return replace(
            every,
            default=every.default if default is None else default,
            places={**every.places, **(own.places if own else {})},
            only=(own.only if own else ()) or self.only,
            include_labels=filters.get("includeLabels", every.include_labels),
            include_annotations=filters.get("includeAnnotations", every.include_annotations),
            exclude_labels=filters.get("excludeLabels", every.exclude_labels),
            exclude_annotations=filters.get("excludeAnnotations", every.exclude_annotations),
        )

    def _found(self, cluster: Managed) -> int | None:
        account, place = cluster.account.lower(), cluster.place.lower()
        areas = (Area(account, place), Area(account), Area())
        return next((self.defaults[area] for area in areas if area in self.defaults), None)


def eks(keys: Keys) -> ClustersEntry | None:
    """Of ``cloudConfig.aws``. Raises BadInput naming the key, as all of these."""

    def areas(discovery: Keys) -> list[tuple[Area, int | None]]:
        return [(Area("", region), None) for region in discovery.texts("regions")]

    return _entry(keys, "eksClusters", lambda one: Sought(_name(one), "", one.text("region")), areas)


def aks(keys: Keys) -> ClustersEntry | None:
    """Of ``cloudConfig.azure``."""
    return _entry(
        keys,
        "aksClusters",
        lambda one: Sought(_name(one), one.text("subscriptionId"), one.text("resource_group", "resourceGroup")),
        lambda discovery: [area for one in discovery.mappings("subscriptions") for area in _subscription(one)],
    )


def gke(keys: Keys) -> ClustersEntry | None:
    """Of ``cloudConfig.gcp``."""

    def areas(discovery: Keys) -> list[tuple[Area, int | None]]:
        return [(Area(project), None) for project in discovery.texts("projectId")]

    def sought(one: Keys) -> Sought:
        return Sought(_name(one), one.text("projectId"), one.text("location", "zone", "region"))

    return _entry(keys, "gkeClusters", sought, areas)


def shared(entries: Iterable[ClustersEntry | None]) -> dict[str, int]:
    """What is said of namespaces for any managed cluster."""
    return {name: level for one in entries if one for name, level in one.places.items()}


def _subscription(keys: Keys) -> list[tuple[Area, int | None]]:
    """A subscription's area, or those of its groups: texts, or mappings with a level of their own."""
    account = keys.text("subscriptionId")
    default = _default(keys)
    groups: list[tuple[Area, int | None]] = []
    for said in keys.items("resourceGroups"):
        one = keys.inner("resourceGroups", {"name": said} if isinstance(said, str) else said)
        own = _default(one)
        groups.append((Area(account, one.text("name")), default if own is None else own))
    return groups or [(Area(account), default)]


def _entry(
    keys: Keys,
    name: str,
    sought: Callable[[Keys], Sought],
    areas: Callable[[Keys], list[tuple[Area, int | None]]],
) -> ClustersEntry | None:
    if not keys.said.get(name):
        keys.asked.add(name)
        return None
    section = keys.mapping(name)
    named = {sought(one): _own(one) for one in section.mappings("clusters")}
    entry = _discovering(section, areas)
    seeking = Seeking(tuple(named), entry.seeking.areas)
    filters = {word: section.pairs(word) for word in _FILTERS}
    only = section.texts("namespaces")
    return replace(entry, seeking=seeking, named=named, only=only, filters=filters)


def _discovering(section: Keys, areas: Callable[[Keys], list[tuple[Area, int | None]]]) -> ClustersEntry:
    """As far as ``autoDiscover`` goes; ``discoveryConfig`` means nothing without it."""
    if not section.flag("autoDiscover"):
        return ClustersEntry(Seeking())
    discovery = section.mapping("discoveryConfig")
    found = areas(discovery)
    common = discovery.level(-1, "discoveredClustersDefaultLOD")
    defaults = {_lower(area): level for area, level in found if level is not None}
    defaults |= {Area(): common} if common >= 0 else {}
    return ClustersEntry(Seeking((), tuple(area for area, _ in found) or (Area(),)), defaults=defaults)


def _own(keys: Keys) -> _Own:
    return _Own(_default(keys), keys.levels("namespaceLODs"), keys.texts("namespaces"))


def _name(keys: Keys) -> str:
    name = keys.text("name")
    if not name:
        raise BadInput(f"{keys.where}: a cluster has no name.")
    return name


def _default(keys: Keys) -> int | None:
    found = keys.level(-1, "defaultNamespaceLOD")
    return found if found >= 0 else None


def _lower(area: Area) -> Area:
    """Azure writes its names in any case."""
    return Area(area.account.lower(), area.place.lower())
