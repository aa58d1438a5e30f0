"""Documents to nouns: the SLX of a match with its Runbook and SLI, their Tasks' values filled in.

Read strictly enough to run and loosely enough for every public bundle; an item that cannot be read is a sentence, and
the rest of its SLX goes on.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from runstone.content import parse
from runstone.edge.discovery.documents import Bundle, Document, Spec, repository
from runstone.edge.discovery.rules import Match
from runstone.errors import BadInput
from runstone.model.content import BundleRef, CollectionRef, Task
from runstone.model.workspace import SLI, SLX, BoundTask, Runbook, SecretNeed

_INTERVAL_S = 300
"""How often an SLI is measured when its template does not say: the usual interval of public bundles."""
Known = Mapping[str, tuple[CollectionRef, Path]]
"""All collections of the workspace, by repository."""


def slx(
    documents: Sequence[Document], name: str, match: Match, platform: str, bundle: Bundle, known: Known,
    problems: list[str],
) -> SLX | None:  # fmt: skip
    """The SLX that a match's documents describe; None when they have none."""
    by_type = {one.type: one.spec for one in reversed(documents)}
    own = by_type.get("slx")
    if own is None:
        return None
    reader = _Reader(bundle, known, problems)
    return SLX(
        name=name,
        alias=plain(own.get("alias")) or name.rpartition("--")[2],
        statement=plain(own.get("statement")),
        resources=tuple(one.ref(platform) for one in (match.subject, *match.children)),
        tags={plain(tag.get("name")): plain(tag.get("value")) for tag in _entries(own, "tags")},
        runbook=reader.runbook(by_type.get("runbook") or by_type.get("taskset")),
        sli=reader.sli(by_type.get("sli")),
    )


class _Reader:
    """Reads what one bundle's documents say of suites."""

    def __init__(self, bundle: Bundle, known: Known, problems: list[str]) -> None:
        self._bundle = bundle
        self._known = known
        self._problems = problems

    def runbook(self, spec: Spec | None) -> Runbook | None:
        found = self._suite(spec, "runbook.robot")
        if spec is None or found is None:
            return None
        config = _config(spec)
        return Runbook(bundle=found[0], variables=config, secrets=_secrets(spec), tasks=_bound(found[1], config))

    def sli(self, spec: Spec | None) -> SLI | None:
        found = self._suite(spec, "sli.robot")
        if spec is None or found is None:
            return None
        config, said = _config(spec), plain(spec.get("intervalSeconds"))
        return SLI(
            bundle=found[0],
            variables=config,
            secrets=_secrets(spec),
            interval_s=int(said) if said.isdecimal() else _INTERVAL_S,
            tasks=_bound(found[1], config),
        )

    def _suite(self, spec: Spec | None, default: str) -> tuple[BundleRef, tuple[Task, ...]] | None:
        if spec is None:
            return None
        try:
            bundle, file = self._code(spec, default)
            return bundle, parse.suite(file).tasks
        except BadInput as err:
            self._problems.append(f"{self._bundle.path}: {err}")
            return None

    def _code(self, spec: Spec, default: str) -> tuple[BundleRef, Path]:
        """The suite an item runs, in its own collection or in another known one. Raises BadInput when it is nowhere."""
        said = spec.get("codeBundle")
        code = cast("Spec", said) if isinstance(said, dict) else {}
        written = plain(code.get("pathToRobot")) or f"{self._bundle.path}/{default}"
        url = plain(code.get("repoUrl")) or self._bundle.collection.url
        collection, root = self._known.get(repository(url), (None, self._bundle.root))
        path, _, robot = written.strip("/").rpartition("/")
        file = root / path / robot
        if collection is None:
            raise BadInput(f"the suite {written} is in {url}, which is none of this workspace's collections. Add it.")
        if not file.resolve().is_relative_to(root.resolve()) or not file.is_file():
            raise BadInput(f"there is no suite {written} in {url}.")
        return BundleRef(collection=collection, path=path, robot=robot), file


def _entries(spec: Spec, field: str) -> list[Spec]:
    """The well-formed entries of a list of named things; whatever else a template put there is left out."""
    said = spec.get(field)
    entries = cast("list[Any]", said) if isinstance(said, list) else []
    return [cast("Spec", one) for one in entries if isinstance(one, dict) and "name" in one]


def _config(spec: Spec) -> dict[str, str]:
    return {plain(one["name"]): plain(one.get("value")) for one in _entries(spec, "configProvided")}


def plain(value: Any) -> str:
    """A YAML value as the text a suite gets."""
    if value is None:
        return ""
    if isinstance(value, dict | list | bool):
        return json.dumps(value, default=str)
    return str(value)


def _secrets(spec: Spec) -> tuple[SecretNeed, ...]:
    found = {plain(one["name"]): _key(one) for one in _entries(spec, "secretsProvided")}
    return tuple(SecretNeed(name=name, key=key) for name, key in found.items())


def _key(entry: Spec) -> str:
    """Where a secret lies; a value that is written down, such as the ARN of a role, is none and lies in its key."""
    if "value" in entry and not entry.get("workspaceKey"):
        return f"text@{plain(entry['value'])}"
    return plain(entry.get("workspaceKey"))


def _bound(tasks: Sequence[Task], config: Mapping[str, str]) -> tuple[BoundTask, ...]:
    return tuple(
        BoundTask(
            title=task.title,
            resolved_title=resolved(task.title, config),
            documentation=resolved(task.documentation, config),
            tags=tuple(resolved(tag, config) for tag in task.tags),
            access=task.access,
        )
        for task in tasks
    )


def resolved(text: str, config: Mapping[str, str]) -> str:
    """``text`` with each ``${NAME}`` that is configured replaced by its value."""
    if "${" not in text:
        return text
    for name, value in config.items():
        text = text.replace(f"${{{name}}}", value)
    return text
