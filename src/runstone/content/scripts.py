"""What a script of a CodeBundle uses, changes and says: bash, Python and SQL, read without running any of it.

A script is read once per state of its file. What it does is kept as traces: one tool it calls, one script it starts,
one thing it changes, each with the line and the function it stands in, so that only what a Task can reach counts.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from runstone.content import calls, mutates, pythons, raised, shell
from runstone.content.calls import Call
from runstone.content.raised import Raised
from runstone.content.shell import Command, Script

_CAP = 1024 * 1024
"""Bytes of a script worth reading; the largest public one has 130 kB."""
_GIVEN = {"KUBERNETES_DISTRIBUTION_BINARY": "kubectl"}
"""What the platform gives a script that the script itself does not set, at its default."""
_BUILTINS = (
    ". : [ [[ alias bg bind break builtin caller cd command compgen complete continue declare dirs disown "
    "echo enable eval exec exit export false fc fg getopts hash help history jobs kill let local logout "
    "mapfile popd printf pushd pwd read readarray readonly return select set shift shopt source suspend "
    "test times trap true type typeset ulimit umask unalias unset wait in esac done fi then do { } ! ]] "
    "time coproc function"
)
_OWN = frozenset(_BUILTINS.split())
"""bash's own: builtins and words of its grammar, which need no file on PATH."""
_PROGRAM = re.compile(r"[A-Za-z0-9_][\w.+-]*")
_SCRIPT = re.compile(r"(?:[^\s]*?/)?(libraries/[\w./-]+/[\w.-]+\.(?:sh|bash|py)|[\w.-]+\.(?:sh|bash|py|sql|jq))")
"""A script by its name, since a bundle's lie flat; one of the collection's libraries by its path below the root."""
_TAKES_FILES = {"jq", "psql", "mysql"}
_PYTHON = re.compile(r"python(?:\d(?:\.\d+)?)?")
_GIVEN_CODE = re.compile(r"^\s*\$\{?(\w+)[^\s{}]*\}?\s*$", re.MULTILINE)
"""A line of a program that is nothing but a variable's value."""
_GIVES_UP = re.compile(r"\bexit\b(?!\s*0)|\b(?:die|fatal|abort|fail)\b|missing|(?i:not installed|required)")
_BLOCK_END = re.compile(r"\n\s*(?:fi|done|\})\b|\n\s*\}")

Kind = Literal["tool", "test", "need", "script", "source", "function", "change", "open"]


@dataclass(frozen=True, slots=True)
class Trace:
    """One thing a script does.

    ``kind``: tool (``value`` is a program or a function), test (it asks whether the program ``value`` is there), need
    (it gives up without it), script (it starts the file ``value``), source (it takes in that file's functions),
    function (it names one of its own), change (``value`` shows the words), open (the program is the value of the
    variable ``value``).
    """

    kind: Kind
    value: str
    line: int
    function: str = ""
    conditional: bool = False
    remote: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """A file or text, read. ``problem``: the line and the sentence of what is wrong with it, if something is."""

    traces: tuple[Trace, ...] = ()
    raised: tuple[Raised, ...] = ()
    said: tuple[tuple[str, ...], ...] = ()
    """Calls of functions that raise Issues, words and then the line: they fill in what such a function leaves open."""
    functions: frozenset[str] = frozenset()
    problem: tuple[int, str] | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    stamp: tuple[int, int]
    source: Source


_files: dict[Path, _Known] = {}


def of(path: Path) -> Source:
    """One script file; read again only when it has changed. A file that is no text is a Source with a problem."""
    try:
        state = path.stat()
        stamp = (state.st_mtime_ns, state.st_size)
        known = _files.get(path)
        if known and known.stamp == stamp:
            return known.source
        source = _read(path, state.st_size)
    except OSError as err:
        return Source(problem=(0, f"{path.name} cannot be read: {err.strerror}."))
    _files[path] = _Known(stamp, source)
    return source


def _read(path: Path, size: int) -> Source:
    if size > _CAP:
        return Source(problem=(0, f"{path.name} has more than {_CAP} bytes; what it does was not looked at."))
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as err:
        return Source(problem=(0, f"{path.name} is not UTF-8 text (byte {err.start}); what it does was not looked at."))
    if path.suffix == ".sql":
        return of_sql(text)
    first = text.partition("\n")[0]
    if path.suffix == ".py" or (first.startswith("#!") and "python" in first):
        return of_python(text)
    return of_shell(text, 1) if path.suffix != ".jq" else Source()


def of_sql(text: str) -> Source:
    """A file of SQL statements."""
    found = mutates.sql_changes(text)
    return Source((Trace("change", shown(text.split()), 1),) if found else ())


def of_python(text: str) -> Source:
    """A Python program. What it starts may or may not run: all of it counts as conditional."""

    found = pythons.read(text)
    traces: list[Trace] = []
    for call in found.calls:
        traces += _traces(call, None)
    traces += [Trace("change", words, line, conditional=True) for line, words in found.changes]
    traces += [Trace("test", name, line) for line, name in found.tests]
    return Source(tuple(dict.fromkeys(traces)), found.raised, problem=found.problem)


def of_shell(text: str, line: int, remote: bool = False) -> Source:
    """A shell text whose first line is number ``line``. ``remote``: all of it runs elsewhere."""
    script = shell.read(text, line)
    traces: dict[tuple[object, ...], Trace] = {}
    said: list[tuple[str, ...]] = []
    found = list(raised.in_texts(script))
    for call in calls.calls(script, _GIVEN):
        if remote:
            call = replace(call, remote=True)
        for trace in _traces(call, script):
            key = (trace.kind, trace.value, trace.function, trace.conditional, trace.remote)
            traces.setdefault(key if trace.kind != "change" else (*key, trace.line), trace)
        if call.words[0] == "jq":
            found += raised.in_jq(call)
        elif calls.TELLS.search(call.words[0]) and len(call.words) > 1:
            said.append((*call.words, str(call.line)))
    for command in script.commands:
        for trace in _tests(command, script):
            traces.setdefault((trace.kind, trace.value, trace.function), trace)
    return Source(
        tuple(traces.values()),
        tuple(dict.fromkeys(found)),
        tuple(said),
        frozenset(script.functions),
        script.problem,
    )


def choices(sources: Sequence[Source]) -> list[Source]:
    """Texts of which one is run: only what is in all of them is sure to happen."""
    every = set.intersection(*({(one.kind, one.value) for one in source.traces} for source in sources))
    return [
        replace(
            source,
            traces=tuple(
                one if one.conditional or (one.kind, one.value) in every else replace(one, conditional=True)
                for one in source.traces
            ),
        )
        for source in sources
    ]


def _traces(call: Call, script: Script | None) -> Iterable[Trace]:
    """What one call comes to."""
    if call.unknown:
        yield _trace("open", call.unknown, call)
        return
    program = call.words[0]
    file = _SCRIPT.fullmatch(program)
    if file:
        yield _trace("script", file[1], call)
    elif program in (".", "source"):
        taken = _SCRIPT.fullmatch(call.words[1]) if len(call.words) > 1 else None
        yield _trace("source", taken[1] if taken else "", call)
    elif _PROGRAM.fullmatch(program) and (program not in _OWN or call.remote):
        yield _trace("tool", program, call)
        if program in calls.SHELLS or program in _TAKES_FILES or _PYTHON.fullmatch(program):
            yield from _started(call)
        if mutates.changes(call.words, call.stdin, call.remote):
            yield _trace("change", shown(call.words), call)
    if script and script.functions:
        yield from (_trace("function", word, call) for word in call.words[1:] if word in script.functions)


def _trace(kind: Kind, value: str, call: Call) -> Trace:
    return Trace(kind, value, call.line, call.function, call.conditional, call.remote)


def _started(call: Call) -> Iterable[Trace]:
    """The file that a shell or an interpreter is given, and code given as text."""
    program, words = call.words[0], call.words
    for word in words[1:]:
        file = _SCRIPT.fullmatch(word)
        if file:
            yield _trace("script", file[1], call)
            break
        if program not in _TAKES_FILES and (not word.startswith("-") or word in ("-c", "-")):
            break
    if _PYTHON.fullmatch(program):
        code = words[2] if words[1:2] == ("-c",) and len(words) > 2 else call.stdin
        yield from (_trace("open", name, call) for name in _GIVEN_CODE.findall(code))
        inner = of_python(code).traces if code else ()
        yield from (replace(one, line=call.line, function=call.function, conditional=True) for one in inner)


def _tests(command: Command, script: Script) -> Iterable[Trace]:
    """Questions whether a program is there, and whether the script gives up without it."""
    words = command.words
    asked = words[2:] if words[:1] == ["command"] and words[1:2] in (["-v"], ["-V"]) else []
    if words and words[0] in ("which", "type", "hash"):
        asked = [word for word in words[1:] if not word.startswith("-")]
    if not asked:
        return
    kind: Kind = "need" if _gives_up(command, script) else "test"
    for word in asked:
        for name in _names(word, script):
            if _PROGRAM.fullmatch(name):
                yield Trace(kind, name, command.line, command.function, command.conditional)


def _names(word: str, script: Script) -> list[str]:
    variable = re.fullmatch(r"\$\{?(\w+)\}?", word)
    if not variable:
        return [word]
    return [one for value in script.variables.get(variable[1], ()) for one in value.words]


def _gives_up(command: Command, script: Script) -> bool:
    if not (command.negated or command.ends == "||"):
        return False
    after = script.text[command.at : command.at + 600]
    if command.ends == "||" and not command.negated:
        rest = after.partition("||")[2]
        return bool(_GIVES_UP.search(rest if rest.lstrip().startswith("{") else rest.partition("\n")[0])) and (
            "exit" in rest.partition("}")[0]
        )
    end = _BLOCK_END.search(after)
    return bool(_GIVES_UP.search(after[: end.start() if end else None]))


def shown(words: Iterable[str]) -> str:
    """A command in one line, cut."""
    text = " ".join(" ".join(words).split())
    return text if len(text) <= 160 else text[:159] + "…"
