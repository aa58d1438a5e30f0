"""What a row of the table says: which calls list a type, what of the answer is kept, and what the Map learns from it.

Paths are names divided by dots, as AWS spells them in its API reference; lists on the way are searched one by one. A
path that ends in ``|`` takes the last part of the text there, behind ``/`` or else ``:``: the name in an ARN or a URL.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from runstone.connectors import items
from runstone.model.resource import Health, RelationType

Item = dict[str, Any]
"""One thing as AWS describes it, theirs."""
Looks = tuple[Health, str]


@dataclass(frozen=True)
class Call:
    """One operation, in all its pages.

    ``items`` is the path of what it answers; a bare text there becomes ``{"value": text}``. ``arguments`` are constant;
    ``given`` takes parameters from an item found before, by path. With ``batch``, a parameter in ``given`` is a list of
    up to so many. ``carry`` copies fields of the item before to each answer. ``absent``: error codes by which AWS says
    that there is none.
    """

    operation: str
    items: str
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    given: Mapping[str, str] = field(default_factory=dict[str, str])
    batch: int = 0
    carry: Mapping[str, str] = field(default_factory=dict[str, str])
    absent: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Detail:
    """A further call that adds one ``field`` to an item.

    Without ``by``, the call is made per item, and the field is all it answers, or with ``one`` the first. With ``by``,
    one call (or one per batch) answers for many, and an answer belongs to the item whose ``of`` is the answer's ``by``.
    """

    field: str
    call: Call
    by: str = ""
    of: str = ""
    one: bool = False


@dataclass(frozen=True)
class Reference:
    """A field that names other resources: ``path`` into the item, and how they relate.

    ``kind`` may be empty when an ARN alone tells. ``inverse``: the resource named is the relation's source.
    """

    path: str
    kind: str
    relation: RelationType
    inverse: bool = False


@dataclass(frozen=True)
class Kind:
    """One type of AWS resource.

    ``type`` and ``aliases`` are what rules call it (the names of CloudQuery's tables); ``kind`` what the Map does.
    ``steps``: the calls, each fed by the items of the one before. ``name`` is the path of what is unique within account
    and region, several joined by ``/``. ``arn``: a path, or a text with braces, as ``arn:{partition}:ec2:{region}:
    {account}:instance/{InstanceId}``. ``tags``: a path, or ``index`` for the region's tag index, or empty.
    """

    type: str
    kind: str
    service: str
    steps: tuple[Call, ...]
    name: tuple[str, ...]
    arn: str
    fields: tuple[str, ...]
    tags: str = ""
    details: tuple[Detail, ...] = ()
    health: Callable[[Item], Looks] | None = None
    references: tuple[Reference, ...] = ()
    aliases: tuple[str, ...] = ()
    everywhere: bool = False
    """Global: asked for once per account, not once per region."""
    region: str = ""
    """Path of a global thing's own region, where it has one."""
    written: tuple[str, ...] = ()
    """Fields that AWS answers as JSON in a text, to be read as what they say."""


INDEX = "index"


def at(item: Any, path: str) -> list[Any]:
    """Every value at a path, as ``connectors.items`` reads paths; with ``|`` behind it, the last part of each."""
    way = path.removesuffix("|")
    found = items.at(item, way)
    return [_last(str(one)) for one in found] if way != path else found


def text(item: Any, path: str) -> str:
    """The first value at a path as text; empty where there is none."""
    return next((str(value) for value in at(item, path)), "")


def _last(named: str) -> str:
    return named.rpartition("/" if "/" in named else ":")[2]
