"""What each Task of a ``task.yaml`` does, by its manifest and the scripts it reaches. Nothing is executed."""

from collections.abc import Callable
from pathlib import Path

from runstone.content import mutates, reach, scripts, taskfile
from runstone.content.reach import Entry, Graph
from runstone.content.scripts import Source
from runstone.content.taskfile import ManifestTask
from runstone.model.content import Change, CommandTimeout, Contract, Finding, PossibleIssue, Task, TaskContract

Script = Callable[[str], Source | None]


def read(path: Path) -> tuple[Contract, tuple[Path, ...]]:
    """The contract of one ``task.yaml`` without findings on its inputs, and the scripts it was read from.

    Raises BadInput when the manifest cannot be read.
    """
    suite, findings = taskfile.read(path)
    files: dict[Path, None] = {}

    def script(name: str) -> Source | None:
        file = path.parent / name
        if not file.is_file():
            return None
        files[file] = None
        return scripts.of(file)

    pairs = zip(taskfile.manifest(path).tasks, suite.tasks, strict=True)
    tasks = tuple(_task(one, task, script) for one, task in pairs)
    found = Contract(suite=suite, tasks=tasks, findings=(*findings, *_problems(files)))
    return found, tuple(files)


def _task(one: ManifestTask, task: Task, script: Script) -> TaskContract:
    entry = Entry()
    if one.script:
        entry.files.append((one.script, False, task.line))
    for change in _changes(one, task, script):
        entry.changes[change] = None
    if one.http:
        entry.issues[_issue(one, task)] = None
    entry.timeouts[CommandTimeout(seconds=one.timeout_seconds, file=taskfile.NAME, line=task.line)] = None
    graph = Graph(script, entry)
    graph.walk()
    return TaskContract(
        title=task.title,
        tools=reach.tools(graph, entry),
        scripts=tuple(graph.scripts) or ((one.sql.file,) if one.sql and one.sql.file else ()),
        commands=(),
        unknown=(),
        issues=(*entry.issues, *graph.issues()),
        changes=(*entry.changes, *graph.changes()),
        timeouts=tuple(entry.timeouts),
    )


def _changes(one: ManifestTask, task: Task, script: Script) -> list[Change]:
    """What the manifest itself says to do to others."""
    if one.http and mutates.changes(["curl", "-X", one.http.method, one.http.url]):
        return [Change(file=taskfile.NAME, line=task.line, words=f"{one.http.method} {one.http.url}")]
    if one.sql and one.sql.query and mutates.sql_changes(one.sql.query):
        return [Change(file=taskfile.NAME, line=task.line, words=scripts.shown(one.sql.query.split()))]
    source = script(one.sql.file) if one.sql and one.sql.file else None
    file = one.sql.file if one.sql else ""
    return [Change(file=file, line=trace.line, words=trace.value) for trace in source.traces] if source else []


def _issue(one: ManifestTask, task: Task) -> PossibleIssue:
    said = one.issue
    return PossibleIssue(
        title=said.title or f"{task.title} is not as expected",
        severity=said.severity,
        next_steps=said.next_steps,
        origin="script",
        file=taskfile.NAME,
        line=task.line,
    )


def _problems(files: dict[Path, None]) -> list[Finding]:
    """What is wrong with the scripts that were read."""
    found = [(file, scripts.of(file).problem) for file in files]
    return [
        Finding(file=file.name, line=problem[0], message=problem[1], severity="warning")
        for file, problem in found
        if problem
    ]
