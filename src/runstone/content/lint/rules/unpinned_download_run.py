"""A script is downloaded and run as it is at that moment.

``curl … | bash`` runs whatever the address gives today, with the Task's rights. Nobody has read it.

Put the program into the image, or download a fixed version, compare its checksum, and run that.
"""

import re
from collections.abc import Iterator

from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule

_LOADS = re.compile(r"\b(?:curl|wget)\b")
_INTO = re.compile(
    r"\|\s*(?:sudo\s+(?:-\w+\s+)*)?(?:bash|sh|zsh|python3?|perl|ruby)\b"
    r"(?![ \t]+-[cm]\b)(?![ \t]+[\w./$\"'{]+\.)"
)
"""Not where the interpreter is given code or a file of its own: what is downloaded is data to that."""
_BEGINS = re.compile(r"[|;&]|(?<!\\)\n")
_SUBSTITUTED = re.compile(r"(?:\b(?:bash|sh|zsh|source)\s+(?:-c\s+)?|\beval\s+)[\"']?(?:<\(|\$\()\s*(?:curl|wget)\b")
_SAYS = re.compile(r"\s*(?:#|(?:echo|printf|cat)\b)")


def _check(bundle: Bundle) -> Iterator[Remark]:
    for one in (*bundle.robots, *bundle.shells):
        if _LOADS.search(one.text):
            for at in sorted({*_piped(one.text), *(found.start() for found in _SUBSTITUTED.finditer(one.text))}):
                line = one.line_of(at)
                if not _SAYS.match(one.lines[line - 1]):
                    message = "What is downloaded here is run unseen. Fix a version and compare its checksum first."
                    yield Remark(one.file, line, message)


def _piped(text: str) -> Iterator[int]:
    """Where a download begins whose output an interpreter reads: the part before each such pipe is looked at once."""
    start = 0
    for found in _INTO.finditer(text):
        begins = [one.end() for one in _BEGINS.finditer(text, start, found.start())]
        start = begins[-1] if begins else start
        loads = _LOADS.search(text, start, found.start())
        if loads:
            yield loads.start()
        start = found.end()


RULE = Rule("RS307", "unpinned-download-run", "error", _check)
