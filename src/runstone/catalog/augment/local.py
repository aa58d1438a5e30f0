"""The local generator: a Task's contract and the ontology, no model."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from runstone.catalog import facets, features, weights
from runstone.catalog.augment import Generator, roles, situations
from runstone.catalog.augment.chains import Chains
from runstone.catalog.augment.situations import Answered
from runstone.catalog.document import ExpectedIssue, Signature, Statement, TaskDocument
from runstone.catalog.entry import Entry
from runstone.catalog.facets import Offered
from runstone.catalog.ontology import tables
from runstone.model.content import CauseCode, PossibleIssue

_SIGNATURES = 30
_VERSION = "local-1"
_ISSUES = 24
_PHRASES = 12
_SERVES = 0.55
_SAME = 0.5
"""The likeness of products from which on a Task for one serves the other."""
_UNDONE = re.compile(r"(?i)restart|scale|suspend|resume|swap|increase|decrease|rollout|rollback")


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
        answered = situations.answered(offered)
        issues = tuple(self._issues(entry, following))
        return TaskDocument(
            key=entry.key,
            digest=entry.digest,
            purpose=Statement(text=_purpose(entry)),
            use_when=tuple(_use_when(entry, offered, answered)),
            not_when=(*_not_when(entry, offered), *roles.not_when(entry, following)),
            symptoms=tuple(_symptoms(answered)),
            signatures=tuple(_signatures(entry)),
            alerts=roles.alerts(entry) or tuple(_alerts(entry, offered, answered)),
            questions=tuple(_questions(entry, offered, answered)),
            preconditions=(*_preconditions(entry), *roles.preconditions(entry)),
            blast_radius=_blast_radius(entry, offered),
            reversible=_reversible(entry),
            issues=issues,
            scenarios=tuple(
                roles.scenarios(entry, following)
                or situations.scenarios(entry, offered, _by_signal(issues), following.next(entry))
            ),
        )

    def _issues(self, entry: Entry, following: Chains) -> Iterator[ExpectedIssue]:
        for one in _distinct(entry)[:_ISSUES]:
            title = _plain(one.title)
            yield ExpectedIssue(
                title=title,
                severity=one.severity,
                causes=self._codes(title),
                follows=following.after(entry, title, [_plain(step) for step in one.next_steps]),
            )

    def _codes(self, title: str) -> tuple[str, ...]:
        """Codes whose patterns match; where none does, the ontology's signals in the title."""
        found = tuple(code for code, patterns in self._causes if any(one.search(title) for one in patterns))
        return found or situations.signals_in(title)


def _distinct(entry: Entry) -> list[PossibleIssue]:
    issues = entry.contract.issues if entry.contract else ()
    by_title = {_plain(one.title): one for one in reversed(issues) if len(_plain(one.title)) > 8}
    return list(reversed(by_title.values()))


def _plain(text: str) -> str:
    """A text without variables and their quotes, on one line."""
    bare = re.sub(r"\$\(\w*\)|\$\{[^}]*\}|\$\w+|\\\(\$?\w+\)", "…", text)
    return re.sub(r"\s+", " ", re.sub(r"[`'\"]*…[`'\"]*", "…", bare)).strip(" .")


def _by_signal(issues: Sequence[ExpectedIssue]) -> dict[str, str]:
    """The first Issue that speaks of each signal."""
    found: dict[str, str] = {}
    for one in issues:
        for name in situations.signals_in(one.title):
            found.setdefault(name, one.title)
    return found


def _purpose(entry: Entry) -> str:
    sentence = re.split(r"(?<=[.!?])\s", _plain(entry.documentation) or _plain(entry.title))[0]
    return f"{_plain(facets.subject(entry.title))}: {sentence}"


def _use_when(entry: Entry, offered: Offered, answered: Sequence[Answered]) -> Iterator[Statement]:
    thing = situations.resources(entry, offered)[0]
    for one in answered[:6]:
        yield Statement(text=f"Use for {thing} when there is {' or '.join(one.signal.phrases[:2])}")


def _not_when(entry: Entry, offered: Offered) -> Iterator[Statement]:
    known = tables.load().products
    others = {other for name in offered.facets.products for other, near in known[name].like.items() if near < _SAME}
    for other in sorted(others - set(offered.facets.products)):
        yield Statement(text=f"Not for {known[other].words[0]}, which is close but another thing")
    if entry.changes:
        yield Statement(text="Not to find out what is wrong: it changes something")


def _symptoms(answered: Sequence[Answered]) -> Iterator[Statement]:
    for one in answered:
        yield Statement(text=", ".join(one.signal.phrases[:_PHRASES]))


def _signatures(entry: Entry) -> Iterator[Signature]:
    for pattern in entry.patterns[:_SIGNATURES]:
        yield Signature(pattern=pattern, means=situations.signals_in(re.sub(r"[^\w]+", " ", pattern)))


def _alerts(entry: Entry, offered: Offered, answered: Sequence[Answered]) -> Iterator[Statement]:
    known = tables.load()
    signals = {one.signal.name for one in answered}
    products = set(offered.facets.products)
    for alert in known.alerts:
        about = set(alert.products) & products if alert.products else not products and _serves(alert.kinds, offered)
        if about and (signals & set(alert.signals)):
            yield from (Statement(text=name) for name in alert.alerts)


def _serves(kinds: Sequence[str], offered: Offered) -> bool:
    return any(features.seen(kind, offered.facets.kinds) >= _SERVES for kind in kinds)


def _questions(entry: Entry, offered: Offered, answered: Sequence[Answered]) -> Iterator[Statement]:
    thing = situations.resources(entry, offered)[0]
    for one in answered[:8]:
        first, *others = one.signal.phrases
        yield Statement(text=f"{thing}: {first}, what is the cause?")
        yield from (Statement(text=f"{thing} {other}, what should I check?") for other in others[1:2])


def _preconditions(entry: Entry) -> Iterator[Statement]:
    if entry.inputs:
        yield Statement(text=f"Must be given: {', '.join(entry.inputs)}")
    if entry.contract:
        tools = [one.name for one in entry.contract.tools if one.need == "always"]
        if tools:
            yield Statement(text=f"Must be installed where it runs: {', '.join(tools)}")


def _blast_radius(entry: Entry, offered: Offered) -> Statement:
    if not entry.changes:
        return Statement(text="None by its source: it only reads.")
    things = ", ".join(situations.resources(entry, offered))
    where = entry.contract.changes[0].words if entry.contract and entry.contract.changes else entry.title
    return Statement(text=f"Changes {things}: {_plain(where)}")


def _reversible(entry: Entry) -> Statement:
    if not entry.changes:
        return Statement(text="Nothing to undo.")
    words = " ".join(one.words for one in entry.contract.changes) if entry.contract else entry.title
    if re.search(r"(?i)\bdelete\b|\bdrop\b|\brm\b", words):
        return Statement(text="Not to be undone: it deletes.")
    return Statement(
        text="Can be undone by its opposite." if _UNDONE.search(words) else "Whether it can be undone is not known."
    )
