"""The tables made ready to be found in text."""

import re
from dataclasses import dataclass
from functools import cache

from runstone.catalog.ontology import tables
from runstone.catalog.ontology.phrases import Phrases
from runstone.catalog.ontology.tables import StockAlert, Tables


@dataclass(frozen=True)
class Lexicon:
    """One finder of phrases for each table."""

    tables: Tables
    kinds: Phrases
    platforms: Phrases
    products: Phrases
    looks: Phrases
    signals: Phrases
    troubles: Phrases
    """As ``signals``, by what tells a trouble alone."""
    change: Phrases
    diagnose: Phrases
    meta: Phrases
    verbs: Phrases
    alerts: dict[str, StockAlert]
    """Stock alerts by their names without blanks, in lower case."""


@cache
def load() -> Lexicon:
    """The lexicon of the ontology that ships with Runstone."""
    known = tables.load()
    intents = known.intents
    return Lexicon(
        tables=known,
        kinds=Phrases({one.name: one.words for one in known.kinds.values()}, generic=1.0),
        platforms=Phrases({one.name: one.words for one in known.platforms.values()}, generic=1.0),
        products=Phrases({one.name: one.words for one in known.products.values()}, generic=1.0),
        looks=Phrases({one.name: one.words for one in known.looks.values()}),
        signals=Phrases({one.name: (*one.says, *one.hints) for one in known.signals.values()}),
        troubles=Phrases({one.name: one.says for one in known.signals.values() if not one.asked}),
        change=Phrases({"change": intents.change}),
        diagnose=Phrases({"diagnose": intents.diagnose}),
        meta=Phrases({"meta": intents.meta}),
        verbs=Phrases({str(name): verbs for name, verbs in intents.tasks.items()}),
        alerts={squeezed(name): alert for alert in known.alerts for name in alert.alerts},
    )


def squeezed(name: str) -> str:
    """An alert's name as it is compared: letters and digits in lower case."""
    return re.sub(r"[^a-z0-9]", "", name.lower())
