"""Matches to SLXs: a CodeBundle's Jinja templates rendered to YAML, read back as nouns.

Templates run in Jinja's sandbox, compiled once per bundle. A value that is not there prints a word that is easy to
find. What a template makes is read strictly enough to run and loosely enough for every public bundle.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml
from jinja2 import ChoiceLoader, FileSystemLoader, TemplateError, TemplateNotFound, Undefined
from jinja2.sandbox import SandboxedEnvironment

from runstone.content import parse
from runstone.edge.discovery import names
from runstone.edge.discovery.rules import Match, Subject
from runstone.errors import BadInput
from runstone.model.content import BundleRef, CollectionRef
from runstone.model.resource import ResourceRef
from runstone.model.workspace import SLI, SLX, BoundTask, Runbook, SecretNeed

_BUILTIN = Path(__file__).parent / "templates"
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_KIND_OF = {"slx": "ServiceLevelX", "sli": "ServiceLevelIndicator", "runbook": "Runbook", "taskset": "TaskSet"}


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


class Renderer:
    """Renders the SLXs of one CodeBundle."""

    def __init__(self, collection: CollectionRef, root: Path, bundle: str, setting: Setting) -> None:
        """``bundle`` is the bundle's path inside the collection's folder ``root``."""
        self._collection = collection
        self._root = root
        self._bundle = bundle
        self._setting = setting
        folder = root / bundle / ".runwhen" / "templates"
        self._environment = SandboxedEnvironment(
            loader=ChoiceLoader([FileSystemLoader(folder), FileSystemLoader(_BUILTIN)]),
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            undefined=_Missing,
            autoescape=False,
        )

    def slx(self, match: Match, platform: str, rule_file: str) -> SLX:
        """The SLX of a match. Raises BadInput naming the template and what is wrong."""
        short = names.qualified(
            names.base(match.slx.base_name, match.slx.shortened),
            tuple(match.values.values()),
            names.room(self._setting.workspace),
        )
        variables = self._variables(match, short, rule_file)
        made = {kind: self._item(match, kind, variables) for kind in ("slx", "sli", "runbook")}
        spec = (made["slx"] or {}).get("spec") or {}
        return SLX(
            name=names.full(self._setting.workspace, short),
            alias=str(spec.get("alias") or short),
            statement=str(spec.get("statement") or ""),
            resources=tuple(ref_of(one, platform) for one in (match.subject, *match.children)),
            tags={
                str(tag["name"]): str(tag["value"])
                for tag in spec.get("tags") or []
                if "name" in tag and "value" in tag
            },
            runbook=self._runbook(made["runbook"]),
            sli=self._sli(made["sli"]),
        )

    def _item(self, match: Match, kind: str, variables: dict[str, Any]) -> dict[str, Any] | None:
        wanted = [one for one in match.slx.outputs if _item_type(one) == kind]
        if not wanted:
            return None
        name = str(wanted[0].get("templateName") or f"{match.slx.template}-{wanted[0].get('type', kind)}.yaml")
        more = {
            key: self._text(str(value), variables) for key, value in (wanted[0].get("templateVariables") or {}).items()
        }
        try:
            text = self._environment.get_template(name).render({**variables, **more, "kind": _KIND_OF[kind]})
            made: Any = yaml.load(text, _LOADER)  # noqa: S506  a safe loader, the C one where there is one
        except TemplateNotFound as err:
            raise BadInput(f"{self._bundle}: there is no template {err.name!r} in its .runwhen/templates.") from err
        except (TemplateError, yaml.YAMLError, TypeError, ValueError, AttributeError, KeyError) as err:
            said = " ".join(str(err).split())[:300]
            raise BadInput(f"{self._bundle}: the template {name} fails for {match.subject.name}: {said}") from err
        if not isinstance(made, dict) or not isinstance(cast("dict[str, Any]", made).get("spec"), dict):
            raise BadInput(f"{self._bundle}: the template {name} does not make a document with a 'spec'.")
        return cast("dict[str, Any]", made)

    def _text(self, template: str, variables: dict[str, Any]) -> str:
        return self._environment.from_string(template).render(variables)

    def _runbook(self, made: dict[str, Any] | None) -> Runbook | None:
        if made is None:
            return None
        spec = made["spec"]
        bundle, file = self._code(spec, "runbook.robot")
        config = _config(spec)
        return Runbook(
            bundle=bundle,
            variables=config,
            secrets=_secrets(spec),
            tasks=tuple(_bound(task, config) for task in parse.suite(file).tasks) if file.exists() else (),
        )

    def _sli(self, made: dict[str, Any] | None) -> SLI | None:
        if made is None:
            return None
        spec = made["spec"]
        bundle, _ = self._code(spec, "sli.robot")
        interval = int(spec.get("intervalSeconds") or 300)
        return SLI(bundle=bundle, variables=_config(spec), secrets=_secrets(spec), interval_s=interval)

    def _code(self, spec: dict[str, Any], default: str) -> tuple[BundleRef, Path]:
        said = str((spec.get("codeBundle") or {}).get("pathToRobot") or f"{self._bundle}/{default}")
        path, _, robot = said.rpartition("/")
        return BundleRef(collection=self._collection, path=path, robot=robot), self._root / path / robot

    def _variables(self, match: Match, short: str, rule_file: str) -> dict[str, Any]:
        subject, setting = match.subject, self._setting
        full = names.full(setting.workspace, short)
        return {
            "workspace": {"name": setting.workspace, "short_name": setting.workspace, "owner_email": ""},
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
            "slx_name": full,
            "full_slx_name": short,
            "slx_directory_path": f"workspaces/{setting.workspace}/slxs/{short}",
            "qualifiers": match.values,
            "child_resource_names": [one.name for one in (subject, *match.children)] if match.children else [],
            "match_resource": _template_resource(subject),
            "resources": {type_: _template_resource(one) for type_, one in match.others.items()},
            "namespace": {"name": subject.name if subject.kind == "Namespace" else subject.namespace},
            "cluster": {"name": subject.cluster, "context": subject.context, "cluster_type": "", "auth_type": ""},
            "context": subject.context,
            "is_workflow": False,
        }


def ref_of(subject: Subject, platform: str) -> ResourceRef:
    """The name of a subject."""
    return ResourceRef(platform=platform, kind=subject.kind, namespace=subject.namespace, name=subject.name)


def _template_resource(subject: Subject) -> dict[str, Any]:
    scope = [subject.cluster, subject.namespace, subject.name]
    return {
        "name": subject.name,
        "qualified_name": "/".join(part for part in scope if part),
        "kind": subject.kind,
        "namespace_name": subject.name if subject.kind == "Namespace" else subject.namespace,
        "namespace": {"name": subject.namespace},
        "labels": subject.labels,
        "annotations": subject.annotations,
        "resource": subject.resource,
        "resource_type": {"name": subject.type, "platform": {"name": "kubernetes"}},
        "auth_type": "",
    }


def _item_type(item: dict[str, Any]) -> str:
    said = str(item.get("type", "")).lower()
    return "runbook" if said == "taskset" else said


def _config(spec: dict[str, Any]) -> dict[str, str]:
    entries = spec.get("configProvided") or []
    return {str(one["name"]): _plain(one.get("value")) for one in entries if isinstance(one, dict) and "name" in one}


def _plain(value: Any) -> str:
    if value is None:
        return ""
    return (
        value if isinstance(value, str) else json.dumps(value) if isinstance(value, dict | list | bool) else str(value)
    )


def _secrets(spec: dict[str, Any]) -> tuple[SecretNeed, ...]:
    """One per name: the last definition at the first one's place."""
    found: dict[str, str] = {}
    for one in spec.get("secretsProvided") or []:
        if "name" in one:
            found[str(one["name"])] = str(one.get("workspaceKey") or "")
    return tuple(SecretNeed(name=name, key=key) for name, key in found.items())


def _bound(task: Any, config: Mapping[str, str]) -> BoundTask:
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
