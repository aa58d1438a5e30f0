"""Finds phrases in text: each table's words, folded once, matched longest first."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from runstone.catalog import words

_LONG = 9
"""Letters of a stem; longer ones are technical terms, which mean one thing."""
_GENERIC = 0.6
"""The weight of a phrase that is one common word: it can mean many things."""


@dataclass(frozen=True, slots=True)
class Found:
    """A phrase in a text: whose it is, its words, the place of its stems, and how telling it is (0 to 1)."""

    name: str
    phrase: str
    start: int
    end: int
    weight: float


class Phrases:
    """The phrases of one table by their first stem. ``generic`` is the weight of a phrase that is one common word."""

    def __init__(self, table: Mapping[str, Iterable[str]], generic: float = _GENERIC) -> None:
        self._by_first: dict[str, list[tuple[tuple[str, ...], str, str]]] = {}
        self._patterns: list[tuple[re.Pattern[str], str]] = []
        self._generic = generic
        for name, phrases in table.items():
            for phrase in phrases:
                self._add(name, phrase)
        for entries in self._by_first.values():
            entries.sort(key=lambda one: -len(one[0]))

    def _add(self, name: str, phrase: str) -> None:
        if phrase.startswith("re:"):
            self._patterns.append((re.compile(phrase.removeprefix("re:")), name))
            return
        stems = words.fold(phrase)
        if stems:
            self._by_first.setdefault(stems[0], []).append((stems, name, phrase))

    def find(self, stems: tuple[str, ...], text: str = "") -> list[Found]:
        """Every phrase in the stems that no longer one covers; patterns are looked for in ``text``, in lower case."""
        found = [one for at in range(len(stems)) for one in self._at(stems, at)]
        whole = [one for one in found if not any(_covers(other, one) for other in found)]
        if text and self._patterns:
            lower = text.lower()
            whole += [
                Found(name, hit[0], 0, 0, 1.0) for pattern, name in self._patterns if (hit := pattern.search(lower))
            ]
        return whole

    def _at(self, stems: tuple[str, ...], at: int) -> Iterable[Found]:
        for phrase, name, written in self._by_first.get(stems[at], ()):
            if stems[at : at + len(phrase)] == phrase:
                telling = len(phrase) > 1 or len(stems[at]) > _LONG
                yield Found(name, written, at, at + len(phrase), 1.0 if telling else self._generic)


def _covers(longer: Found, other: Found) -> bool:
    if (longer.end - longer.start) <= (other.end - other.start):
        return False
    return longer.start <= other.start and other.end <= longer.end
