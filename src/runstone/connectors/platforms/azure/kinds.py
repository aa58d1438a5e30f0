"""What a row of the table says: which type it is, what of it is kept, and what the Map learns from it.

Paths are those of Resource Graph's rows with ``properties`` taken away: what stands in there stands beside ``name`` and
``sku`` here, as in the objects of Azure's own clients.
"""

from dataclasses import dataclass

from runstone.connectors.items import Item, Judge, items, states
from runstone.model.resource import RelationType

COMMON = (
    *("id", "name", "type", "kind", "location", "managedBy", "zones", "plan.name", "plan.product"),
    *("sku", "extendedLocation.name", "identity.type", "provisioningState"),
)
"""Kept of every resource."""
PROVISIONED = states("provisioningState", "Succeeded", "Failed")
"""Azure's own word on whether the last change of a resource went in; also called Canceled by whoever did so."""


@dataclass(frozen=True)
class Reference:
    """A field that holds ids of other resources. ``inverse``: the resource named is the relation's source."""

    path: str
    relation: RelationType
    inverse: bool = False


@dataclass(frozen=True)
class Kind:
    """One type of Azure resource.

    ``type`` and ``aliases`` are what rules call it (the names of CloudQuery's tables); ``kind`` what the Map does;
    ``arm`` what Azure does. ``below``: Resource Graph does not have it; it is listed under each resource of the type
    it is a part of, with this ``api-version``.
    """

    type: str
    kind: str
    arm: str
    fields: tuple[str, ...] = ()
    references: tuple[Reference, ...] = ()
    health: Judge = PROVISIONED
    aliases: tuple[str, ...] = ()
    below: str = ""

    @property
    def key(self) -> str:
        """The type as Resource Graph writes it."""
        return self.arm.lower()

    @property
    def words(self) -> tuple[str, ...]:
        """Every word that rules know it by."""
        return (self.type, *self.aliases)


def flat(row: Item) -> Item:
    """A row with its properties beside its name; where both say something, what stands outside counts."""
    properties = row.get("properties")
    inner = items([properties])
    outside = {key: value for key, value in row.items() if key != "properties" and value not in (None, "", [], {})}
    return {**(inner[0] if inner else {}), **outside}
