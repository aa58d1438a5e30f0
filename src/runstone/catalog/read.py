"""The Tasks of a CodeCollection on disk, or of a catalogue file with one JSON object a line."""

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import structlog

from runstone.catalog import facets, layout, opened, patterns
from runstone.catalog.entry import Entry
from runstone.content import inspection
from runstone.errors import BadInput
from runstone.model.content import Access, Contract, SourceFile, Suite, Task, TaskContract, TaskSource

log = structlog.get_logger()
_README = "README.md"
_RUNBOOK = "runbook.robot"


def collection(root: Path) -> tuple[Entry, ...]:
    """Every Task of the runbooks below a folder, with its contract. Raises BadInput when there is no bundle."""
    name = root.resolve().name
    found = [one for folder, does, text in _runbooks(root) for one in suite(root, folder, does, text, name)]
    kept, notes = once(found)
    for note in notes:
        log.warning("a Task is left out", collection=name, reason=note)
    return kept


def once(entries: Sequence[Entry]) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """The entries without those whose key an earlier one has, and a sentence on each that is left out."""
    kept: dict[str, Entry] = {}
    notes = [
        f"{one.bundle} has two Tasks {one.title!r}: that of the runbook counts, or the first. Give the other a title."
        for one in entries
        if kept.setdefault(one.key, one) is not one
    ]
    return tuple(kept.values()), tuple(dict.fromkeys(notes))


def measures(file: str) -> bool:
    """Whether a suite measures on a schedule, by its file's name: nobody is sent to it with a question."""
    return file.startswith("sli")


def runbook_first(file: str) -> tuple[bool, str]:
    """The order of a bundle's suites: of two Tasks with one title, that of the runbook is the bundle's."""
    return file != _RUNBOOK, file


def sources(root: Path) -> dict[str, TaskSource]:
    """What lies below a folder of each of its Tasks, by the entry's key. Raises BadInput when there is no bundle.

    A Task that a link or a path leads out of the folder for has none: what is there is not of the collection, and its
    contract was read from it too.
    """
    found: dict[str, TaskSource] = {}
    seen: set[str] = set()
    for folder, contract, text in _runbooks(root):
        readme = folder / _README
        told = _text_of(readme) if readme.is_file() and _inside(root, readme) else ""
        for task, does, files in _tasks(root, folder, contract, text):
            key = f"{folder.resolve().name}::{task.title}"
            known = key in seen
            seen.add(key)
            if not known and not any(_leads_out(root, folder, name) for name in (contract.suite.file, *_reached(does))):
                found[key] = TaskSource(files=files, readme=told)
    return found


def _runbooks(root: Path) -> Iterator[tuple[Path, Contract, str]]:
    """Every suite of a bundle that does not measure: its bundle's folder, what it does, and its text."""
    for folder in layout.folders(root):
        suites = inspection.of(folder).suites if any(inspection.suite_files(folder)) else ()
        own = [one.contract for one in suites if one.folder in ("", ".")]
        for contract in sorted(own, key=lambda one: runbook_first(one.suite.file)):
            if not measures(contract.suite.file):
                yield folder, contract, _text_of(folder / contract.suite.file)


def _tasks(
    root: Path, folder: Path, contract: Contract, text: str
) -> Iterator[tuple[Task, TaskContract, tuple[SourceFile, ...]]]:
    """Every Task of a suite with what it does, its own steps and the scripts it reaches."""
    for task, does in zip(contract.suite.tasks, contract.tasks, strict=True):
        own = SourceFile(name=contract.suite.file, text=body(text, task.line))
        yield task, does, (own, *_scripts(folder, root, does))


def _reached(does: TaskContract) -> set[str]:
    """Every file that a contract names."""
    told = (*does.tools, *does.changes, *does.issues, *does.timeouts)
    return {*does.scripts, *(one.file for one in told)}


def _leads_out(root: Path, folder: Path, name: str) -> bool:
    """Whether a file of a contract, relative to bundle or collection, is one outside the collection."""
    return any(file.is_file() and not _inside(root, file) for file in (folder / name, root / name))


def _inside(root: Path, file: Path) -> bool:
    return file.resolve().is_relative_to(root.resolve())


def suite(root: Path, folder: Path, contract: Contract, text: str, collection: str) -> Iterator[Entry]:
    """The Tasks of one suite, whose file in ``folder`` holds ``text``; none when it measures on a schedule."""
    if measures(contract.suite.file):
        return
    for task, does, files in _tasks(root, folder, contract, text):
        runs = opened.inputs(contract.suite, does)
        entry = _entry(collection, folder.resolve().name, contract.suite, task, does, files)
        yield entry.model_copy(update={"runs": runs, "extended": opened.extended(text, runs)})


def lines(file: Path) -> tuple[Entry, ...]:
    """A catalogue file: ``codebundle``, ``title``, and where known ``doc``, ``bundle_doc``, ``tags``, ``supports``.

    Raises BadInput with the line that is not such an object.
    """
    entries: list[Entry] = []
    for number, line in enumerate(_text(file).splitlines(), 1):
        if line.strip():
            entries.append(_line(line, f"{file.name}:{number}", file.stem))
    return tuple(entries)


def body(text: str, line: int) -> str:
    """One Task of a suite's text: from its title, on ``line`` (1-based), to the next thing at the margin."""
    rows = text.splitlines(keepends=True)[max(0, line - 1) :]
    end = next((at for at, row in enumerate(rows[1:], 1) if re.match(r"[^\s#]", row)), len(rows))
    return "".join(rows[:end])


def _entry(
    collection: str, bundle: str, suite: Suite, task: Task, does: TaskContract, files: tuple[SourceFile, ...]
) -> Entry:
    source = [one.text for one in files]
    return Entry(
        collection=collection,
        bundle=bundle,
        title=task.title,
        documentation=task.documentation,
        bundle_documentation=suite.documentation,
        tags=task.tags,
        supports=suite.supports,
        access=task.access,
        changes=does.mutates or task.access == "read-write" or _says_change(task.title, task.access),
        contract=does,
        source_bytes=sum(len(text.encode()) for text in source),
        source_digest=hashlib.sha256("\0".join(source).encode()).hexdigest(),
        patterns=patterns.of(files),
        inputs=_needed(suite),
    )


def _says_change(title: str, access: Access) -> bool:
    return access != "read-only" and facets.verb(title) == "change"


def _needed(suite: Suite) -> tuple[str, ...]:
    secrets = (one.name for one in suite.secrets if not one.optional and not one.conditional)
    return (*(one.name for one in suite.inputs if one.required), *secrets)


def _scripts(folder: Path, root: Path, does: TaskContract) -> Iterator[SourceFile]:
    for name in does.scripts:
        file = (root if name.startswith("libraries/") else folder) / name
        if file.is_file():
            yield SourceFile(name=name, text=_text_of(file))


def _line(line: str, where: str, collection: str) -> Entry:
    try:
        said: dict[str, Any] = json.loads(line)
        tags = tuple(str(said.get("tags", "")).split())
        title = str(said["title"])
        bundle = str(said["codebundle"])
    except (ValueError, KeyError, TypeError, AttributeError) as err:
        raise BadInput(f"{where} is no Task: give a JSON object with at least codebundle and title.") from err
    named = {tag.partition(":")[2] for tag in tags if tag.startswith("access:")}
    access: Access = "read-write" if "read-write" in named else "read-only" if "read-only" in named else "unknown"
    return Entry(
        collection=collection,
        bundle=bundle,
        title=title,
        documentation=str(said.get("doc", "")),
        bundle_documentation=str(said.get("bundle_doc", "")),
        tags=tags,
        supports=tuple(re.split(r"[,\s]+", str(said.get("supports", "")))),
        access=access,
        changes=access == "read-write" or facets.verb(title) == "change",
    )


def _text_of(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as err:
        raise BadInput(f"{file} cannot be read as text: {type(err).__name__}.") from err
