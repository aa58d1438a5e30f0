"""What Tasks are for that look at nothing themselves: they run what they are given, receive alerts or fill registries.

Every other Task is described by what it looks at (``situations``); here each of these is told by its own module.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from runstone.catalog.augment import commands as given
from runstone.catalog.augment import handlers
from runstone.catalog.augment.chains import Chains
from runstone.catalog.augment.subject import Subject
from runstone.catalog.document import Scenario, Statement
from runstone.catalog.entry import Entry
from runstone.catalog.ontology import commands, sources, tables

_FILLS = re.compile(r"(?i)\b(?:sync|mirror|copy|replicate|import)\w*\b")
_IMAGES = 0.3


def digest() -> str:
    """Of the tables that only these Tasks are described from."""
    return f"{commands.digest()[:16]}{sources.digest()[:16]}"


def subject(entry: Entry, found: Subject) -> Subject:
    """What the Task is about, where that is not what its words say it looks at.

    A Task that receives alerts looks at nothing itself. One that fills a registry answers for the images that clusters
    pull from there.
    """
    if handlers.source(entry):
        return replace(found, facets=replace(found.facets, looks={}), titled={}, shown={}, told={})
    if _fills_registry(entry, found):
        there = replace(found, facets=replace(found.facets, platforms={**found.facets.platforms, "kubernetes": 1.0}))
        return there.looking({"images": 1.0, "image-hygiene": 1.0})
    return found


def scenarios(entry: Entry, following: Chains) -> Sequence[Scenario]:
    """The scenarios of such a Task; none for every other."""
    sender = handlers.source(entry)
    if sender:
        return tuple(handlers.scenarios(entry, sender, following))
    return tuple(given.scenarios(entry, following)) if entry.runs else ()


def alerts(entry: Entry) -> tuple[Statement, ...]:
    """The alerts such a Task receives."""
    sender = handlers.source(entry)
    return handlers.alerts(sender) if sender else ()


def not_when(entry: Entry, following: Chains) -> Sequence[Statement]:
    """Where another Task is made for what such a Task could be given."""
    return tuple(given.specific(entry, following)) if entry.runs else ()


def preconditions(entry: Entry) -> Sequence[Statement]:
    """What such a Task must be given."""
    return tuple(given.places(entry)) if entry.runs else ()


def _fills_registry(entry: Entry, found: Subject) -> bool:
    known = tables.load().products
    registry = any("registry" in word for name in found.facets.products for word in known[name].words)
    return registry and bool(_FILLS.search(entry.title)) and found.facets.looks.get("images", 0) >= _IMAGES
