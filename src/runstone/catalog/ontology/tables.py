"""The tables of the ontology as nouns, read once and checked: every name that one table uses is in the other."""

import hashlib
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Any, Literal, TypeVar

import yaml
from pydantic import Field, ValidationError

from runstone.errors import Broken
from runstone.model.noun import Noun

Weights = dict[str, float]
"""Names of another table with weights from 0 to 1."""


class Kind(Noun):
    """A kind of resource in a cluster. ``seen``: other kinds whose Tasks can answer for it, and how well."""

    name: str
    words: tuple[str, ...]
    seen: Weights


class Platform(Noun):
    """Where things run."""

    name: str
    words: tuple[str, ...]


class Product(Noun):
    """A piece of software or a cloud service. ``like``: products whose Tasks can help, and how well."""

    name: str
    words: tuple[str, ...]
    platforms: tuple[str, ...]
    like: Weights = Field(default_factory=dict)
    distribution: bool = False
    """A managed Kubernetes: its Tasks answer for clusters and nodes in general, a little."""


class Look(Noun):
    """Something a Task looks at."""

    name: str
    words: tuple[str, ...]


class Signal(Noun):
    """A state, reason, error or complaint, and what it calls for.

    ``says`` tells the trouble; ``hints`` are words that show in a question that it is about this, and tell no trouble
    (``cpu``, ``rollout``): search reads them, documents do not repeat them. A Task answers it only if it is on one of
    the platforms in ``places``, about one of the products it ``befalls`` and plainly looks at one of the looks it
    ``needs``, where those are given.
    """

    name: str
    says: tuple[str, ...]
    hints: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    befalls: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    looks: Weights
    causes: tuple[str, ...] = ()

    @property
    def asked(self) -> bool:
        """Whether it is a request for an overview rather than a trouble."""
        return self.name.endswith("-asked")

    @property
    def phrases(self) -> tuple[str, ...]:
        """What it says in words; the rest of ``says`` are regular expressions."""
        return tuple(phrase for phrase in self.says if not phrase.startswith("re:"))


class StockAlert(Noun):
    """Alert names that everybody has, and what they call for. ``uncommon``: few collections have a Task for it."""

    alerts: tuple[str, ...]
    kinds: tuple[str, ...] = ()
    signals: tuple[str, ...]
    products: tuple[str, ...] = ()
    looks: Weights = Field(default_factory=dict)
    uncommon: bool = False


class Intents(Noun):
    """Phrases by what the asker wants, and verbs of titles by what a Task does."""

    change: tuple[str, ...]
    diagnose: tuple[str, ...]
    meta: tuple[str, ...]
    tasks: dict[Literal["change", "look", "list"], tuple[str, ...]]


class Tables(Noun):
    """All tables, by name where a name is looked up."""

    kinds: dict[str, Kind]
    platforms: dict[str, Platform]
    products: dict[str, Product]
    looks: dict[str, Look]
    signals: dict[str, Signal]
    alerts: tuple[StockAlert, ...]
    intents: Intents


T = TypeVar("T", Kind, Platform, Product, Look, Signal)


@cache
def load() -> Tables:
    """The tables that ship with Runstone. Raises Broken when one is not what it should be."""
    try:
        tables = Tables(
            kinds=_named(Kind, "kinds"),
            platforms=_named(Platform, "platforms"),
            products=_named(Product, "products"),
            looks=_named(Look, "looks"),
            signals=_named(Signal, "signals"),
            alerts=tuple(StockAlert.model_validate(one) for one in _yaml("alerts")),
            intents=Intents.model_validate(_yaml("intents")),
        )
    except ValidationError as err:
        raise Broken(f"A table of the ontology is wrong: {err}") from err
    unknown = sorted(set(_unknown(tables)))
    if unknown:
        raise Broken(f"The ontology names what no table has: {', '.join(unknown)}.")
    return tables


@cache
def digest() -> str:
    """Of all tables: what was made with others is out of date."""
    return hashlib.sha256(load().model_dump_json().encode()).hexdigest()


def _named(type_: type[T], table: str) -> dict[str, T]:
    found = [type_.model_validate(one) for one in _yaml(table)]
    return {one.name: one for one in found}


def _yaml(table: str) -> Any:
    text = resources.files("runstone.catalog").joinpath(f"ontology/{table}.yaml").read_text(encoding="utf-8")
    return yaml.load(text, Loader=yaml.CSafeLoader)


def _unknown(tables: Tables) -> Iterator[str]:
    for kind in tables.kinds.values():
        yield from (f"kind {name}" for name in kind.seen if name not in tables.kinds)
    for product in tables.products.values():
        yield from (f"product {name}" for name in product.like if name not in tables.products)
        yield from (f"platform {name}" for name in product.platforms if name not in tables.platforms)
    for one in (*tables.signals.values(), *tables.alerts):
        yield from (f"kind {name}" for name in one.kinds if name not in tables.kinds)
        yield from (f"look {name}" for name in one.looks if name not in tables.looks)
        yield from (f"product {name}" for name in one.products if name not in tables.products)
    for signal in tables.signals.values():
        yield from (f"platform {name}" for name in signal.places if name not in tables.platforms)
        yield from (f"product {name}" for name in signal.befalls if name not in tables.products)
        yield from (f"look {name}" for name in signal.needs if name not in tables.looks)
    for alert in tables.alerts:
        yield from (f"signal {name}" for name in alert.signals if name not in tables.signals)
