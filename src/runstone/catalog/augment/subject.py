"""What a Task is about, as its document may say it.

Search reads a Task broadly, since it only ranks. A document makes statements, which must be true: here counts only what
the title, the first sentence of the documentation and the findings plainly show, or its own words tell.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from runstone.catalog import facets, features, words
from runstone.catalog.augment import findings
from runstone.catalog.entry import Entry
from runstone.catalog.facets import Facets, Offered, Verb
from runstone.catalog.ontology import lexicon, tables
from runstone.catalog.ontology.lexicon import Lexicon
from runstone.catalog.ontology.tables import Product, Signal, Weights

SAME = 0.5
"""The likeness of products from which on a Task for one serves the other."""
_SHOWN = 0.5
"""How plainly the first sentence of the documentation, or a finding, shows a look that the title does not name."""
_IN_WORDS, _FOUND, _TITLED = 0.4, 0.5, 0.7
"""How strongly a Task answers a signal that its documentation, a finding or its title tells."""
_SERVES = 0.7
"""How well a Task answers for a kind that its document names."""
_SHOWS = 0.4
"""How well a Task about one kind must answer for another, to show what befalls that."""
_THINGS = 4
_THING_WORDS = frozenset({"persistentvolumeclaim", "pvc", "volume", "limit", "blocking"})
"""Words that say what a Task is about and not what it looks at, or that mean something else as well."""
_VAGUE = frozenset({"health", "status", "details", "list", "validate", "performance", "risky", "policies", "settings"})
"""Words that name something to look at only where the title has no other."""
_WIDE = frozenset({"node", "nodepool", "cluster", "webhook"})
"""Kinds that a Task about a product looks at only where it says so."""
_NOUN = re.compile(r"\b(?:of|for|from|on) ([A-Z][A-Za-z]+) [`'\"]?\$\{")
_NAMED = re.compile(r"\$\{([A-Z][A-Z_]*)_NAME\}")


@dataclass(frozen=True)
class Subject:
    """What is plain of one Task.

    ``facets``: as search reads them, without what only a bundle's name or a common word suggests. ``titled``: looks
    that the title names; ``shown``: those that it, the documentation's first sentence or a finding names, by how
    plainly, from 0 to 1. ``told``: signals that its own words tell, by how strongly it answers them for that.
    ``bound``: the kinds of a title that is given one resource by name, its kind first; else none. ``noun``: what the
    title calls the thing it is given.
    """

    facets: Facets
    verb: Verb
    titled: Weights
    shown: Weights
    told: Weights = field(default_factory=dict[str, float])
    bound: tuple[str, ...] = ()
    noun: tuple[str, ...] = ()

    @property
    def products(self) -> Sequence[str]:
        """Names of the products it is about."""
        return tuple(self.facets.products)

    @property
    def things(self) -> tuple[str, ...]:
        """What it can be asked about, in people's words: its products, or else the kinds it answers for."""
        known = tables.load()
        products = [known.products[name].words[0] for name in self.products]
        return tuple(products[:_THINGS]) or self._kinds() or self.noun

    def befallen(self, signal: Signal) -> tuple[str, ...]:
        """The things of the Task that the signal can befall."""
        if self.products:
            return self.things if self._has(signal.kinds) else ()
        kinds = self._kinds()
        near = tuple(one for one in kinds if not signal.kinds or _reaches(one, signal.kinds))
        return near[:_THINGS] if kinds else self.noun

    def within(self, products: Collection[str]) -> bool:
        """Whether each of the Task's products is one of these, or near one; a managed cluster is near none."""
        known = tables.load().products
        return all(
            any(one == other or _alike(known[one], known[other]) >= SAME for other in products) for one in self.products
        )

    def looking(self, looks: Weights) -> "Subject":
        """The same Task, looking at these besides."""
        return replace(
            self,
            facets=replace(self.facets, looks={**self.facets.looks, **looks}),
            titled={**self.titled, **looks},
            shown={**self.shown, **looks},
        )

    def _kinds(self) -> tuple[str, ...]:
        kinds = dict.fromkeys(self.bound[:1], 1.0) or self.facets.kinds or self._anything()
        served = {name: features.seen(name, kinds) for name in tables.load().kinds} | dict.fromkeys(self.bound, 1.0)
        return tuple(sorted((name for name in served if served[name] >= _SERVES), key=lambda one: -served[one]))

    def _anything(self) -> Weights:
        """What a Task on a cluster is about that names no kind."""
        return {"workload": 1.0} if "kubernetes" in self.facets.platforms and not self.noun else {}

    def _has(self, kinds: Sequence[str]) -> bool:
        """Whether a Task about products can be asked about these kinds."""
        if not kinds or not _WIDE.issuperset(kinds) or _WIDE.intersection(self.facets.kinds):
            return True
        return any(tables.load().products[name].distribution for name in self.products)


def of_entry(entry: Entry, offered: Offered) -> Subject:
    """What a Task is about, by its own words and by how search reads it."""
    known = lexicon.load()
    title = words.fold(facets.subject(entry.title))
    documentation = facets.without_variables(entry.documentation)
    found = words.fold(" ".join(facets.without_variables(one) for one in findings.titles(entry)))
    first = words.fold(findings.sentence(documentation))
    tags = words.fold(" ".join(tag for tag in entry.tags if ":" not in tag))
    vague = _THING_WORDS | _VAGUE
    if not facets.looks_in([(title, 1.0)], vague):
        vague = _THING_WORDS
    looks = facets.looks_in([(title, 1.0), (words.fold(documentation), 0.45), (tags, 0.35), (found, 0.25)])
    return Subject(
        facets=replace(_narrowed(entry, title, offered.facets, known), looks=looks),
        verb=offered.verb,
        titled=facets.looks_in([(title, 1.0)], vague),
        shown=facets.looks_in([(title, 1.0), (first, _SHOWN), (found, _SHOWN)], vague),
        told=_told(entry, documentation),
        bound=_bound(entry, title, known),
        noun=tuple(one[1].lower() for one in _NOUN.finditer(entry.title))[:1],
    )


def _narrowed(entry: Entry, title: tuple[str, ...], found: Facets, known: Lexicon) -> Facets:
    """Products that the title names count alone; words of Kubernetes mean something else in products from elsewhere."""
    titled = {one.name for one in known.products.find(title)}
    products = {name: weight for name, weight in found.products.items() if not titled or name in titled}
    there = {place for name in products for place in known.tables.products[name].platforms}
    there |= {one.name for one in known.platforms.find(words.fold(entry.bundle))}
    if not there or "kubernetes" in there:
        return replace(found, products=products)
    platforms = {name: weight for name, weight in found.platforms.items() if name != "kubernetes"}
    return replace(found, products=products, platforms=platforms, kinds={})


def _told(entry: Entry, documentation: str) -> Weights:
    """The signals that a telling phrase tells, by the strongest place it stands in."""
    texts = ((documentation, _IN_WORDS), (". ".join(findings.titles(entry)), _FOUND), (entry.title, _TITLED))
    told: Weights = {}
    for text, weight in texts:
        found = findings.troubles(facets.without_variables(text))
        told |= {name: weight for name, plain in found.items() if plain == 1}
    return told


def _bound(entry: Entry, title: tuple[str, ...], known: Lexicon) -> tuple[str, ...]:
    """The kind in ``${DEPLOYMENT_NAME}``, if the title names its resource so, and the others that it speaks of."""
    named = (words.fold(one[1].replace("_", " ")) for one in _NAMED.finditer(entry.title))
    kinds = tuple(one.name for stems in named for one in known.kinds.find(stems))
    others = (one.name for one in known.kinds.find(title))
    return tuple(dict.fromkeys((*kinds, *others))) if kinds else ()


def _alike(one: Product, other: Product) -> float:
    return max(one.like.get(other.name, 0.0), other.like.get(one.name, 0.0))


def _reaches(kind: str, befallen: Sequence[str]) -> bool:
    """Whether a Task about the kind can show what befalls one of the others."""
    return any(features.seen(one, {kind: 1.0}) >= _SHOWS for one in befallen)
