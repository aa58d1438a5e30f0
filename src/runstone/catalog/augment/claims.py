"""What a text claims of a Task, held against what the Task's source shows: contradictions are refused.

The facts are the contract's (programs, changes), the author's tag and words, and what the ontology reads off them. What
the source leaves open is no contradiction.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass

from runstone.catalog import facets, features, words
from runstone.catalog.entry import Entry
from runstone.catalog.facets import Offered
from runstone.catalog.ontology import lexicon
from runstone.catalog.ontology.phrases import Phrases
from runstone.content import mutates

_SERVED = 0.2
"""How well a Task must answer for a kind of resource of a cluster to be described by it."""
_PLACES = frozenset({"kubernetes", "aws", "azure", "gcp", "windows", "vmware"})
_MANAGED = frozenset({"eks", "aks", "gke", "openshift"})
_VERBS = (
    r"(?:restart|scale|delete|remove|repair|remediate|heal|drain|cordon|kill|terminate|resize|redeploy|update|create|"
    r"suspend|resume|increase|decrease|evict|reboot|expand|reset)s?|(?:patch|fix)(?:es)?|(?:modif|appl)(?:y|ies)|"
    r"(?:roll|clean)s?\s+(?:back|up)"
)
_DOES = re.compile(rf"(?i)(?:^|\b(?:task|it|this|will|automatically)\s+)(?:{_VERBS})\b")
_CHANGES = re.compile(
    rf"(?i)(?:^|\b(?:task|it|this|will|can|to|automatically)\s+)(?:{_VERBS})\b"
    rf"|\b(?:and|or|then)\s+(?:{_VERBS})\s+(?:it|them|the|a|an|its|their|any|all|those|these)\b"
    r"|\bby\s+(?:restart|scal|delet|remov|patch|fix|repair|roll|drain|kill|terminat|resiz|redeploy|updat|creat|evict)\w*ing\b"
)
_LIMITS_ITSELF = re.compile(r"(?i)\b(?:not|no|never|another|other|instead|only|without|unless|except|rather)\b")
"""How a sentence says what a Task is not for; one that does not is held to be about the Task."""
_READS = re.compile(
    r"(?i)\bread[- ]?only\b|\bonly\s+reads?\b|\b(?:no|any)\s+changes?\b|\bnot\s+(?:change|modify|alter)|"
    r"\bchanges?\s+nothing\b|\bwithout\s+(?:chang|modify|alter)|\bnon[- ]?(?:destructive|invasive|intrusive)\b|"
    r"\bsafe(?:ly)?\b|\bharmless\b"
)
_CALLS = re.compile(
    r"(?i)\b(?:us(?:es?|ing)|calls?|calling|runs?|running|via|through|with)\s+(?:the\s+)?([a-z][a-z0-9_-]+)"
)
_THINGS = frozenset({"docker", "git", "vault"})
"""Programs that are also what a Task can be about, besides products and platforms: named, they need not be called."""
_PLAIN_WORD = "service"


@dataclass(frozen=True)
class Facts:
    """One Task, as far as its source tells."""

    entry: Entry
    offered: Offered

    @classmethod
    def of(cls, entry: Entry) -> "Facts":
        """The facts of a Task."""
        return cls(entry, facets.of_entry(entry))

    def against(self, field: str, text: str) -> str:
        """What contradicts a text of this field of a Draft, in a few words; empty when nothing does."""
        if field == "alerts":
            return self._alert(text)
        elsewhere = field == "not_when" and _LIMITS_ITSELF.search(text)
        return self._access(field, text) or ("" if elsewhere else self._subject(field, text))

    def _access(self, field: str, text: str) -> str:
        changes = bool(_CHANGES.search(text))
        if field == "next_steps":
            return "asks for a change" if changes else ""
        if field == "questions" and not self.entry.changes:
            return "asks for a change" if facets.of_question(text).intent == "change" else ""
        claims = changes if field in ("purpose", "use_when") else bool(_DOES.search(text))
        if field in ("purpose", "use_when", "not_when", "symptoms") and claims and not self.entry.changes:
            return "says that the Task changes something, which its source does not show"
        if _READS.search(text) and not self._reads:
            return "says that the Task changes nothing, which its source does not show"
        return ""

    @property
    def _reads(self) -> bool:
        """Whether it is known to change nothing: as tagged, or by a source of which all that runs is known."""
        does = self.entry.contract
        told = self.entry.access == "read-only" or (does is not None and not does.commands and not does.unknown)
        return told and not self.entry.changes

    def _subject(self, field: str, text: str) -> str:
        wrong = self._tools(text) or self._platforms(text)
        if wrong or field == "next_steps":
            return wrong
        return self._kinds(text) or self._products(text)

    def _tools(self, text: str) -> str:
        found = lexicon.load().products.find(words.fold(text))
        things = _THINGS.union(_names(lexicon.load().platforms, text), *(one.phrase.split() for one in found))
        called = {one.lower() for one in _CALLS.findall(text)}
        named = {one for one in _words(text) if mutates.knows(one) and one != _PLAIN_WORD}
        strange = {one for one in named if one in called or one not in things} - self._known_tools()
        return f"names {_listed(strange)}, which the Task does not call" if strange else ""

    def _known_tools(self) -> set[str]:
        """Those of the contract; the author's words count only where the source does not tell all."""
        one = self.entry
        called = {tool.name for tool in one.contract.tools} if one.contract else set[str]()
        if one.contract and not one.contract.commands and not one.contract.unknown:
            return called
        return called | _words(" ".join((one.title, one.documentation, one.bundle_documentation)))

    def _platforms(self, text: str) -> str:
        own = set(self.offered.facets.platforms)
        if not own:
            return ""
        # A managed cluster is a place of a Task for clusters; a cloud's Task may well look at what runs in one.
        found = {
            one.name
            for one in lexicon.load().platforms.find(words.fold(text))
            if not ("kubernetes" in own and one.phrase in _MANAGED)
        }
        strange = (found & _PLACES) - own - ({"kubernetes"} if self.offered.facets.kinds else set())
        return f"is about {_listed(strange)}, which the Task is not for" if strange else ""

    def _kinds(self, text: str) -> str:
        own, found = self.offered.facets.kinds, _names(lexicon.load().kinds, text)
        in_clusters = "kubernetes" in self.offered.facets.platforms
        if not in_clusters or not own or not found or any(features.seen(kind, own) >= _SERVED for kind in found):
            return ""
        return f"is about {_listed(found)}, which the Task does not look at"

    def _products(self, text: str) -> str:
        own, found = set(self.offered.facets.products), _names(lexicon.load().products, text)
        if not own or not found or found & (own | self.offered.mentions):
            return ""
        return f"is about {_listed(found)}, which the Task is not for"

    def _alert(self, name: str) -> str:
        stock = lexicon.load().alerts.get(lexicon.squeezed(name))
        if stock is None:
            return ""
        own = self.offered.facets
        other = stock.products and own.products and not set(stock.products) & set(own.products)
        unseen = stock.kinds and own.kinds and max(features.seen(one, own.kinds) for one in stock.kinds) < _SERVED
        return "is a known alert about something else" if other or unseen else ""


def _names(finder: Phrases, text: str) -> set[str]:
    return {one.name for one in finder.find(words.fold(text))}


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z][a-z0-9_-]*[a-z0-9]", text.lower()))


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(names)[:3])
