"""The local generator: a Task's contract and the ontology, no model."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from runstone.catalog import facets, features, weights, words
from runstone.catalog.augment import Generator, effects, findings, roles, situations
from runstone.catalog.augment.chains import Chains
from runstone.catalog.augment.situations import Answered
from runstone.catalog.augment.subject import SAME, Subject
from runstone.catalog.document import ExpectedIssue, Signature, Statement, TaskDocument
from runstone.catalog.entry import Entry
from runstone.catalog.ontology import tables
from runstone.model.content import CauseCode, PossibleIssue

_SIGNATURES = 30
_VERSION = "local-3"
_ISSUES = 24
_PHRASES = 12
_SERVES = 0.55
_STRONGEST = 3
"""Signals of a Task among which that of an alert must be for the Task to answer it."""
_WORDS = 2
"""Words that an Issue's title must have without what is filled in."""
_FILLED = re.compile(r"%\.?\d*[sdf]|[\"']\s*\+[^+]*\+\s*[\"']|\\\([^)]*\)")


class Local(Generator):
    """Writes from what stands in the source. ``causes`` are the codes that Issues are recognised by."""

    def __init__(self, causes: Sequence[CauseCode] = ()) -> None:
        self._causes = [(code.code, [re.compile(one, re.IGNORECASE) for one in code.patterns]) for code in causes]
        self._chains: tuple[Sequence[Entry], Chains] | None = None

    @property
    def version(self) -> str:
        """Of what it writes from besides source and ontology: its code, the causes, the weights that rank chains."""
        told = (code for code, _ in self._causes)
        ranks = (f"{name}{value}" for name, value in weights.WITHOUT_VECTORS.items())
        return "-".join((_VERSION, roles.digest(), *told, *ranks))

    def documents(self, entries: Sequence[Entry], wanted: Collection[str] | None = None) -> Mapping[str, TaskDocument]:
        """A document for each entry, or for those whose keys are wanted, by its key."""
        # Asked bundle by bundle about the same Tasks: what follows what is worked out once.
        if self._chains is None or self._chains[0] is not entries:
            self._chains = entries, Chains(entries)
        following = self._chains[1]
        chosen = [one for one in entries if wanted is None or one.key in wanted]
        return {one.key: self._document(one, following) for one in chosen}

    def _document(self, entry: Entry, following: Chains) -> TaskDocument:
        subject = roles.subject(entry, following.subject(entry))
        answered = [] if effects.breaks(entry) or entry.runs else situations.answered(subject)
        answered = [one for one in answered if not effects.opposes(entry, one.signal.name)]
        issues = tuple(self._issues(entry, subject, following))
        signals = [one.signal for one in answered]
        expected = findings.expected(issues, signals)
        beside = {one.name: following.beside(entry, one) for one in signals}
        return TaskDocument(
            key=entry.key,
            digest=entry.digest,
            purpose=Statement(text=_purpose(entry)),
            use_when=tuple(dict.fromkeys(_use_when(entry, subject, answered))),
            not_when=(*_not_when(entry, subject), *roles.not_when(entry, following)),
            symptoms=tuple(_symptoms(answered)),
            signatures=tuple(_signatures(entry)),
            alerts=roles.alerts(entry) or tuple(_alerts(entry, subject, answered)),
            questions=() if entry.changes else tuple(_questions(answered)),
            preconditions=(*_preconditions(entry), *roles.preconditions(entry)),
            blast_radius=effects.blast_radius(entry, _plain(entry.title)),
            reversible=effects.reversible(entry, _plain(entry.title)),
            issues=issues,
            scenarios=tuple(
                roles.scenarios(entry, following)
                or situations.scenarios(subject, answered, expected, following.next(entry), beside)
            ),
        )

    def _issues(self, entry: Entry, subject: Subject, following: Chains) -> Iterator[ExpectedIssue]:
        for one in _distinct(entry)[:_ISSUES]:
            title = _plain(one.title)
            yield ExpectedIssue(
                title=title,
                severity=one.severity,
                causes=self._codes(title, subject),
                follows=following.after(entry, title, [_plain(step) for step in one.next_steps]),
            )

    def _codes(self, title: str, subject: Subject) -> tuple[str, ...]:
        """Codes whose patterns match; where none does, the ontology's signals in the title that the Task looks at."""
        if findings.own_failure(title):
            return findings.reaching(title)
        found = tuple(code for code, patterns in self._causes if any(one.search(title) for one in patterns))
        return found or findings.codes(title, subject.facets.looks, subject.facets.platforms)


def _distinct(entry: Entry) -> list[PossibleIssue]:
    issues = entry.contract.issues if entry.contract else ()
    by_title = {_plain(one.title): one for one in reversed(issues) if _telling(_plain(one.title))}
    return list(reversed(by_title.values()))


def _telling(title: str) -> bool:
    return len(re.findall(r"[A-Za-z]{2,}", title)) >= _WORDS


def _plain(text: str) -> str:
    """A text without variables and their quotes, and without brackets that held nothing else, on one line."""
    text = re.sub(r"\\[nt]", " ", text)
    bare = _FILLED.sub("…", re.sub(r"\$\(\w*\)|\$\{[^}]*\}|\$\w+|\\\(\$?\w+\)", "…", text))
    quiet = re.sub(r"[`'\"]*…[`'\"]*", "…", bare)
    quiet = re.sub(r"\((?:\w+[:=]\s*)?…?[^\w()]*\)", "", quiet)
    return re.sub(r"\s+", " ", re.sub(r"…(?:[\s,:/-]*…)+", "…", quiet)).strip(" .")


def _purpose(entry: Entry) -> str:
    sentence = findings.sentence(_plain(entry.documentation) or _plain(entry.title)).rstrip(".")
    subject = _plain(facets.subject(entry.title))
    if not _telling(subject) or sentence.lower() in (subject.lower(), _plain(entry.title).lower()):
        return sentence
    return f"{subject}: {sentence}"


def _use_when(entry: Entry, subject: Subject, answered: Sequence[Answered]) -> Iterator[Statement]:
    for one in answered[:6]:
        thing = one.things[0]
        said = ", ".join(f'"{phrase}"' for phrase in _different(one.signal.phrases))
        if one.signal.asked:
            yield Statement(text=f"Use to get an overview of {thing}")
        elif not entry.changes:
            yield Statement(text=f"Use for {thing} that shows: {said}")
        elif _remedy(entry, subject):
            yield Statement(text=f"Can be a remedy for {thing} that shows: {said}")


def _different(phrases: tuple[str, ...]) -> tuple[str, ...]:
    """The first phrase, and the first that shares no word with it."""
    own = set(words.fold(phrases[0]))
    other = next((one for one in phrases if not own.intersection(words.fold(one))), "")
    return (phrases[0], other) if other else phrases[:1]


def _remedy(entry: Entry, subject: Subject) -> bool:
    """Whether it is there to change something, rather than changing something on its way."""
    return entry.changes and (subject.verb == "change" or entry.access == "read-write")


def _not_when(entry: Entry, subject: Subject) -> Iterator[Statement]:
    known = tables.load().products
    others = {other for name in subject.products for other, near in known[name].like.items() if near < SAME}
    for other in sorted(others - set(subject.products)):
        yield Statement(text=f"Not for {known[other].words[0]}, which is close but another thing")
    if effects.breaks(entry):
        yield Statement(text="Not as an answer to any trouble: it is there to break something on purpose")
    elif _remedy(entry, subject):
        yield Statement(text="Not to find out what is wrong: it changes something")


def _symptoms(answered: Sequence[Answered]) -> Iterator[Statement]:
    for one in answered:
        yield Statement(text=", ".join(one.signal.phrases[:_PHRASES]))


def _signatures(entry: Entry) -> Iterator[Signature]:
    for pattern in entry.patterns[:_SIGNATURES]:
        yield Signature(pattern=pattern, means=findings.signals_in(re.sub(r"[^\w]+", " ", pattern)))


def _alerts(entry: Entry, subject: Subject, answered: Sequence[Answered]) -> Iterator[Statement]:
    known = tables.load()
    strongest = {one.signal.name for one in answered[:_STRONGEST]}
    products = set(subject.products)
    for alert in known.alerts if not entry.changes else ():
        about = set(alert.products) & products if alert.products else not products
        about = about and (_serves(alert.kinds, subject) or (bool(alert.products) and not alert.kinds))
        if about and strongest & set(alert.signals[:1]):
            yield from (Statement(text=name) for name in alert.alerts)


def _serves(kinds: Sequence[str], subject: Subject) -> bool:
    return any(features.seen(kind, subject.facets.kinds) >= _SERVES for kind in kinds)


def _questions(answered: Sequence[Answered]) -> Iterator[Statement]:
    for one in (one for one in answered[:8] if not one.signal.asked):
        first, *others = _different(one.signal.phrases)
        yield Statement(text=f"{one.things[0]}: {first}, what is the cause?")
        yield from (Statement(text=f"{one.things[0]}: {other}, what should I check?") for other in others)


def _preconditions(entry: Entry) -> Iterator[Statement]:
    if entry.inputs:
        yield Statement(text=f"Must be given: {', '.join(entry.inputs)}")
    if entry.contract:
        tools = [one.name for one in entry.contract.tools if one.need == "always"]
        if tools:
            yield Statement(text=f"Must be installed where it runs: {', '.join(tools)}")
