"""GenerationRules against resources: which SLXs should exist, for what. Pure.

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
from typing import Any, cast

from runstone.connectors.platforms import Object
from runstone.errors import BadInput
from runstone.model.content import GenerationRule

# Kubernetes types by the words rules use; anything else is a custom type ``plural[.group][/version]``.
KINDS = {
    "cluster": "Cluster", "namespace": "Namespace", "deployment": "Deployment", "daemonset": "DaemonSet",
    "statefulset": "StatefulSet", "job": "Job", "cronjob": "CronJob", "ingress": "Ingress", "service": "Service",
    "pod": "Pod", "persistentvolumeclaim": "PersistentVolumeClaim", "node": "Node", "nodes": "Node",
    "networkpolicy": "NetworkPolicy", "networkpolicies.networking.k8s.io": "NetworkPolicy",
    "horizontalpodautoscaler": "HorizontalPodAutoscaler", "resourcequota": "ResourceQuota", "resourcequotas": "ResourceQuota",
    "persistentvolume": "PersistentVolume", "storageclass": "StorageClass", "configmap": "ConfigMap", "secret": "Secret",
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
    """Another text whenever the object is another; empty when that is not known."""


@dataclass(frozen=True)
class World:
    """All subjects by type, and the workspace's variables: what predicates may look at."""

    subjects: dict[str, list[Subject]]
    variables: dict[str, Any]


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


_Test = Callable[[Subject, World, dict[str, Subject]], bool]


@dataclass(frozen=True)
class Rule:
    """A GenerationRule, read and compiled once. Raises BadInput naming the file and what is wrong with it."""

    source: GenerationRule

    @cached_property
    def types(self) -> tuple[str, ...]:
        """The types it is tried on."""
        return tuple(_type(one) for one in self.source.resource_types)

    @cached_property
    def tests(self) -> tuple[_Test, ...]:
        """Its predicates, compiled."""
        return tuple(_compiled(one, self.source.file) for one in self.source.match)

    @cached_property
    def slxs(self) -> tuple[SlxRule, ...]:
        """What it generates."""
        return tuple(_slx(one, self.source.file) for one in self.source.slxs)

    def matches(self, world: World) -> Iterator[Match]:
        """Every match, aggregates gathered; in the order of the world's subjects."""
        aggregates: dict[tuple[str, tuple[str, ...]], Match] = {}
        for type_ in self.types:
            for subject in world.subjects.get(type_, ()):
                others: dict[str, Subject] = {}
                if all(test(subject, world, others) for test in self.tests):
                    yield from self._generated(subject, others, aggregates)
        yield from aggregates.values()

    def _generated(
        self, subject: Subject, others: dict[str, Subject], aggregates: dict[tuple[str, tuple[str, ...]], Match]
    ) -> Iterator[Match]:
        for slx in self.slxs:
            if slx.level > subject.level:
                continue
            values = {name: value for name in slx.qualifiers if (value := _qualifier(name, subject))}
            if len(values) < len(slx.qualifiers):
                continue
            match = Match(slx, subject, values, others)
            if "resource" in slx.qualifiers:
                yield match
                continue
            first = aggregates.setdefault((slx.base_name, tuple(values.values())), match)
            if first is not match:
                first.children.append(subject)


def custom_types(rules: Sequence[Rule]) -> list[str]:
    """The types that rules name and that are no built-in word: what discovery must read besides."""
    return sorted({type_ for rule in rules for type_ in rule.types if type_ not in KINDS})


def _type(said: Any) -> str:
    if isinstance(said, str):
        platform, colon, type_ = said.partition(":")
        return type_ if colon and platform.isidentifier() else said
    known = cast("dict[str, Any]", said) if isinstance(said, dict) else {}
    custom = known.get("custom") or known
    if custom.get("kind") or custom.get("group"):
        plural = str(custom.get("plural") or custom.get("kind", "")).lower()
        return (
            plural
            + (f".{custom['group']}" if custom.get("group") else "")
            + (f"/{custom['version']}" if custom.get("version") else "")
        )
    return str(known.get("resourceType", ""))


def _slx(entry: dict[str, Any], file: str) -> SlxRule:
    base_name = entry.get("baseName")
    if not base_name:
        raise BadInput(f"{file}: an entry of 'slxs' has no baseName.")
    qualifiers = [str(one).lower() for one in entry.get("qualifiers") or []]
    return SlxRule(
        base_name=str(base_name),
        template=str(entry.get("baseTemplateName") or base_name),
        shortened=str(entry.get("shortenedBaseName") or ""),
        qualifiers=tuple(qualifiers),
        level=_level(entry.get("levelOfDetail", "basic")),
        outputs=tuple(cast("list[dict[str, Any]]", entry.get("outputItems") or [])),
    )


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


def _compiled(said: Any, file: str) -> _Test:
    if not isinstance(said, dict):
        raise BadInput(f"{file}: a match rule must be a mapping with 'type', not {said!r}.")
    predicate = cast("dict[str, Any]", said)
    match predicate.get("type"):
        case "pattern":
            return _pattern(predicate, file)
        case "exists":
            parts = path_parts(str(predicate.get("path", "")))
            return lambda subject, _world, _others: found_at(subject.resource, parts)
        case "custom-variable":
            test = _regex(predicate, file)
            parts = path_parts(str(predicate.get("path", "")))
            return lambda _subject, world, _others: any(test(value) for value in values_at(world.variables, parts))
        case "and" | "or" as word:
            inner = [_compiled(one, file) for one in predicate.get("matches") or []]
            return _joined(all if word == "and" else any, inner)
        case "not":
            one = predicate.get("match") or predicate.get("predicate") or predicate.get("matches")
            negated = _compiled(one[0] if isinstance(one, list) else one, file)
            return lambda subject, world, others: not negated(subject, world, others)
        case other:
            raise BadInput(
                f"{file}: there is no match rule of type {other!r}. Known: pattern, exists, custom-variable, and, or, not."
            )


def _joined(join: Callable[[Iterator[bool]], bool], inner: list[_Test]) -> _Test:
    return lambda subject, world, others: join(test(subject, world, others) for test in inner)


def _pattern(predicate: dict[str, Any], file: str) -> _Test:
    test = _regex(predicate, file)
    properties = [str(one) for one in predicate.get("properties") or []]
    if not properties:
        raise BadInput(f"{file}: a pattern rule must list 'properties' to search, such as [name].")
    getters = [_getter(one) for one in properties]

    def here(subject: Subject) -> bool:
        return any(test(value) for getter in getters for value in getter(subject))

    type_ = _type(predicate["resourceType"]) if predicate.get("resourceType") else ""
    if type_ == "variables":
        parts = path_parts(properties[0])
        return lambda _subject, world, _others: any(test(value) for value in values_at(world.variables, parts))
    if type_:
        return lambda subject, world, others: _elsewhere(type_, here, subject, world, others)
    return lambda subject, _world, _others: here(subject)


def _elsewhere(
    type_: str, here: Callable[[Subject], bool], subject: Subject, world: World, others: dict[str, Subject]
) -> bool:
    """The first subject of another type that the pattern holds for; one's own type means oneself."""
    if type_ == subject.type:
        return here(subject)
    found = next((other for other in world.subjects.get(type_, ()) if here(other)), None)
    if found is not None:
        others[type_] = found
    return found is not None


def _regex(predicate: dict[str, Any], file: str) -> Callable[[str], bool]:
    text = str(predicate.get("pattern", ""))
    try:
        compiled = re.compile(text)
    except re.error as err:
        raise BadInput(f"{file}: {text!r} is not a regular expression: {err}.") from err
    if predicate.get("mode") == "exact":
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


def path_parts(path: str) -> tuple[str, ...]:
    """``a/b//c/d`` is the parts ``a``, ``b/c`` and ``d``. A leading ``resource/`` names the object itself."""
    parts = [part.replace("\0", "/") for part in path.replace("//", "\0").split("/")]
    return tuple(parts[1:] if len(parts) > 1 and parts[0] == "resource" else parts)


def values_at(value: Any, parts: Sequence[str]) -> Iterator[str]:
    """Every scalar that the path leads to, as text; lists are gone through element by element."""
    if isinstance(value, list):
        for one in cast("list[Any]", value):
            yield from values_at(one, parts)
    elif not parts:
        if value is not None and not isinstance(value, dict):
            yield str(value)
    elif isinstance(value, dict):
        known = cast("dict[str, Any]", value)
        if parts[0] in known:
            yield from values_at(known[parts[0]], parts[1:])


def found_at(value: Any, parts: Sequence[str]) -> bool:
    """Whether the path leads to anything that is there: a scalar, a mapping or a list with something in it."""
    if isinstance(value, list):
        known_list = cast("list[Any]", value)
        return bool(known_list) if not parts else any(found_at(one, parts) for one in known_list)
    if not parts:
        return value is not None
    known = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    return parts[0] in known and found_at(known[parts[0]], parts[1:])
