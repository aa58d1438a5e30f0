"""Tasks that receive alerts: what can arrive from their source, what it stands for, and the Tasks to look at then.

A handler has no subject of its own: its subject is that of the alert. Its source shows in what its author says.
"""

import re
from collections.abc import Iterator

from runstone.catalog.augment.chains import Chains
from runstone.catalog.document import Scenario, Statement
from runstone.catalog.entry import Entry
from runstone.catalog.facets import Facets
from runstone.catalog.ontology import sources, tables
from runstone.catalog.ontology.sources import Raised, Source
from runstone.catalog.ontology.tables import Signal

_RECEIVES = re.compile(
    r"(?is)webhook.{0,40}\b(?:payload|details|data|body)\b|\b(?:parse|receive|handle|route)s?\b.{0,40}\bwebhook"
)
_LOOK = 0.5
"""What an alert's signal must call for that much, to be named as what to look at."""


def source(entry: Entry) -> Source | None:
    """Where the alerts come from that the Task receives; None where it receives none."""
    told = f"{entry.title}. {entry.documentation} {entry.bundle_documentation}"
    if not _RECEIVES.search(told):
        return None
    named = f" {_plain(' '.join((told, *entry.supports)))} "
    return next((one for one in sources.load().sources if any(f" {word} " in named for word in one.words)), None)


def scenarios(entry: Entry, sender: Source, following: Chains) -> Iterator[Scenario]:
    """One for each alert, each thing it can be about and each signal it can stand for."""
    for alert in sender.raises:
        for thing, facets in _things(alert):
            for signal in (tables.load().signals[name] for name in alert.signals):
                looks = _looks(alert, signal)
                then = following.made_for(entry, Facets(facets.kinds, facets.platforms, facets.products, looks))
                for name in alert.says:
                    yield _scenario(sender, name, thing, facets, signal, looks, then)


def alerts(sender: Source) -> tuple[Statement, ...]:
    """The names of the alerts it can receive and that stand for something."""
    names = (name for one in sender.raises if one.signals for name in one.says)
    return tuple(Statement(text=name) for name in dict.fromkeys(names))


def _scenario(
    sender: Source,
    name: str,
    thing: str,
    facets: Facets,
    signal: Signal,
    looks: dict[str, float],
    then: tuple[str, ...],
) -> Scenario:
    about = f" ({thing})" if thing else ""
    kind = next(iter(facets.kinds), "")
    names = "name" if kind in sender.named else "may name"
    causes = f", mostly because of: {'; '.join(signal.causes)}" if signal.causes else ""
    return Scenario(
        text=f"{sender.words[0]} sends {name}{about}",
        symptom=signal.name,
        says=name,
        resource=thing or "resource named by the alert",
        platform=", ".join(facets.platforms) or "any platform",
        environment="",
        looks=tuple(sorted((look for look in looks if looks[look] >= _LOOK), key=lambda look: -looks[look])[:3]),
        expects="",
        then=then,
        reads=f"{', '.join(sender.fields(kind))} {names} the {thing or 'resource'}; "
        f"it is taken as {signal.name.replace('-', ' ')}{causes}",
    )


def _things(alert: Raised) -> Iterator[tuple[str, Facets]]:
    """What the alert can be about, in words and as facets."""
    known = tables.load()
    cluster = {} if alert.products else {"kubernetes": 1.0}
    for name in alert.products:
        places = dict.fromkeys(known.products[name].platforms, 1.0)
        kind = dict.fromkeys(alert.kinds[:1], 1.0)
        words = f"{known.products[name].words[0]} {alert.kinds[0]}" if alert.kinds else known.products[name].words[0]
        yield words, Facets(kinds=kind, platforms=places, products={name: 1.0}, looks={})
    for kind in () if alert.products else alert.kinds:
        yield kind, Facets(kinds={kind: 1.0}, platforms=cluster, products={}, looks={})
    if not alert.products and not alert.kinds:
        yield "", Facets(kinds={}, platforms={}, products={}, looks={})


def _looks(alert: Raised, signal: Signal) -> dict[str, float]:
    return {**signal.looks, **{look: max(weight, signal.looks.get(look, 0)) for look, weight in alert.looks.items()}}


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", text.lower())
