"""The table of alert sources: what their payloads name and which alerts they raise, read once and checked."""

import hashlib
from collections.abc import Iterator
from functools import cache
from importlib import resources

import yaml
from pydantic import Field, ValidationError

from runstone.catalog.ontology import tables
from runstone.catalog.ontology.tables import Weights
from runstone.errors import Broken
from runstone.model.noun import Noun


class Raised(Noun):
    """Alerts by the names their source gives them, and what they call for."""

    says: tuple[str, ...]
    kinds: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    signals: tuple[str, ...]
    looks: Weights = Field(default_factory=dict)
    """What they call for besides what their signals do."""


class Source(Noun):
    """Something that sends alerts. ``named``: fields of its payload that say which resource is meant, by kind."""

    name: str
    words: tuple[str, ...]
    relays: bool = False
    named: dict[str, tuple[str, ...]]
    alerts: tuple[Raised, ...] = ()

    def fields(self, kind: str) -> tuple[str, ...]:
        """Where its payload names a resource of a kind."""
        return self.named.get(kind) or self.named[""]

    @property
    def raises(self) -> tuple[Raised, ...]:
        """All alerts that can come from it: its own, and where it passes those on the stock ones that Tasks answer."""
        return (*self.alerts, *(_stock() if self.relays else ()))


class Sources(Noun):
    """The sources, and stock alerts besides those of the ontology's own table."""

    stock: tuple[Raised, ...]
    sources: tuple[Source, ...]


@cache
def load() -> Sources:
    """The table that ships with Runstone. Raises Broken when it is not what it should be."""
    text = resources.files("runstone.catalog").joinpath("ontology/sources.yaml").read_text(encoding="utf-8")
    try:
        found = Sources.model_validate(yaml.load(text, Loader=yaml.CSafeLoader))
    except ValidationError as err:
        raise Broken(f"The table of alert sources is wrong: {err}") from err
    unknown = sorted(set(_unknown(found)))
    if unknown:
        raise Broken(f"The table of alert sources names what no table has: {', '.join(unknown)}.")
    return found


@cache
def digest() -> str:
    """Of the table: what was made with another is out of date."""
    return hashlib.sha256(load().model_dump_json().encode()).hexdigest()


@cache
def _stock() -> tuple[Raised, ...]:
    known = [one for one in tables.load().alerts if not one.uncommon]
    told = (
        Raised(says=one.alerts, **one.model_dump(include={"kinds", "products", "signals", "looks"})) for one in known
    )
    return (*told, *load().stock)


def _unknown(found: Sources) -> Iterator[str]:
    known = tables.load()
    for source in found.sources:
        yield from (f"kind {name}" for name in source.named if name and name not in known.kinds)
    for one in (*found.stock, *(alert for source in found.sources for alert in source.alerts)):
        yield from (f"kind {name}" for name in one.kinds if name not in known.kinds)
        yield from (f"product {name}" for name in one.products if name not in known.products)
        yield from (f"look {name}" for name in one.looks if name not in known.looks)
        yield from (f"signal {name}" for name in one.signals if name not in known.signals)
