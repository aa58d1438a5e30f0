"""How much each feature and each piece of evidence counts. Fitted and printed by ``benchmarks/retrieval.py --fit``."""

from collections.abc import Mapping

WITH_VECTORS: Mapping[str, float] = {
    "words": 1.85,
    "looks": 2.09,
    "kind": 1.16,
    "product": 1.2,
    "other_product": -1.32,
    "platform": 0.38,
    "verb_list": 0.27,
    "verb_change": -1.34,
    "meaning": 2.22,
    "scenario": 1.97,
}
WITHOUT_VECTORS: Mapping[str, float] = {
    "words": 2.66,
    "looks": 2.48,
    "kind": 1.64,
    "product": 1.41,
    "other_product": -1.5,
    "platform": 0.66,
    "verb_list": 0.07,
    "verb_change": -1.36,
}
CONFIDENCE_WITH_VECTORS: Mapping[str, float] = {
    "bias": -2.74,
    "match": 0.5,
    "words": 2.53,
    "looks": 0.36,
    "meaning": 2.76,
    "scenario": 1.83,
    "unknown_product": -3.23,
    "unknown_words": -1.55,
    "meta": -2.88,
    "uncommon": -1.0,
    "silent": -1.03,
}
CONFIDENCE_WITHOUT_VECTORS: Mapping[str, float] = {
    "bias": -0.38,
    "match": 0.69,
    "words": 3.76,
    "unknown_product": -3.47,
    "unknown_words": -1.56,
    "meta": -3.24,
    "uncommon": -1.2,
    "silent": -1.06,
}
