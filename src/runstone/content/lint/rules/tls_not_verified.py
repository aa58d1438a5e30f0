"""A connection is made without checking whom it leads to.

``curl -k``, ``--insecure`` and ``verify=False`` accept any certificate: a token sent over such a connection can be read
by whoever answers.

Give the certificate authority (``--cacert``, ``SSL_CERT_FILE``) instead. Where a self-signed certificate is the very
thing that is looked at, say so in a waiver.
"""

import ast
import re
from collections.abc import Iterator

from runstone.content.lint.bundle import Bundle, ScriptFile
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule
from runstone.content.shell import Command

_LIKELY = re.compile(r"--insecure|\s-\w*k|--no-check-certificate")
_OFF = re.compile(r"\s(-[a-zA-Z]*k[a-zA-Z]*|--insecure)(?=\s|$)")


def _check(bundle: Bundle) -> Iterator[Remark]:
    for script in bundle.scripts:
        if script.language == "bash" and _LIKELY.search(script.text):
            for command in script.script.commands:
                flag = _flag(command)
                if flag:
                    yield Remark(script.file, command.line, _message(f"{command.words[0]} {flag}"))
        elif script.language == "python" and "verify" in script.text:
            yield from _in_python(script)
    for suite in bundle.robots:
        for use in suite.used("runcli", "shell"):
            for arg in use.args:
                for part in re.split(r"[|;&]", arg.text) if "curl" in arg.text else ():
                    found = _OFF.search(part.partition("curl")[2])
                    if found:
                        yield Remark(suite.file, arg.line, _message(f"curl {found[1]}"), arg.column)


def _message(what: str) -> str:
    return f"{what} accepts any certificate, so what is sent can be read. Give the certificate authority instead."


def _flag(command: Command) -> str:
    """The option that turns the check off; empty when there is none."""
    program = command.words[0].rpartition("/")[2] if command.words else ""
    for word in command.words[1:]:
        if program == "curl" and re.fullmatch(r"-[a-zA-Z]*k[a-zA-Z]*|--insecure", word) and not word.startswith("-H"):
            return word
        if program == "wget" and word == "--no-check-certificate":
            return word
        if program in ("kubectl", "oc", "helm") and re.fullmatch(r"--insecure-skip-tls-verify(?:=true)?", word):
            return word
    return ""


def _in_python(script: ScriptFile) -> Iterator[Remark]:
    for node in ast.walk(script.module) if script.module else ():
        for word in node.keywords if isinstance(node, ast.Call) else ():
            if word.arg == "verify" and isinstance(word.value, ast.Constant) and word.value.value is False:
                yield Remark(script.file, word.value.lineno, _message("verify=False"), word.value.col_offset + 1)


RULE = Rule("RS308", "tls-not-verified", "warning", _check)
