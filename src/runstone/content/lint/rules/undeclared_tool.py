"""A Task always calls a program that the bundle names nowhere.

A program that is missing where the Task runs shows as ``command not found`` in the middle of an investigation. Whoever
runs the bundle must be able to read what to install. Programs that every Unix has, and those of the bundle's own
``Supports``, need no word.

Name it in the README, or ask for it with ``command -v`` and say what to do when it is missing.
"""

import re
from collections.abc import Iterator

from runstone.content.lint.bundle import Bundle, SuiteFile
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule
from runstone.model.content import Task, Tool

_EVERYWHERE = frozenset(
    re.findall(
        r"\S+",
        "awk base64 basename bash cat chmod cmp column comm cp cut date dd diff dirname du echo egrep env expr false "
        "fgrep find fold getopt grep gunzip gzip head hostname id install join kill less ln ls md5sum mkdir mktemp "
        "more mv nl nohup od paste pgrep printenv printf ps pwd python python3 readlink realpath rm rmdir sed seq sh "
        "sha1sum sha256sum shuf sleep sort split stat stdbuf strings tac tail tar tee test timeout touch tput tr true "
        "uname uniq unzip wait wc which whoami xargs yes zcat zip",
    )
)
"""coreutils, findutils, grep, sed, awk and their like, and Python, which runs the suite itself."""


def _check(bundle: Bundle) -> Iterator[Remark]:
    named = " ".join([bundle.readme.text if bundle.readme else "", *(one.suite.documentation for one in bundle.suites)])
    for suite in bundle.suites:
        known = _EVERYWHERE | {word.lower() for word in suite.suite.supports}
        for name, (task, tool) in _always(suite).items():
            if name not in known and not _names(named, name):
                message = f"{tool.file} calls {name}, which the bundle names nowhere. Name it in the README."
                # A library's script is not the bundle's: what is wrong is here.
                place = (suite.file, task.line) if tool.file.startswith("libraries/") else (tool.file, tool.line)
                yield Remark(*place, message)


def _always(suite: SuiteFile) -> dict[str, tuple[Task, Tool]]:
    """The programs that every run of some Task calls, with the first such Task."""
    found: dict[str, tuple[Task, Tool]] = {}
    for task, does in zip(suite.suite.tasks, suite.contract.tasks, strict=False):
        for tool in does.tools:
            if tool.need == "always":
                found.setdefault(tool.name, (task, tool))
    return found


def _names(text: str, tool: str) -> bool:
    return bool(re.search(rf"(?<![\w-]){re.escape(tool)}(?![\w-])", text, re.IGNORECASE))


RULE = Rule("RS207", "undeclared-tool", "note", _check)
