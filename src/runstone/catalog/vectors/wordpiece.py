"""Text as the numbers of a BERT vocabulary: lower case, accents off, longest known piece first."""

import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

_UNKNOWN, _START, _END = "[UNK]", "[CLS]", "[SEP]"
_LONGEST_WORD = 100
"""Characters; the reference tokenizer calls longer words unknown as well."""


class WordPiece:
    """The pieces of a vocabulary, one a line of its file; a piece's number is its line."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        self._number = {piece: number for number, piece in enumerate(vocabulary)}
        self._unknown = self._number[_UNKNOWN]
        self.start, self.end = self._number[_START], self._number[_END]
        self._pieces = lru_cache(maxsize=65536)(self._of_word)

    def pieces(self, text: str) -> list[int]:
        """The numbers of a text, without start and end marks."""
        return [number for word in _words(text) for number in self._pieces(word)]

    def marked(self, text: str, longest: int) -> list[int]:
        """The numbers of a text between start and end marks, cut to ``longest`` in all."""
        return [self.start, *self.pieces(text)[: longest - 2], self.end]

    def _of_word(self, word: str) -> tuple[int, ...]:
        if len(word) > _LONGEST_WORD:
            return (self._unknown,)
        found: list[int] = []
        at = 0
        while at < len(word):
            end = next((end for end in range(len(word), at, -1) if _piece(word, at, end) in self._number), None)
            if end is None:
                return (self._unknown,)
            found.append(self._number[_piece(word, at, end)])
            at = end
        return tuple(found)


def _piece(word: str, at: int, end: int) -> str:
    return word[at:end] if at == 0 else "##" + word[at:end]


def _words(text: str) -> Iterator[str]:
    """Words and single marks; control characters vanish, Chinese characters stand alone."""
    plain = "".join(one for one in unicodedata.normalize("NFD", text.lower()) if unicodedata.category(one) != "Mn")
    word: list[str] = []
    for one in plain:
        alone = _is_mark(one)
        if one.isspace() or alone or unicodedata.category(one) in ("Cc", "Cf"):
            if word:
                yield "".join(word)
                word = []
            if alone:
                yield one
        else:
            word.append(one)
    if word:
        yield "".join(word)


def _is_mark(one: str) -> bool:
    ascii_mark = 33 <= ord(one) <= 47 or 58 <= ord(one) <= 64 or 91 <= ord(one) <= 96 or 123 <= ord(one) <= 126
    return ascii_mark or unicodedata.category(one).startswith("P") or 0x4E00 <= ord(one) <= 0x9FFF
