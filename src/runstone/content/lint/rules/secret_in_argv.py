"""A secret's value stands among a program's arguments.

Arguments of a process are readable by every other process of the machine, and are kept in audit logs and in the record
of commands. A secret that is handed to the program through its environment, a file or its standard input is not.

In a suite, hand it over as ``secret__name=${secret}`` or ``secret_file__name=${secret}`` and let the command read the
variable or file. In a script, use what the program offers: ``curl --config -`` or ``-H @file``, ``--password-stdin``,
``PGPASSWORD``, ``MYSQL_PWD``. In a shell, ``printf`` and ``echo`` are builtins: piping from them shows nothing.
"""

import re
from collections.abc import Iterator

from runstone.content.lint import secrets
from runstone.content.lint.bundle import Bundle, ScriptFile, SuiteFile
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule
from runstone.content.shell import Command

_BUILTINS = {
    *("echo", "printf", "export", "local", "declare", "readonly", "typeset", "read", "test", "[", "[[", ":", "return"),
    *("set", "unset", "eval"),
}

_HARMLESS = re.compile(r"\s*(?:#|(?:(?:echo|printf|export)\b|if \[|\[\[? |: |\w+=)[^()|`]*$)")
_PROGRAMMED = {"jq", "yq", "awk", "sed", "perl", "python", "python3"}
"""Programs whose own language has variables that look like the shell's."""


def _check(bundle: Bundle) -> Iterator[Remark]:
    for suite in bundle.robots:
        yield from _in_suite(suite)
    likely = [script for script in bundle.shells if secrets.LIKELY.search(script.text)]
    if likely:
        known = secrets.names(bundle)
        own = frozenset(name for script in bundle.shells for name in script.source.functions)
        for script in likely:
            yield from _in_script(script, known, own)


def _in_suite(suite: SuiteFile) -> Iterator[Remark]:
    holders = secrets.variables(suite)
    for use in suite.used("runcli", "runbashfile", "shell", "runprocess", "run", "runandreturnrcandoutput"):
        for arg in use.args:
            name, _, value = arg.text.partition("=")
            command = value if name in ("cmd", "cmd_override") else arg.text if "=" not in name[:20] else ""
            if name in ("env", "secret", "request_secrets") or name.startswith("secret_"):
                continue
            for found in re.findall(r"\$\{([^{}.]+)\.value\}", command or value):
                if found.lower() in holders:
                    message = f"The secret ${{{found}}} becomes part of a command. Pass it as secret__…=${{{found}}}."
                    yield Remark(suite.file, arg.line, message, arg.column)


def _in_script(script: ScriptFile, known: frozenset[str], own: frozenset[str]) -> Iterator[Remark]:
    shown = re.compile(rf"\$\{{?(?:{'|'.join(map(re.escape, known))})\b") if known else None
    # Most scripts only test a secret or hand it on; their commands need not be read for that.
    told = [line for line in script.lines if shown and "$" in line and shown.search(line) and not _HARMLESS.match(line)]
    for command in script.script.commands if told else ():
        found = _shown(command, known)
        if found and command.words[0] not in own:
            message = f"{command.words[0]} is given the secret ${found} as an argument, which every process can read."
            yield Remark(script.file, command.line, message)


def _shown(command: Command, known: frozenset[str]) -> str:
    """The first secret among the words of a program; empty when there is none, or the program is no process."""
    program = command.words[0].rpartition("/")[2] if command.words else ""
    if not re.fullmatch(r"[\w.-]+", program) or program in _BUILTINS:
        return ""
    words = command.words[1:]
    if program in _PROGRAMMED:
        words = [word for word in words if re.fullmatch(r"\$\{?\w+\}?", word)]
    for word in words:
        for name in re.findall(r"\$\{?(\w+)\}?", word):
            if name in known:
                return name
    return ""


RULE = Rule("RS304", "secret-in-argv", "warning", _check)
