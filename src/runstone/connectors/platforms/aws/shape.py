"""A thing as AWS describes it, to an object of the Map's platform protocol. Pure.

The object's top level is what public rules and templates of the platform ``aws`` read: ``name``, ``arn``, ``region``,
``account_id``, ``tags`` and the kept fields, in snake case as CloudQuery's columns are, with AWS's own spelling below
(``state/Name``). ``metadata`` is as of any platform. ``_map`` holds what no field says by itself: the words rules know
the type by, how it looks, and what it refers to.
"""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from runstone.connectors.items import snake
from runstone.connectors.kept import Object, trimmed
from runstone.connectors.platforms.aws.kinds import Item, Kind, Reference, at, text

API_VERSION = "aws/v1"
_BUCKET_HOST = re.compile(r"(.+?)\.s3[.-][a-z0-9.-]*amazonaws\.com(?:\.cn)?")
"""A bucket's virtual host, with or without its region (S3 user guide)."""
_BARE = re.compile(r"[A-Za-z0-9._/-]{1,253}")
_VARIABLES = frozenset({"Variables", "environment"})
"""Where Lambda and ECS keep environment variables: as a mapping, and as pairs of name and value."""


@dataclass(frozen=True)
class Place:
    """Where something was found."""

    partition: str
    account: str
    account_name: str
    region: str
    """The region asked; for what is global, where its service is at home."""
    namespace: str
    """The region of the scope; empty for what is global."""
    auth: Mapping[str, str] = field(default_factory=dict[str, str])
    """How Tasks log in to the account, in the words of templates."""


def arn_of(kind: Kind, item: Item, place: Place) -> str:
    """The ARN as the item says or as its parts make it; empty when it has none."""
    if "{" not in kind.arn:
        return text(item, kind.arn)
    known = {"partition": place.partition, "region": place.region, "account": place.account}
    return re.sub(r"\{([^}]+)\}", lambda part: known.get(part[1]) or text(item, part[1]), kind.arn)


def shaped(kind: Kind, item: Item, tags: Mapping[str, str], place: Place) -> Object:
    """The object. Values of environment variables are dropped, but for addresses (``connectors.kept``)."""
    name, arn, region = (
        "/".join(text(item, path) for path in kind.name),
        arn_of(kind, item, place),
        _region(kind, item, place),
    )
    metadata = {
        "name": name,
        "namespace": place.namespace,
        "labels": dict(tags),
        "uid": arn,
        "region": region,
        "account": place.account,
    }
    kept = {snake(field): value for field, value in picked(item, kind.fields).items()}
    common = {
        "name": name,
        "arn": arn,
        "service": kind.service,
        "region": region,
        "account_id": place.account,
        "account_name": place.account_name,
        "tags": dict(tags),
        **place.auth,
    }
    public = {"is_public": text(item, "PolicyStatus.IsPublic") == "True"} if "PolicyStatus" in kind.fields else {}
    said = {"metadata": metadata, **kept, **common, **public, "_map": _map(kind, item, place)}
    return trimmed(said, kind.kind, API_VERSION)


def picked(item: Item, paths: Sequence[str]) -> Item:
    """An item with only what stands at the paths, as plain JSON."""
    inner: dict[str, list[str]] = {}
    for path in paths:
        name, _, rest = path.partition(".")
        inner.setdefault(name, []).append(rest)
    return {name: _picked(name, item[name], rests) for name, rests in inner.items() if item.get(name) is not None}


def _picked(name: str, value: Any, rests: Sequence[str]) -> Any:
    if name in _VARIABLES:
        return {"env": _variables(value)}
    if isinstance(value, list):
        return [_picked(name, one, rests) for one in cast("list[Any]", value)]
    if isinstance(value, dict) and all(rests):
        return picked(cast("Item", value), rests)
    return plain(value)


def _variables(said: Any) -> list[dict[str, str]]:
    """Environment variables as pairs in either form, for ``connectors.kept`` to take their values away."""
    if isinstance(said, dict):
        return [{"name": str(name), "value": str(value)} for name, value in cast("Item", said).items()]
    return [{"name": text(one, "name"), "value": text(one, "value")} for one in cast("list[Any]", said)]


def plain(value: Any) -> Any:
    """As JSON would have it: moments as text, and no bytes."""
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in cast("dict[Any, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in cast("Sequence[Any]", value)]
    if isinstance(value, dt.datetime):
        return value.isoformat()
    return (
        value if isinstance(value, str | int | float | bool) else None if value is None else str(type(value).__name__)
    )


def _region(kind: Kind, item: Item, place: Place) -> str:
    """A bucket says nothing of us-east-1 and ``EU`` of eu-west-1 (S3 API reference, GetBucketLocation)."""
    said = text(item, kind.region) if kind.region else ""
    return {"": place.region, "EU": "eu-west-1"}.get(said, said)


def _map(kind: Kind, item: Item, place: Place) -> Object:
    health, summary = kind.health(item) if kind.health else ("ok", "")
    return {
        "types": [kind.type, *kind.aliases],
        "health": health,
        "summary": summary,
        "references": [one for reference in kind.references for one in _referred(reference, item, place)],
    }


def _referred(reference: Reference, item: Item, place: Place) -> list[Object]:
    """What a field refers to: by ``uid`` where it is an ARN, else by ``name``; each once."""
    common = {"relation": reference.relation, "inverse": reference.inverse, "field": _spelled(reference.path)}
    values = dict.fromkeys(str(value) for value in at(item, reference.path) if not isinstance(value, dict))
    return [{**common, **named} for value in values if (named := _named(value, reference.kind))]


def _named(value: str, kind: str) -> dict[str, str]:
    """What a value names; of an unknown kind, only an ARN, an id or a host does: a URL may hold a password."""
    if value.startswith("arn:"):
        return {"kind": kind, "uid": value}
    if kind:
        return {"kind": kind, "name": value} if value else {}
    if bucket := _BUCKET_HOST.fullmatch(value):
        return {"kind": "S3Bucket", "name": bucket[1]}
    return {"kind": "", "name": value} if _BARE.fullmatch(value) else {}


def _spelled(path: str) -> str:
    first, dot, rest = path.partition(".")
    return snake(first) + dot + rest
