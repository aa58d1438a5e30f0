"""What the commands of a shell text really call: variables replaced where known, wrappers taken off, inner text read.

``timeout 5 sudo kubectl …`` calls kubectl; ``bash -c TEXT``, ``eval``, ``xargs``, ``find -exec`` call what they are
given; ``kubectl exec POD -- …``, ``ssh`` and their like call it on another machine (``remote``).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from runstone.content import shell
from runstone.content.shell import Assignment, Command, Script

_NESTED = 6
"""Texts within texts within texts that are still read."""
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(!?\w+)(?:\[[@*]\])?(?::?[-=]([^{}]*))?\})")
_WHOLE = re.compile(r"\$(?:(\w+)|\{(\w+)(\[[@*]\])?(?::?[-=]([^{}]*))?\})")
_LIKE_KUBECTL = re.compile(r"(?i)kubectl|kube_?bin|kbin|kube(?:rnetes)?_\w*(?:bin|binary|cli)")
"""Variables that hold the Kubernetes client, by the names that collections give them."""
SHELLS = {"bash", "sh", "zsh", "dash", "ash", "ksh"}
_WRAPPERS: dict[str, tuple[set[str], int]] = {
    "sudo": ({"-u", "-g", "-h", "-p"}, 0),
    "env": ({"-u", "-C"}, 0),
    "timeout": ({"-s", "-k", "--signal", "--kill-after"}, 1),
    "nohup": (set(), 0),
    "nice": ({"-n"}, 0),
    "ionice": ({"-c", "-n", "-p"}, 0),
    "stdbuf": ({"-o", "-i", "-e"}, 0),
    "setsid": (set(), 0),
    "watch": ({"-n", "-d"}, 0),
    "xargs": ({"-I", "-n", "-P", "-L", "-d", "-E", "-s", "-a", "--max-args", "--max-procs", "--delimiter"}, 0),
    "exec": ({"-a"}, 0),
    "command": (set(), 0),
    "builtin": (set(), 0),
    "flock": ({"-w", "-E"}, 1),
    "time": ({"-f", "-o"}, 0),
    "unbuffer": (set(), 0),
}
"""Programs that run the rest of their words: their options with a value, and the words of their own before it."""


@dataclass(frozen=True, slots=True)
class Call:
    """A program and its words. ``unknown`` names the variable that would say which program, when its value is not."""

    words: tuple[str, ...]
    line: int
    function: str
    conditional: bool
    remote: bool = False
    stdin: str = ""
    unknown: str = ""


def calls(script: Script, known: Mapping[str, str]) -> Iterator[Call]:
    """Every call of the script. ``known``: values of variables that come from outside it."""
    yield from _calls(script, _Values([script], known), 0, None)


class _Values:
    """Values of variables: the nearest assignment before the line, in the same function if there is one."""

    def __init__(self, scripts: list[Script], known: Mapping[str, str]) -> None:
        self._scripts, self._known = scripts, known

    def within(self, script: Script) -> "_Values":
        return _Values([script, *self._scripts], self._known)

    def of(self, name: str, line: int, function: str) -> Assignment | None:
        for script in self._scripts:
            given = script.variables.get(name)
            if given:
                own = [one for one in given if one.function == function] or given
                before = [one for one in own if one.line <= line] or own[:1]
                if len(before[-1].words) != 1:
                    every = tuple(word for one in before if len(one.words) != 1 for word in one.words)
                    return Assignment(before[-1].line, function, every)
                return before[-1]
        return Assignment(line, function, (self._known[name],)) if name in self._known else None

    def words(self, command: Command) -> tuple[str, ...]:
        found: list[str] = []
        for place, word in enumerate(command.words):
            if "$" not in word:
                found.append(word)
                continue
            found += self._expanded(word, command, place == 0)
        return tuple(found)

    def text(self, word: str, line: int, function: str, depth: int = 0) -> str:
        """The word with the variables in it replaced by single values."""
        if "$" not in word or depth > _NESTED:
            return word

        def value(found: re.Match[str]) -> str:
            said = self.of(found[1] or found[2].lstrip("!"), line, function)
            if said is not None and len(said.words) == 1 and found[0] != said.words[0]:
                # An assignment may extend the value before it, as in cmd="$cmd --yes".
                return self.text(said.words[0], said.line - 1, function, depth + 1)
            return found[3] if said is None and found[3] is not None else found[0]

        return _VARIABLE.sub(value, word)

    def _expanded(self, word: str, command: Command, first: bool) -> list[str]:
        whole = _WHOLE.fullmatch(word)
        said = self.of(whole[1] or whole[2], command.line, command.function) if whole else None
        if said is not None and len(said.words) != 1:
            return [self.text(one, command.line, command.function) for one in said.words]
        text = self.text(word, command.line, command.function)
        return text.split() or [word] if first and whole else [text]


def _calls(script: Script, values: _Values, depth: int, outer: Call | None) -> Iterator[Call]:
    for command in script.commands:
        if not command.words:
            continue
        words = values.words(command)
        call = Call(words, command.line, command.function, command.conditional, stdin=command.stdin)
        if outer is not None:
            call = replace(
                call,
                function=outer.function,
                conditional=outer.conditional or command.conditional,
                remote=outer.remote,
            )
            if call.remote and command.written:
                yield replace(call, words=("tee", *command.written), stdin="")
        if "$" in call.stdin:
            call = replace(call, stdin=values.text(call.stdin, command.line, command.function))
        if depth < _NESTED:
            yield from _unwrapped(call, script, values, depth)


def _unwrapped(call: Call, script: Script, values: _Values, depth: int) -> Iterator[Call]:
    """The call itself and what it calls in turn."""
    words = call.words
    program = words[0].rpartition("/")[2] if words[0].startswith("/") else words[0]
    if program.startswith("$"):
        program = _guessed(program)
        if not program:
            yield replace(call, unknown=_name(words[0]))
            return
    if program != words[0]:
        call = replace(call, words=(program, *words[1:]))
    inner = _inner(call)
    # What a function of an inner text does is among that text's own commands.
    if program not in ("exec", "command", "builtin", "time") and not (depth and program in script.functions):
        yield call
    for words, remote in inner:
        if words:
            one = replace(
                call, words=tuple(words), remote=call.remote or remote, stdin=call.stdin if not remote else ""
            )
            yield from _unwrapped(one, script, values, depth + 1) if depth < _NESTED else ()
    for text, remote in _texts(call):
        read = shell.read(text, call.line)
        yield from _calls(read, values.within(read), depth + 1, replace(call, remote=call.remote or remote))
    if program in script.functions:
        yield from _passed_on(call)


def _guessed(word: str) -> str:
    return "kubectl" if _LIKE_KUBECTL.search(word) else ""


def _name(word: str) -> str:
    found = _VARIABLE.match(word)
    return (found[1] or found[2]) if found else ""


_PASSED = {"kubectl", "oc", "az", "aws", "gcloud", "helm", "terraform", "curl", "flux", "git", "psql", "jq", "bq"}


def _passed_on(call: Call) -> Iterator[Call]:
    """A function that is given a command, as in ``retry kubectl delete …``: whether it runs it is up to it."""
    for place, word in enumerate(call.words[1:4], 1):
        if place + 1 == len(call.words):
            return
        if word in _PASSED or (word.startswith("$") and _guessed(word)):
            yield replace(call, words=(_guessed(word) or word, *call.words[place + 1 :]), conditional=True)
            return


def _inner(call: Call) -> Iterator[tuple[Sequence[str], bool]]:
    """Words that are a command of their own, and whether it runs elsewhere."""
    words = call.words
    program = words[0]
    if program == "command" and set(words[1:2]) & {"-v", "-V"}:
        return
    if program in _WRAPPERS:
        yield _rest(words, *_WRAPPERS[program]), False
    elif program == "find":
        for place, word in enumerate(words):
            if word in ("-exec", "-execdir", "-ok"):
                yield words[place + 1 :], False
    elif program in ("kubectl", "oc") and ("exec" in words or "debug" in words or "rsh" in words) and "--" in words:
        yield words[words.index("--") + 1 :], True
    elif program in ("docker", "podman", "crictl") and "exec" in words:
        yield _rest(words[words.index("exec") :], {"-u", "-w", "-e"}, 1), True


def _texts(call: Call) -> Iterator[tuple[str, bool]]:
    """Texts that are shell commands, and whether they run elsewhere."""
    words, program = call.words, call.words[0]
    if program in SHELLS:
        for place, word in enumerate(words[1:-1], 1):
            if re.fullmatch(r"-[a-z]*c", word):
                yield words[place + 1], False
                return
        if call.stdin and all(word.startswith("-") for word in words[1:]):
            yield call.stdin, False
    elif program == "eval":
        yield " ".join(words[1:]), False
    elif program == "ssh":
        rest = _rest(words, {"-i", "-p", "-l", "-o", "-F", "-J", "-L", "-R", "-D"}, 1)
        yield " ".join(rest), True
    elif program == "gcloud" and "ssh" in words:
        yield _option(words, "--command"), True
    elif program == "az" and "run-command" in words:
        yield _option(words, "--scripts"), True
    elif program == "az" and "command" in words and "invoke" in words:
        yield _option(words, "--command"), True


def _option(words: Sequence[str], name: str) -> str:
    for place, word in enumerate(words):
        if word == name:
            return "".join(words[place + 1 : place + 2])
        if word.startswith(f"{name}="):
            return word[len(name) + 1 :]
    return ""


def _rest(words: Sequence[str], valued: set[str], own: int) -> Sequence[str]:
    """The words after a wrapper's options, its assignments and ``own`` words of its own."""
    place = 1
    while place < len(words):
        word = words[place]
        if word in valued:
            place += 2
        elif (word.startswith("-") and len(word) > 1) or re.match(r"[A-Za-z_]\w*=", word):
            place += 1
        elif own:
            own -= 1
            place += 1
        else:
            break
    return words[place:]
