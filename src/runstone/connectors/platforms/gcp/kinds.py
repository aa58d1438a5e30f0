"""What a row of the table says: which type it is, what of it is kept, and what the Map learns from it.

Paths are those of the resource's own REST API, as ``resource.data`` of an asset holds it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from runstone.connectors.items import Item, Judge, Looks
from runstone.model.resource import RelationType


def exists(_: Item) -> Looks:
    """Google Cloud says nothing of its state."""
    return "unknown", ""


@dataclass(frozen=True)
class Reference:
    """A field that names other resources. ``inverse``: the resource named is the relation's source.

    ``service``: where relative names belong, when not to the row's own service. ``kind``: what plain names and e-mails
    are names of.
    """

    path: str
    relation: RelationType
    inverse: bool = False
    service: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Kind:
    """One type of Google Cloud resource.

    ``type`` and ``aliases`` are what rules call it (the names of CloudQuery's tables); ``kind`` what the Map does;
    ``asset`` what Cloud Asset Inventory does, ``also`` what else it does. ``labels`` is where its labels are.
    ``name``: the path of its plain name, where that is not the last part of the asset's name; ``repeats``: several may
    have one plain name, one after another. ``part``: it lies in the resource its own name begins with.
    """

    type: str
    kind: str
    asset: str
    fields: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    health: Judge = exists
    aliases: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    labels: str = "labels"
    name: str = ""
    repeats: bool = False
    part: bool = False
    own: Callable[[Item], Item] | None = None
    """Fields whose names the protocol itself uses, for rules (``_map.own``)."""

    @property
    def service(self) -> str:
        """Such as ``compute.googleapis.com``."""
        return self.asset.partition("/")[0]

    @property
    def assets(self) -> tuple[str, ...]:
        """Every type of Cloud Asset Inventory that it is of."""
        return (self.asset, *self.also)

    @property
    def words(self) -> tuple[str, ...]:
        """Every word that rules know it by."""
        return (self.type, *self.aliases)
