"""A workspace's configuration as a tree of files: what every user of the format knows it as.

::

    workspaces/WORKSPACE/workspace.yaml
    workspaces/WORKSPACE/slxs/NAME/{slx,sli,slo,runbook,taskset}.yaml, SKILL.md
    workspaces/WORKSPACE/workflows/NAME.yaml
    workspaces/skipped_templates_report.md

Only files that are others than before are written, each at once. What was not made this time is gone, unless something
could not be read: then it may well exist, and stays.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runstone.edge.discovery import names
from runstone.edge.discovery.binding import Bound, LoadedRule, Rules
from runstone.edge.discovery.documents import Document, Setting
from runstone.edge.discovery.groups import Grouped, MapRules, Placed, grouped
from runstone.edge.discovery.rules import Match, joined
from runstone.edge.discovery.subjects import Cluster
from runstone.edge.discovery.templating import Engine
from runstone.errors import BadInput, Broken

_ROOT = "workspaces"
_REPORT = "skipped_templates_report.md"
_LONGEST = 255 - len(".new") - 1
"""Bytes of a file's name that file systems take, less what a name is written under at first."""


@dataclass(frozen=True)
class Slot:
    """One SLX to be: a match, with its name."""

    loaded: LoadedRule
    match: Match
    cluster: Cluster
    short: str

    @property
    def full_name(self) -> str:
        """Its name before anything was shortened."""
        return names.identity(self.match.slx.base_name, tuple(self.match.values.values()))


@dataclass
class Written:
    """What was written, and what was not."""

    slxs: int = 0
    files: int = 0
    groups: int = 0
    kept: list[str] = field(default_factory=list[str])
    """SLXs of an earlier time that stay because not everything could be read."""
    problems: list[str] = field(default_factory=list[str])
    """Templates that failed."""


def slots(bounds: Sequence[tuple[Bound, Cluster]], workspace: str) -> list[Slot]:
    """Every SLX of all platforms, in the order of rules; those whose names would be the same are numbered."""
    found: dict[tuple[Any, ...], list[tuple[LoadedRule, Match, Cluster]]] = {}
    for bound, cluster in bounds:
        for loaded, match in bound.matches():
            own = () if match.aggregate else match.identity
            key = (loaded.number, match.index, *match.values.items(), own)
            found.setdefault(key, []).append((loaded, match, cluster))
    same = [(first[0], _across([match for _, match, _ in [first, *more]]), first[2]) for first, *more in found.values()]
    made = [Slot(loaded, match, cluster, loaded.short(match, workspace)) for loaded, match, cluster in same]
    return _apart(sorted(made, key=lambda slot: slot.loaded.number), workspace)


def _across(matches: list[Match]) -> Match:
    """One aggregate over several clusters."""
    first = matches[0]
    if len(matches) == 1:
        return first
    subjects = [one for match in matches for one in (match.subject, *match.children)]
    return joined([Match(first.slx, one, first.values, first.others, index=first.index) for one in subjects])


def _apart(made: list[Slot], workspace: str) -> list[Slot]:
    """Members of one name get 1, 2, … behind their base, all of them, so that none hides another."""
    members: dict[str, list[Slot]] = {}
    for slot in made:
        members.setdefault(slot.short, []).append(slot)
    return [
        slot if len(members[slot.short]) == 1 else _numbered(slot, members[slot.short].index(slot) + 1, workspace)
        for slot in made
    ]


def _numbered(slot: Slot, number: int, workspace: str) -> Slot:
    base = f"{slot.loaded.bases[slot.match.index]}{number}"
    short = names.qualified(base, tuple(slot.match.values.values()), names.room(workspace))
    return Slot(slot.loaded, slot.match, slot.cluster, short)


def write(
    folder: Path, bounds: Sequence[tuple[Bound, Cluster]], rules: Rules, map_rules: MapRules, *, complete: bool
) -> Written:
    """The whole tree. ``complete``: everything could be read. Raises BadInput or Broken when it cannot be written."""
    try:
        tree = _Tree(folder, rules.setting)
        written = tree.write(slots(bounds, rules.setting.workspace), map_rules)
        tree.loose(bounds)
        _report(folder / _ROOT / _REPORT, written.problems)
        tree.clear(keep=not complete)
    except OSError as err:
        raise Broken(f"{folder} cannot be written: {err.strerror or err}. Free space, or check its rights.") from err
    return written


class _Tree:
    """The tree as it is being written."""

    def __init__(self, folder: Path, setting: Setting) -> None:
        self._root = folder / _ROOT
        self._setting = setting
        self._paths: set[str] = set()
        self._folders: set[Path] = set()
        self._written = Written()

    def write(self, found: Sequence[Slot], map_rules: MapRules) -> Written:
        placed = [one for slot in found for one in self._slot(slot)]
        cluster = found[0].cluster if found else Cluster()
        groups = grouped(placed, map_rules, cluster, Engine())
        self._document(Document("workspace", self._path("workspace.yaml"), _workspace(self._setting, groups)))
        self._written.groups = len(groups.members)
        return self._written

    def loose(self, bounds: Sequence[tuple[Bound, Cluster]]) -> None:
        """Write what rules make besides SLXs; of several documents for one path the first counts."""
        for bound, cluster in bounds:
            for loaded, subject, others in bound.loose():
                problems: list[str] = []
                bundle, items = loaded.bundle, loaded.rule.outputs
                for document in bundle.loose(items, subject, others, cluster, loaded.file, problems):
                    self._document(document)
                self._written.problems += [f"{subject.kind} {subject.name}: {one}" for one in problems]

    def _slot(self, slot: Slot) -> Iterator[Placed]:
        """Write an SLX; gives it for grouping when it has become one."""
        problems: list[str] = []
        loaded = slot.loaded
        documents = loaded.bundle.made(slot.match, slot.cluster, loaded.file, slot.short, problems)
        subject = slot.match.subject
        self._written.problems += [f"{slot.short} ({subject.kind} {subject.name}): {one}" for one in problems]
        for document in documents:
            self._document(document)
        if not documents:
            return
        self._written.slxs += 1
        for extra in loaded.bundle.extras:
            self._file(self._path(f"slxs/{slot.short}/{extra.name}"), extra.read_text(encoding="utf-8"))
        name = names.full(self._setting.workspace, slot.short)
        base = slot.match.slx.base_name
        yield Placed(slot.short, name, slot.full_name, base, slot.match.values, subject)

    def clear(self, *, keep: bool) -> None:
        """Remove what was not made this time; with ``keep``, only what cannot be an SLX that was not read."""
        place = self._root / self._setting.workspace
        made = {self._root.joinpath(*Path(path).parts[1:]) for path in self._paths}
        for folder in sorted(one for one in (place / "slxs").glob("*/") if one not in self._folders):
            if keep:
                self._written.kept.append(folder.name)
            else:
                shutil.rmtree(folder)
        for file in place.rglob("*"):
            if file.is_file() and file not in made and file.parent in self._folders:
                file.unlink()

    def _document(self, document: Document) -> None:
        if document.path in self._paths:
            return
        try:
            self._file(document.path, document.text)
        except BadInput as err:
            self._written.problems.append(str(err))

    def _file(self, path: str, text: str) -> None:
        """Raises BadInput for a path that leads out of the tree or cannot be."""
        first, *inside = Path(path).parts
        if not inside or first != _ROOT or ".." in inside:
            raise BadInput(f"the path {path!r} of an output item leads out of {_ROOT}/. Nothing was written there.")
        if max(len(os.fsencode(part)) for part in inside) > _LONGEST:
            raise BadInput(
                f"the path {path!r} of an output item is too long: at most {_LONGEST} bytes between slashes."
            )
        self._paths.add(path)
        self._written.files += 1
        target = self._root.joinpath(*inside)
        if target.parent not in self._folders:
            target.parent.mkdir(parents=True, exist_ok=True)
            self._folders.add(target.parent)
        _put(target, text.encode())

    def _path(self, name: str) -> str:
        return f"{_ROOT}/{self._setting.workspace}/{name}"


def _workspace(setting: Setting, groups: Grouped) -> dict[str, Any]:
    """The document of the workspace itself: owner, groups, and what depends on what."""
    spec: dict[str, Any] = {
        "permissions": [{"user": setting.owner, "role": "admin"}],
        "enabledLocation": [],
        "configProvided": [{"name": "WORKSPACE_PLACEHOLDER", "value": f"{setting.workspace}-placeholder"}],
    }
    if groups.members:
        spec["slxGroups"] = [_group(name, members, groups) for name, members in groups.members.items()]
    if groups.relationships:
        spec["slxRelationships"] = [
            {"subject": subject, "verb": verb, "directObject": other} for subject, verb, other in groups.relationships
        ]
    where = setting.location_name or setting.location
    return {
        "kind": "Workspace",
        "apiVersion": "runwhen.com/v1",
        "metadata": {
            "name": setting.workspace,
            "labels": {"workspace": setting.workspace, "locationId": setting.location, "locationName": where},
            "annotations": {"internal.runwhen.com/generated-by": f"workspace-builder:{where}"},
        },
        "spec": spec,
    }


def _group(name: str, members: list[str], groups: Grouped) -> dict[str, Any]:
    depends = groups.depends.get(name)
    return {"name": name, "slxs": members} | ({"dependsOn": depends} if depends else {})


def _put(target: Path, content: bytes) -> None:
    """Write a file, unless it is there with this content."""
    try:
        if target.read_bytes() == content:
            return
    except FileNotFoundError:
        target.write_bytes(content)
        return
    fresh = target.with_name(f".{target.name}.new")
    fresh.write_bytes(content)
    fresh.replace(target)


def _report(path: Path, problems: Sequence[str]) -> None:
    lines = [f"- {one}\n" for one in problems] or ["Nothing was skipped.\n"]
    path.write_text("# Skipped templates\n\n" + "".join(lines), encoding="utf-8")
