"""The local generator: a Task's contract and the ontology, no model."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from runstone.catalog import facets, features, weights
from runstone.catalog.augment import Generator, effects, roles, situations
from runstone.catalog.augment.chains import Chains
from runstone.catalog.augment.situations import Answered
from runstone.catalog.document import ExpectedIssue, Signature, Statement, TaskDocument
from runstone.catalog.entry import Entry
from runstone.catalog.facets import Offered
from runstone.catalog.ontology import tables
from runstone.model.content import CauseCode, PossibleIssue

_SIGNATURES = 30
_VERSION = "local-2"
_ISSUES = 24
_PHRASES = 12
_SERVES = 0.55
_STRONGEST = 3
"""Signals of a Task among which that of an alert must be for the Task to answer it."""
_SAME = 0.5
"""The likeness of products from which on a Task for one serves the other."""
_WORDS = 2
"""Words that an Issue's title must have without what is filled in."""
_ITS_OWN = re.compile(
    r"(?i)^(?:unable to|failed to|could not|cannot|error (?:getting|fetching|retrieving|parsing|listing))|"
    r"\b(?:collection|analysis|authentication|query|parsing|request) (?:failed|timed out|timeout)\b"
)
"""Titles of Issues by which a Task says that it could not do its work."""
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
        return {one.key: self._document(one, facets.of_entry(one), following) for one in chosen}

    def _document(self, entry: Entry, offered: Offered, following: Chains) -> TaskDocument:
        offered = roles.offered(entry, offered)
        answered = [] if effects.breaks(entry) else situations.answered(offered)
        issues = tuple(self._issues(entry, offered, following))
        return TaskDocument(
            key=entry.key,
            digest=entry.digest,
            purpose=Statement(text=_purpose(entry)),
            use_when=tuple(_use_when(entry, offered, answered)),
            not_when=(*_not_when(entry, offered), *roles.not_when(entry, following)),
            symptoms=tuple(_symptoms(answered)),
            signatures=tuple(_signatures(entry)),
            alerts=roles.alerts(entry) or tuple(_alerts(entry, offered, answered)),
            questions=() if entry.changes else tuple(_questions(entry, offered, answered)),
            preconditions=(*_preconditions(entry), *roles.preconditions(entry)),
            blast_radius=effects.blast_radius(entry, _plain(entry.title)),
            reversible=effects.reversible(entry, _plain(entry.title)),
            issues=issues,
            scenarios=tuple(
                roles.scenarios(entry, following)
                or situations.scenarios(entry, offered, answered, _by_signal(issues), following.next(entry))
            ),
        )

    def _issues(self, entry: Entry, offered: Offered, following: Chains) -> Iterator[ExpectedIssue]:
        for one in _distinct(entry)[:_ISSUES]:
            title = _plain(one.title)
            yield ExpectedIssue(
                title=title,
                severity=one.severity,
                causes=self._codes(title, offered),
                follows=following.after(entry, title, [_plain(step) for step in one.next_steps]),
            )

    def _codes(self, title: str, offered: Offered) -> tuple[str, ...]:
        """Codes whose patterns match; where none does, the ontology's signals in the title that the Task looks at."""
        found = tuple(code for code, patterns in self._causes if any(one.search(title) for one in patterns))
        return found or situations.signals_of(title, offered)


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


def _by_signal(issues: Sequence[ExpectedIssue]) -> dict[str, str]:
    """The Issue for each signal: the first that mainly speaks of it; one of the Task's own failures comes last."""
    found: dict[str, str] = {}
    ordered = sorted(issues, key=lambda one: bool(_ITS_OWN.search(one.title)))
    said = [(situations.signals_in(one.title), one.title) for one in ordered]
    for names, title in (*((names[:1], title) for names, title in said), *said):
        for name in names:
            found.setdefault(name, title)
    return found


def _purpose(entry: Entry) -> str:
    sentence = re.split(r"(?<=[.!?])\s", _plain(entry.documentation) or _plain(entry.title))[0].rstrip(".")
    subject = _plain(facets.subject(entry.title))
    if not _telling(subject) or sentence.lower() in (subject.lower(), _plain(entry.title).lower()):
        return sentence
    return f"{subject}: {sentence}"


def _use_when(entry: Entry, offered: Offered, answered: Sequence[Answered]) -> Iterator[Statement]:
    thing = situations.resources(entry, offered)[0]
    for one in answered[:6]:
        said = ", ".join(f'"{phrase}"' for phrase in one.signal.phrases[:2])
        if one.signal.asked:
            yield Statement(text=f"Use to get an overview of {thing}")
        elif entry.changes:
            yield Statement(text=f"Can be a remedy for {thing} that shows: {said}")
        else:
            yield Statement(text=f"Use for {thing} that shows: {said}")


def _not_when(entry: Entry, offered: Offered) -> Iterator[Statement]:
    known = tables.load().products
    others = {other for name in offered.facets.products for other, near in known[name].like.items() if near < _SAME}
    for other in sorted(others - set(offered.facets.products)):
        yield Statement(text=f"Not for {known[other].words[0]}, which is close but another thing")
    if effects.breaks(entry):
        yield Statement(text="Not as an answer to any trouble: it is there to break something on purpose")
    elif entry.changes and (offered.verb == "change" or entry.access == "read-write"):
        yield Statement(text="Not to find out what is wrong: it changes something")


def _symptoms(answered: Sequence[Answered]) -> Iterator[Statement]:
    for one in answered:
        yield Statement(text=", ".join(one.signal.phrases[:_PHRASES]))


def _signatures(entry: Entry) -> Iterator[Signature]:
    for pattern in entry.patterns[:_SIGNATURES]:
        yield Signature(pattern=pattern, means=situations.signals_in(re.sub(r"[^\w]+", " ", pattern)))


def _alerts(entry: Entry, offered: Offered, answered: Sequence[Answered]) -> Iterator[Statement]:
    known = tables.load()
    strongest = {one.signal.name for one in answered[:_STRONGEST]}
    products = set(offered.facets.products)
    for alert in known.alerts if not entry.changes else ():
        about = set(alert.products) & products if alert.products else not products and _serves(alert.kinds, offered)
        if about and strongest & set(alert.signals[:1]):
            yield from (Statement(text=name) for name in alert.alerts)


def _serves(kinds: Sequence[str], offered: Offered) -> bool:
    return any(features.seen(kind, offered.facets.kinds) >= _SERVES for kind in kinds)


def _questions(entry: Entry, offered: Offered, answered: Sequence[Answered]) -> Iterator[Statement]:
    thing = situations.resources(entry, offered)[0]
    for one in (one for one in answered[:8] if not one.signal.asked):
        first, *others = one.signal.phrases
        yield Statement(text=f"{thing}: {first}, what is the cause?")
        yield from (Statement(text=f"{thing}: {other}, what should I check?") for other in others[1:2])


def _preconditions(entry: Entry) -> Iterator[Statement]:
    if entry.inputs:
        yield Statement(text=f"Must be given: {', '.join(entry.inputs)}")
    if entry.contract:
        tools = [one.name for one in entry.contract.tools if one.need == "always"]
        if tools:
            yield Statement(text=f"Must be installed where it runs: {', '.join(tools)}")
