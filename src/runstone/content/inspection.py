"""Everything below a folder that is content: its suites as contracts, and what is wrong with it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runstone.content import contract, parse, taskfile
from runstone.errors import BadInput
from runstone.model.content import Contract, Finding
from runstone.model.noun import Noun


class InspectedSuite(Noun):
    """One suite below the folder. ``folder`` is relative to what was inspected; ``contract``'s files are to it."""

    file: str
    folder: str
    contract: Contract


class Inspection(Noun):
    """What was found. ``files``: every suite's file that was read, unreadable ones too, relative to ``root``."""

    root: str
    files: tuple[str, ...]
    suites: tuple[InspectedSuite, ...]
    defects: tuple[Finding, ...]


def of(path: Path) -> Inspection:
    """A bundle, a collection, a folder of collections or one suite's file. Raises BadInput when it is none."""
    root = path if path.is_dir() else path.parent
    files = sorted(suite_files(path)) if path.is_dir() else [path] if _is_suite(path) else []
    if not files:
        raise BadInput(
            f"There is no .robot file and no {taskfile.NAME} in {path}. Give a CodeBundle, a CodeCollection or a "
            "folder of those."
        )
    suites: list[InspectedSuite] = []
    defects: list[Finding] = []
    for file in files:
        folder = _relative(file.parent, root)
        try:
            found = contract.of(file)
        except BadInput as err:
            defects.append(Finding(file=_relative(file, root), line=0, message=str(err), severity="error"))
            continue
        suites.append(InspectedSuite(file=_relative(file, root), folder=folder, contract=found))
        defects += [one.model_copy(update={"file": _joined(folder, one.file)}) for one in found.findings]
    folders = dict.fromkeys(file.parent for file in files)
    for folder in folders:
        defects += parse.rule_findings(folder, root)
    for collection in dict.fromkeys(folder.parent.parent for folder in folders if folder.parent.name == "codebundles"):
        defects += parse.cause_findings(collection) if collection == root else _below(collection, root)
    unique = dict.fromkeys(defects)
    return Inspection(
        root=str(path),
        files=tuple(_relative(file, root) for file in files),
        suites=tuple(suites),
        defects=tuple(sorted(unique, key=lambda one: (one.file, one.line, one.message))),
    )


def document(found: Inspection) -> dict[str, Any]:
    """The inspection as one JSON document: files, contracts, defects. Its fields are in docs/reference/contracts.md."""
    return {
        "root": found.root,
        "files": list(found.files),
        "contracts": [_contract(one) for one in found.suites],
        "defects": [one.model_dump(mode="json") for one in found.defects],
    }


def suite_files(folder: Path) -> Iterator[Path]:
    """Every suite below, but not in hidden folders: those are a repository's or a test's own."""
    for file in (*folder.rglob("*.robot"), *folder.rglob(taskfile.NAME)):
        inside = file.relative_to(folder).parts
        if not any(part.startswith(".") for part in inside) and _is_suite(file):
            yield file


def _contract(one: InspectedSuite) -> dict[str, Any]:
    suite = one.contract.suite.model_dump(mode="json", exclude={"tasks", "file"})
    for given, said in zip(suite["inputs"], one.contract.suite.inputs, strict=True):
        given["required"] = said.required
    tasks = [
        {**task.model_dump(mode="json"), "mutates": does.mutates, **does.model_dump(mode="json", exclude={"title"})}
        for task, does in zip(one.contract.suite.tasks, one.contract.tasks, strict=True)
    ]
    return {"file": one.file, "folder": one.folder, **suite, "tasks": tasks}


def _is_suite(file: Path) -> bool:
    return file.is_file() and (file.suffix == ".robot" or file.name == taskfile.NAME)


def _below(collection: Path, root: Path) -> list[Finding]:
    prefix = _relative(collection, root)
    return [one.model_copy(update={"file": _joined(prefix, one.file)}) for one in parse.cause_findings(collection)]


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _joined(folder: str, file: str) -> str:
    return file if folder in ("", ".") else f"{folder}/{file}"
