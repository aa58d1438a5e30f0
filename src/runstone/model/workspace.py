"""A Workspace and its Map: which subjects are cared for, and which Tasks are bound to them."""

from runstone.model.content import Access, BundleRef
from runstone.model.noun import Noun
from runstone.model.resource import Relation, Resource, ResourceRef, ScopeReading


class BoundTask(Noun):
    """A Task with its values filled in. ``title`` selects it in the suite; ``resolved_title`` is for people."""

    title: str
    resolved_title: str
    documentation: str
    tags: tuple[str, ...]
    access: Access


class SecretNeed(Noun):
    """A secret a suite asks for, and the key under which the runner finds it. Never its value."""

    name: str
    key: str


class Runbook(Noun):
    """The Tasks that investigate one subject, at one Location."""

    bundle: BundleRef
    variables: dict[str, str]
    secrets: tuple[SecretNeed, ...]
    tasks: tuple[BoundTask, ...]


class SLI(Noun):
    """The suite that measures one subject, 0..1, every ``interval_s`` seconds."""

    bundle: BundleRef
    variables: dict[str, str]
    secrets: tuple[SecretNeed, ...]
    interval_s: int
    tasks: tuple[BoundTask, ...] = ()
    """Empty only for one that an older version put on the Map, until discovery sends it anew."""


class SLX(Noun):
    """One subject of care: what, for whom, how measured. ``resources`` are the resources it was generated from."""

    name: str
    alias: str
    statement: str
    resources: tuple[ResourceRef, ...]
    tags: dict[str, str]
    runbook: Runbook | None
    sli: SLI | None


class Map(Noun):
    """A whole Map, as read by planning and shown to people."""

    resources: tuple[Resource, ...]
    relations: tuple[Relation, ...]
    slxs: tuple[SLX, ...]
    readings: tuple[ScopeReading, ...]
