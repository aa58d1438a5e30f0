"""BM25 over fields: how much of a question's words a Task has, rare words counting more.

A few hundred to some ten thousand short documents fit in memory and are scored in a few milliseconds, so there is no
index file and no database here.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

Fields = Mapping[str, Sequence[str]]
"""The stems of a document by field."""

_SATURATION = 1.2
_LENGTH = 0.45
"""How much longer documents are held back, from 0 to 1; low, since length here is the author's diligence."""


class Lexical:
    """The postings of a fixed set of documents, whose fields count with the given weights."""

    def __init__(self, documents: Sequence[Fields], weights: Mapping[str, float]) -> None:
        self.size = len(documents)
        self._postings: dict[str, list[tuple[int, float]]] = {}
        lengths = [sum(len(stems) * weights.get(name, 0) for name, stems in fields.items()) for fields in documents]
        mean = sum(lengths) / max(1, len(lengths)) or 1.0
        for number, fields in enumerate(documents):
            counts: Counter[str] = Counter()
            for name, stems in fields.items():
                for stem in stems:
                    counts[stem] += weights.get(name, 0)  # pyright: ignore[reportArgumentType]
            longer = 1 - _LENGTH + _LENGTH * lengths[number] / mean
            for stem, count in counts.items():
                if count > 0:
                    part = count * (_SATURATION + 1) / (count + _SATURATION * longer)
                    self._postings.setdefault(stem, []).append((number, part))

    def rarity(self, stem: str) -> float:
        """The inverse document frequency of a stem; the highest for one that no document has."""
        having = len(self._postings.get(stem, ()))
        return math.log(1 + (self.size - having + 0.5) / (having + 0.5))

    def knows(self, stem: str) -> bool:
        """Whether any document has the stem."""
        return stem in self._postings

    def scores(self, question: Mapping[str, float]) -> list[float]:
        """A score for each document, from 0 to about 1: its BM25 as a share of what the question could give."""
        scores = [0.0] * self.size
        total = sum(weight * self.rarity(stem) for stem, weight in question.items()) or 1.0
        for stem, weight in question.items():
            factor = weight * self.rarity(stem) / total
            for number, part in self._postings.get(stem, ()):
                scores[number] += factor * part
        return [score / (_SATURATION + 1) for score in scores]
