"""The difference between a picture and what home knows of it. Pure: what home knows comes in as digests.

The contract is MapUpdate's: a scope is sent whole or not at all; a resource is sent with all its relations. A resource
that lost its last relation is sent too, since only that tells home.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Self

from runstone.edge.discovery.binding import Bindings
from runstone.edge.discovery.inventory import digest
from runstone.edge.discovery.picture import Picture, within
from runstone.model.resource import Relation, Resource, ResourceRef, Scope, ScopeReading
from runstone.model.workspace import SLX

_SLX = "slx/"


@dataclass(frozen=True)
class News:
    """What one platform has that home does not know, and the digests by which it will be known."""

    platform: str
    readings: tuple[ScopeReading, ...] = ()
    resources: tuple[Resource, ...] = ()
    relations: tuple[Relation, ...] = ()
    slxs: tuple[SLX, ...] = ()
    digests: dict[str, str] = field(default_factory=dict[str, str])
    gone: tuple[str, ...] = ()
    """Names of digests that mean nothing any more."""

    @property
    def slxs_gone(self) -> tuple[str, ...]:
        """Names of SLXs that home knows and that no rule makes any more."""
        return tuple(sorted(name.removeprefix(_SLX) for name in self.gone if name.startswith(_SLX)))

    @classmethod
    def joined(cls, pieces: Sequence[Self]) -> Self:
        """Several platforms' news as one, without digests."""
        return cls(
            platform="",
            readings=tuple(chain.from_iterable(piece.readings for piece in pieces)),
            resources=tuple(chain.from_iterable(piece.resources for piece in pieces)),
            relations=tuple(chain.from_iterable(piece.relations for piece in pieces)),
            slxs=tuple(chain.from_iterable(piece.slxs for piece in pieces)),
            gone=tuple(chain.from_iterable(piece.gone for piece in pieces)),
        )


def news(picture: Picture, bindings: Bindings, known: Mapping[str, str], now: dt.datetime) -> News:
    """What of ``picture`` differs from ``known``, home's digests by name."""
    objects = picture.objects()
    related = picture.relations(objects)
    resources = picture.resources(objects, related, now)
    by_source = _by_source(related)
    fresh, readings, digests = _scopes(picture.readings(), resources, known)
    for ref, resource in resources.items():
        name, summed = _relations_name(ref), digest(by_source.get(ref, ()))
        if known.get(name, "") != summed:
            fresh[ref] = resource
            digests[name] = summed
    slxs = bindings.slxs(picture.platform.name, picture.subjects(objects))
    new = {_slx_name(name): made for name, made in slxs.items() if known.get(_slx_name(name)) != made.digest}
    names = {_scope_name(reading.scope) for reading in picture.readings()}
    names |= {_relations_name(ref) for ref in resources} | {_slx_name(name) for name in slxs}
    return News(
        platform=picture.platform.name,
        readings=tuple(readings),
        resources=tuple(fresh.values()),
        relations=tuple(chain.from_iterable(by_source.get(ref, ()) for ref in fresh)),
        slxs=tuple(made.slx for made in new.values() if made.slx is not None),
        digests=digests | {name: made.digest for name, made in new.items()},
        gone=tuple(known.keys() - names),
    )


def _by_source(related: Iterable[Relation]) -> dict[ResourceRef, list[Relation]]:
    found: dict[ResourceRef, list[Relation]] = {}
    for one in related:
        found.setdefault(one.source, []).append(one)
    return found


def _scopes(
    readings: Sequence[ScopeReading], resources: Mapping[ResourceRef, Resource], known: Mapping[str, str]
) -> tuple[dict[ResourceRef, Resource], list[ScopeReading], dict[str, str]]:
    """Every scope that changed, with its whole content."""
    by_kind: dict[str, list[Resource]] = {}
    for ref, resource in resources.items():
        by_kind.setdefault(ref.kind, []).append(resource)
    fresh: dict[ResourceRef, Resource] = {}
    changed: list[ScopeReading] = []
    digests: dict[str, str] = {}
    for reading in readings:
        mine = [one for one in by_kind.get(reading.scope.kind, ()) if within(one.ref, reading.scope)]
        name, summed = _scope_name(reading.scope), digest([reading, *mine])
        if known.get(name) != summed:
            changed.append(reading)
            fresh |= {one.ref: one for one in mine}
            digests[name] = summed
    return fresh, changed, digests


def _scope_name(scope: Scope) -> str:
    return f"scope/{scope.kind}/{scope.namespace}"


def _relations_name(ref: ResourceRef) -> str:
    return f"relations/{ref.kind}/{ref.namespace}/{ref.name}"


def _slx_name(name: str) -> str:
    return _SLX + name
