"""How sure search is that its first Task fits, and whether anything fits at all.

The evidence is of three kinds: how well the first Task matches; whether the question names something that no Task of
the catalogue is about; and whether it is a question for a Task in the first place.
"""

import math
from collections.abc import Mapping

from runstone.catalog.facets import Asked
from runstone.catalog.index import Index, Scored
from runstone.catalog.ontology import tables

NAMES = (
    "match",
    "words",
    "looks",
    "meaning",
    "scenario",
    "unknown_product",
    "unknown_words",
    "meta",
    "uncommon",
    "silent",
)
"""The evidence, in the order of reports."""


def evidence(index: Index, asked: Asked, first: Scored) -> dict[str, float]:
    """Numbers from 0 to about 1 (``match`` from about -3 to 10) that speak for or against the first Task."""
    return {
        "match": first.score,
        "words": first.features["words"],
        "looks": first.features["looks"],
        "meaning": first.features.get("meaning", 0.0),
        "scenario": first.features.get("scenario", 0.0),
        "unknown_product": _unknown_product(index, asked, first),
        "unknown_words": _unknown_words(index, asked),
        "meta": float(asked.intent == "meta"),
        "uncommon": float(asked.alert is not None and asked.alert.uncommon),
        "silent": float(not asked.facets.signals and not asked.facets.looks),
    }


def chance(evidence: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """The chance, from 0 to 1, that the first Task fits, by the fitted weights (``bias`` is the constant)."""
    total = weights["bias"] + sum(weights.get(name, 0.0) * value for name, value in evidence.items())
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


def _unknown_product(index: Index, asked: Asked, first: Scored) -> float:
    """1 when the question is about products none of which the first Task or any other is about."""
    wanted = [name for name, weight in asked.facets.products.items() if weight >= 1]
    if not wanted or first.features["product"] > 0:
        return 0.0
    known = tables.load().products
    near = {name for one in wanted for name in (one, *known[one].like)}
    return 0.0 if near & index.products else 1.0


def _unknown_words(index: Index, asked: Asked) -> float:
    """The share of the question's words, by rarity, that no Task of the catalogue has."""
    wanted = index.question_words(asked)
    total = sum(weight * index.lexical.rarity(stem) for stem, weight in wanted.items())
    missing = sum(
        weight * index.lexical.rarity(stem) for stem, weight in wanted.items() if not index.lexical.knows(stem)
    )
    return missing / total if total else 1.0
