"""Bash text as the commands it would run: a reader of the shell's grammar that runs nothing and never refuses.

What is read is what bash(1) describes under "SHELL GRAMMAR" and "QUOTING": lists, pipelines, compound commands,
functions, substitutions, here-documents. Text in quotes, here-documents and comments is no command; substitutions in
double quotes and unquoted here-documents are. Broken text is read as far as it makes sense.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

_DEEPEST = 40
"""Nested substitutions worth following; the deepest public script has 5."""
_CHUNK = re.compile(r"[^\s\"'`$\\;&|()<>]+")
_PLAIN_WORD = re.compile(r"[^\s\"'`$\\;&|()<>{\d][^\s\"'`$\\;&|()<>]*(?=[ \t\n;|&)])")
"""A whole word in which nothing means anything, and that is no beginning of a redirection: most are."""
_PLAIN_QUOTED = re.compile(r'"((?:[^"\\`$]|\\.|\$(?![({])|\$\{\w+\})*+)"', re.DOTALL)
_IN_QUOTES = re.compile(r'[^"\\`$]+')
_BLANK = re.compile(r"(?:[ \t\r\f\v]|\\\r?\n)+")
_REDIRECT = re.compile(r"(?:\d+|\{\w+\})?(&>>?|<<<|<<-?|[<>]&|>>|>\||<>|[<>])")
_NAME = re.compile(r"\$(?:\w+|[@*#?!$-])")
_SIMPLE_BRACES = re.compile(r"\$\{[^{}$`\"'\\]*\}")
_IN_BRACES = re.compile(r"[^{}$`\"'\\]+")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)(?:\[[^\]]*\])?\+?=")
_BACKTICKS = re.compile(r"`((?:[^`\\]|\\.)*+)`?", re.DOTALL)
_BETWEEN = re.compile(r"(?:\s|\\\n|#[^\n]*)+")
"""What stands between the words of an array."""
_EXPANDS = re.compile(r"\\.|\$\(|`", re.DOTALL)
"""What means something in a here-document."""
_ESCAPED_QUOTE = re.compile(r"\$'((?:[^'\\]|\\.)*+)'", re.DOTALL)
_PARENTHESES = re.compile(r"\(\s*\)")
_HERE_WORD = re.compile(r"[ \t]*(?:'([^'\n]*)'|\"([^\"\n]*)\"|(\\?[^\s;&|()<>]+))")
_BRANCHES = {"then", "else", "elif", "do"}
_REPLACES = {"then": ("elif",), "else": ("then",), "elif": ("then",)}
_DIVIDING = {*_BRANCHES, "case", "{ ?", "( ?"}
"""Open compounds whose commands may not run; ``?`` marks a group after ``&&`` or ``||``."""
_LEADERS = {"if", "elif", "while", "until", "then", "else", "do", "!", "{", "time", "coproc"}
_ENDERS = {"fi", "done", "}"}
_DECLARING = {"local", "export", "declare", "readonly", "typeset"}
_HANDS_ON = {"echo", "printf", "base64", "cat", "tr", "sed", "gunzip", "zcat", "envsubst"}
"""Programs that write out what they are given, at most in another form."""
_GIVEN_NAME = re.compile(r"\$\{?!?(\w+)")


@dataclass(slots=True)
class Command:
    """One simple command. ``words`` have lost their quotes; expansions stay as written, ``$(…)`` is ``$()``."""

    words: list[str]
    at: int
    """Offset in the text."""
    line: int
    function: str
    """The function whose body it is in; empty at the top."""
    conditional: bool
    """Whether it stands in a branch, a loop's body, or after ``&&`` or ``||``."""
    negated: bool
    assigned: dict[str, str]
    """Variables set for this command, as in ``A=b command``."""
    stdin: str = ""
    """The here-document or here-string it reads."""
    written: list[str] = field(default_factory=list[str])
    """Files its output is redirected to."""
    ends: str = ""
    """The operator after it: ``|``, ``&&``, ``||``, ``;``, ``&``, ``)`` or a line end."""
    handed: tuple[str, ...] = ()
    """Variables whose values its substitutions hand on, as in ``eval "$(echo "$CODE" | base64 -d)"``."""


@dataclass(slots=True)
class Assignment:
    """A value given to a variable: one word, or the words of an array."""

    line: int
    function: str
    words: tuple[str, ...]
    handed: tuple[str, ...] = ()
    """As of a command."""


@dataclass(slots=True)
class Script:
    """A text's commands, in order, and what it defines."""

    text: str
    commands: list[Command]
    functions: set[str]
    variables: dict[str, list[Assignment]]
    problem: tuple[int, str] | None = None
    """The line and the sentence of what keeps the text, or the rest of it, from being read."""


def read(text: str, line: int = 1) -> Script:
    """Everything ``text`` runs, whichever branch; its first line has the number ``line``. To be left as it is."""
    return _script(text, line)


@lru_cache(maxsize=128)
def _script(text: str, line: int) -> Script:
    script = Script(text, [], set(), {})
    try:
        _Reader(text, line, script, 0).list("", _Frame("", False))
    except RecursionError:
        script.problem = (line, "This is nested too deeply to be read; what it does was not looked at.")
    return script


def _hands_on(command: Command) -> bool:
    return bool(command.words) and command.words[0] in _HANDS_ON


def handed_on(commands: Sequence[Command]) -> tuple[str, ...]:
    """The variables whose values a pipeline writes out, at most in another form; none when it does anything else."""
    if not all(_hands_on(one) for one in commands):
        return ()
    found = [name for one in commands for text in (*one.words, one.stdin) for name in _GIVEN_NAME.findall(text)]
    return tuple(dict.fromkeys((*found, *(name for one in commands for name in one.handed))))


@dataclass(slots=True)
class _Frame:
    """Where the reader is inside one list of commands."""

    function: str
    outer: bool
    """Whether the whole list is conditional."""
    words: list[str] = field(default_factory=list[str])
    start: int = -1
    assigned: dict[str, str] = field(default_factory=dict[str, str])
    stdin: str = ""
    written: list[str] = field(default_factory=list[str])
    negated: bool = False
    chained: bool = False
    blocks: list[str] = field(default_factory=list[str])
    """Open compounds: then, else, do, {, (, case, function NAME, or ( function NAME."""
    pattern: bool = False
    """Between a case's ``in`` or ``;;`` and the next ``)``."""
    head: str = ""
    """for, select or case, while its head is read."""
    named: str = ""
    """A function whose body comes next."""
    branches: int = 0
    """How many of the open compounds are branches."""
    handed: tuple[str, ...] = ()
    """What the substitutions of the command hand on."""


def _value(assignment: re.Match[str]) -> str:
    """What an assignment gives: ``a+=b`` gives what was there and b."""
    said = assignment.string[assignment.end() :]
    return f"${{{assignment[1]}}}{said}" if assignment[0].endswith("+=") else said


class _Reader:
    def __init__(self, text: str, line: int, script: Script, depth: int) -> None:
        self.text, self.end, self.pos = text, len(text), 0
        self.script, self.depth = script, depth
        self._first = line
        self._breaks: list[int] | None = None
        self._here: list[tuple[str, bool, bool, _Frame, Command | None]] = []

    def list(self, closer: str, frame: _Frame) -> None:
        """Read commands up to the ``closer`` of a substitution, or to the end."""
        while True:
            blank = _BLANK.match(self.text, self.pos)
            if blank:
                self.pos = blank.end()
            if self.pos >= self.end:
                break
            char = self.text[self.pos]
            if char in ";&|()\n":
                if char == ")" and closer and not self._inside(frame):
                    self.pos += 1
                    break
                self._operator(char, frame)
            elif char == "#":
                stop = self.text.find("\n", self.pos)
                self.pos = self.end if stop < 0 else stop
            else:
                self._item(char, frame)
        self._finish(frame, "")

    def _inside(self, frame: _Frame) -> bool:
        """Whether a ``)`` belongs to this list rather than ends it."""
        return frame.pattern or any(block.startswith("(") for block in frame.blocks)

    def _item(self, char: str, frame: _Frame) -> None:
        """A redirection or a word."""
        plain = _PLAIN_WORD.match(self.text, self.pos)
        if plain:
            frame.start = self.pos if frame.start < 0 else frame.start
            self.pos = plain.end()
            self._take(plain[0], frame, quoted=False)
            return
        redirect = None if self.text.startswith(("<(", ">("), self.pos) else _REDIRECT.match(self.text, self.pos)
        if redirect:
            self.pos = redirect.end()
            self._redirected(redirect[1], frame)
            return
        if frame.start < 0:
            frame.start = self.pos
        at = self.pos
        word = self._word(frame)
        if self.pos == at:
            self.pos += 1
        elif self._is_array(word):
            self._array(word, frame)
        else:
            self._take(word, frame, quoted=char in "\"'")

    # Operators

    def _operator(self, char: str, frame: _Frame) -> None:
        if char == "\n":
            self._line_end(frame)
        elif char == "(":
            self._open(frame)
        elif char == ")":
            self.pos += 1
            self._close(frame)
        elif self.text.startswith("&>", self.pos):
            redirect = _REDIRECT.match(self.text, self.pos)
            self.pos = redirect.end() if redirect else self.pos + 2
            self._redirected(">", frame)
        else:
            self._separator(char, frame)

    def _line_end(self, frame: _Frame) -> None:
        self.pos += 1
        self._finish(frame, "\n")
        frame.chained = False
        while self._here and self.pos < self.end:
            self._document(*self._here.pop(0))

    def _separator(self, char: str, frame: _Frame) -> None:
        double = self.text.startswith(char * 2, self.pos)
        self.pos += 2 if double else 1
        if frame.pattern:
            frame.words.clear()
            return
        if char == ";" and double:
            self._finish(frame, ";")
            self.pos += self.text.startswith("&", self.pos)
            frame.pattern = "case" in frame.blocks
            return
        self._finish(frame, char * 2 if double else char)
        if double:
            frame.chained = True
        elif char != "|":
            frame.chained = False

    def _open(self, frame: _Frame) -> None:
        """A subshell, arithmetic, or the parentheses of a function."""
        empty = _PARENTHESES.match(self.text, self.pos)
        if frame.pattern:
            self.pos += 1
        elif len(frame.words) == 1 and empty:
            frame.named = frame.words.pop()
            self.pos = empty.end()
            self._reset(frame)
        elif self.text.startswith("((", self.pos) and not frame.words:
            self.pos += 2
            self._arithmetic(frame)
        else:
            self.pos += 1
            self._finish(frame, "(")
            self._push(frame, f"( function {frame.named}" if frame.named else "( ?" if frame.chained else "(")
            frame.named = ""

    def _close(self, frame: _Frame) -> None:
        if frame.pattern:
            frame.pattern = False
            self._reset(frame)
            return
        self._finish(frame, ")")
        frame.chained = False
        self._pop(frame, "(")

    # Words

    def _word(self, frame: _Frame) -> str:
        parts: list[str] = []
        text = self.text
        while self.pos < self.end:
            chunk = _CHUNK.match(text, self.pos)
            if chunk:
                self.pos = chunk.end()
                parts.append(chunk[0])
                if chunk[0][-1] in "?*+@!" and text.startswith("(", self.pos):
                    self._skip_balanced()
                continue
            char = text[self.pos]
            if char == "'":
                parts.append(self._single())
            elif char == '"':
                parts.append(self._double(frame))
            elif char == "\\":
                parts.append("" if text.startswith("\n", self.pos + 1) else text[self.pos + 1 : self.pos + 2])
                self.pos += 2
            elif char == "$":
                parts.append(self._dollar(frame))
            elif char == "`":
                parts.append(self._backticks(frame))
            elif char in "<>" and text.startswith("(", self.pos + 1):
                self.pos += 2
                self._nested(frame)
                parts.append("$()")
            else:
                break
        self.pos = min(self.pos, self.end)
        return "".join(parts)

    def _single(self) -> str:
        stop = self.text.find("'", self.pos + 1)
        if stop < 0:
            self._never_closed(self.pos)
            stop = self.end
        inside = self.text[self.pos + 1 : stop]
        self.pos = stop + 1
        return inside

    def _double(self, frame: _Frame) -> str:
        plain = _PLAIN_QUOTED.match(self.text, self.pos)
        if plain:
            self.pos = plain.end()
            return re.sub(r'\\(["\\$`\n])', r"\1", plain[1]) if "\\" in plain[1] else plain[1]
        opened = self.pos
        self.pos += 1
        parts: list[str] = []
        while self.pos < self.end:
            chunk = _IN_QUOTES.match(self.text, self.pos)
            if chunk:
                self.pos = chunk.end()
                parts.append(chunk[0])
                continue
            char = self.text[self.pos]
            if char == '"':
                self.pos += 1
                return "".join(parts)
            parts.append(self._quoted(char, frame))
        self._never_closed(opened)
        return "".join(parts)

    def _never_closed(self, at: int) -> None:
        said = "A quote opened here is never closed, so bash refuses this."
        self.script.problem = self.script.problem or (self.line(at), said)

    def _quoted(self, char: str, frame: _Frame) -> str:
        """What means something inside double quotes."""
        if char == "$":
            return self._dollar(frame, quoted=True)
        if char == "`":
            return self._backticks(frame)
        escaped = self.text[self.pos + 1 : self.pos + 2]
        self.pos += 2
        return escaped if escaped in '"\\$`\n' else "\\" + escaped

    def _dollar(self, frame: _Frame, quoted: bool = False) -> str:
        text = self.text
        if text.startswith("$((", self.pos):
            self.pos += 3
            self._arithmetic(frame)
            return "$()"
        if text.startswith("$(", self.pos):
            self.pos += 2
            self._nested(frame)
            return "$()"
        if text.startswith("${", self.pos):
            return self._braces(frame)
        if not quoted and text.startswith('$"', self.pos):
            self.pos += 1
            return ""
        escaped = None if quoted else _ESCAPED_QUOTE.match(text, self.pos)
        if escaped:
            self.pos = escaped.end()
            return escaped[1]
        name = _NAME.match(text, self.pos)
        self.pos = name.end() if name else self.pos + 1
        return name[0] if name else "$"

    def _braces(self, frame: _Frame) -> str:
        simple = _SIMPLE_BRACES.match(self.text, self.pos)
        if simple:
            self.pos = simple.end()
            return simple[0]
        self.pos += 2
        parts, depth = ["${"], 1
        while self.pos < self.end and depth:
            chunk = _IN_BRACES.match(self.text, self.pos)
            if chunk:
                self.pos = chunk.end()
                parts.append(chunk[0])
                continue
            char = self.text[self.pos]
            if char in "{}":
                depth += 1 if char == "{" else -1
                self.pos += 1
                parts.append(char)
            elif char == '"':
                parts.append(self._double(frame))
            elif char in "$`\\":
                parts.append(self._quoted(char, frame))
            else:
                parts.append(char)
                self.pos += 1
        return "".join(parts)

    def _backticks(self, frame: _Frame) -> str:
        found = _BACKTICKS.match(self.text, self.pos)
        if not found:
            self.pos += 1
            return ""
        self._apart(found[1], found.start(1), frame)
        self.pos = found.end()
        return "$()"

    def _nested(self, frame: _Frame) -> None:
        """The commands of a substitution whose opening was just read."""
        if self.depth >= _DEEPEST:
            self.pos = self.end
            return
        self.depth += 1
        before = len(self.script.commands)
        self.list(")", _Frame(self._function(frame), self._conditional(frame)))
        self.depth -= 1
        frame.handed += self._handed(before)

    def _apart(self, text: str, at: int, frame: _Frame) -> None:
        """Commands of a text cut out of this one, at offset ``at``."""
        if self.depth < _DEEPEST:
            before = len(self.script.commands)
            inner = _Reader(text, self.line(at), self.script, self.depth + 1)
            inner.list("", _Frame(self._function(frame), self._conditional(frame)))
            frame.handed += self._handed(before)

    def _handed(self, before: int) -> tuple[str, ...]:
        """What the commands of a substitution, all since that many, hand on."""
        found = self.script.commands
        return handed_on(found[before:]) if len(found) > before and _hands_on(found[before]) else ()

    def _arithmetic(self, frame: _Frame) -> None:
        """To the matching ``))``; substitutions in it run."""
        depth = 2
        while self.pos < self.end and depth:
            char = self.text[self.pos]
            if char == "$" and not self.text.startswith("$((", self.pos):
                self._dollar(frame)
                continue
            if char == "$":
                self.pos += 3
                self._arithmetic(frame)
                continue
            depth += (char == "(") - (char == ")")
            self.pos += 1

    def _skip_balanced(self) -> None:
        """An extended pattern's parentheses."""
        depth = 0
        while self.pos < self.end and self.text[self.pos] != "\n":
            depth += (self.text[self.pos] == "(") - (self.text[self.pos] == ")")
            self.pos += 1
            if not depth:
                return

    # Meaning of words

    def _take(self, word: str, frame: _Frame, quoted: bool) -> None:
        if frame.pattern:
            if word == "esac":
                frame.pattern = False
                self._pop(frame, "case")
                self._reset(frame)
            return
        if frame.head:
            self._headed(word, frame)
        elif frame.words:
            self._argument(word, frame)
        elif quoted or not self._reserved(word, frame):
            assignment = None if quoted else _ASSIGNMENT.match(word)
            if assignment:
                self._assign(frame, assignment[1], (_value(assignment),))
                frame.assigned[assignment[1]] = word[assignment.end() :]
            else:
                frame.words.append(word)

    def _argument(self, word: str, frame: _Frame) -> None:
        frame.words.append(word)
        if frame.words[0] in _DECLARING:
            assignment = _ASSIGNMENT.match(word)
            if assignment:
                self._assign(frame, assignment[1], (_value(assignment),))

    def _headed(self, word: str, frame: _Frame) -> None:
        """A word in the head of ``for``, ``select``, ``case`` or ``function``."""
        if frame.head == "function":
            frame.named, frame.head = word, ""
            self._reset(frame)
        elif frame.head == "case":
            if word == "in":
                frame.head, frame.pattern = "", True
                self._push(frame, "case")
                self._reset(frame)
        elif word == "do":
            self._reset(frame)
            self._push(frame, "do")
        else:
            frame.words.append(word)
            if len(frame.words) > 2:
                self._assign(frame, frame.words[0], (word,))

    def _reserved(self, word: str, frame: _Frame) -> bool:
        """Whether the first word was one of the grammar's, and what follows from it."""
        if word in _LEADERS:
            self._lead(word, frame)
        elif word in ("for", "select", "case", "function"):
            frame.head = word
        elif word in _ENDERS:
            self._pop(frame, *({"fi": ("then", "else", "elif"), "done": ("do",)}.get(word, ("{", "function"))))
        elif word == "esac":
            self._pop(frame, "case")
        elif word == "[[":
            self._test(frame)
        else:
            return False
        if word not in ("for", "select", "case", "function", "!"):
            frame.start = -1
        return True

    def _lead(self, word: str, frame: _Frame) -> None:
        chained = frame.chained
        if word not in ("!", "{", "time", "coproc"):
            frame.chained = False
        if word == "!":
            frame.negated = not frame.negated
        elif word == "{":
            self._push(frame, f"function {frame.named}" if frame.named else "{ ?" if chained else "{")
            frame.named = ""
        elif word in _BRANCHES:
            self._pop(frame, *_REPLACES.get(word, ()))
            self._push(frame, word)

    def _test(self, frame: _Frame) -> None:
        """``[[ … ]]``: no command, but its substitutions are."""
        while self.pos < self.end:
            blank = _BLANK.match(self.text, self.pos)
            self.pos = blank.end() if blank else self.pos
            at = self.pos
            if self._word(frame) == "]]" or self.text.startswith("\n", at):
                return
            if self.pos == at:
                self.pos += 1

    def _is_array(self, word: str) -> bool:
        return word.endswith("=") and self.text.startswith("(", self.pos) and bool(_ASSIGNMENT.fullmatch(word))

    def _array(self, word: str, frame: _Frame) -> None:
        self.pos += 1
        words: list[str] = []
        while self.pos < self.end:
            found = _BETWEEN.match(self.text, self.pos)
            self.pos = found.end() if found else self.pos
            if self.text.startswith(")", self.pos):
                self.pos += 1
                break
            at = self.pos
            words.append(self._word(frame))
            self.pos += self.pos == at
        matched = _ASSIGNMENT.match(word)
        assert matched is not None
        self._assign(frame, matched[1], tuple(words))

    def _assign(self, frame: _Frame, name: str, words: tuple[str, ...]) -> None:
        value = Assignment(self.line(self.pos), self._function(frame), words, frame.handed)
        self.script.variables.setdefault(name, []).append(value)

    # Redirections and here-documents

    def _redirected(self, operator: str, frame: _Frame) -> None:
        if operator in ("<<", "<<-"):
            found = _HERE_WORD.match(self.text, self.pos)
            if found:
                self.pos = found.end()
                word = next(group for group in found.groups() if group is not None)
                raw = found[3] is None or word.startswith("\\")
                self._here.append((word.lstrip("\\"), operator == "<<-", raw, frame, None))
            return
        blank = _BLANK.match(self.text, self.pos)
        self.pos = blank.end() if blank else self.pos
        target = self._word(frame)
        if operator == "<<<":
            frame.stdin = target
        elif ">" in operator and operator != ">&" and target not in ("", "/dev/null", "/dev/stderr", "/dev/stdout"):
            frame.written.append(target)

    def _document(self, word: str, dedented: bool, raw: bool, frame: _Frame, reader: Command | None) -> None:
        """The body of a here-document, from the line after its command."""
        start = at = self.pos
        while at < self.end:
            stop = self.text.find("\n", at)
            stop = self.end if stop < 0 else stop
            line = self.text[at:stop]
            if (line.lstrip("\t") if dedented else line).rstrip("\r") == word:
                break
            at = stop + 1
        else:
            stop = self.end
        body = self.text[start:at]
        self.pos = min(stop + 1, self.end)
        if reader is not None:
            reader.stdin = body
        if not raw and ("$(" in body or "`" in body):
            self._expanded(body, start, frame)

    def _expanded(self, body: str, start: int, frame: _Frame) -> None:
        """The substitutions of an unquoted here-document."""
        inner = _Reader(body, self.line(start), self.script, self.depth + 1)
        inside = _Frame(self._function(frame), self._conditional(frame))
        while inner.pos < inner.end and self.depth < _DEEPEST:
            found = _EXPANDS.search(body, inner.pos)
            if not found:
                return
            inner.pos = found.start()
            if found[0].startswith("\\"):
                inner.pos = found.end()
            elif found[0] == "`":
                inner._backticks(inside)
            else:
                inner._dollar(inside)

    # The end of a command

    def _finish(self, frame: _Frame, operator: str) -> None:
        if frame.head in ("for", "select", "case") and operator in (";", "\n", ""):
            frame.head = "" if frame.head != "case" else frame.head
            if frame.head != "case":
                self._reset(frame)
            return
        if frame.words or frame.written:
            at = max(frame.start, 0)
            command = Command(
                words=frame.words,
                at=at,
                line=self.line(at),
                function=self._function(frame),
                conditional=self._conditional(frame),
                negated=frame.negated,
                assigned=frame.assigned,
                stdin=frame.stdin,
                written=frame.written,
                ends=operator,
                handed=frame.handed,
            )
            self.script.commands.append(command)
            self._here = [(*one[:4], command) if one[3] is frame and one[4] is None else one for one in self._here]
        self._reset(frame)

    def _reset(self, frame: _Frame) -> None:
        frame.words, frame.assigned, frame.written = [], {}, []
        frame.start, frame.stdin, frame.negated, frame.handed = -1, "", False, ()

    def _push(self, frame: _Frame, block: str) -> None:
        frame.blocks.append(block)
        if block in _DIVIDING:
            frame.branches += 1
        elif "function " in block:
            self.script.functions.add(block.partition("function ")[2])

    def _pop(self, frame: _Frame, *kinds: str) -> None:
        """Close the innermost open compound of these kinds, and what was left open in it."""
        for index in range(len(frame.blocks) - 1, -1, -1):
            if frame.blocks[index].split(" ", 1)[0] in kinds:
                del frame.blocks[index:]
                frame.branches = sum(block in _DIVIDING for block in frame.blocks)
                return

    def _function(self, frame: _Frame) -> str:
        for block in reversed(frame.blocks):
            if "function " in block:
                return block.partition("function ")[2]
        return frame.function

    def _conditional(self, frame: _Frame) -> bool:
        return frame.outer or frame.chained or frame.branches > 0

    def line(self, at: int) -> int:
        """The line of an offset."""
        if self._breaks is None:
            self._breaks = [found.start() for found in re.finditer("\n", self.text)]
        return self._first + bisect_right(self._breaks, at - 1)
