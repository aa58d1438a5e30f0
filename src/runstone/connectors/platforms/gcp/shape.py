"""An asset, to an object of the Map's platform protocol. Pure.

The object's top level is what public rules and templates of the platform ``gcp`` read: ``name`` (the plain one), ``id``
(the full one), ``project_id``, ``project_name``, ``zone``, ``region``, ``location``, ``labels`` and ``tags`` (which are
the same), and the kept fields as the resource's own API spells them (``machineType``). ``metadata`` is as of any
platform. ``_map`` holds what no field says by itself: the words rules know the type by, how it looks, what it refers
to, and ``own``: fields whose names the protocol itself uses, which rules read instead.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from runstone.connectors.items import Item, at, items, picked, text
from runstone.connectors.kept import Object, trimmed
from runstone.connectors.platforms.gcp import names
from runstone.connectors.platforms.gcp.kinds import Kind, Reference

API_VERSION = "gcp/v1"
PROJECT = "GCPProject"
_PROJECT_NAME = "//cloudresourcemanager.googleapis.com/projects/"
_VARIABLES = frozenset({"environmentVariables", "buildEnvironmentVariables"})
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9@._-]{0,253}")
_UNKEPT = ("kind", "metadata", "apiVersion")
"""Names that an object of the protocol uses itself."""


@dataclass(frozen=True)
class Place:
    """What is known of a project besides what is read in it."""

    project: str
    project_name: str
    numbers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Ids of projects by their numbers."""
    auth: Mapping[str, str] = field(default_factory=dict[str, str])
    """How Tasks log in, for templates."""
    salt: bytes = b""


def shaped(kind: Kind, asset: Item, place: Place) -> Object | None:
    """The object; None for an asset that is none of the kind."""
    name, resource = text(asset, "name"), items([asset.get("resource")])
    if text(asset, "assetType") not in kind.assets or not names.is_full(name):
        return None
    item = next(iter(items([resource[0].get("data")] if resource else [])), {})
    location = text(resource[0], "location") if resource else ""
    labels = labels_of(kind, item)
    plain = names.leaf(text(item, kind.name) if kind.name else "") or names.leaf(name)
    uid = project_uid(place.project) if kind.kind == PROJECT else names.full(name, kind.service, place.numbers)
    kept = {key: _written(key, value) for key, value in picked(item, kind.fields).items() if key not in _UNKEPT}
    common = {
        **kept,
        **names.place(name, location),
        "name": place.project if kind.kind == PROJECT else plain,
        "id": uid,
        "asset_type": text(asset, "assetType"),
        "project_id": place.project,
        "project_name": place.project_name,
        **place.auth,
        "labels": dict(labels),
        "tags": dict(labels),
        "metadata": _metadata(kind, name, plain, uid, labels, place),
    }
    return {**trimmed(common, kind.kind, API_VERSION, place.salt), "_map": _map(kind, item, uid, place)}


def project_uid(project: str) -> str:
    """A project is called by its id here, wherever an asset would have its number."""
    return f"{_PROJECT_NAME}{project}"


def labels_of(kind: Kind, item: Item) -> dict[str, str]:
    """The labels of an asset's data."""
    said = next(iter(at(item, kind.labels)), None)
    return {str(key): str(value) for key, value in cast("Item", said).items()} if isinstance(said, dict) else {}


def _metadata(kind: Kind, name: str, plain: str, uid: str, labels: Mapping[str, str], place: Place) -> dict[str, Any]:
    if kind.kind == PROJECT:
        return {"name": place.project, "namespace": "", "labels": dict(labels), "uid": uid}
    own = names.own(name)
    unique = f"{own.rpartition('/')[0]}/{plain}".lstrip("/") if kind.name and not kind.repeats else own
    return {"name": unique, "namespace": place.project, "labels": dict(labels), "uid": uid}


def _written(key: str, value: Any) -> Any:
    """Environment variables as pairs, for ``connectors.kept`` to take their values away, wherever they stand."""
    if key in _VARIABLES:
        said = cast("Item", value) if isinstance(value, dict) else {}
        return {"env": [{"name": str(name), "value": str(inner)} for name, inner in said.items()]}
    if isinstance(value, dict):
        return {str(inner): _written(inner, one) for inner, one in cast("Item", value).items()}
    return [_written("", one) for one in cast("list[Any]", value)] if isinstance(value, list) else value


def _map(kind: Kind, item: Item, uid: str, place: Place) -> Object:
    health, summary = kind.health(item)
    said: Object = {
        "types": list(kind.words),
        "health": health,
        "summary": summary,
        "references": [
            *_lies_in(kind, uid, place),
            *(one for reference in kind.references for one in _referred(kind, reference, item, place)),
        ],
    }
    return {**said, "own": kind.own(item)} if kind.own else said


def _lies_in(kind: Kind, uid: str, place: Place) -> Iterator[Object]:
    """What contains it: the resource it is a part of, else its project."""
    if kind.kind != PROJECT:
        within = names.parent(uid) if kind.part else project_uid(place.project)
        yield {"relation": "contains", "inverse": True, "field": "id", "kind": "", "uid": within}


def _referred(kind: Kind, reference: Reference, item: Item, place: Place) -> Iterator[Object]:
    """What a field names, each once: by ``uid`` where it is a resource's name, else by ``kind`` and ``name``."""
    common = {"relation": reference.relation, "inverse": reference.inverse, "field": reference.path}
    service = reference.service or kind.service
    for value in dict.fromkeys(one for one in at(item, reference.path) if isinstance(one, str)):
        if uid := names.full(value, service, place.numbers):
            yield {**common, "kind": reference.kind, "uid": uid}
        elif reference.kind and _PLAIN.fullmatch(value):
            yield {**common, "kind": reference.kind, "name": value}
