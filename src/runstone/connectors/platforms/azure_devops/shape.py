"""A thing as Azure DevOps lists it, to an object of the Map's platform protocol. Pure.

The object's top level is what rules and templates of the platform ``azure_devops`` read: ``name``, ``id``, ``url``,
``revision``, ``organization``, ``project`` (its name and id) and the kept fields as the API spells them. ``metadata``
is as of any platform. ``_map`` holds what no field says by itself: the word rules know the type by, how it looks, what
it refers to.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from runstone.connectors.items import Item, at, picked, text
from runstone.connectors.kept import Object, trimmed
from runstone.connectors.platforms.azure_devops.kinds import BY_TYPE, ORGANIZATION, PROJECT, REPOSITORY, Kind, Reference

API_VERSION = "azure_devops/v1"
_CREDENTIALS = re.compile(r"(?<=://)[^/?#\s]*@")


@dataclass(frozen=True)
class Within:
    """What a thing lies in."""

    organization: str
    address: str
    project: str = ""
    project_id: str = ""
    auth: Mapping[str, str] = field(default_factory=dict[str, str])
    """How Tasks log in, for templates."""
    salt: bytes = b""


def organization(within: Within) -> Object:
    """The organization itself, of which no list tells."""
    item: Item = {"id": within.organization, "name": within.organization, "url": within.address}
    return _object(ORGANIZATION, item, within.organization, within)


def shaped(kind: Kind, item: Item, within: Within) -> Object | None:
    """The object; None for what has no id or no name."""
    name = text(item, "name")
    if not name or not text(item, "id"):
        return None
    within = within if within.project_id else replace(within, project_id=text(item, "project.id"))
    folder = text(item, "path").strip("\\").replace("\\", "/") if kind.foldered else ""
    return _object(kind, item, f"{folder}/{name}".lstrip("/"), within)


def _object(kind: Kind, item: Item, unique: str, within: Within) -> Object:
    uid = _uid(kind.type, within.project_id, text(item, "id"))
    project = {"project": {"id": within.project_id, "name": within.project}} if kind is not ORGANIZATION else {}
    common = {
        **picked(item, kind.fields),
        "name": text(item, "name"),
        "id": text(item, "id"),
        "url": _CREDENTIALS.sub("", text(item, "url")),
        "organization": within.organization,
        **project,
        **within.auth,
        "metadata": {
            "name": unique,
            "namespace": "" if kind in (ORGANIZATION, PROJECT) else within.project,
            "labels": {},
            "uid": uid,
        },
    }
    return {**trimmed(common, kind.kind, API_VERSION, within.salt), "_map": _map(kind, item, within)}


def _uid(type_: str, project_id: str, id_: str) -> str:
    """An organization, a project and a repository are unique by themselves; anything else in its project."""
    alone = type_ in (ORGANIZATION.type, PROJECT.type, REPOSITORY.type)
    return f"{type_}/{id_}".lower() if alone else f"{type_}/{project_id}/{id_}".lower()


def _map(kind: Kind, item: Item, within: Within) -> Object:
    health, summary = kind.health(item)
    said = [one for reference in kind.references for one in _referred(reference, item, within)]
    return {"types": [kind.type], "health": health, "summary": summary, "references": [*_lies_in(kind, within), *said]}


def _lies_in(kind: Kind, within: Within) -> Iterator[Object]:
    if kind is ORGANIZATION:
        return
    above = (ORGANIZATION, within.organization) if kind is PROJECT else (PROJECT, within.project_id)
    uid = _uid(above[0].type, "", above[1])
    yield {"relation": "contains", "inverse": True, "field": "id", "kind": above[0].kind, "uid": uid}


def _referred(reference: Reference, item: Item, within: Within) -> Iterator[Object]:
    """What parts of it name, each once."""
    where, wanted = reference.when
    parts = [one for one in at(item, reference.each) if isinstance(one, dict)]
    named = [
        _uid(reference.type, text(one, reference.project) if reference.project else within.project_id, id_)
        for one in parts
        if (id_ := text(one, reference.id)) and (not where or text(one, where) == wanted)
    ]
    for uid in dict.fromkeys(named):
        yield {
            "relation": reference.relation,
            "inverse": False,
            "field": f"{reference.each}.{reference.id}",
            "kind": BY_TYPE[reference.type].kind,
            "uid": uid,
        }
