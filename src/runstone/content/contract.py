"""What each Task of a suite does, by reading its source and that of the scripts it reaches. Nothing is executed.

A Task reaches its own steps, the suite's setup and teardown, the suite's own keywords, the commands those run and the
scripts of the bundle those start or source, as far as the text tells. Keywords of libraries are not followed; of a few
that change something the name is enough.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from robot.api.parsing import File

from runstone.content import inputs, mutates, outline, plain, raised, reach, robotfile, scripts, shell, taskfile
from runstone.content.outline import Body, Outline, Step
from runstone.content.reach import Entry, Graph
from runstone.content.scripts import Source
from runstone.errors import BadInput
from runstone.model.content import (
    Change,
    CommandTimeout,
    Contract,
    Finding,
    PossibleIssue,
    Suite,
    Task,
    TaskContract,
    Tool,
)

_VARIANTS = 6
"""Values of one variable that are tried in a command; no public suite gives one more that matter."""
_DEEPEST = 4
"""Values within values that are still put in."""
_VARIABLE = re.compile(r"\$\{([\w ]+)\}")
_FIRST = re.compile(r"(?:^|[|;&(]\s*|\$\(\s*)\$\{(\w+)\}")
_WRITTEN = re.compile(r">\s*\$\{(\w+)\}")
_NAMES = re.compile(r"\$\{?(\w[\w ]*)")
_ONLY = re.compile(r"\s*\$\{\w[^{}]*\}\s*")
_SAME = re.compile(
    r"evaluate|(?:strip|replace|format)string\w*|convertto(?:string|bytes)|(?:de|en)code\w+|get(?:line|match|substring)\w*"
)
"""Keywords that give what they are given, at most in another form."""
_TEXT_COMMANDS = {"run", "runandreturnrc", "runandreturnrcandoutput"}
_SHELLS = {"runcli", "shell"}
_PROCESSES = {"runprocess", "startprocess"}
_DATA = {"createdictionary", "settodictionary", "setvariable", "setsuitevariable", "settestvariable", "log", "evaluate"}
"""Keywords whose ``cmd=`` is a name or a value of theirs, never a command."""
_REQUESTS = {
    **{name: name.upper() for name in ("post", "put", "patch", "delete")},
    **{
        f"{name}{tail}": name.upper()
        for name in ("post", "put", "patch", "delete")
        for tail in ("onsession", "request")
    },
}
_CHANGING = re.compile(
    r"send\w*message|post(?:message|comment)\w*|notify\w*|undo\w*|"
    r"run(?:tasks|slx)\w*|add\w*note\w*|create(?:runsession|github|draftslx|issue|ticket|incident|alert)\w*|"
    r"(?:close|merge)(?:issue|ticket|incident|alert|pull|branch)\w*|"
    r"(?:delete(?!allsessions)|restart|scale|rollback|patch|drain|terminate|reboot|suspend|resume|evict)\w*"
)
"""Names of library keywords that change something, as they are written without blanks."""
_OWN = re.compile(
    r"(?i)^(?:RW\.)?(?:Core|CLI|platform|Utils)\.|^(?:BuiltIn|Collections|String|OperatingSystem|Process)\."
)


@dataclass(frozen=True)
class _Known:
    stamps: tuple[tuple[Path, int, int], ...]
    contract: Contract


_contracts: dict[Path, _Known] = {}


def of(path: Path, tree: File | None = None) -> Contract:
    """The contract of one ``.robot`` file or ``task.yaml``; read again only when it or one of its scripts has changed.

    ``tree``: the syntax tree of a ``.robot`` file, from a caller who has read it already. Raises BadInput when the file
    cannot be read at all. What is wrong in it or in a script is among the findings, whose files are relative to the
    bundle.
    """
    known = _contracts.get(path)
    if known and known.stamps == tuple(_stamp(one[0]) for one in known.stamps):
        return known.contract
    if path.name == taskfile.NAME:
        contract, files = plain.read(path)
    else:
        contract, files = _robot(path, tree)
    told = (*contract.findings, *inputs.findings(contract.suite), *_contradictions(contract.suite, contract.tasks))
    whole = contract.model_copy(update={"findings": told})
    _contracts[path] = _Known(tuple(_stamp(one) for one in (path, *files)), whole)
    return whole


def _robot(path: Path, tree: File | None) -> tuple[Contract, tuple[Path, ...]]:
    try:
        tree = tree or robotfile.model(path)
    except OSError as err:
        raise BadInput(f"{path.name} cannot be read: {err.strerror}.") from err
    suite, findings = robotfile.described(path.name, tree)
    reader = _Bundle(path, suite, outline.read(tree))
    tasks = tuple(reader.task(task, body) for task, body in zip(suite.tasks, reader.outline.tasks, strict=False))
    told = (*findings, *reader.findings())
    return Contract(suite=suite, tasks=tasks, findings=told), tuple(reader.files)


def _stamp(path: Path) -> tuple[Path, int, int]:
    try:
        state = path.stat()
    except OSError:
        return path, 0, -1
    return path, state.st_mtime_ns, state.st_size


def _contradictions(suite: Suite, tasks: tuple[TaskContract, ...]) -> Iterator[Finding]:
    """Tasks that say they only read, and change something."""
    for task, found in zip(suite.tasks, tasks, strict=False):
        if task.access == "read-only" and found.changes:
            first = found.changes[0]
            text = (
                f"Task {task.title!r} is tagged access:read-only, but {first.file}:{first.line} changes something: "
                f"{first.words}. Tag it access:read-write, or take the command out."
            )
            yield Finding(file=suite.file, line=task.line, message=text, severity="error")


class _Bundle:
    """One suite and the scripts beside it."""

    def __init__(self, path: Path, suite: Suite, steps: Outline) -> None:
        self.path, self.suite, self.outline = path, suite, steps
        self.files: dict[Path, None] = {}
        self._missing: dict[tuple[str, int], None] = {}
        self._defaults = {one.name: said for one in suite.inputs if (said := one.default or one.example)}
        self._inputs = {one.name for one in suite.inputs}
        self._body = Body()
        """Whose steps are read: variables hold what it sets them to before what others do."""

    def task(self, task: Task, body: Body) -> TaskContract:
        """The contract of one Task."""
        entry = Entry()
        for one in (Body(self.outline.around), body):
            self._steps(one, entry, False, ())
        graph = Graph(self._script, entry)
        graph.walk()
        for name, line in graph.unknown:
            self._missing[name, line] = None
        return TaskContract(
            title=task.title,
            tools=reach.tools(graph, entry),
            scripts=tuple(graph.scripts),
            commands=tuple(dict.fromkeys((*entry.commands, *self._given(graph.open)))),
            unknown=tuple(name for file, name in graph.open if file == self.suite.file and not self._told(name)),
            issues=(*entry.issues, *graph.issues()),
            changes=(*entry.changes, *graph.changes()),
            timeouts=tuple(entry.timeouts),
        )

    def _given(self, run: Iterable[tuple[str, str]]) -> Iterator[str]:
        """The inputs among the variables whose values run, and those that such a variable's value is made of."""
        for file, name in run:
            if name in self._inputs:
                yield name
            elif file == self.suite.file:
                yield from self._made_of(name, set())

    def _told(self, name: str) -> bool:
        """Whether it is known what a variable of the suite holds, or which inputs that is made of."""
        return name in self.outline.values or any(self._made_of(name, set()))

    def _made_of(self, name: str, seen: set[str]) -> Iterator[str]:
        if name in self._inputs:
            yield name
        if name in self._inputs or name in seen:
            return
        seen.add(name)
        # A longer text was read with its variables replaced: what runs in it stands there.
        other = (text for text in self.outline.values.get(name, ()) if _ONLY.fullmatch(text))
        for text in (*other, *(self._kept(one) for one in self.outline.made.get(name, ()))):
            for one in _NAMES.findall(text):
                yield from self._made_of(one.strip(), seen)

    def _kept(self, step: Step) -> str:
        """A text with the variables whose values a step's result holds, at most in another form."""
        if _SAME.fullmatch(step.key):
            return " ".join(step.args)
        cmd = step.given("cmd") or next(iter(step.positional()), None)
        if cmd is None or step.key not in _SHELLS | _TEXT_COMMANDS:
            return ""
        return " ".join(f"${{{name}}}" for name in shell.handed_on(shell.read(robotfile.text(cmd[0])).commands))

    def findings(self) -> Iterator[Finding]:
        """What is wrong with the scripts that were read, and which are not there."""
        for file in self.files:
            problem = scripts.of(file).problem
            if problem:
                yield Finding(file=file.name, line=problem[0], message=problem[1], severity="warning")
        for name, line in self._missing:
            text = f"The script {name} that is run here is not in the bundle."
            yield Finding(file=self.suite.file, line=line, message=text, severity="warning")

    def _script(self, name: str) -> Source | None:
        file = self.path.parent / name
        if name.startswith("libraries/"):
            file = self.path.parents[2] / name if len(self.path.parents) > 2 else file
        if not file.is_file():
            return None
        self.files[file] = None
        return scripts.of(file)

    # Steps

    def _steps(self, body: Body, entry: Entry, conditional: bool, within: tuple[str, ...]) -> None:
        before, self._body = self._body, body
        for step in body.steps:
            self._step(step, entry, conditional or step.conditional, within)
        self._body = before

    def _step(self, step: Step, entry: Entry, conditional: bool, within: tuple[str, ...]) -> None:
        name, inner = self.outline.keyword(step)
        if name and name not in within:
            self._steps(inner, entry, conditional, (*within, name))
            return
        key = step.key
        self._timeout(step, entry)
        if key == "addissue":
            self._issue(step, entry)
        elif key == "runbashfile":
            self._file(step, entry, conditional)
        elif key in _PROCESSES or key in _TEXT_COMMANDS:
            self._process(step, entry, conditional)
        elif key not in _DATA and (step.given("cmd") or (key in _SHELLS and step.positional())):
            cmd = step.given("cmd") or step.positional()[0]
            self._text(cmd, entry, conditional, remote=step.given("target_service") is not None)
        else:
            self._keyword(step, entry)

    def _text(self, cmd: tuple[str, int], entry: Entry, conditional: bool, remote: bool = False) -> None:
        """A command given as text, once for each value that its variables may have."""
        # A default of several words is one command among all that could be given.
        first = self._first(cmd[0], set())
        entry.commands.update({name: None for name in self._defaults if name in first and " " in self._defaults[name]})
        sources = [scripts.of_shell(text, cmd[1], remote) for text in self._variants(cmd[0])]
        for source in sources if len(sources) == 1 else scripts.choices(sources):
            entry.texts.append((self.suite.file, source, conditional))

    def _first(self, text: str, seen: set[str]) -> set[str]:
        """The variables that stand for a program in a text, or in the value of such a one."""
        for name in _FIRST.findall(text):
            if name not in seen:
                seen.add(name)
                for said in self.outline.said(name, self._body):
                    self._first(said, seen)
        return seen

    def _file(self, step: Step, entry: Entry, conditional: bool) -> None:
        override = step.given("cmd_override")
        said = step.given("bash_file") or next(iter(step.positional()), None)
        if override:
            self._text(override, entry, conditional)
            if not said or "$" not in override[0].partition(" ")[0] or ".sh" in override[0]:
                return
        if said:
            for name in self._variants(said[0]):
                if "$" not in name:
                    entry.files.append((name.rpartition("/")[2], conditional, said[1]))

    def _process(self, step: Step, entry: Entry, conditional: bool) -> None:
        words = step.positional()
        if not words:
            return
        if step.key in _TEXT_COMMANDS or step.given("shell"):
            self._text(words[0], entry, conditional)
        else:
            quoted = " ".join("'" + robotfile.text(word).replace("'", "'\\''") + "'" for word, _ in words)
            self._text((quoted, words[0][1]), entry, conditional)

    def _keyword(self, step: Step, entry: Entry) -> None:
        """A library's keyword: its name may say that it changes something, and ``binary=`` what it calls."""
        binary = step.given("binary")
        name = self._variants(binary[0])[0] if binary else ""
        if binary and re.fullmatch(r"[\w.-]+", name):
            entry.tools.append(Tool(name=name, need="sometimes", file=self.suite.file, line=binary[1]))
        key, library = step.key, step.name.rpartition(".")[0]
        words = [robotfile.text(arg) for arg in step.args]
        request = _REQUESTS.get(key) if not _OWN.match(step.name) else None
        method = step.given("method")
        if method and key.endswith("request"):
            request = self._variants(method[0])[0].upper()
        posts = request and mutates.changes(["curl", "-X", request, *words])
        if posts or (library and not _OWN.match(step.name) and _CHANGING.fullmatch(key)):
            shown = scripts.shown((step.name, *words[:2]))
            entry.changes[Change(file=self.suite.file, line=step.line, words=shown)] = None

    def _issue(self, step: Step, entry: Entry) -> None:
        order = ("severity", "title", "expected", "actual", "reproduce_hint", "observed_at", "next_steps")
        given = dict(zip(order, (arg for arg, _ in step.positional()), strict=False))
        named = {name: found[0] for name in order if (found := step.given(name))}
        said = {**given, **named}
        issue = PossibleIssue(
            title=robotfile.text(said.get("title", "")),
            severity=raised.number(self._variants(said.get("severity", ""))[0]),
            next_steps=raised.steps(robotfile.text(said.get("next_steps", ""))),
            origin="robot",
            file=self.suite.file,
            line=step.line,
        )
        entry.issues[issue] = None

    def _timeout(self, step: Step, entry: Entry) -> None:
        said = step.given("timeout_seconds")
        if said and re.fullmatch(r"\d+(?:\.\d+)?", said[0].strip()):
            seconds = float(said[0])
            entry.timeouts[CommandTimeout(seconds=seconds, file=self.suite.file, line=said[1])] = None

    # Variables

    def _variants(self, written: str) -> list[str]:
        """The text with the suite's own variables replaced: one text for each value the most varied of them has."""
        found: dict[str, None] = {}
        for number in range(_VARIANTS):
            text = self._replaced(written, number, 0)
            if text in found:
                break
            found[text] = None
        return [robotfile.text(text) for text in found]

    def _replaced(self, text: str, number: int, depth: int, of: str = "") -> str:
        """What ``Set Variable`` and its like give goes anywhere.

        An input's default only where a program stands or a file is written. ``of``: the variable whose value the text
        is; where that names itself, it extends the value before.
        """

        def value(found: re.Match[str]) -> str:
            said = self.outline.said(found[1], self._body)
            if not said or depth > _DEEPEST:
                return found[0]
            place = min(number, len(said) - 1)
            if found[1] != of:
                return self._replaced(said[place], number, depth + 1, found[1])
            # Keywords stand below Tasks: the value before the first may be the next in the file.
            place = place - 1 if place else 1
            return self._replaced(said[place], place, depth + 1, of) if place < len(said) else found[0]

        text = _VARIABLE.sub(value, text)
        return _WRITTEN.sub(self._default, _FIRST.sub(self._default, text))

    def _default(self, found: re.Match[str]) -> str:
        said = self._defaults.get(found[1])
        return found[0] if said is None else found[0].replace(f"${{{found[1]}}}", said)
