"""Which SLXs a platform's resources get: rules of all collections matched, templates rendered once per change.

One bad rule or template costs itself and nothing else; it is kept as a Finding. What was rendered is kept until one of
the objects it was rendered from changes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from runstone.content import parse
from runstone.edge.discovery import names
from runstone.edge.discovery.render import Rendered, Renderer, Setting, repository
from runstone.edge.discovery.rules import Match, Rule, Subject, World, custom_types
from runstone.errors import BadInput
from runstone.model.content import CodeCollection, CollectionRef, Finding

log = structlog.get_logger()


@dataclass
class _Binding:
    """One rule with its bundle's renderer, and what it made last time."""

    rule: Rule
    renderer: Renderer
    file: str
    bases: list[str]
    """The base part of the name of each of the rule's SLXs."""
    made: dict[str, dict[tuple[str, ...], tuple[str, Rendered]]] = field(
        default_factory=dict[str, dict[tuple[str, ...], tuple[str, Rendered]]]
    )
    """By platform, then by what identifies a match: the objects' versions, and the result."""


class Bindings:
    """All rules of all collections, in load order."""

    def __init__(self, collections: Sequence[tuple[CodeCollection, Path]], setting: Setting) -> None:
        self._setting = setting
        self._loaded: list[Finding] = []
        self._bindings: list[_Binding] = []
        known = {repository(collection.ref.url): (collection.ref, root) for collection, root in collections}
        for collection, root in collections:
            self._load(collection, root, known)
        _number(self._bindings)
        self._bindings = [one for one in self._bindings if one.rule.source.platform in ("kubernetes", "")]

    def custom_types(self) -> list[str]:
        """The types that rules name and that discovery would not read by itself."""
        return custom_types([one.rule for one in self._bindings])

    def slxs(self, platform: str, subjects: dict[str, list[Subject]]) -> dict[str, Rendered]:
        """Every SLX of a platform's subjects by its name; of two with one name the first rule's."""
        world = World(subjects, self._variables())
        found: dict[str, Rendered] = {}
        for binding in self._bindings:
            for rendered in self._matched(binding, platform, world):
                if rendered.slx is not None:
                    found.setdefault(rendered.slx.name, rendered)
        return found

    def findings(self) -> list[Finding]:
        """What is wrong: files that could not be loaded, and templates that failed, each named once."""
        failed: dict[tuple[str, str], list[str]] = {}
        for binding in self._bindings:
            for made in binding.made.values():
                for _, rendered in made.values():
                    for problem in rendered.problems:
                        failed.setdefault((binding.file, problem), []).append(rendered.subject)
        return [*self._loaded, *(_failure(file, text, subjects) for (file, text), subjects in failed.items())]

    def _matched(self, binding: _Binding, platform: str, world: World) -> list[Rendered]:
        before = binding.made.get(platform, {})
        after: dict[tuple[str, ...], tuple[str, Rendered]] = {}
        for match in binding.rule.matches(world):
            key, stamp = _identity(match), _stamp(match)
            kept = before.get(key)
            if kept is None or kept[0] != stamp:
                base = binding.bases[match.index]
                kept = (stamp, binding.renderer.render(match, platform, binding.file, base))
            after[key] = kept
        binding.made[platform] = after
        return [rendered for _, rendered in after.values()]

    def _variables(self) -> dict[str, object]:
        setting = self._setting
        return {
            "custom": dict(setting.custom),
            "workspace": {"name": setting.workspace, "short_name": setting.workspace},
            "location_id": setting.location,
            "location_name": setting.location,
            "default_location": setting.location,
        }

    def _load(self, collection: CodeCollection, root: Path, known: Mapping[str, tuple[CollectionRef, Path]]) -> None:
        self._loaded += collection.findings
        for bundle in collection.bundles:
            renderer = Renderer(collection.ref, root, bundle.path, self._setting, known)
            for file in bundle.rule_files:
                self._load_file(root, file, renderer)

    def _load_file(self, root: Path, file: str, renderer: Renderer) -> None:
        try:
            sources = parse.generation_rules(root / file)
        except BadInput as err:
            self._fail(file, err)
            return
        for source in sources:
            try:
                rule = Rule(source)
                bases = [names.base(slx.base_name, slx.shortened) for slx in rule.read().slxs]
                self._bindings.append(_Binding(rule, renderer, file, bases))
            except BadInput as err:
                self._fail(file, err)

    def _fail(self, file: str, err: BadInput) -> None:
        self._loaded.append(Finding(file=file, line=0, message=str(err), severity="error"))
        log.warning("rule skipped", file=file, problem=str(err))


def _number(bindings: Sequence[_Binding]) -> None:
    """Bases that more than one SLX rule uses get 1, 2, … in load order, so that none hides another."""
    distinct = iter(names.distinct([base for binding in bindings for base in binding.bases]))
    for binding in bindings:
        binding.bases = [next(distinct) for _ in binding.bases]


def _identity(match: Match) -> tuple[str, ...]:
    subject = match.subject
    return (str(match.index), *match.values.values(), subject.type, subject.namespace, subject.name)


def _stamp(match: Match) -> str:
    """Another text whenever any object that a template can see of a match is another."""
    seen = (match.subject, *match.children, *match.others.values())
    return "\n".join(f"{one.stamp} {one.name}" for one in seen)


def _failure(file: str, problem: str, subjects: Sequence[str]) -> Finding:
    more = f" and {len(subjects) - 1} more" if len(subjects) > 1 else ""
    return Finding(file=file, line=0, message=f"{problem} (for {subjects[0]}{more})", severity="error")
