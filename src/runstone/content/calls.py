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
_NAMED = re.compile(r"\$\{?!?(\w+)")
_LIKE_KUBECTL = re.compile(r"(?i)kubectl|kube_?bin|kbin|kube(?:rnetes)?_\w*(?:bin|binary|cli)")
"""Variables that hold the Kubernetes client, by the names that collections give them."""
_OTHERS = re.compile(r"(?i)helm|flux|argo|istio|velero|linkerd|crictl")
"""Names of variables that hold another program whose words are like the Kubernetes client's."""
_KUBECTL_VERBS = re.compile(
    r"get|describe|logs|exec|delete|scale|patch|apply|create|rollout|top|cp|annotate|label|cordon|uncordon|drain|taint|"
    r"edit|auth|config|events|api-resources|version|wait|replace|set|run|debug|expose|autoscale"
)
_KUBECTL_OPTIONS = re.compile(r"-n|(?:-n=|--(?:namespace|context|kubeconfig)\b).*", re.DOTALL)
SHELLS = {"bash", "sh", "zsh", "dash", "ash", "ksh"}
_RUN_CODE = {*SHELLS, "eval", ".", "source"}
"""What runs the text or the file it is given."""
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
    """A program and its words. ``unknown`` names the variable that would say what runs, when its value is not known."""

    words: tuple[str, ...]
    line: int
    function: str
    conditional: bool
    remote: bool = False
    stdin: str = ""
    unknown: str = ""
    handed: tuple[str, ...] = ()
    """Variables whose values stand in its words where only ``$()`` is to be seen."""


def calls(script: Script, known: Mapping[str, str]) -> Iterator[Call]:
    """Every call of the script. ``known``: values of variables that come from outside it."""
    yield from _calls(script, _Values([script], known), 0, None)


TELLS = re.compile(r"(?i)issue|finding|problem")
"""Names of the functions through which scripts add an Issue."""


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
        if not any("$" in word for word in command.words):
            return tuple(command.words)
        # What is told to people is not told by a default: another value may be given.
        told = command.words[0] == "jq" or bool(TELLS.search(command.words[0]))
        found: list[str] = []
        for place, word in enumerate(command.words):
            if "$" not in word:
                found.append(word)
                continue
            found += self._expanded(word, command, place == 0, not told)
        return tuple(found)

    def handed(self, command: Command) -> tuple[str, ...]:
        """The variables whose values stand in the command where only ``$()`` is to be seen."""
        found = list(command.handed)
        for word in command.words:
            for name in _NAMED.findall(word) if "$" in word else ():
                said = self.of(name, command.line, command.function)
                found += said.handed if said is not None else ()
        return tuple(found)

    def text(self, word: str, line: int, function: str, depth: int = 0, defaults: bool = True) -> str:
        """The word with the variables in it replaced by single values; ``defaults``: also by their defaults."""
        if "$" not in word or depth > _NESTED:
            return word

        def value(found: re.Match[str]) -> str:
            said = self.of(found[1] or found[2].lstrip("!"), line, function)
            if said is not None and len(said.words) == 1 and found[0] != said.words[0]:
                # An assignment may extend the value before it, as in cmd="$cmd --yes".
                return self.text(said.words[0], said.line - 1, function, depth + 1, defaults)
            if said is not None or found[3] is None or (not defaults and found[2].isdecimal()):
                return found[0]
            return found[3] if defaults else f"${{{found[2]}}}"

        return _VARIABLE.sub(value, word)

    def _expanded(self, word: str, command: Command, first: bool, defaults: bool) -> list[str]:
        whole = _WHOLE.fullmatch(word)
        said = self.of(whole[1] or whole[2], command.line, command.function) if whole else None
        if said is not None and len(said.words) != 1:
            return [self.text(one, command.line, command.function, 0, defaults) for one in said.words]
        text = self.text(word, command.line, command.function, 0, defaults)
        return text.split() or [word] if first and whole else [text]


def _calls(script: Script, values: _Values, depth: int, outer: Call | None) -> Iterator[Call]:
    piped: tuple[str, ...] = ()
    opened = False
    for command in script.commands:
        if not command.words:
            continue
        call = _call(command, values, outer)
        if outer is not None and call.remote and command.written:
            yield replace(call, words=("tee", *command.written), stdin="")
        if piped and _reads_code(call):
            yield from _open(call, piped)
        piped = (*piped, *shell.handed_on((command,))) if command.ends == "|" else ()
        if opened and len(call.words) == 1:
            continue  # A name by itself after code that is given may be a function of that.
        for one in _unwrapped(call, script, values, depth) if depth < _NESTED else ():
            opened = opened or (outer is not None and bool(one.unknown) and len(call.words) == 1)
            yield one


def _call(command: Command, values: _Values, outer: Call | None) -> Call:
    words, stdin = values.words(command), command.stdin
    if "$" in stdin:
        stdin = values.text(stdin, command.line, command.function)
    handed = values.handed(command) if words[0] in _RUN_CODE or words[0].startswith("$()") else ()
    if outer is None:
        return Call(words, command.line, command.function, command.conditional, False, stdin, "", handed)
    conditional = outer.conditional or command.conditional
    return Call(words, command.line, outer.function, conditional, outer.remote, stdin, "", (*handed, *outer.handed))


def _unwrapped(call: Call, script: Script, values: _Values, depth: int) -> Iterator[Call]:
    """The call itself and what it calls in turn."""
    words = call.words
    program = words[0].rpartition("/")[2] if words[0].startswith("/") else words[0]
    if program.startswith("$"):
        program = _in_folder(program) or _guessed(words)
        if not program:
            yield from _open(call, call.handed if words[0].startswith("$()") else (_name(words[0]),))
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
    if call.handed and program in _RUN_CODE and call.words[1:2] == ("$()",):
        yield from _open(call, call.handed)
    if program in script.functions:
        yield from _passed_on(call)


def _open(call: Call, names: Sequence[str]) -> Iterator[Call]:
    """The call, once for each variable that says what runs."""
    yield from (replace(call, unknown=name) for name in dict.fromkeys(names) or ("",))


def _in_folder(word: str) -> str:
    """The program in a folder that a variable names: a script by its whole path, another by its name."""
    folder, _, name = word.rpartition("/")
    if not folder or not name or "$" in name:
        return ""
    return word if "." in name else name


def _reads_code(call: Call) -> bool:
    """Whether it runs what is piped into it."""
    reads = call.words[0] in SHELLS or re.fullmatch(r"python\d?", call.words[0])
    return bool(reads) and not call.stdin and all(word.startswith("-") and word != "-c" for word in call.words[1:])


def _guessed(words: Sequence[str]) -> str:
    """The program behind a variable, by the variable's name or by what follows it."""
    if _LIKE_KUBECTL.search(words[0]):
        return "kubectl"
    return "kubectl" if not _OTHERS.search(words[0]) and _like_kubectl(words[1:]) else ""


def _like_kubectl(words: Sequence[str]) -> bool:
    """Whether words after a program are as kubectl's: one of its verbs first, and a namespace, a context or a pod."""
    options = [place for place, word in enumerate(words) if _KUBECTL_OPTIONS.fullmatch(word)]
    valued = {place + 1 for place in options if "=" not in words[place]}
    first = next((word for place, word in enumerate(words) if place not in valued and word[:1] != "-"), "")
    return bool(_KUBECTL_VERBS.fullmatch(first)) and (bool(options) or (first == "exec" and "--" in words))


def _name(word: str) -> str:
    found = _NAMED.match(word)
    return found[1] if found else ""


_PASSED = {"kubectl", "oc", "az", "aws", "gcloud", "helm", "terraform", "curl", "flux", "git", "psql", "jq", "bq"}


def _passed_on(call: Call) -> Iterator[Call]:
    """A function that is given a command, as in ``retry kubectl delete …``: whether it runs it is up to it."""
    for place, word in enumerate(call.words[1:4], 1):
        if place + 1 == len(call.words):
            return
        guessed = _guessed(call.words[place:]) if word.startswith("$") else ""
        if word in _PASSED or guessed:
            yield replace(call, words=(guessed or word, *call.words[place + 1 :]), conditional=True)
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
