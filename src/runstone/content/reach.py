"""What is reached from a Task's steps: scripts, the scripts and functions those call, and what comes of it all."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from runstone.content import mutates, raised
from runstone.content.scripts import Source, Trace
from runstone.model.content import Change, CommandTimeout, PossibleIssue, Tool


@dataclass
class Entry:
    """What a Task's steps come to by themselves: texts they run, scripts they name, and what needs no following."""

    texts: list[tuple[str, Source, bool]] = field(default_factory=list[tuple[str, Source, bool]])
    """File, what is in it, and whether it may not run."""
    files: list[tuple[str, bool, int]] = field(default_factory=list[tuple[str, bool, int]])
    """Scripts that steps name: file, whether it may not run, the step's line."""
    issues: dict[PossibleIssue, None] = field(default_factory=dict[PossibleIssue, None])
    timeouts: dict[CommandTimeout, None] = field(default_factory=dict[CommandTimeout, None])
    changes: dict[Change, None] = field(default_factory=dict[Change, None])
    tools: list[Tool] = field(default_factory=list[Tool])
    commands: dict[str, None] = field(default_factory=dict[str, None])


class Graph:
    """What is reached from a Task's texts: files and their functions, each always or only sometimes."""

    def __init__(self, script: Callable[[str], Source | None], entry: Entry) -> None:
        self._lookup, self._entry = script, entry
        self.scripts: dict[str, None] = {}
        self.open: dict[tuple[str, str], None] = {}
        """File and variable: what runs is the variable's value."""
        self.unknown: dict[tuple[str, int], None] = {}
        self.traces: list[tuple[str, Trace, bool]] = []
        """File, trace, and whether it may not happen."""
        self.blind = False
        """Whether something was sourced that is not there: an unknown name may be a function of it."""
        self._sources: dict[str, Source] = {}
        self._functions: dict[str, list[tuple[str, Source]]] = {}
        self._done: dict[tuple[str, str], bool] = {}

    def walk(self) -> None:
        """Follow everything that is reached."""
        for name, _, line in self._entry.files:
            self._load(name, line)
        for file, source, conditional in self._entry.texts:
            self._learn(file, source)
            self._load_named(source)
            self._top(file, source, conditional)
        for name, conditional, _ in self._entry.files:
            self._script(name, conditional)

    def _load(self, name: str, line: int = 0) -> None:
        """Read a script and all it names, so that every function is known before one is followed."""
        if name in self._sources:
            return
        source = self._lookup(name)
        if source is None:
            self.unknown.update({(name, line): None} if line else {})
            return
        self._sources[name] = source
        self._learn(name, source)
        self._load_named(source)

    def _load_named(self, source: Source) -> None:
        for trace in source.traces:
            if trace.kind in ("script", "source") and trace.value and not trace.remote:
                self._load(trace.value)

    def _learn(self, file: str, source: Source) -> None:
        for name in source.functions:
            self._functions.setdefault(name, []).append((file, source))

    def _script(self, name: str, conditional: bool) -> None:
        source = self._sources.get(name)
        if source is not None:
            self.scripts[name] = None
            self._top(name, source, conditional)

    def _top(self, file: str, source: Source, conditional: bool) -> None:
        if file in self._sources and not self._enter((file, ""), conditional):
            return
        self._follow(file, source, "", conditional)

    def _enter(self, node: tuple[str, str], conditional: bool) -> bool:
        """Whether the node must be followed: it is new, or was only sometimes reached until now."""
        if self._done.get(node, True) <= conditional and node in self._done:
            return False
        self._done[node] = conditional
        return True

    def _follow(self, file: str, source: Source, function: str, conditional: bool) -> None:
        for trace in source.traces:
            if trace.function != function:
                continue
            may = conditional or trace.conditional
            if trace.kind in ("tool", "function") and trace.value in self._functions:
                self._call(trace.value, may)
            elif trace.kind in ("script", "source"):
                self.blind = self.blind or (trace.kind == "source" and trace.value not in self._sources)
                self._script(trace.value, may)
            elif trace.kind == "open":
                self.open[file, trace.value] = None
            else:
                self.traces.append((file, trace, may))

    def _call(self, name: str, conditional: bool) -> None:
        for file, source in self._functions[name]:
            if self._enter((file, f"function {name}"), conditional):
                self._follow(file, source, name, conditional)

    def changes(self) -> Iterator[Change]:
        """The changes among what is reached, each place once."""
        found: dict[tuple[str, int, str], Change] = {}
        for file, trace, _ in self.traces:
            if trace.kind == "change":
                # Variants of one command differ in what comes later.
                begins = " ".join(trace.value.split()[:3])
                found.setdefault((file, trace.line, begins), Change(file=file, line=trace.line, words=trace.value))
        yield from found.values()

    def issues(self) -> Iterator[PossibleIssue]:
        """The Issues that the scripts describe, with a helper's blanks filled in by those who call it."""
        found: dict[tuple[str, str], PossibleIssue] = {}
        for file, source in self._described():
            for one in source.raised:
                for issue in self._filled(one, file):
                    found.setdefault((issue.title, issue.file), issue)
        yield from found.values()

    def _described(self) -> Iterator[tuple[str, Source]]:
        yield from ((file, self._sources[file]) for file in self._sources if file in self.scripts)
        yield from ((file, source) for file, source, _ in self._entry.texts)

    def _filled(self, one: raised.Raised, file: str) -> Iterator[PossibleIssue]:
        calls = [
            (where, words)
            for where, source in self._described()
            for words in source.said
            if one.function and words[0] == one.function
        ]
        found = [(where, raised.filled(one, words[:-1], int(words[-1]))) for where, words in calls]
        for where, issue in [(where, said) for where, said in found if said] or [(file, one)]:
            yield PossibleIssue(
                title=issue.title,
                severity=raised.number(issue.severity),
                next_steps=raised.steps(issue.next_steps),
                origin="script",
                file=where,
                line=issue.line,
            )


_NEEDS = ("always", "sometimes", "optional", "remote")


def tools(graph: Graph, entry: Entry) -> tuple[Tool, ...]:
    """Each program once, at its greatest need."""
    asked = {trace.value for _, trace, _ in graph.traces if trace.kind == "test"}
    found: dict[str, Tool] = {}
    for file, trace, may in graph.traces:
        if trace.kind in ("tool", "need"):
            unsure = may or (graph.blind and not mutates.knows(trace.value))
            _raise(found, _tool(file, trace, unsure, trace.value in asked))
    for tool in entry.tools:
        _raise(found, tool)
    return tuple(sorted(found.values(), key=lambda tool: (_NEEDS.index(tool.need), tool.name)))


def _tool(file: str, trace: Trace, may: bool, asked: bool) -> Tool:
    need = (
        "remote" if trace.remote else "optional" if asked and trace.kind == "tool" else "sometimes" if may else "always"
    )
    return Tool(name=trace.value, need=need, file=file, line=trace.line)


def _raise(found: dict[str, Tool], tool: Tool) -> None:
    known = found.get(tool.name)
    if known is None or _NEEDS.index(tool.need) < _NEEDS.index(known.need):
        found[tool.name] = tool
