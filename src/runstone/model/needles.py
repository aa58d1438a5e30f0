"""Finds many texts in one at once. Pure."""

from collections.abc import Iterable, Iterator

_GRAM = 4
_STEP = 3

Span = tuple[int, int]


class Needles:
    """A fixed set of texts to find.

    Every third place of the text is looked at, four characters long: a needle of six characters or more has one of its
    first three such pieces there. That is some forty million characters a second in plain Python, however many needles
    there are, where a regular expression of them all tries each at each place.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        """``texts`` have six characters or more; shorter ones are not found."""
        self.texts = tuple(sorted(text for text in set(texts) if len(text) >= _GRAM + _STEP - 1))
        self.longest = max(map(len, self.texts), default=0)
        self._short = {text[:size] for text in self.texts for size in range(1, _GRAM)}
        self._grams: dict[str, list[tuple[int, str]]] = {}
        for text in self.texts:
            for at in range(_STEP):
                self._grams.setdefault(text[at : at + _GRAM], []).append((at, text))

    def spans(self, text: str) -> list[Span]:
        """Where in ``text`` any of them is, overlapping ones too, in no order."""
        grams = self._grams
        hits = [at for at in range(0, len(text), _STEP) if text[at : at + _GRAM] in grams]
        return [
            (at - before, at - before + len(needle))
            for at in hits
            for before, needle in grams[text[at : at + _GRAM]]
            if before <= at and text.startswith(needle, at - before)
        ]

    def begun(self, text: str) -> Iterator[tuple[int, str]]:
        """Each place from which on the rest of ``text`` begins a needle that goes on beyond it, and that needle."""
        for at in range(max(0, len(text) - self.longest + 1), len(text) - _GRAM + 1):
            for before, needle in self._grams.get(text[at : at + _GRAM], ()):
                if not before and len(needle) > len(text) - at and needle.startswith(text[at:]):
                    yield at, needle
        for size in range(min(_GRAM - 1, len(text)), 0, -1):
            if text[-size:] in self._short:
                yield len(text) - size, ""

    def ended(self, text: str) -> int:
        """How many characters at the start of ``text`` are the second half, or more, of a needle."""
        sizes = (len(needle) - at for needle in self.texts if (at := _resumed(needle, text)))
        return max(sizes, default=0)


def _resumed(needle: str, text: str) -> int:
    """Where in the first half of ``needle`` that begins which ``text`` begins with; 0 for nowhere."""
    at = needle.find(text[: len(needle) // 2 + 1], 1, len(needle)) if text else -1
    while 0 < at <= len(needle) // 2:
        if text.startswith(needle[at:]):
            return at
        at = needle.find(text[: len(needle) // 2 + 1], at + 1)
    return 0


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same places, in order, with those that overlap made one."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
