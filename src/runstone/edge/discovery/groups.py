"""Map rules: which group of the Map an SLX belongs to, and what depends on what. Pure.

Facts of the format (``kind: MapCustomizationRules``): the first rule that matches, by priority and then as written,
names the group; its name is a template. Relationship rules say that groups, or SLXs, depend on others.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

import yaml

from runstone.edge.discovery.paths import path_parts, values_at
from runstone.edge.discovery.subjects import Cluster, Subject, variables
from runstone.edge.discovery.templating import Engine
from runstone.errors import BadInput

BUILTIN = Path(__file__).with_suffix(".yaml")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Verb = Literal["dependent-on", "depended-on-by"]


@dataclass(frozen=True)
class Placed:
    """An SLX as map rules see it."""

    name: str
    """Of its folder: qualified, without the workspace."""
    slx_name: str
    full_name: str
    base_name: str
    qualifiers: Mapping[str, str]
    subject: Subject


_Test = Callable[[Placed], bool]


@dataclass(frozen=True)
class GroupRule:
    """Names the group of the SLXs it matches."""

    holds: _Test
    group: str
    priority: int


@dataclass(frozen=True)
class Relationship:
    """Says that what it matches depends on ``subject``, or the other way round; of groups their names are matched."""

    subject: str
    verb: Verb
    holds: Callable[[str], bool] | _Test


@dataclass(frozen=True)
class MapRules:
    """All map rules of a workspace."""

    groups: tuple[GroupRule, ...] = ()
    between_groups: tuple[Relationship, ...] = ()
    between_slxs: tuple[Relationship, ...] = ()


@dataclass
class Grouped:
    """The groups with their members, in the order in which they were found, and who depends on whom."""

    members: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    depends: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    relationships: list[tuple[str, Verb, str]] = field(default_factory=list[tuple[str, Verb, str]])


def read(paths: Iterable[Path]) -> MapRules:
    """The rules of files, and of all YAML files of folders, in the order given. Raises BadInput."""
    files = [file for path in paths for file in _files(path)]
    parts = [_read(file) for file in files]
    groups = sorted((rule for part in parts for rule in part.groups), key=lambda rule: rule.priority)
    return MapRules(
        tuple(groups),
        tuple(one for part in parts for one in part.between_groups),
        tuple(one for part in parts for one in part.between_slxs),
    )


def grouped(placed: Sequence[Placed], rules: MapRules, cluster: Cluster, engine: Engine) -> Grouped:
    """Every SLX in its group."""
    found = Grouped()
    for one in placed:
        rule = next((rule for rule in rules.groups if rule.holds(one)), None)
        if rule is not None:
            found.members.setdefault(_named(rule, one, cluster, engine), []).append(one.name)
    for relationship in rules.between_groups:
        for other in filter(cast("Callable[[str], bool]", relationship.holds), list(found.members)):
            first, second = _direction(relationship, other)
            found.depends.setdefault(first, []).append(second)
    for relationship in rules.between_slxs:
        others = filter(cast("_Test", relationship.holds), placed)
        found.relationships.extend((relationship.subject, relationship.verb, other.name) for other in others)
    return found


def _direction(relationship: Relationship, other: str) -> tuple[str, str]:
    both = (relationship.subject, other)
    return both if relationship.verb == "dependent-on" else (other, relationship.subject)


def _named(rule: GroupRule, placed: Placed, cluster: Cluster, engine: Engine) -> str:
    known = variables(placed.subject, cluster, {}, bare=False)
    slx = {"name": placed.name, "full_name": placed.full_name, "base_name": placed.base_name}
    return engine.text(rule.group, {**known, "resource": known["match_resource"], "slx-info": slx, "slx_info": slx})


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(one for one in path.iterdir() if one.suffix in (".yaml", ".yml"))
    if not path.is_file():
        raise BadInput(f"There are no map rules at {path}. Name a YAML file or a folder of them.")
    return [path]


def _read(file: Path) -> MapRules:
    try:
        document: Any = yaml.load(file.read_text(encoding="utf-8"), _LOADER)  # noqa: S506  a safe loader
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as err:
        raise BadInput(f"{file} cannot be read as YAML: {' '.join(str(err).split())[:200]}") from err
    spec = _mapping(_mapping(document, file, "the file").get("spec"), file, "spec")
    between_groups = _verb(spec.get("groupRelationVerbDefault") or "dependent-on", file)
    between_slxs = _verb(spec.get("slxRelationVerbDefault") or "dependent-on", file)
    return MapRules(
        tuple(_group_rule(one, file) for one in _list(spec.get("groupRules"), file, "groupRules")),
        tuple(
            _relationship(one, file, between_groups, _by_name)
            for one in _list(spec.get("groupRelationshipRules"), file, "groupRelationshipRules")
        ),
        tuple(
            _relationship(one, file, between_slxs, _by_placed)
            for one in _list(spec.get("slxRelationshipRules"), file, "slxRelationshipRules")
        ),
    )


def _group_rule(said: Any, file: Path) -> GroupRule:
    rule = _mapping(said, file, "a group rule")
    if not rule.get("group"):
        raise BadInput(f"{file}: a group rule must name a 'group'.")
    return GroupRule(_test(rule.get("match"), file, _by_placed), str(rule["group"]), int(rule.get("priority") or 0))


def _relationship(said: Any, file: Path, default: Verb, by: Any) -> Relationship:
    rule = _mapping(said, file, "a relationship rule")
    if not rule.get("subject"):
        raise BadInput(f"{file}: a relationship rule must name a 'subject'.")
    matches = rule.get("matches")
    entries = cast("list[Any]", matches) if isinstance(matches, list) else [matches]
    tests = [_test(one, file, by) for one in entries]
    verb = _verb(rule.get("verb") or default, file)
    return Relationship(str(rule["subject"]), verb, lambda one: any(test(one) for test in tests))


def _verb(said: Any, file: Path) -> Verb:
    if said not in ("dependent-on", "depended-on-by"):
        raise BadInput(f"{file}: a verb is dependent-on or depended-on-by, not {said!r}.")
    return said


def _test(said: Any, file: Path, by: Any) -> Any:
    predicate = _mapping(said, file, "a match")
    match predicate.get("type"):
        case "and" | "or" as word:
            inner = [_test(one, file, by) for one in _list(predicate.get("matches"), file, "matches")]
            join = all if word == "and" else any
            return lambda one: join(test(one) for test in inner)
        case "not":
            negated = _test(predicate.get("predicate") or predicate.get("match"), file, by)
            return lambda one: not negated(one)
        case "pattern":
            return by(_pattern(predicate, file), str(predicate.get("matchProperty") or predicate.get("matchType")))
        case other:
            raise BadInput(f"{file}: there is no match of type {other!r}. Known: pattern, and, or, not.")


def _pattern(predicate: dict[str, Any], file: Path) -> Callable[[str], bool]:
    text, mode = str(predicate.get("pattern", "")), predicate.get("matchMode") or "substring"
    try:
        compiled = re.compile(text)
    except re.error as err:
        raise BadInput(f"{file}: {text!r} is not a regular expression: {err}.") from err
    if mode not in ("exact", "substring"):
        raise BadInput(f"{file}: a matchMode is 'exact' or 'substring', not {mode!r}.")
    return lambda value: bool(compiled.fullmatch(value) if mode == "exact" else compiled.search(value))


def _by_name(test: Callable[[str], bool], _property: str) -> Callable[[str], bool]:
    return test


def _by_placed(test: Callable[[str], bool], property_: str) -> _Test:
    return lambda placed: any(map(test, _values(placed, property_)))


def _values(placed: Placed, property_: str) -> Iterable[str]:
    own = {
        "name": placed.slx_name,
        "full-name": placed.full_name,
        "base-name": placed.base_name,
        "qualified-name": placed.name,
        **placed.qualifiers,
    }
    return (own[property_],) if property_ in own else values_at(placed.subject.resource, path_parts(property_))


def _mapping(said: Any, file: Path, what: str) -> dict[str, Any]:
    if not isinstance(said, dict):
        raise BadInput(f"{file}: {what} must be a mapping, not {said!r}.")
    return cast("dict[str, Any]", said)


def _list(said: Any, file: Path, what: str) -> list[Any]:
    if said is None:
        return []
    if not isinstance(said, list):
        raise BadInput(f"{file}: {what!r} must be a list, not {said!r}.")
    return cast("list[Any]", said)
