"""Matches to documents: a CodeBundle's templates rendered, read back, and put in order. Pure but for reading templates.

Facts of the format (items, paths, variables, what is done to every document after rendering) are in
docs/reference/generation-rules.md. One bad template costs its own document; without the SLX's own there is none of its
siblings either. What went wrong is a sentence.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from jinja2 import TemplateNotFound

from runstone.edge.discovery import names, plainyaml
from runstone.edge.discovery.rules import Match, OutputItem
from runstone.edge.discovery.subjects import Cluster, Subject, variables
from runstone.edge.discovery.templating import Engine
from runstone.errors import BadInput
from runstone.model.content import CollectionRef

_KINDS = {
    "slx": "ServiceLevelX",
    "sli": "ServiceLevelIndicator",
    "slo": "ServiceLevelObjective",
    "runbook": "Runbook",
    "taskset": "TaskSet",
    "workflow": "Workflow",
}
_OVERRIDDEN = {"runbook": "runbook", "taskset": "runbook", "sli": "sli"}
Spec = dict[str, Any]


@dataclass(frozen=True)
class Override:
    """Values that a workspace sets instead of those a template gives, for one bundle's ``runbook`` or ``sli``."""

    repository: str
    bundle: str
    type: str
    values: Mapping[str, str]


@dataclass(frozen=True)
class Setting:
    """What templates know besides the match."""

    workspace: str
    location: str
    custom: Mapping[str, Any]
    location_name: str = ""
    """The location itself when empty."""
    owner: str = ""
    secrets: Mapping[str, Any] = field(default_factory=dict[str, Any])
    overrides: tuple[Override, ...] = ()
    exact: bool = False
    """Leave ``kind`` empty where the format's first implementation does, so that output is the same to the byte."""


@dataclass(frozen=True)
class Document:
    """One rendered document. ``path`` is relative to the output folder; ``body`` is what it says."""

    type: str
    path: str
    body: dict[str, Any]

    @property
    def spec(self) -> Spec:
        """The part that matters."""
        return cast("Spec", self.body["spec"])

    @property
    def text(self) -> str:
        """As YAML: block style, in the order it was written, lines folded at 80 as every user of the format has it."""
        return plainyaml.dump(self.body)


def repository(url: str) -> str:
    """One spelling for the address of a repository: with or without ``.git``, in any case."""
    return url.strip().lower().rstrip("/").removesuffix(".git")


class Bundle:
    """The templates of one CodeBundle."""

    def __init__(self, engine: Engine, ref: CollectionRef, root: Path, path: str, setting: Setting) -> None:
        """``path`` is the bundle's, inside the collection's folder ``root``."""
        self.collection = ref
        self.path = path
        self.root = root
        self._engine = engine
        self._folder = root / path / ".runwhen" / "templates"
        self._setting = setting
        url = repository(ref.url)
        self._overrides = [
            one for one in setting.overrides if (one.repository, one.bundle) == (url, path.rpartition("/")[2])
        ]
        self.extras = tuple(sorted(one for one in _files(root / path) if one.name.lower() == "skill.md"))
        """Files that belong beside every SLX of the bundle, as they are."""

    def made(
        self, match: Match, cluster: Cluster, rule_file: str, short: str, problems: list[str]
    ) -> tuple[Document, ...]:
        """The documents of a match, the SLX's own first. ``short``: its name without the workspace. Never raises."""
        base = self._variables(match.subject, match.others, cluster, rule_file) | self._own(match, short)
        items = sorted(match.items, key=lambda item: item.type != "slx")
        found: dict[str, Document] = {}
        for item in items:
            try:
                made = self._item(item, match.subject, base)
            except BadInput as err:
                problems.append(str(err))
                if item.type == "slx":
                    break
                continue
            found.setdefault(made.path, made)
        return tuple(found.values())

    def loose(
        self, items: Iterable[OutputItem], subject: Subject, others: Mapping[str, Subject], cluster: Cluster,
        rule_file: str, problems: list[str],
    ) -> Iterator[Document]:  # fmt: skip
        """The documents that a rule makes of a subject besides SLXs, at the subject's level. Never raises."""
        base = self._variables(subject, others, cluster, rule_file)
        for item in items:
            try:
                if item.level <= subject.level:
                    yield self._item(item, subject, base)
            except BadInput as err:
                problems.append(str(err))

    def _item(self, item: OutputItem, subject: Subject, base: dict[str, Any]) -> Document:
        """One item. Raises BadInput with what is wrong with its template."""
        overriding = [one for one in self._overrides if one.type == _OVERRIDDEN.get(item.type)]
        known = base | {"kind": _KINDS.get(item.type, ""), "is_workflow": item.type == "workflow"}
        for override in self._overrides:
            known |= override.values
        body = self._guarded(item, lambda: self._body(item, subject, known))
        path = self._guarded(item, lambda: self._engine.text(item.path, known)) if item.path else _usual(item, base)
        _put_in_order(cast("Spec", body["spec"]))
        for override in overriding:
            _override(cast("Spec", body["spec"]), override.values)
        return Document(item.type, path, body)

    def _body(self, item: OutputItem, subject: Subject, known: dict[str, Any]) -> dict[str, Any]:
        for name, value in item.variables:
            known[name] = subject.qualifier(value) or self._engine.text(value, known)
        text = self._engine.render(self._folder, item.template, known)
        made: Any = plainyaml.load(text)
        if not isinstance(made, dict) or not isinstance(cast("Spec", made).get("spec"), dict):
            raise BadInput(f"{self.path}: the template {item.template} does not make a document with a 'spec'.")
        return cast("dict[str, Any]", made)

    def _guarded(self, item: OutputItem, work: Callable[[], Any]) -> Any:
        try:
            return work()
        except BadInput:
            raise
        except TemplateNotFound as err:
            raise BadInput(f"{self.path}: there is no template {err.name!r} in its .runwhen/templates.") from err
        except Exception as err:  # a template is someone's program: it may raise anything there is
            said = " ".join(f"{type(err).__name__}: {err}".split())[:300]
            raise BadInput(f"{self.path}: the template {item.template} fails: {said}") from err

    def _variables(
        self, subject: Subject, others: Mapping[str, Subject], cluster: Cluster, rule_file: str
    ) -> dict[str, Any]:
        return {
            **common(self._setting),
            "repo_url": self.collection.url,
            "ref": self.collection.ref,
            "generation_rule_file_path": rule_file,
            **variables(subject, cluster, others, bare=self._setting.exact),
        }

    def _own(self, match: Match, short: str) -> dict[str, Any]:
        """The variables of an SLX."""
        workspace = self._setting.workspace
        return {
            "slx_directory_path": f"workspaces/{workspace}/slxs/{short}",
            "base_name": match.slx.base_name,
            "slx_name": names.full(workspace, short),
            "full_slx_name": names.identity(match.slx.base_name, tuple(match.values.values())),
            "qualifiers": match.values,
            "child_resource_names": [one.name for one in (match.subject, *match.children)] if match.aggregate else [],
        }


def common(setting: Setting) -> dict[str, Any]:
    """The variables that every template has; rules may look at them too (``custom-variable``)."""
    name = setting.workspace
    return {
        "workspace": {"name": name, "short_name": name, "owner_email": setting.owner},
        "workspace_path": f"workspaces/{name}",
        "slxs_path": f"workspaces/{name}/slxs",
        "default_location": setting.location,
        "location_id": setting.location,
        "location_name": setting.location_name or setting.location,
        "custom": dict(setting.custom),
        "secrets": dict(setting.secrets),
        "wb_version": "runstone",
        "generated_by": f"workspace-builder:{setting.location_name or setting.location}",
        "shorten_name": _shorten_name,
        "make_slx_name": lambda workspace, qualified: names.full(str(workspace), str(qualified)),
        "make_slx_directory_name": _directory_name,
    }


def _shorten_name(name: str, max_chars: int = 3, separator: str | None = None) -> str:
    return names.shorten(name, max_chars, separator)


def _directory_name(base: str, qualifiers: list[str], max_length: int | None = None) -> str:
    return names.qualified(base, qualifiers, max_length or names.LONGEST)


def _usual(item: OutputItem, base: dict[str, Any]) -> str:
    if item.type == "workflow":
        return f"{base['workspace_path']}/workflows/{str(base['slx_name']).rpartition('--')[2]}.yaml"
    return f"{base['slx_directory_path']}/{item.type}.yaml"


def _files(folder: Path) -> Iterable[Path]:
    return (one for one in folder.iterdir() if one.is_file()) if folder.is_dir() else ()


# What is done to every document ---------------------------------------------------------------------------------


def _put_in_order(spec: Spec) -> None:
    """One secret per name, tags as text and once, and the path of the resource. Raises BadInput for what is no tag."""
    secrets = spec.get("secretsProvided")
    if isinstance(secrets, list):
        spec["secretsProvided"] = _once(cast("list[Any]", secrets))
    tags = spec.get("tags")
    if isinstance(tags, list):
        spec["tags"] = _tags(cast("list[Any]", tags))
    context = spec.get("additionalContext")
    hierarchy = cast("Spec", context).get("hierarchy") if isinstance(context, dict) else None
    if isinstance(hierarchy, list):
        cast("Spec", context)["resourcePath"] = _path(cast("list[Any]", hierarchy), spec.get("tags"))


def _once(secrets: list[Any]) -> list[Any]:
    """The last definition of a name, at the place of its first."""
    found: dict[Any, Any] = {}
    for number, secret in enumerate(secrets):
        name = cast("Spec", secret).get("name") if isinstance(secret, dict) else None
        found[name if isinstance(name, str) else number] = secret
    return list(found.values())


def _tags(tags: list[Any]) -> list[Spec]:
    found: dict[tuple[str, str], Spec] = {}
    for tag in tags:
        said = cast("Spec", tag) if isinstance(tag, dict) else {}
        name, value = said.get("name"), said.get("value")
        if not isinstance(name, str) or isinstance(value, dict | list):
            raise BadInput(f"the tag {tag!r} is not a name with one value.")
        found.setdefault((name, str(value)), {**said, "name": name, "value": str(value)})
    return list(found.values())


def _path(hierarchy: list[Any], tags: Any) -> str:
    if not all(isinstance(one, str) for one in hierarchy):
        raise BadInput(f"the hierarchy {hierarchy!r} is not a list of tag names.")
    values: dict[str, str] = {}
    for tag in cast("list[Spec]", tags or []):
        values.setdefault(tag["name"], tag["value"])
    return "/".join(values[name] for name in hierarchy if name in values)


def _override(spec: Spec, values: Mapping[str, str]) -> None:
    """Values of names that are there; other names are not added."""
    for entry in cast("list[Any]", spec.get("configProvided") or []):
        if isinstance(entry, dict) and cast("Spec", entry).get("name") in values:
            cast("Spec", entry)["value"] = str(values[cast("Spec", entry)["name"]])
