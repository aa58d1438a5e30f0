"""A row of Resource Graph, to an object of the Map's platform protocol. Pure.

The object's top level is what public rules and templates of the platform ``azure`` read: ``name``, ``id``,
``location``, ``resource_group``, ``subscription_id``, ``subscription_name``, ``tags``, and the kept fields in snake
case all the way down, with properties beside the name, as Azure's own Python clients give them
(``hardware_profile/vm_size``). ``metadata`` is as of any platform. ``_map`` holds what no field says by itself: the
words rules know the type by, how it looks, what it refers to, and ``own``: fields whose names the protocol itself uses,
which rules read instead.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from runstone.connectors.items import Item, at, items, picked, snaked, text
from runstone.connectors.kept import Object, trimmed
from runstone.connectors.platforms.azure import looks
from runstone.connectors.platforms.azure.arm import ArmId
from runstone.connectors.platforms.azure.kinds import COMMON, Kind, Reference, flat
from runstone.connectors.platforms.azure.table import BY_ARM

API_VERSION = "azure/v1"
_RESERVED = ("kind", "metadata")
"""Names that an object of the protocol uses itself."""


@dataclass(frozen=True)
class Place:
    """What is known of everything that is read besides itself."""

    subscriptions: Mapping[str, str]
    """Names by id."""
    groups: Mapping[str, str] = field(default_factory=dict[str, str])
    """Resource groups as their own list spells them, by ``uid``: other lists spell them in any case."""
    health: Mapping[str, Item] = field(default_factory=dict[str, Item])
    """What Resource Health says, by ``uid``."""
    auth: Mapping[str, str] = field(default_factory=dict[str, str])
    """How Tasks log in, for templates."""
    salt: bytes = b""


def shaped(kind: Kind, row: Item, place: Place) -> Object | None:
    """The object; None for a row that is no resource of the kind."""
    arm = ArmId.parse(row.get("id"))
    if arm is None or arm.type != kind.key:
        return None
    item, tags = flat(row), tags_of(row)
    subscription = arm.subscription.lower()
    kept: Item = snaked(picked(item, (*COMMON, *kind.fields)))
    own = {name: kept.pop(name) for name in _RESERVED if name in kept}
    common = {
        **kept,
        "name": text(item, "displayName") or text(item, "name") or arm.name,
        "resource_group": place.groups.get(_group_uid(arm), arm.group),
        "subscription_id": subscription,
        "subscription_name": place.subscriptions.get(subscription) or subscription,
        **place.auth,
        "tags": tags,
        "metadata": {"name": arm.name, "namespace": _scope(arm), "labels": dict(tags), "uid": arm.uid},
    }
    return {**trimmed(common, kind.kind, API_VERSION, place.salt), "_map": _map(kind, item, arm, own, place)}


def tags_of(row: Item) -> dict[str, str]:
    """The tags of a row, which may be null."""
    said = next(iter(items([row.get("tags")])), {})
    return {str(key): "" if value is None else str(value) for key, value in said.items()}


def _scope(arm: ArmId) -> str:
    return arm.subscription.lower() if arm.group or arm.provider else ""


def _group_uid(arm: ArmId) -> str:
    return ArmId(arm.subscription, arm.group, "", ()).uid


def _map(kind: Kind, item: Item, arm: ArmId, own: Item, place: Place) -> Object:
    health, summary = looks.available(kind.health(item), place.health.get(arm.uid))
    said: Object = {
        "types": list(kind.words),
        "health": health,
        "summary": summary,
        "references": [*_lies_in(arm), *(one for reference in kind.references for one in _referred(reference, item))],
    }
    return {**said, "own": own} if own else said


def _lies_in(arm: ArmId) -> Iterator[Object]:
    """What contains it: the resource it is a part of where that has a row, else its group, else its subscription."""
    parent = arm.parent
    while parent is not None and parent.type not in BY_ARM:
        parent = parent.parent
    if parent is not None:
        yield _named(parent, Reference("id", "contains", inverse=True))


def _referred(reference: Reference, item: Item) -> Iterator[Object]:
    """What a field refers to, each once: of a part without a row, such as a subnet, what it is a part of."""
    found = (ArmId.parse(value) for value in at(item, reference.path))
    named = {one.uid: one for arm in found if arm is not None for one in [arm.nearest(BY_ARM)]}
    for arm in named.values():
        yield _named(arm, reference)


def _named(arm: ArmId, reference: Reference) -> Object:
    kind = BY_ARM.get(arm.type)
    return {
        "relation": reference.relation,
        "inverse": reference.inverse,
        "field": ".".join(snaked({part: None}).popitem()[0] for part in reference.path.split(".")),
        "kind": kind.kind if kind else "",
        "uid": arm.uid,
    }
