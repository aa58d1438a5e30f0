"""Matches to SLXs: a CodeBundle's Jinja templates rendered to YAML, read back as nouns.

Templates run in Jinja's sandbox, compiled once per bundle. A value that is not there prints a word that is easy to
find. What a template makes is read strictly enough to run and loosely enough for every public bundle; an item that
fails is a sentence, and the others of its SLX go on (without the SLX's own there is none).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import yaml
from jinja2 import ChoiceLoader, FileSystemLoader, TemplateNotFound, Undefined
from jinja2.sandbox import SandboxedEnvironment

from runstone.content import parse
from runstone.edge.discovery import names
from runstone.edge.discovery.inventory import digest
from runstone.edge.discovery.rules import Match, Subject
from runstone.errors import BadInput
from runstone.model.content import BundleRef, CollectionRef, Task
from runstone.model.resource import ResourceRef
from runstone.model.workspace import SLI, SLX, BoundTask, Runbook, SecretNeed

_BUILTIN = Path(__file__).parent / "templates"
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_KIND_OF = {"slx": "ServiceLevelX", "sli": "ServiceLevelIndicator", "runbook": "Runbook"}
_INTERVAL_S = 300
"""How often an SLI is measured when its template does not say: the usual interval of public bundles."""


class _Missing(Undefined):
    """Prints what public templates and bundles know a missing value by."""

    def __str__(self) -> str:
        return "missing_workspaceInfo_custom_variable"


@dataclass(frozen=True)
class Setting:
    """What templates know besides the match."""

    workspace: str
    location: str
    custom: Mapping[str, Any]


@dataclass(frozen=True)
class Rendered:
    """What a match became: an SLX, or none, and what went wrong on the way, as sentences."""

    subject: str
    slx: SLX | None
    problems: tuple[str, ...]

    @cached_property
    def digest(self) -> str:
        """Of the SLX; worked out once, since a result is kept for many rounds."""
        return digest([self.slx]) if self.slx else ""


def repository(url: str) -> str:
    """One spelling for the address of a repository: with or without ``.git``, in any case."""
    return url.strip().lower().rstrip("/").removesuffix(".git")


class Renderer:
    """Renders the SLXs of one CodeBundle."""

    def __init__(
        self,
        collection: CollectionRef,
        root: Path,
        bundle: str,
        setting: Setting,
        known: Mapping[str, tuple[CollectionRef, Path]],
    ) -> None:
        """``bundle`` is its path inside the collection's folder ``root``. ``known``: all collections by repository."""
        self._collection = collection
        self._root = root
        self._bundle = bundle
        self._setting = setting
        self._known = known
        folder = root / bundle / ".runwhen" / "templates"
        self._environment = SandboxedEnvironment(
            loader=ChoiceLoader([FileSystemLoader(folder), FileSystemLoader(_BUILTIN)]),
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            undefined=_Missing,
            autoescape=False,
            auto_reload=False,
        )

    def render(self, match: Match, platform: str, rule_file: str, base: str) -> Rendered:
        """The SLX of a match. ``base`` is the base part of its name. Never raises for what a template does."""
        subject = f"{match.subject.kind} {match.subject.name}"
        short = names.qualified(base, tuple(match.values.values()), names.room(self._setting.workspace))
        variables = self._variables(match, short, rule_file)
        problems: list[str] = []
        made = self._item(match, "slx", variables, problems)
        if made is None:
            return Rendered(subject, None, tuple(problems or [f"{self._bundle}: the rule lists no item of type slx."]))
        runbook = self._runbook(self._item(match, "runbook", variables, problems), problems)
        sli = self._sli(self._item(match, "sli", variables, problems), problems)
        slx = self._slx(made, short, match, platform, runbook, sli)
        return Rendered(subject, slx, tuple(problems))

    def _slx(
        self, made: dict[str, Any], short: str, match: Match, platform: str, runbook: Runbook | None, sli: SLI | None
    ) -> SLX:
        return SLX(
            name=names.full(self._setting.workspace, short),
            alias=_plain(made.get("alias")) or short,
            statement=_plain(made.get("statement")),
            resources=tuple(ref_of(one, platform) for one in (match.subject, *match.children)),
            tags={_plain(tag.get("name")): _plain(tag.get("value")) for tag in _entries(made, "tags")},
            runbook=runbook,
            sli=sli,
        )

    def _item(self, match: Match, kind: str, variables: dict[str, Any], problems: list[str]) -> dict[str, Any] | None:
        """The ``spec`` of one rendered item; None when the rule has no such item, or, with a problem, when it fails."""
        wanted = next((one for one in match.slx.outputs if _item_type(one) == kind), None)
        if wanted is None:
            return None
        name = str(wanted.get("templateName") or f"{match.slx.template}-{wanted.get('type', kind)}.yaml")
        try:
            text = self._text(name, wanted, {**variables, "kind": _KIND_OF[kind]})
            made: Any = yaml.load(text, _LOADER)  # noqa: S506  a safe loader, the C one where there is one
        except TemplateNotFound as err:
            problems.append(f"{self._bundle}: there is no template {err.name!r} in its .runwhen/templates.")
            return None
        except Exception as err:  # noqa: BLE001  a template is someone's program: it may raise anything there is
            said = " ".join(f"{type(err).__name__}: {err}".split())[:300]
            problems.append(f"{self._bundle}: the template {name} fails: {said}")
            return None
        spec = cast("dict[str, Any]", made).get("spec") if isinstance(made, dict) else None
        if not isinstance(spec, dict):
            problems.append(f"{self._bundle}: the template {name} does not make a document with a 'spec'.")
            return None
        return cast("dict[str, Any]", spec)

    def _text(self, name: str, item: dict[str, Any], variables: dict[str, Any]) -> str:
        said = item.get("templateVariables")
        more = cast("dict[str, Any]", said) if isinstance(said, dict) else {}
        own = {key: self._environment.from_string(str(value)).render(variables) for key, value in more.items()}
        return self._environment.get_template(name).render({**variables, **own})

    def _runbook(self, spec: dict[str, Any] | None, problems: list[str]) -> Runbook | None:
        if spec is None:
            return None
        try:
            bundle, file = self._code(spec, "runbook.robot")
            tasks = parse.suite(file).tasks
        except BadInput as err:
            problems.append(f"{self._bundle}: {err}")
            return None
        config = _config(spec)
        return Runbook(
            bundle=bundle, variables=config, secrets=_secrets(spec), tasks=tuple(_bound(task, config) for task in tasks)
        )

    def _sli(self, spec: dict[str, Any] | None, problems: list[str]) -> SLI | None:
        if spec is None:
            return None
        try:
            bundle, file = self._code(spec, "sli.robot")
            tasks = parse.suite(file).tasks
        except BadInput as err:
            problems.append(f"{self._bundle}: {err}")
            return None
        config = _config(spec)
        said = _plain(spec.get("intervalSeconds"))
        return SLI(
            bundle=bundle,
            variables=config,
            secrets=_secrets(spec),
            interval_s=int(said) if said.isdecimal() else _INTERVAL_S,
            tasks=tuple(_bound(task, config) for task in tasks),
        )

    def _code(self, spec: dict[str, Any], default: str) -> tuple[BundleRef, Path]:
        """The suite an item runs, in its own collection or in another known one. Raises BadInput when it is nowhere."""
        said = spec.get("codeBundle")
        code = cast("dict[str, Any]", said) if isinstance(said, dict) else {}
        written = _plain(code.get("pathToRobot")) or f"{self._bundle}/{default}"
        url = _plain(code.get("repoUrl")) or self._collection.url
        collection, root = self._known.get(repository(url), (None, self._root))
        path, _, robot = written.strip("/").rpartition("/")
        file = root / path / robot
        if collection is None:
            raise BadInput(f"the suite {written} is in {url}, which is none of this workspace's collections. Add it.")
        if not file.resolve().is_relative_to(root.resolve()) or not file.is_file():
            raise BadInput(f"there is no suite {written} in {url}.")
        return BundleRef(collection=collection, path=path, robot=robot), file

    def _variables(self, match: Match, short: str, rule_file: str) -> dict[str, Any]:
        subject, setting = match.subject, self._setting
        return {
            "workspace": {
                "name": setting.workspace,
                "short_name": setting.workspace,
                "owner_email": setting.custom.get("owner_email", ""),
            },
            "workspace_path": f"workspaces/{setting.workspace}",
            "slxs_path": f"workspaces/{setting.workspace}/slxs",
            "slx_directory_path": f"workspaces/{setting.workspace}/slxs/{short}",
            "default_location": setting.location,
            "location_id": setting.location,
            "location_name": setting.location,
            "custom": dict(setting.custom),
            "secrets": {},
            "wb_version": "runstone",
            "generated_by": "runstone",
            "repo_url": self._collection.url,
            "ref": self._collection.ref,
            "generation_rule_file_path": rule_file,
            "base_name": match.slx.base_name,
            "slx_name": names.full(setting.workspace, short),
            "full_slx_name": names.identity(match.slx.base_name, tuple(match.values.values())),
            "qualifiers": match.values,
            "child_resource_names": [one.name for one in (subject, *match.children)] if match.aggregate else [],
            "match_resource": _template_resource(subject),
            "resources": {type_: _template_resource(one) for type_, one in match.others.items()},
            "namespace": _template_namespace(subject),
            "cluster": {"name": subject.cluster, "context": subject.context, "cluster_type": "", "auth_type": ""},
            "context": subject.context,
            "is_workflow": False,
            "shorten_name": _shorten_name,
            "make_slx_name": lambda workspace, qualified: names.full(str(workspace), str(qualified)),
            "make_slx_directory_name": _directory_name,
        }


def ref_of(subject: Subject, platform: str) -> ResourceRef:
    """The name of a subject."""
    return ResourceRef(platform=platform, kind=subject.kind, namespace=subject.namespace, name=subject.name)


def _shorten_name(name: str, max_chars: int = 3, separator: str | None = None) -> str:
    return names.shorten(name, max_chars, separator)


def _directory_name(base: str, qualifiers: list[str], max_length: int | None = None) -> str:
    return names.qualified(base, qualifiers, max_length or names.LONGEST)


def _template_namespace(subject: Subject) -> dict[str, Any]:
    name = subject.name if subject.kind == "Namespace" else subject.namespace
    return {"name": name, "qualified_name": f"{subject.cluster}/{name}"}


def _template_resource(subject: Subject) -> dict[str, Any]:
    scope = [subject.cluster, subject.namespace, subject.name] if subject.kind != "Cluster" else [subject.name]
    return {
        "name": subject.name,
        "qualified_name": "/".join(part for part in scope if part),
        "kind": subject.kind,
        "namespace_name": subject.name if subject.kind == "Namespace" else subject.namespace,
        "namespace": _template_namespace(subject),
        "cluster": {"name": subject.cluster, "context": subject.context},
        "labels": subject.labels,
        "annotations": subject.annotations,
        "resource": subject.resource,
        "resource_type": {"name": subject.type, "platform": {"name": "kubernetes"}},
        "auth_type": "",
        "tags": subject.labels,
    }


def _item_type(item: dict[str, Any]) -> str:
    said = str(item.get("type", "")).lower()
    return "runbook" if said == "taskset" else said


def _entries(spec: dict[str, Any], field: str) -> list[dict[str, Any]]:
    """The well-formed entries of a list of named things; whatever else a template put there is left out."""
    said = spec.get(field)
    entries = cast("list[Any]", said) if isinstance(said, list) else []
    return [cast("dict[str, Any]", one) for one in entries if isinstance(one, dict) and "name" in one]


def _config(spec: dict[str, Any]) -> dict[str, str]:
    return {_plain(one["name"]): _plain(one.get("value")) for one in _entries(spec, "configProvided")}


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict | list | bool):
        return json.dumps(value, default=str)
    return str(value)


def _secrets(spec: dict[str, Any]) -> tuple[SecretNeed, ...]:
    """One per name: the last definition at the first one's place."""
    found = {_plain(one["name"]): _plain(one.get("workspaceKey")) for one in _entries(spec, "secretsProvided")}
    return tuple(SecretNeed(name=name, key=key) for name, key in found.items())


def _bound(task: Task, config: Mapping[str, str]) -> BoundTask:
    return BoundTask(
        title=task.title,
        resolved_title=resolved(task.title, config),
        documentation=resolved(task.documentation, config),
        tags=tuple(resolved(tag, config) for tag in task.tags),
        access=task.access,
    )


def resolved(text: str, config: Mapping[str, str]) -> str:
    """``text`` with each ``${NAME}`` that is configured replaced by its value."""
    for name, value in config.items():
        text = text.replace(f"${{{name}}}", value)
    return text
