"""What is sent to a model about one Task, and nothing else can be: it is put together from nouns of open content.

What strangers wrote stands between two lines that carry a digest of it, so that no text can hold its own end. Lines
that speak to a model, and what looks like a credential, do not leave.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources

from runstone.catalog.augment import wording
from runstone.catalog.augment.draft import Draft
from runstone.catalog.entry import Entry
from runstone.connectors.llms import Message, Question
from runstone.model.content import TaskSource
from runstone.model.redact import Redactor

NAME = "describe-1"
_LEFT_OUT = "(a line is left out here)"
_CUT = "(the rest is left out)"
_ISSUES = 12


@dataclass(frozen=True)
class Size:
    """How much is sent of one Task, in characters, and how many tokens may come back."""

    characters: int = 12_000
    answer: int = 900


def version() -> str:
    """The prompt's name and what it says: another wording is another version, whether it was renamed or not."""
    return f"{NAME}-{hashlib.sha256(text().encode()).hexdigest()[:12]}"


def text() -> str:
    """The prompt, as it lies in the package."""
    return (resources.files("runstone.catalog.augment") / "prompts" / f"{NAME}.txt").read_text(encoding="utf-8")


def question(entry: Entry, source: TaskSource, size: Size) -> Question:
    """The request about one Task."""
    told = Redactor().text("\n".join(_told(entry, source, size.characters)))
    kept = "\n".join(_LEFT_OUT if wording.instructs(line) else line for line in told.splitlines())
    mark = hashlib.sha256(kept.encode()).hexdigest()[:16]
    data = f"-----begin task {mark}-----\n{kept}\n-----end task {mark}-----"
    return Question((Message("system", text()), Message("user", data)), Draft, size.answer)


def digest(asked: Question, model: str) -> str:
    """Of all that an answer depends on: every word that is sent, the form, the prompt's version, the model's name."""
    said = [(one.role, one.text) for one in asked.messages]
    parts = (version(), model, said, asked.form.model_json_schema(), asked.most)
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _told(entry: Entry, source: TaskSource, most: int) -> Iterator[str]:
    """What is known, at most half; the README, at most a quarter; the source, as far as there is room."""
    facts = _short("\n".join(_facts(entry)), most // 2)
    readme = _short(source.readme, most // 4)
    yield facts
    left = most - len(facts) - len(readme)
    for file in source.files:
        if left <= 0:
            yield _CUT
            break
        yield f"Source, {file.name}:\n{_short(file.text, left)}"
        left -= len(file.text)
    if readme:
        yield f"README:\n{readme}"


def _facts(entry: Entry) -> Iterator[str]:
    yield f"Title: {entry.title}"
    yield f"Bundle: {entry.bundle}"
    yield f"Documentation: {entry.documentation}"
    yield f"Documentation of the bundle: {entry.bundle_documentation}"
    yield f"Tags: {', '.join(entry.tags)}"
    yield f"For: {', '.join(entry.supports)}"
    yield f"Must be given: {', '.join(entry.inputs)}"
    yield f"Access: {entry.access}; {'it changes something' if entry.changes else 'no change is seen in its source'}"
    yield from _contract(entry)


def _contract(entry: Entry) -> Iterator[str]:
    does = entry.contract
    if does is None:
        return
    yield f"Programs it calls: {', '.join(one.name for one in does.tools) or 'none'}"
    yield f"Changes: {'; '.join(one.words for one in does.changes) or 'none'}"
    for issue in does.issues[:_ISSUES]:
        yield f"Can report: {issue.title}"


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: max(0, most)]}\n{_CUT}"
