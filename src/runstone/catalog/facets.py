"""What a text is about, by the ontology: kinds, platforms, products, what is looked at, what is asked for."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from runstone.catalog import words
from runstone.catalog.entry import Entry
from runstone.catalog.ontology import lexicon
from runstone.catalog.ontology.lexicon import Lexicon
from runstone.catalog.ontology.phrases import Found, Phrases
from runstone.catalog.ontology.tables import StockAlert, Weights

Intent = Literal["diagnose", "change", "meta"]
Verb = Literal["change", "look", "list"]

_VARIABLE = re.compile(r"[`'\"]?\$+\{([^}]*)\}[`'\"]?x?")
_SCOPE = re.compile(
    r"(?i)\b(?:in|within|for|across|from)\s+(?:(?:kubernetes|gke|gcp|azure|aws|configured)\s+)*"
    r"(?:namepace|namespace|resource group|project|account|region|subscription|cluster|context|organization)?s?"
    r"\s*[`'\"]?(?:\$+\{[^}]*\}|NAMESPACE)[`'\"]?"
)
"""Where a Task looks, as titles end: it says little about what it looks at."""
_HYPHENATED = re.compile(r"(?<![\w$])[A-Za-z0-9]+(?:[-/.:][A-Za-z0-9]+)+(?![\w])")
_CLASS = re.compile(r"\.[A-Z]\w*[a-z]|^[A-Z]\w*\.")
"""``java.lang.NullPointerException``: what programs call things, not what somebody named."""
_POLITE = re.compile(
    r"(?i)^(?:(?:please|can you|could you|i want to|we need to|i need to|help me|lets|let's|you should|now|just)\s+)+"
)


@dataclass(frozen=True)
class Facets:
    """Names of the ontology with weights from 0 to 1."""

    kinds: Weights
    platforms: Weights
    products: Weights
    looks: Weights
    signals: Weights = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """A question, read. ``names``: words for things of the asker's own; ``alert``: the stock alert it is, if any."""

    text: str
    facets: Facets
    intent: Intent
    names: frozenset[str]
    alert: StockAlert | None = None


@dataclass(frozen=True)
class Offered:
    """A Task, read. ``verb``: whether its title says that it changes, looks into or lists something."""

    facets: Facets
    verb: Verb
    mentions: frozenset[str]
    """Products that its documentation names, besides those it is about."""


def of_question(text: str, alert_name: str = "") -> Asked:
    """What a question or an alert's text is about; ``alert_name`` when it came with one."""
    known = lexicon.load()
    names = _names(text, known)
    bare = _without(text, names)
    stems, whole = words.fold(bare), words.fold(text)
    stock = _stock(alert_name or text.partition(":")[0], known)
    signals = _weights(known.signals.find(stems, bare))
    products = _weights([*known.products.find(stems), *_in_names(names, known)])
    kinds = _weights(known.kinds.find(stems))
    looks = _weights(known.looks.find(stems), 0.7)
    if stock:
        signals = {name: 0.45 * weight for name, weight in signals.items()} | dict.fromkeys(stock.signals, 1.0)
        products |= dict.fromkeys(stock.products, 1.0)
        kinds = {name: 0.5 * weight for name, weight in kinds.items()} | dict.fromkeys(stock.kinds, 1.0)
        looks = _either(looks, stock.looks)
    for name, weight in signals.items():
        signal = known.tables.signals[name]
        looks = _either(looks, {look: weight * value for look, value in signal.looks.items()})
        kinds = _largest(kinds, dict.fromkeys(signal.kinds, 0.45 * weight))
        products = _largest(products, dict.fromkeys(signal.products, weight))
    platforms = _platforms(_weights(known.platforms.find(whole)), products, known)
    found = Facets(kinds=kinds, platforms=platforms, products=products, looks=looks, signals=signals)
    return Asked(text=text, facets=found, intent=_intent(text, stems, found, known), names=names, alert=stock)


def of_entry(entry: Entry) -> Offered:
    """What a Task is about: by its title first, then its bundle's name, documentation, tags and Issues."""
    known = lexicon.load()
    title = words.fold(subject(entry.title))
    bundle = words.fold(entry.bundle)
    documentation = words.fold(without_variables(entry.documentation))
    tags = words.fold(" ".join(tag for tag in entry.tags if ":" not in tag))
    issues = words.fold(" ".join(_issue_titles(entry)))
    found = Facets(
        kinds=_entry_kinds(entry, title, bundle, documentation, known),
        platforms=_entry_platforms(entry, title, bundle, known),
        products=_weights([*known.products.find(title), *known.products.find(bundle)]),
        looks=looks_in(((title, 1.0), (documentation, 0.45), (tags, 0.35), (issues, 0.25))),
    )
    mentioned = known.products.find((*documentation, *words.fold(entry.bundle_documentation)))
    return Offered(facets=found, verb=_verb(title, known), mentions=frozenset(one.name for one in mentioned))


def _issue_titles(entry: Entry) -> Iterable[str]:
    return (without_variables(one.title) for one in entry.contract.issues[:12]) if entry.contract else ()


def _entry_kinds(
    entry: Entry, title: tuple[str, ...], bundle: tuple[str, ...], documentation: tuple[str, ...], known: Lexicon
) -> Weights:
    kinds = _together(known.kinds, ((title, 1.0), (bundle, 0.6), (documentation, 0.25)))
    if "${NAMESPACE}" in entry.title and not any(one.weight for one in known.kinds.find(title)):
        kinds = _largest(kinds, {"namespace": 0.8})
    if "${CONTEXT}" in entry.title:
        kinds = _largest(kinds, {"cluster": 0.4})
    return kinds


def _entry_platforms(entry: Entry, title: tuple[str, ...], bundle: tuple[str, ...], known: Lexicon) -> Weights:
    found = _weights([*known.platforms.find(bundle), *known.platforms.find(title)])
    products = {one.name: 1.0 for one in (*known.products.find(title), *known.products.find(bundle))}
    found = _platforms(found, products, known)
    return found or _weights(known.platforms.find(words.fold(" ".join(entry.supports))))


def without_variables(text: str) -> str:
    """A title or text of a Robot file without its ``${VARIABLES}``."""
    return _VARIABLE.sub(" ", text)


def looks_in(texts: Iterable[tuple[tuple[str, ...], float]], ignored: Collection[str] = ()) -> Weights:
    """What folded texts name to look at; each text has a factor for how much it counts. ``ignored`` phrases do not."""
    weights: Weights = {}
    for stems, factor in texts:
        found = (one for one in lexicon.load().looks.find(stems) if one.phrase not in ignored)
        weights = _either(weights, _weights(found, factor))
    return weights


def subject(title: str) -> str:
    """A title without where it looks and without variables."""
    return without_variables(_SCOPE.sub(" ", title)).strip()


def verb(title: str) -> Verb:
    """What a Task does to its subject, by the first words of its title."""
    known = lexicon.load()
    return _verb(words.fold(without_variables(title)), known)


def _verb(title: tuple[str, ...], known: Lexicon) -> Verb:
    first = [one for one in known.verbs.find(title) if one.start == 0]
    names = {one.name for one in first}
    return "change" if "change" in names else "list" if "list" in names and "look" not in names else "look"


def _platforms(found: Weights, products: Mapping[str, float], known: Lexicon) -> Weights:
    """Platforms named, and those of the products named."""
    through: Weights = {}
    for name, weight in products.items():
        through = _largest(through, dict.fromkeys(known.tables.products[name].platforms, weight))
    return _largest(found, through)


def _stock(name: str, known: Lexicon) -> StockAlert | None:
    return known.alerts.get(lexicon.squeezed(name)) if name and len(name) < 80 else None


def _intent(text: str, stems: tuple[str, ...], found: Facets, known: Lexicon) -> Intent:
    if known.meta.find(stems) and max(found.signals.values(), default=0) < 1:
        return "meta"
    start = words.fold(_POLITE.sub("", text.strip()))
    asked = [one for one in known.change.find(start) if one.start == 0]
    complaint = [one for one in known.signals.find(start) if one.start == 0]
    if asked and max(one.end for one in asked) >= max((one.end for one in complaint), default=0):
        return "diagnose" if known.diagnose.find(start[:3]) else "change"
    return "diagnose"


def _names(text: str, known: Lexicon) -> frozenset[str]:
    """Hyphenated words that no phrase of the ontology has: somebody's pods, hosts, paths."""
    return frozenset(one[0] for one in _HYPHENATED.finditer(text) if not _is_known(one[0], text, known))


def _is_known(word: str, text: str, known: Lexicon) -> bool:
    if "/" in word or re.search(r"\d", word):
        return not re.search(r"[a-z]", word.lower()) or word.lower() in ("i/o", "n/a")
    if "-" not in word and _CLASS.search(word):
        return True
    inner = words.fold(word)
    around = words.fold(text)
    spots = [at for at in range(len(around)) if around[at : at + len(inner)] == inner]
    finders = (known.signals, known.products, known.looks, known.platforms)
    spans = [(one.start, one.end) for finder in finders for one in finder.find(around)]
    return any(all(any(start <= at + step < end for start, end in spans) for step in range(len(inner))) for at in spots)


def _in_names(names: frozenset[str], known: Lexicon) -> Iterable[Found]:
    """Products that somebody's names betray (``redis-master-0``), by one word: two may stand together by chance."""
    for name in names:
        parts = set(words.split(name))
        yield from (one for one in known.products.find(words.fold(name)) if one.phrase in parts)


def _without(text: str, names: frozenset[str]) -> str:
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, " ")
    return text


def _weights(found: Iterable[Found], factor: float = 1.0) -> Weights:
    weights: Weights = {}
    for one in found:
        weights[one.name] = max(weights.get(one.name, 0.0), one.weight * factor)
    return weights


def _together(finder: Phrases, texts: Iterable[tuple[tuple[str, ...], float]]) -> Weights:
    weights: Weights = {}
    for stems, factor in texts:
        weights = _either(weights, _weights(finder.find(stems), factor))
    return weights


def _either(one: Weights, other: Weights) -> Weights:
    """The weights of both, as chances that do not depend on each other."""
    return {name: 1 - (1 - one.get(name, 0)) * (1 - other.get(name, 0)) for name in {**one, **other}}


def _largest(one: Weights, other: Weights) -> Weights:
    return {name: max(one.get(name, 0), other.get(name, 0)) for name in {**one, **other}}
