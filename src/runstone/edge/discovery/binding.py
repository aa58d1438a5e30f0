"""Which SLXs a platform's resources get: rules of all collections matched, templates rendered once per change.

``Rules`` are all rules of all collections, in load order, loaded once. ``Bound`` are the SLXs of one platform, kept up
to date subject by subject: a change is tried only on the rules of its types, and rendered only where it shows. One bad
rule or template costs itself and nothing else; it is kept as a Finding.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import structlog

from runstone.content import parse
from runstone.edge.discovery import names, render
from runstone.edge.discovery.documents import Bundle, Setting, common, repository
from runstone.edge.discovery.inventory import digest
from runstone.edge.discovery.rules import Match, Rule, World, custom_types, joined
from runstone.edge.discovery.subjects import Cluster, Subject
from runstone.edge.discovery.templating import Engine
from runstone.errors import BadInput
from runstone.model.content import CodeCollection, CollectionRef, Finding
from runstone.model.workspace import SLX

log = structlog.get_logger()
Key = tuple[str, str, str]
"""A subject's kind, namespace and name."""
_Order = tuple[int, int, Key]
"""Which of the rule's types, the subject's place, and its name."""
_Place = tuple[int, tuple[str, ...]]
"""A match: position of its rule, and its identity."""


@dataclass(frozen=True)
class Source:
    """A collection's rules: its bundles' paths with their rule files, all relative to ``root``."""

    ref: CollectionRef
    root: Path
    bundles: tuple[tuple[str, tuple[str, ...]], ...]
    findings: tuple[Finding, ...] = ()

    @classmethod
    def of(cls, collection: CodeCollection, root: Path) -> "Source":
        """All bundles of a parsed collection."""
        bundles = tuple((bundle.path, bundle.rule_files) for bundle in collection.bundles)
        return cls(collection.ref, root, bundles, collection.findings)


@dataclass(frozen=True)
class LoadedRule:
    """One rule with its bundle. ``bases``: the base part of the name of each of its SLXs."""

    number: int
    rule: Rule
    bundle: Bundle
    file: str
    bases: tuple[str, ...]

    def short(self, match: Match, workspace: str) -> str:
        """The name of a match's SLX, without the workspace."""
        return names.qualified(self.bases[match.index], tuple(match.values.values()), names.room(workspace))

    def __str__(self) -> str:
        return f"{self.file} ({', '.join(slx.base_name for slx in self.rule.slxs)})"


class Rules:
    """All rules of all collections, in load order."""

    def __init__(self, sources: Sequence[Source], setting: Setting) -> None:
        self.setting = setting
        self.findings: list[Finding] = []
        self.known = {repository(one.ref.url): (one.ref, one.root) for one in sources}
        self.variables = common(setting)
        engine = Engine()
        loaded = [one for source in sources for one in self._load(source, engine)]
        bases = iter(names.distinct([base for _, _, _, own in loaded for base in own]))
        self.loaded = tuple(
            LoadedRule(number, rule, bundle, file, tuple(next(bases) for _ in own))
            for number, (rule, bundle, file, own) in enumerate(loaded)
        )

    def of(self, family: str) -> tuple[LoadedRule, ...]:
        """The rules for platforms of a family, as far as they are about it."""
        found = (one for one in self.loaded if family in one.rule.families)
        return tuple(replace(one, rule=one.rule.on(family)) for one in found)

    def custom_types(self, family: str) -> list[str]:
        """The types that rules of a family name and that discovery might not read by itself, or not in full."""
        rules = [one.rule for one in self.of(family)]
        named = {type_ for rule in rules for type_ in (*rule.types, *rule.elsewhere)}
        return [*custom_types(rules), *(["pod"] if named & {"pod", "pods"} else [])]

    def _load(self, source: Source, engine: Engine) -> Iterator[tuple[Rule, Bundle, str, list[str]]]:
        self.findings += source.findings
        for path, files in source.bundles:
            bundle = Bundle(engine, source.ref, source.root, path, self.setting)
            for file in files:
                for rule in self._file(source.root / file, file):
                    yield rule, bundle, file, [names.base(slx.base_name, slx.shortened) for slx in rule.slxs]

    def _file(self, path: Path, file: str) -> Iterator[Rule]:
        try:
            written = parse.generation_rules(path)
        except BadInput as err:
            self._fail(file, err)
            return
        for one in written:
            try:
                yield Rule(one).read()
            except BadInput as err:
                self._fail(file, err)

    def _fail(self, file: str, err: BadInput) -> None:
        self.findings.append(Finding(file=file, line=0, message=str(err), severity="error"))
        log.warning("rule skipped", file=file, problem=str(err))


@dataclass
class _Made:
    """What a match became."""

    stamp: str
    name: str
    digest: str
    subject: str
    problems: tuple[str, ...]


@dataclass
class _State:
    """What one rule matches on one platform: members by the identity of their match, in the order of telling."""

    members: dict[tuple[str, ...], dict[_Order, Match]] = field(
        default_factory=dict[tuple[str, ...], dict[_Order, Match]]
    )
    places: dict[Key, list[tuple[tuple[str, ...], _Order]]] = field(
        default_factory=dict[Key, list[tuple[tuple[str, ...], _Order]]]
    )
    made: dict[tuple[str, ...], _Made] = field(default_factory=dict[tuple[str, ...], _Made])

    def forget(self, key: Key) -> set[tuple[str, ...]]:
        """Take a subject out; returns the identities it was part of."""
        places = self.places.pop(key, [])
        for identity, order in places:
            self.members[identity].pop(order, None)
        return {identity for identity, _ in places}

    def put(self, match: Match, order: _Order) -> tuple[str, ...]:
        """Add a subject's match."""
        self.members.setdefault(match.identity, {})[order] = match
        self.places.setdefault(match.subject.key, []).append((match.identity, order))
        return match.identity


class _ByType(Mapping[str, Sequence[Subject]]):
    """Subjects by the words rules know them by, in the order of their keys; lists are made when asked for."""

    def __init__(self) -> None:
        self._by_word: dict[str, dict[Key, Subject]] = {}
        self._lists: dict[str, list[Subject]] = {}

    def replace(self, key: Key, old: Subject | None, new: Subject | None) -> None:
        for word in old.words if old else ():
            self._by_word[word].pop(key, None)
            self._lists.pop(word, None)
        for word in new.words if new else ():
            self._by_word.setdefault(word, {})[key] = new  # pyright: ignore[reportArgumentType]  new is set here
            self._lists.pop(word, None)

    def __getitem__(self, word: str) -> Sequence[Subject]:
        if word not in self._lists:
            found = self._by_word[word]
            self._lists[word] = [found[key] for key in sorted(found)]
        return self._lists[word]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_word)

    def __len__(self) -> int:
        return len(self._by_word)


class Bound:
    """The SLXs of one platform."""

    def __init__(self, rules: Rules, platform: str, family: str, cluster: Cluster) -> None:
        self._rules = rules
        self._loaded = rules.of(family)
        self._platform = platform
        self._cluster = cluster
        self._subjects: dict[Key, Subject] = {}
        self._types = _ByType()
        self._world = World(self._types, rules.variables)
        self._states = [_State() for _ in self._loaded]
        self._waiting: dict[_Place, None] = {}
        self._named: dict[str, set[_Place]] = {}
        """Who makes an SLX of a name: position of the rule, and identity. The first one's counts."""
        self._by_word: dict[str, list[int]] = {}
        for position, one in enumerate(self._loaded):
            for word in one.rule.types:
                self._by_word.setdefault(word, []).append(position)
        self._elsewhere = [(word, at) for at, one in enumerate(self._loaded) for word in one.rule.elsewhere]

    @property
    def names(self) -> Iterable[str]:
        """Every SLX there is."""
        return self._named.keys()

    def digest(self, name: str) -> str:
        """Of an SLX that there is."""
        position, identity = min(self._named[name])
        return self._states[position].made[identity].digest

    def change(self, changed: Mapping[Key, Subject | None]) -> None:
        """Take in what is new or gone (None). What is to be made of it waits for :meth:`render`."""
        words: set[str] = set()
        before = {key: self._subjects.get(key) for key in changed}
        for key, new in changed.items():
            old = before[key]
            words.update(old.words if old else (), new.words if new else ())
            self._types.replace(key, old, new)
            if new is None:
                self._subjects.pop(key, None)
            else:
                self._subjects[key] = new
        self._world = World(self._types, self._rules.variables)
        for key in sorted(changed):
            self._try(key, before[key], changed[key])
        for position in {at for word, at in self._elsewhere if word in words}:
            self._retry(position)

    def render(self, most: int) -> dict[str, SLX | None]:
        """Make up to so many of the matches that wait; SLXs by name that are another now, None for those gone."""
        again: set[str] = set()
        slxs: dict[_Place, SLX] = {}
        for place in self._next(most):
            del self._waiting[place]
            concerned, slx = self._remade(*place)
            again |= concerned
            if slx is not None:
                slxs[place] = slx
        return {name: self._winner(name, slxs) for name in sorted(again)}

    def _next(self, most: int) -> list[_Place]:
        """Matches that are no more, which cost nothing and must not stand for a name any longer; then up to so many."""
        gone = [place for place in self._waiting if not self._states[place[0]].members.get(place[1])]
        others = (place for place in self._waiting if self._states[place[0]].members.get(place[1]))
        return [*gone, *islice(others, max(most, 0))]

    @property
    def waiting(self) -> int:
        """How many matches wait for being rendered."""
        return len(self._waiting)

    def again(self) -> None:
        """Everything is to be made anew."""
        for position, state in enumerate(self._states):
            state.made.clear()
            self._waiting |= {(position, identity): None for identity in state.members}
        self._named.clear()

    def matches(self) -> Iterator[tuple[LoadedRule, Match]]:
        """Every match, in the order of rules and subjects."""
        for loaded, state in zip(self._loaded, self._states, strict=True):
            for _, members in sorted(
                state.members.items(), key=lambda item: min(item[1], default=(0, 0, ("", "", "")))
            ):
                if members:
                    yield loaded, joined([members[order] for order in sorted(members)])

    def loose(self) -> Iterator[tuple[LoadedRule, Subject, dict[str, Subject]]]:
        """Every match of a rule that makes documents besides SLXs, with what it found elsewhere, in order."""
        for loaded in self._loaded:
            words = loaded.rule.types if loaded.rule.outputs else ()
            subjects = {one.key: one for word in words for one in self._types.get(word, ())}
            for subject in sorted(subjects.values(), key=lambda one: (one.place, one.key)):
                others = loaded.rule.holds(subject, self._world)
                if others is not None:
                    yield loaded, subject, others

    def findings(self) -> list[Finding]:
        """Templates that failed, and SLXs hidden behind another of the same name, each named once."""
        failed: dict[tuple[str, str], list[str]] = {}
        for loaded, state in zip(self._loaded, self._states, strict=True):
            for made in state.made.values():
                for problem in made.problems:
                    failed.setdefault((loaded.file, problem), []).append(made.subject)
        return [*(_failure(file, text, subjects) for (file, text), subjects in failed.items()), *self._clashes()]

    def _clashes(self) -> Iterator[Finding]:
        for name, makers in self._named.items():
            first, *others = sorted(makers)
            for position, _ in others:
                hidden, shown = self._loaded[position], self._loaded[first[0]]
                message = f"{shown} makes the SLX {name} already. Use another baseName or other qualifiers."
                yield Finding(file=hidden.file, line=0, message=message, severity="error")

    def _try(self, key: Key, old: Subject | None, new: Subject | None) -> None:
        words = {*(old.words if old else ()), *(new.words if new else ())}
        for position in sorted({at for word in words for at in self._by_word.get(word, ())}):
            identities = self._states[position].forget(key)
            if new is not None:
                identities |= self._matched(position, new)
            self._waiting |= {(position, identity): None for identity in sorted(identities)}

    def _matched(self, position: int, subject: Subject) -> set[tuple[str, ...]]:
        rule, state = self._loaded[position].rule, self._states[position]
        at = next((at for at, word in enumerate(rule.types) if word in subject.words), None)
        if at is None:
            return set()
        return {state.put(match, (at, subject.place, subject.key)) for match in rule.of(subject, self._world)}

    def _retry(self, position: int) -> None:
        """What a rule looks for elsewhere has changed: any of its matches may have."""
        state, rule = self._states[position], self._loaded[position].rule
        subjects = {one.key: one for word in rule.types for one in self._types.get(word, ())}
        for key, subject in subjects.items():
            identities = state.forget(key) | self._matched(position, subject)
            self._waiting |= {(position, identity): None for identity in sorted(identities)}

    def _remade(self, position: int, identity: tuple[str, ...]) -> tuple[set[str], SLX | None]:
        """Render a match anew when it is another now; returns the names concerned, and what was made."""
        loaded, state = self._loaded[position], self._states[position]
        members, before = state.members.get(identity), state.made.get(identity)
        if not members:
            state.members.pop(identity, None)
            state.made.pop(identity, None)
            return self._renamed(before, None, position, identity), None
        match = joined([members[order] for order in sorted(members)])
        stamp = _stamp(match)
        if before is not None and before.stamp == stamp:
            return set(), None
        slx, made = self._rendered(loaded, match, stamp)
        state.made[identity] = made
        renamed = self._renamed(before, made, position, identity)
        return (renamed, slx) if before is None or before.digest != made.digest or renamed else (set(), None)

    def _renamed(self, before: _Made | None, made: _Made | None, position: int, identity: tuple[str, ...]) -> set[str]:
        """Who makes which name; returns the names that are made by others, or otherwise, than before."""
        old, new = (one.name if one and one.digest else "" for one in (before, made))
        if old and old != new:
            self._named[old].discard((position, identity))
            if not self._named[old]:
                del self._named[old]
        if new:
            self._named.setdefault(new, set()).add((position, identity))
        changed = before is None or made is None or before.digest != made.digest
        return {name for name in (old, new) if name and changed}

    def _winner(self, name: str, slxs: Mapping[_Place, SLX]) -> SLX | None:
        makers = self._named.get(name)
        if not makers:
            return None
        position, identity = min(makers)
        if (position, identity) in slxs:
            return slxs[position, identity]
        members = self._states[position].members[identity]
        match = joined([members[order] for order in sorted(members)])
        return self._rendered(self._loaded[position], match, "")[0]

    def _rendered(self, loaded: LoadedRule, match: Match, stamp: str) -> tuple[SLX | None, _Made]:
        setting = self._rules.setting
        short = loaded.short(match, setting.workspace)
        name = names.full(setting.workspace, short)
        problems: list[str] = []
        documents = loaded.bundle.made(match, self._cluster, loaded.file, short, problems)
        slx = render.slx(documents, name, match, self._platform, loaded.bundle, self._rules.known, problems)
        subject = f"{match.subject.kind} {match.subject.name}"
        return slx, _Made(stamp, name, digest([slx]) if slx else "", subject, tuple(problems))


def _stamp(match: Match) -> str:
    """Another text whenever any object that a template can see of a match is another."""
    seen = (match.subject, *match.children, *match.others.values())
    return "\n".join(f"{one.stamp} {'/'.join(one.key)} {one.level}" for one in seen)


def _failure(file: str, problem: str, subjects: Sequence[str]) -> Finding:
    more = f" and {len(subjects) - 1} more" if len(subjects) > 1 else ""
    return Finding(file=file, line=0, message=f"{problem} (for {subjects[0]}{more})", severity="error")
