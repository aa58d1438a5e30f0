"""From a model's draft to a document: text by text, what is fit to be read and contradicts nothing stays."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from runstone.catalog import words
from runstone.catalog.augment import prompt, wording
from runstone.catalog.augment.claims import Facts
from runstone.catalog.augment.draft import FIELDS, LONGEST, Draft
from runstone.catalog.document import Statement, TaskDocument
from runstone.catalog.entry import Entry

RULES = "1"
"""Of this module, ``wording`` and ``claims``: what was believed under other rules is not read back."""
_FEWEST = {"symptoms": 2}
"""Words that a text must have: names of things alone, as weak models give them, say nothing."""
_SENTENCE = 3


@dataclass(frozen=True)
class Refusal:
    """A text of a draft that was left out: its field and the reason. The text itself is shown to nobody."""

    field: str
    reason: str

    def __str__(self) -> str:
        return f"{self.field}: {self.reason}"


@dataclass(frozen=True)
class Checked:
    """What is left of a draft; ``document`` is None when that is nothing, or when none of it can be trusted."""

    document: TaskDocument | None
    refused: tuple[Refusal, ...]


def checked(entry: Entry, draft: Draft) -> Checked:
    """Hold a draft against the rules of wording and the Task's facts.

    A draft with a text that speaks to a model goes as a whole: whoever had that written may have had more.
    """
    texts = {name: _texts(draft, name) for name in FIELDS}
    for name, found in texts.items():
        if any(wording.instructs(one) for one in found):
            return Checked(None, (Refusal(name, "speaks to a model, as a hostile source would; nothing is believed"),))
    judge = _Judge(entry)
    refused: list[Refusal] = []
    kept: dict[str, tuple[Statement, ...]] = {}
    for name, found in texts.items():
        judged = [(one, judge.fault(name, one)) for one in found]
        refused += [Refusal(name, reason) for _, reason in judged if reason]
        kept[name] = tuple(Statement(text=one, origin="model") for one, reason in judged if not reason)
    return Checked(_document(entry, kept) if any(kept.values()) else None, tuple(refused))


class _Judge:
    """Says why a text of one draft is left out. It remembers what it was shown: one text fills one field."""

    def __init__(self, entry: Entry) -> None:
        self._facts = Facts.of(entry)
        self._title = set(words.fold(f"{entry.title} {entry.bundle}"))
        self._inputs = {name for name in entry.inputs if name.isupper()}
        self._prompt = prompt.text().lower()
        self._seen: dict[str, str] = {}

    def fault(self, field: str, text: str) -> str:
        """The reason; empty when the text may stay."""
        if self._seen.setdefault(text.lower(), field) != field:
            return "says the same as another field"
        if field == "alerts":
            return wording.alert_fault(text) or self._facts.against(field, text)
        return wording.fault(text, LONGEST) or self._empty(field, text) or self._facts.against(field, text)

    def _empty(self, field: str, text: str) -> str:
        if text.lower().rstrip(".") in self._prompt:
            return "repeats the prompt"
        if len(text.split()) < _FEWEST.get(field, _SENTENCE):
            return "is no sentence"
        if self._inputs & set(re.findall(r"\w+", text)):
            return "has the name of an input"
        return "says no more than the title" if set(words.content(text)) <= self._title else ""


def _texts(draft: Draft, field: str) -> list[str]:
    said: str | tuple[str, ...] = getattr(draft, field)
    return list(_distinct((said,) if isinstance(said, str) else said))


def _distinct(texts: tuple[str, ...]) -> Iterator[str]:
    bare = (text.strip() for text in texts)
    yield from dict.fromkeys(text for text in bare if text)


def _document(entry: Entry, kept: dict[str, tuple[Statement, ...]]) -> TaskDocument:
    """The model's purpose is a summary beside the author's words, not in their place."""
    summary, *_ = kept.pop("purpose") or (Statement(text=""),)
    return TaskDocument.empty(entry.key, entry.digest).model_copy(update={"summary": summary, **kept})
