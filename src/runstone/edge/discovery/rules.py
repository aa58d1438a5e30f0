"""GenerationRules against resources: which SLXs should exist, for what, and why or why not. Pure.

The language (facts of the format): a rule names resource types and predicates that must all hold. ``pattern`` searches
a regular expression in properties; ``exists`` asks for a path; ``custom-variable`` looks at the workspace's own
variables; ``and``, ``or``, ``not`` combine. A property is ``name``, a label or annotation form, or a path in the
object, parts divided by ``/`` (``//`` is a slash inside a part); lists are searched element by element. ``exact`` means
the whole value here, as its name says.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self, cast

from runstone.connectors.platforms import Object
from runstone.edge.discovery.paths import found_at, path_parts, values_at
from runstone.errors import BadInput
from runstone.model.content import GenerationRule

# Kubernetes types by the words rules use; anything else is a custom type ``plural[.group][/version]``.
KINDS = {
    "cluster": "Cluster", "namespace": "Namespace", "deployment": "Deployment", "daemonset": "DaemonSet",
    "statefulset": "StatefulSet", "job": "Job", "cronjob": "CronJob", "ingress": "Ingress", "service": "Service",
    "pod": "Pod", "persistentvolumeclaim": "PersistentVolumeClaim", "node": "Node", "nodes": "Node",
    "networkpolicy": "NetworkPolicy", "networkpolicies.networking.k8s.io": "NetworkPolicy",
    "horizontalpodautoscaler": "HorizontalPodAutoscaler", "poddisruptionbudget": "PodDisruptionBudget",
    "resourcequota": "ResourceQuota", "resourcequotas": "ResourceQuota", "persistentvolume": "PersistentVolume",
    "storageclass": "StorageClass", "ingressclass": "IngressClass", "configmap": "ConfigMap", "secret": "Secret",
    "serviceaccount": "ServiceAccount",
}  # fmt: skip
_LEVELS = {"none": 0, "basic": 1, "detailed": 2}


@dataclass(frozen=True)
class Subject:
    """A resource that rules are tried on. ``type`` is the word or custom type it is known by."""

    type: str
    kind: str
    name: str
    namespace: str
    cluster: str
    context: str
    labels: dict[str, str]
    annotations: dict[str, str]
    resource: Object
    """The object itself; empty for the cluster, which has none."""
    level: int = 2
    """Level of detail: 0 none, 1 basic, 2 detailed."""
    stamp: str = ""
    """Another text whenever the object is another."""


@dataclass(frozen=True)
class World:
    """All subjects by type, and the workspace's variables: what predicates may look at."""

    subjects: dict[str, list[Subject]]
    variables: dict[str, Any]
    elsewhere: dict[int, Subject | None] = field(default_factory=dict[int, Subject | None])
    """What each cross-resource predicate found here: the answer does not depend on the subject."""


@dataclass(frozen=True)
class SlxRule:
    """One ``slxs`` entry of a rule, read."""

    base_name: str
    template: str
    shortened: str
    qualifiers: tuple[str, ...]
    level: int
    outputs: tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Match:
    """A rule's ``slxs`` entry for a subject, with the further subjects an aggregate stands for."""

    slx: SlxRule
    subject: Subject
    values: dict[str, str]
    """Qualifier names to values, in the rule's order."""
    others: dict[str, Subject]
    """Resources that a cross-resource pattern found, by type."""
    children: list[Subject] = field(default_factory=list[Subject])
    index: int = 0
    """Which of the rule's ``slxs`` it is."""

    @property
    def aggregate(self) -> bool:
        """Whether it stands for all resources of its qualifiers rather than for one."""
        return "resource" not in self.slx.qualifiers


_Test = Callable[[Subject, World, dict[str, Subject]], bool]


@dataclass(frozen=True)
class Predicate:
    """One predicate, compiled, with the words to say what it asks."""

    text: str
    holds: _Test
    inner: tuple[Self, ...] = ()
    types: tuple[str, ...] = ()
    """Types it looks for besides the subject's own."""

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
        _ = (self.types, self.predicates, self.slxs)
        return self

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

    def matches(self, world: World) -> Iterator[Match]:
        """Every match, aggregates gathered; in the order of the world's subjects."""
        aggregates: dict[tuple[int, tuple[str, ...]], Match] = {}
        for type_ in self.types:
            for subject in world.subjects.get(type_, ()):
                others: dict[str, Subject] = {}
                if all(one.holds(subject, world, others) for one in self.predicates):
                    yield from self._generated(subject, others, aggregates)
        yield from aggregates.values()

    def explain(self, subject: Subject, world: World) -> tuple[Verdict, ...]:
        """Why the rule matches a subject, or does not: every predicate with its outcome."""
        known = any(one is subject for type_ in self.types for one in world.subjects.get(type_, ()))
        type_ = Verdict(f"the type is one of {', '.join(self.types)}", known, ())
        return (type_, *(_verdict(one, subject, world) for one in self.predicates))

    def _generated(
        self, subject: Subject, others: dict[str, Subject], aggregates: dict[tuple[int, tuple[str, ...]], Match]
    ) -> Iterator[Match]:
        for index, slx in enumerate(self.slxs):
            if slx.level > subject.level:
                continue
            values = {name: value for name in slx.qualifiers if (value := _qualifier(name, subject))}
            if len(values) < len(set(slx.qualifiers)):
                continue
            match = Match(slx, subject, values, others, index=index)
            if not match.aggregate:
                yield match
                continue
            first = aggregates.setdefault((index, tuple(values.values())), match)
            if first is not match:
                first.children.append(subject)


def custom_types(rules: Sequence[Rule]) -> list[str]:
    """The types that rules name and that are no built-in word: what discovery must read besides."""
    named = {type_ for rule in rules for type_ in rule.named}
    named |= {type_ for rule in rules for predicate in rule.predicates for type_ in predicate.every_type()}
    return sorted(type_ for type_ in named if type_ not in KINDS)


def _verdict(predicate: Predicate, subject: Subject, world: World) -> Verdict:
    inner = tuple(_verdict(one, subject, world) for one in predicate.inner)
    return Verdict(predicate.text, predicate.holds(subject, world, {}), inner)


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
    outputs = _mappings(entry.get("outputItems"), file, "outputItems")
    return SlxRule(
        base_name=str(base_name),
        template=str(entry.get("baseTemplateName") or base_name),
        shortened=str(entry.get("shortenedBaseName") or ""),
        qualifiers=tuple(str(one).lower() for one in _list(entry.get("qualifiers"), file, "qualifiers")),
        level=_level(entry.get("levelOfDetail", "basic")),
        outputs=tuple(outputs),
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


def _qualifier(name: str, subject: Subject) -> str:
    values = {
        "resource": subject.name,
        "namespace": subject.name if subject.kind == "Namespace" else subject.namespace,
        "cluster": subject.cluster,
        "context": subject.context,
    }
    return values.get(name, "")


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
    return Predicate(text, lambda subject, _world, _others: found_at(subject.resource, parts, empty=empty))


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
        return Predicate(text, lambda subject, _world, _others: here(subject))
    text = f"some {type_} has {text}"
    return Predicate(text, _elsewhere(type_, here), types=(type_,))


def _elsewhere(type_: str, here: Callable[[Subject], bool]) -> _Test:
    """The first subject of another type that the pattern holds for; one's own type means oneself."""

    def test(subject: Subject, world: World, others: dict[str, Subject]) -> bool:
        if type_ == subject.type or KINDS.get(type_) == subject.kind:
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
    }
    if name in plain:
        return plain[name]
    parts = path_parts(name)
    return lambda subject: values_at(subject.resource, parts)
