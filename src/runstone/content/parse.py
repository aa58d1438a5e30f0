"""A CodeCollection's files, read without running anything: suites, generation rules, cause codes.

One bad file is a Finding; everything else still loads. The layout and the keyword forms are those of the public
CodeCollections (github.com/runwhen-contrib).
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml
from pydantic import ValidationError

from runstone.content import robotfile, taskfile
from runstone.errors import BadInput
from runstone.model.content import CauseCode, CodeBundle, CodeCollection, CollectionRef, Finding, GenerationRule, Suite

_YAML_CAP = 2 * 1024 * 1024
"""Bytes of a YAML file worth reading; the largest public one has 12 kB."""


@dataclass(frozen=True)
class _Read:
    stamp: tuple[int, int]
    suite: Suite
    findings: tuple[Finding, ...]


_suites: dict[Path, _Read] = {}


def collection(root: Path, ref: CollectionRef) -> CodeCollection:
    """Every bundle of ``codebundles/`` and every cause of ``causes/``. Never raises for what a file says."""
    folders = sorted(root.glob("codebundles/*/")) if (root / "codebundles").is_dir() else []
    bundles = tuple(bundle(folder, root) for folder in folders if not folder.name.startswith("."))
    findings: list[Finding] = []
    if not bundles:
        message = "There is no folder codebundles/ with a bundle in it, so this is not a CodeCollection."
        findings.append(Finding(file="codebundles", line=0, message=message, severity="error"))
    codes: list[CauseCode] = []
    for file in _yaml_files(root / "causes"):
        try:
            codes += causes(file)
        except BadInput as err:
            findings.append(_finding(file, root, err))
    return CodeCollection(ref=ref, bundles=bundles, causes=tuple(codes), findings=tuple(findings))


def bundle(folder: Path, root: Path) -> CodeBundle:
    """One CodeBundle. ``path``, ``rule_files`` and the files of its findings are relative to ``root``."""
    suites: dict[str, Suite] = {}
    findings: list[Finding] = []
    for file in sorted((*folder.glob("*.robot"), *folder.glob(taskfile.NAME))):
        try:
            read = _read(file)
        except BadInput as err:
            findings.append(_finding(file, root, err))
            continue
        suites[file.name] = read.suite
        findings += [one.model_copy(update={"file": _relative(file, root)}) for one in read.findings]
    findings += rule_findings(folder, root)
    return CodeBundle(
        name=folder.name,
        path=_relative(folder, root),
        suites=suites,
        rule_files=tuple(_relative(file, root) for file in _rule_files(folder)),
        findings=tuple(findings),
    )


def outline(root: Path) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Every bundle's path with those of its rule files, relative to ``root``, without reading any of them."""
    folders = sorted(root.glob("codebundles/*/")) if (root / "codebundles").is_dir() else []
    return tuple(
        (_relative(folder, root), tuple(_relative(file, root) for file in _rule_files(folder)))
        for folder in folders
        if not folder.name.startswith(".")
    )


def tags(folder: Path) -> frozenset[str]:
    """The tags of every Task of a bundle, in lower case. A suite that cannot be read has none."""
    found: set[str] = set()
    for file in folder.glob("*.robot"):
        try:
            found |= {tag.lower() for task in suite(file).tasks for tag in task.tags}
        except BadInput:
            continue
    return frozenset(found)


def rule_findings(folder: Path, root: Path) -> tuple[Finding, ...]:
    """What is wrong with a bundle's generation rules; files are relative to ``root``."""
    return tuple(_findings(_rule_files(folder), root, generation_rules))


def cause_findings(root: Path) -> tuple[Finding, ...]:
    """What is wrong with a collection's causes; files are relative to ``root``."""
    return tuple(_findings(_yaml_files(root / "causes"), root, causes))


def _findings(files: Iterable[Path], root: Path, read: Callable[[Path], object]) -> Iterator[Finding]:
    for file in files:
        try:
            read(file)
        except BadInput as err:
            yield _finding(file, root, err)


def _rule_files(folder: Path) -> Iterable[Path]:
    return _yaml_files(folder / ".runwhen" / "generation-rules")


def suite(path: Path) -> Suite:
    """One ``.robot`` file or ``task.yaml``; read again only when it has changed. Raises BadInput when it cannot be."""
    return _read(path).suite


def generation_rules(file: Path) -> tuple[GenerationRule, ...]:
    """The rules of one file, whose ``file`` is the path as given. None when it holds only comments. Raises BadInput."""
    document = _yaml(file)
    if document is None:
        return ()
    spec = _mapping(_mapping(document, file, "The file").get("spec"), file, "spec")
    rules = _listed(spec.get("generationRules"), file, "spec.generationRules")
    platform = str(spec.get("platform") or "kubernetes")
    return tuple(_rule(rule, file, platform, number) for number, rule in enumerate(rules))


def causes(file: Path) -> tuple[CauseCode, ...]:
    """The cause codes of one file: a list of mappings with the fields of CauseCode. Raises BadInput."""
    return tuple(_cause(entry, file, number) for number, entry in enumerate(_listed(_yaml(file), file, "The file")))


def _read(path: Path) -> _Read:
    try:
        state = path.stat()
        stamp = (state.st_mtime_ns, state.st_size)
        known = _suites.get(path)
        if known and known.stamp == stamp:
            return known
        found, findings = (taskfile if path.name == taskfile.NAME else robotfile).read(path)
    except OSError as err:
        raise BadInput(f"{path.name} cannot be read: {err.strerror}.") from err
    _suites[path] = read = _Read(stamp, found, findings)
    return read


def _rule(entry: Any, file: Path, platform: str, number: int) -> GenerationRule:
    where = f"spec.generationRules[{number}]"
    rule = _mapping(entry, file, where)
    return GenerationRule(
        file=str(file),
        platform=platform,
        resource_types=tuple(_listed(rule.get("resourceTypes"), file, f"{where}.resourceTypes")),
        match=tuple(_mappings(rule.get("matchRules"), file, f"{where}.matchRules")),
        slxs=tuple(_mappings(rule.get("slxs"), file, f"{where}.slxs")),
        outputs=tuple(_mappings(rule.get("outputItems"), file, f"{where}.outputItems")),
    )


def _cause(entry: Any, file: Path, number: int) -> CauseCode:
    given = {"resource_kinds": (), "explains": (), "patterns": (), "checks": (), **_mapping(entry, file, f"[{number}]")}
    name = given.get("code") or f"entry {number}"
    try:
        code = CauseCode.model_validate(given)
        for pattern in code.patterns:
            re.compile(pattern)
    except ValidationError as err:
        first = err.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadInput(f"{file.name}: cause {name} is wrong at {place}: {first['msg']}.") from err
    except re.error as err:
        raise BadInput(f"{file.name}: a pattern of cause {name} is not a regular expression: {err}.") from err
    return code


def _yaml(file: Path) -> Any:
    try:
        if file.stat().st_size > _YAML_CAP:
            raise BadInput(f"{file.name} has more than {_YAML_CAP} bytes; no such file is meant to be that large.")
        return yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as err:
        line = err.problem_mark.line + 1 if err.problem_mark else 0
        raise BadInput(f"{file.name}:{line}: this is not YAML: {err.problem}.") from err
    except (yaml.YAMLError, UnicodeDecodeError, OSError, RecursionError) as err:
        raise BadInput(f"{file.name} cannot be read as YAML: {type(err).__name__}.") from err


def _yaml_files(folder: Path) -> Iterable[Path]:
    return sorted(file for file in folder.glob("*") if file.suffix in (".yaml", ".yml") and file.is_file())


def _mapping(value: Any, file: Path, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadInput(f"{file.name}: {what} must be a mapping.")
    return cast("dict[str, Any]", value)


def _mappings(value: Any, file: Path, what: str) -> list[dict[str, Any]]:
    return [_mapping(one, file, f"{what}[{number}]") for number, one in enumerate(_listed(value, file, what))]


def _listed(value: Any, file: Path, what: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadInput(f"{file.name}: {what} must be a list.")
    return cast("list[Any]", value)


def _finding(file: Path, root: Path, err: BadInput) -> Finding:
    found = re.match(r"[^:\s]+:(\d+): ", str(err))
    line = int(found[1]) if found else 0
    return Finding(file=_relative(file, root), line=line, message=str(err), severity="error")


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
