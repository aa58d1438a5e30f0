"""GenerationRules against resources: which SLXs should exist, for what, and why or why not. Pure.

The language (facts of the format): a rule names resource types and predicates that must all hold. ``pattern`` searches
a regular expression in properties; ``exists`` asks for a path; ``custom-variable`` looks at the workspace's own
variables; ``and``, ``or``, ``not`` combine. A property is ``name``, a label or annotation form, or a path in the
object, parts divided by ``/`` (``//`` is a slash inside a part); lists are searched element by element. ``exact`` means
the whole value here, as its name says.
"""

import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self, cast

from runstone.edge.discovery.paths import found_at, path_parts, values_at
from runstone.edge.discovery.subjects import KINDS, Subject
from runstone.errors import BadInput
from runstone.model.content import GenerationRule

_LEVELS = {"none": 0, "basic": 1, "detailed": 2}


@dataclass(frozen=True)
class World:
    """All subjects by type, and the workspace's variables: what predicates may look at."""

    subjects: Mapping[str, Sequence[Subject]]
    variables: dict[str, Any]
    elsewhere: dict[int, Subject | None] = field(default_factory=dict[int, Subject | None])
    """What each cross-resource predicate found here: the answer does not depend on the subject."""


@dataclass(frozen=True)
class OutputItem:
    """One document that a rule makes. ``type``: slx, sli, slo, runbook, taskset, workflow, or any other word."""

    type: str
    template: str
    """The template's file name."""
    path: str
    """A template of the path it is written to; empty for the usual one."""
    variables: tuple[tuple[str, str], ...]
    """Further variables for the template, each a qualifier's name or a template itself."""
    level: int


@dataclass(frozen=True)
class SlxRule:
    """One ``slxs`` entry of a rule, read."""

    base_name: str
    shortened: str
    qualifiers: tuple[str, ...]
    outputs: tuple[OutputItem, ...]


@dataclass(frozen=True)
class Match:
    """A rule's ``slxs`` entry for a subject, with the further subjects an aggregate stands for."""

    slx: SlxRule
    subject: Subject
    values: dict[str, str]
    """Qualifier names to values, in the rule's order."""
    others: dict[str, Subject]
    """Resources that a cross-resource pattern found, by type."""
    children: tuple[Subject, ...] = ()
    index: int = 0
    """Which of the rule's ``slxs`` it is."""

    @property
    def aggregate(self) -> bool:
        """Whether it stands for all resources of its qualifiers rather than for one."""
        return "resource" not in self.slx.qualifiers

    @property
    def items(self) -> tuple[OutputItem, ...]:
        """What is made at the subject's level of detail."""
        return tuple(item for item in self.slx.outputs if item.level <= self.subject.level)

    @property
    def identity(self) -> tuple[str, ...]:
        """What sets it apart among the matches of its rule."""
        own = () if self.aggregate else (self.subject.type, *self.subject.key)
        return (str(self.index), *self.values.values(), *own)


_Test = Callable[[Subject, World, dict[str, Subject]], bool]


@dataclass(frozen=True)
class Predicate:
    """One predicate, compiled, with the words to say what it asks."""

    text: str
    holds: _Test
    inner: tuple[Self, ...] = ()
    types: tuple[str, ...] = ()
    """Types it looks for besides the subject's own."""
    path: str = ""
    """A path into the object that it depends on; empty for none."""

    def every_type(self) -> Iterator[str]:
        """Types that it or what it combines looks for."""
        yield from self.types
        for one in self.inner:
            yield from one.every_type()


@dataclass(frozen=True)
class Verdict:
    """Whether a predicate holds for a subject, and the same of what it combines: the answer to *why (not)*."""

    text: str
    holds: bool
    inner: tuple[Self, ...]

    def __str__(self) -> str:
        own = f"{'holds' if self.holds else 'fails'}: {self.text}"
        return "\n  ".join([own, *(line for one in self.inner for line in str(one).splitlines())])


@dataclass(frozen=True)
class Rule:
    """A GenerationRule, read and compiled once. Raises BadInput naming the file and what is wrong with it."""

    source: GenerationRule

    def read(self) -> Self:
        """Read all of it now, so that what is wrong is said at loading. Raises BadInput."""
        _ = (self.types, self.predicates, self.slxs, self.outputs)
        return self

    @cached_property
    def families(self) -> tuple[str, ...]:
        """The families of platforms whose resources it is tried on: its file's, unless a type names its own."""
        return tuple(dict.fromkeys(_family(one) or self._family for one in self.source.resource_types))

    def on(self, family: str) -> Self:
        """The rule as far as it is about one family."""
        if self.families == (family,):
            return self
        types = tuple(one for one in self.source.resource_types if (_family(one) or self._family) == family)
        return replace(self, source=self.source.model_copy(update={"resource_types": types}))

    @property
    def _family(self) -> str:
        return self.source.platform or "kubernetes"

    @cached_property
    def types(self) -> tuple[str, ...]:
        """The types it is tried on, without versions: a resource is the same in all of them."""
        return tuple(dict.fromkeys(one.partition("/")[0] for one in self.named))

    @cached_property
    def named(self) -> tuple[str, ...]:
        """The types it is tried on, as the rule names them."""
        named = tuple(_type(one) for one in self.source.resource_types)
        if not named or not all(named):
            raise BadInput(f"{self.source.file}: a rule must list 'resourceTypes', such as [deployment].")
        return named

    @cached_property
    def predicates(self) -> tuple[Predicate, ...]:
        """Its predicates, compiled."""
        return tuple(_compiled(one, self.source.file) for one in self.source.match)

    @cached_property
    def slxs(self) -> tuple[SlxRule, ...]:
        """What it generates."""
        return tuple(_slx(one, self.source.file) for one in self.source.slxs)

    @cached_property
    def outputs(self) -> tuple[OutputItem, ...]:
        """Documents it makes of every match, which belong to no SLX."""
        return tuple(_loose(one, self.source.file) for one in self.source.outputs)

    def matches(self, world: World) -> Iterator[Match]:
        """Every match, aggregates gathered; in the order of the world's subjects."""
        subjects = (one for type_ in self.types for one in world.subjects.get(type_, ()))
        return iter(gathered(match for one in subjects for match in self.of(one, world)))

    def of(self, subject: Subject, world: World) -> list[Match]:
        """What the rule makes of one subject of its types, aggregates not gathered yet."""
        others = self.holds(subject, world)
        if others is None:
            return []
        found: list[Match] = []
        for index, slx in enumerate(self.slxs):
            values = {name: value for name in slx.qualifiers if (value := subject.qualifier(name))}
            match = Match(slx, subject, values, others, index=index)
            if len(values) == len(set(slx.qualifiers)) and match.items:
                found.append(match)
        return found

    def holds(self, subject: Subject, world: World) -> dict[str, Subject] | None:
        """Resources that cross-resource patterns found, by type, when all its predicates hold; else None."""
        others: dict[str, Subject] = {}
        return others if all(one.holds(subject, world, others) for one in self.predicates) else None

    @property
    def elsewhere(self) -> tuple[str, ...]:
        """Types that its predicates look for besides the subject's own: whatever changes there may change any match."""
        return tuple(type_ for one in self.predicates for type_ in one.every_type())

    def explain(self, subject: Subject, world: World) -> tuple[Verdict, ...]:
        """Why the rule matches a subject, or does not: every predicate with its outcome."""
        known = bool(set(self.types) & set(subject.words))
        type_ = Verdict(f"the type is one of {', '.join(self.types)}", known, ())
        return (type_, *(_verdict(one, subject, world) for one in self.predicates))


def gathered(matches: Iterable[Match]) -> list[Match]:
    """Matches, those of one aggregate as one: the first stands for it, the others are its children."""
    found: dict[tuple[str, ...], list[Match]] = {}
    for match in matches:
        found.setdefault(match.identity, []).append(match)
    return [joined(same) for same in found.values()]


def joined(same: Sequence[Match]) -> Match:
    """Matches of one identity as one."""
    first = same[0]
    if not first.aggregate or len(same) == 1:
        return first
    children = {one.subject.key: one.subject for one in same[1:] if one.subject.key != first.subject.key}
    return replace(first, children=tuple(children.values()))


def custom_types(rules: Sequence[Rule]) -> list[str]:
    """The types that rules name and that are no built-in word: what discovery must read besides."""
    named = {type_ for rule in rules for type_ in rule.named}
    named |= {type_ for rule in rules for predicate in rule.predicates for type_ in predicate.every_type()}
    return sorted(type_ for type_ in named if type_ not in KINDS)


def _verdict(predicate: Predicate, subject: Subject, world: World) -> Verdict:
    inner = tuple(_verdict(one, subject, world) for one in predicate.inner)
    return Verdict(predicate.text, predicate.holds(subject, world, {}), inner)


def _family(said: Any) -> str:
    """The family of platforms that a type names before its colon, or as ``platform``; empty when it names none."""
    if isinstance(said, str):
        platform, colon, _ = said.partition(":")
        return platform if colon and platform.isidentifier() else ""
    return str(cast("dict[str, Any]", said).get("platform") or "") if isinstance(said, dict) else ""


def _type(said: Any) -> str:
    if isinstance(said, str):
        platform, colon, type_ = said.partition(":")
        return type_ if colon and platform.isidentifier() else said
    known = cast("dict[str, Any]", said) if isinstance(said, dict) else {}
    inner = known.get("custom")
    custom = cast("dict[str, Any]", inner) if isinstance(inner, dict) else known
    if not (custom.get("kind") or custom.get("group")):
        return str(known.get("resourceType", ""))
    plural = str(custom.get("plural") or custom.get("kind", "")).lower()
    group = f".{custom['group']}" if custom.get("group") else ""
    version = f"/{custom['version']}" if custom.get("version") else ""
    return plural + group + version


def _slx(entry: dict[str, Any], file: str) -> SlxRule:
    base_name = entry.get("baseName")
    if not base_name:
        raise BadInput(f"{file}: an entry of 'slxs' has no baseName.")
    template = str(entry.get("baseTemplateName") or base_name)
    level = _level(entry.get("levelOfDetail", "basic"))
    items = _mappings(entry.get("outputItems"), file, "outputItems")
    return SlxRule(
        base_name=str(base_name),
        shortened=str(entry.get("shortenedBaseName") or ""),
        qualifiers=tuple(str(one).lower() for one in _list(entry.get("qualifiers"), file, "qualifiers")),
        outputs=tuple(_item(one, template, level) for one in items),
    )


def _loose(said: dict[str, Any], file: str) -> OutputItem:
    """An item of a rule itself: there is no SLX that its template and its path could be named after."""
    for key in ("templateName", "path"):
        if not said.get(key):
            raise BadInput(f"{file}: an item in a rule's own 'outputItems' needs {key!r}: it belongs to no SLX.")
    return _item(said, "", _LEVELS["basic"])


def _item(said: dict[str, Any], template: str, level: int) -> OutputItem:
    type_ = str(said.get("type") or "").lower()
    more = said.get("templateVariables")
    variables = cast("dict[str, Any]", more) if isinstance(more, dict) else {}
    return OutputItem(
        type=type_,
        template=str(said.get("templateName") or f"{template}-{type_}.yaml"),
        path=str(said.get("path") or ""),
        variables=tuple((str(name), str(value)) for name, value in variables.items()),
        level=_level(said["levelOfDetail"]) if said.get("levelOfDetail") is not None else level,
    )


def _list(said: Any, file: str, what: str) -> list[Any]:
    if said is None:
        return []
    if not isinstance(said, list):
        raise BadInput(f"{file}: {what!r} must be a list, not {said!r}.")
    return cast("list[Any]", said)


def _mappings(said: Any, file: str, what: str) -> list[dict[str, Any]]:
    entries = _list(said, file, what)
    if not all(isinstance(one, dict) for one in entries):
        raise BadInput(f"{file}: every entry of {what!r} must be a mapping.")
    return cast("list[dict[str, Any]]", entries)


def _level(said: Any) -> int:
    return said if isinstance(said, int) else _LEVELS.get(str(said).lower(), 1)


def _compiled(said: Any, file: str) -> Predicate:
    if not isinstance(said, dict):
        raise BadInput(f"{file}: a match rule must be a mapping with 'type', not {said!r}.")
    predicate = cast("dict[str, Any]", said)
    match predicate.get("type"):
        case "pattern":
            return _pattern(predicate, file)
        case "exists":
            return _exists(predicate)
        case "custom-variable":
            return _variable(str(predicate.get("path", "")), predicate, file)
        case "and" | "or" as word:
            inner = tuple(_compiled(one, file) for one in _list(predicate.get("matches"), file, "matches"))
            return _joined(word, inner)
        case "not":
            return _not(predicate, file)
        case other:
            raise BadInput(
                f"{file}: there is no match rule of type {other!r}. "
                "Known: pattern, exists, custom-variable, and, or, not."
            )


def _exists(predicate: dict[str, Any]) -> Predicate:
    path, empty = str(predicate.get("path", "")), bool(predicate.get("matchEmpty"))
    parts = path_parts(path)
    text = f"{path} exists" + ("" if empty else " and is not empty")
    return Predicate(text, lambda subject, _world, _others: found_at(subject.resource, parts, empty=empty), path=path)


def _variable(path: str, predicate: dict[str, Any], file: str) -> Predicate:
    test, parts = _regex(predicate, file), path_parts(path)
    text = f"the workspace's variable {path} {_asked(predicate)}"
    return Predicate(text, lambda _subject, world, _others: any(map(test, values_at(world.variables, parts))))


def _joined(word: str, inner: tuple[Predicate, ...]) -> Predicate:
    join = all if word == "and" else any
    text = "all of:" if word == "and" else "one of:"
    return Predicate(text, lambda *seen: join(one.holds(*seen) for one in inner), inner)


def _not(predicate: dict[str, Any], file: str) -> Predicate:
    said = predicate.get("match") or predicate.get("predicate") or predicate.get("matches")
    entries = cast("list[Any]", said) if isinstance(said, list) else [said]
    if len(entries) != 1:
        raise BadInput(f"{file}: a 'not' rule must have one match, not {len(entries)}.")
    negated = _compiled(entries[0], file)
    return Predicate("not:", lambda subject, world, _others: not negated.holds(subject, world, {}), (negated,))


def _pattern(predicate: dict[str, Any], file: str) -> Predicate:
    properties = [str(one) for one in _list(predicate.get("properties"), file, "properties")]
    if not properties:
        raise BadInput(f"{file}: a pattern rule must list 'properties' to search, such as [name].")
    type_ = _type(predicate["resourceType"]).partition("/")[0] if predicate.get("resourceType") else ""
    if type_ == "variables":
        return _variable(properties[0], predicate, file)
    test, getters = _regex(predicate, file), [_getter(one) for one in properties]
    text = f"{' or '.join(properties)} {_asked(predicate)}"

    def here(subject: Subject) -> bool:
        return any(test(value) for getter in getters for value in getter(subject))

    if not type_:
        path = next((one for one in properties if "/" in one), "")
        return Predicate(text, lambda subject, _world, _others: here(subject), path=path)
    text = f"some {type_} has {text}"
    return Predicate(text, _elsewhere(type_, here), types=(type_,))


def _elsewhere(type_: str, here: Callable[[Subject], bool]) -> _Test:
    """The first subject of another type that the pattern holds for; one's own type means oneself."""

    def test(subject: Subject, world: World, others: dict[str, Subject]) -> bool:
        if type_ in subject.words or KINDS.get(type_) == subject.kind:
            return here(subject)
        if id(test) not in world.elsewhere:
            candidates = world.subjects.get(type_, ())
            world.elsewhere[id(test)] = next((other for other in candidates if here(other)), None)
        found = world.elsewhere[id(test)]
        if found is not None:
            others[type_] = found
        return found is not None

    return test


def _asked(predicate: dict[str, Any]) -> str:
    verb = "is" if predicate.get("mode") == "exact" else "contains"
    return f"{verb} {str(predicate.get('pattern', ''))!r}"


def _regex(predicate: dict[str, Any], file: str) -> Callable[[str], bool]:
    text, mode = str(predicate.get("pattern", "")), predicate.get("mode") or "substring"
    try:
        with warnings.catch_warnings():
            # What a later Python may read otherwise is the author's to know, and means nothing here.
            warnings.simplefilter("ignore", FutureWarning)
            compiled = re.compile(text)
    except (re.error, OverflowError, RecursionError) as err:
        raise BadInput(f"{file}: {text!r} is not a regular expression: {err}.") from err
    if mode not in ("exact", "substring"):
        raise BadInput(f"{file}: a mode is 'exact' or 'substring', not {mode!r}.")
    if mode == "exact":
        return lambda value: compiled.fullmatch(value) is not None
    return lambda value: compiled.search(value) is not None


def _getter(name: str) -> Callable[[Subject], Iterator[str]]:
    plain: dict[str, Callable[[Subject], Iterator[str]]] = {
        "name": lambda subject: iter((subject.name,)),
        "labels": lambda subject: iter((*subject.labels, *subject.labels.values())),
        "label-keys": lambda subject: iter(subject.labels),
        "label-values": lambda subject: iter(subject.labels.values()),
        "annotations": lambda subject: iter((*subject.annotations, *subject.annotations.values())),
        "annotation-keys": lambda subject: iter(subject.annotations),
        "annotation-values": lambda subject: iter(subject.annotations.values()),
        "tags": lambda subject: iter((*subject.labels, *subject.labels.values())),
        "tag-keys": lambda subject: iter(subject.labels),
        "tag-values": lambda subject: iter(subject.labels.values()),
        "software": lambda subject: iter(subject.software),
    }
    if name in plain:
        return plain[name]
    parts = path_parts(name)

    def at(subject: Subject) -> Iterator[str]:
        return iter((subject.values[name],)) if name in subject.values else values_at(subject.resource, parts)

    return at
