"""The Issues that a Task can raise: what they tell of its subject, and which of them tell of its own failure only."""

import re
from collections.abc import Collection, Sequence
from functools import cache

from runstone.catalog import facets, words
from runstone.catalog.document import ExpectedIssue
from runstone.catalog.entry import Entry
from runstone.catalog.ontology import lexicon, tables
from runstone.catalog.ontology.tables import Signal, Weights

_WORK = "collection|discovery|analysis|authentication|authorization|parsing|fetch|retrieval|script|api call"
_FAILS = "failed|failure|failures|timed out|timeout|unavailable|incomplete|not possible"
_SIDE = re.compile(
    r"https?://\S+|`[^`]*`|[^.;]*\b(?:authenticat|credential|log ?in\b|permission|kubeconfig)[^.;]*", re.IGNORECASE
)
"""What next steps say besides what to look at: links, commands, and how to get access."""
_TRIES = (
    r"get|getting|fetch\w*|retriev\w*|pars\w*|list\w*|validat\w*|access\w*|collect\w*|quer\w*|discover\w*|read\w*|"
    r"load\w*|locat\w*|authenticat\w*|log in|check\w*|determin\w*|obtain\w*|run\w*|execut\w*|analy\w*|inspect\w*|decode"
)
_OWN = re.compile(
    r"(?i)(?:^|[:-] )\W*(?:unable to|failed to|failure to|could not|couldn't|cannot|can not|can't|errors?) "
    rf"(?:{_TRIES})\b|"
    rf"\b(?:{_WORK}) (?:script |command |call )?(?:has |have |was )?(?:{_FAILS})\b|"
    rf"\b(?:{_FAILS}|errors?|warnings?) (?:running|during|while|executing)\b.{{0,40}}\b(?:{_WORK}|task|tasks)\b|"
    r"\b(?:token|tokens|credentials|kubeconfig) (?:is |are |was )?"
    r"(?:missing|not (?:set|found|configured|provided|accessible|available)|invalid)\b|"
    r"\b(?:check|analysis|query|report) (?:timeout|timed out)\b|\bapi error\b|(?<!http )\brequest failed for\b|"
    r"\bquery failed\b|\bno (?:\w+ ){0,3}credentials? (?:provided|found|set|given)\b|"
    r"\bfailed to (?:run|execute|start running)\b|^missing (?:required )?(?:environment )?variables?\b|"
    r"\bnot accessible$|\bdata (?:is |are |not )?(?:un)?available$"
)
_GENERAL = ("log-trouble",)
"""What any error in a log is."""
_REACHING = ("access-denied", "credentials-old", "time-out", "rate-limited", "refused")
"""What can be said of a Task's own failure: that it did not get at what it looks at."""
_SENTENCE_END = re.compile(r"(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)(?<!vs\.)(?<!etc\.)\s")
_MAINLY = 0.7
"""What a signal that next steps name calls for at least, to be what they say to look at."""
_SPEAKS = 0.4
"""What it counts that a title which tells no signal names in a telling phrase what the signal mainly calls for."""
_NAMED = {0: 1.0, 1: 0.7, 2: 0.5}
"""What it counts that a title speaks of a signal, by its place among those it speaks of."""


def own_failure(title: str) -> bool:
    """Whether an Issue tells that the Task could not do its work: nothing about what it looks at."""
    return bool(_OWN.search(title))


def titles(entry: Entry) -> Sequence[str]:
    """The titles of Issues that tell of the Task's subject."""
    told = (one.title for one in entry.contract.issues) if entry.contract else ()
    return [one for one in told if not own_failure(one)]


def sentence(text: str) -> str:
    """The first sentence of a text."""
    return _SENTENCE_END.split(text.strip())[0]


def signals_in(text: str) -> tuple[str, ...]:
    """The signals that an Issue's title or a pattern tells of, the most telling first.

    Where no phrase stands in it as it is, those of which it has all words.
    """
    found = troubles(text)
    alert = lexicon.load().alerts.get(lexicon.squeezed(text.partition(":")[0]))
    found |= dict.fromkeys(alert.signals, 1.0) if alert else {}
    if not found:
        stems = set(words.fold(text))
        found = {name: 1.0 for name, phrases in _phrases().items() if any(stems >= one for one in phrases)}
    return tuple(sorted(found, key=lambda name: -found[name]))[:3]


def troubles(text: str) -> dict[str, float]:
    """The signals whose trouble a text tells in so many words, by how plainly (0 to 1)."""
    found: dict[str, float] = {}
    for one in lexicon.load().troubles.find(words.fold(text), text):
        found[one.name] = max(found.get(one.name, 0.0), one.weight)
    return found


@cache
def _phrases() -> dict[str, list[frozenset[str]]]:
    """The words of each signal's phrases that have two or more."""
    known = tables.load().signals.values()
    folded = {one.name: [frozenset(words.fold(phrase)) for phrase in one.phrases] for one in known if not one.asked}
    return {name: [one for one in phrases if len(one) > 1] for name, phrases in folded.items()}


def expected(issues: Sequence[ExpectedIssue], answered: Sequence[Signal]) -> dict[str, str]:
    """For each signal the Issue that a Task which answers it most likely ends in, best first the stronger signals.

    A Task that can find only one thing is expected to find it where its strongest signal is seen.
    """
    told = {one.title: signals_in(one.title) for one in issues if not own_failure(one.title)}
    looks = {title: facets.looks_in([(words.fold(title), 1.0)]) for title in told}
    found: dict[str, str] = {}
    for signal in answered:
        values = {title: _fits(signal, names, looks[title]) for title, names in told.items()}
        best = max(values, key=lambda title: values[title], default="")
        if best and values[best] > 0:
            found[signal.name] = best
    if len(told) == 1 and answered:
        found.setdefault(answered[0].name, next(iter(told)))
    return found


def _fits(signal: Signal, named: Sequence[str], looks: Weights) -> float:
    """How well an Issue fits: it tells the signal, or else speaks of nothing but what the signal mainly calls for."""
    if signal.name in named:
        return _NAMED[named.index(signal.name)]
    main = max(signal.looks, key=lambda look: signal.looks[look])
    return _SPEAKS if not named and looks.get(main, 0) == 1 else 0.0


def codes(title: str, looks: Collection[str], platforms: Collection[str]) -> tuple[str, ...]:
    """The signals that an Issue tells of and its Task looks at; nothing general beside something particular."""
    known = tables.load().signals
    fit = [
        name
        for name in signals_in(title)
        if (not known[name].places or set(known[name].places) & set(platforms))
        and any(look in looks for look in known[name].looks)
    ]
    return tuple(name for name in fit if name not in _GENERAL or len(fit) == 1)


def advised(next_steps: Sequence[str]) -> Weights:
    """What next steps say to look at, in telling phrases: a single common word may mean anything."""
    known = lexicon.load()
    found: Weights = {}
    for step in next_steps:
        stems = words.fold(_SIDE.sub(" ", step))
        found |= {one.name: 1.0 for one in known.looks.find(stems) if one.weight == 1}
        for one in known.signals.find(stems):
            if one.weight == 1:
                found |= {
                    look: weight for look, weight in known.tables.signals[one.name].looks.items() if weight >= _MAINLY
                }
    return found


def reaching(title: str) -> tuple[str, ...]:
    """The signals of a Task's own failure that tell why it could not get at its subject."""
    return tuple(name for name in signals_in(title) if name in _REACHING)
