"""What scripts of a bundle wrote about themselves while they ran, which their suite may never have looked at.

The forms are those of bash (``x.sh: line 3: …``) and of Python's tracebacks.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from runstone.content.suite import SuiteEvent

_BASH = re.compile(r"^(?:\S*/)?(?P<file>[\w.-]+): line (?P<line>\d+): (?P<said>.*)$")
_PYTHON = re.compile(r'^\s*File "(?:[^"]*/)?(?P<file>[^"/]+)", line (?P<line>\d+)')
_SHOWN = 300


def told(events: Iterable[SuiteEvent], bundle: Path) -> Iterator[str]:
    """One line for each: ``file:line  what`` where a script of the bundle is named, else the command and its end."""
    said: dict[str, None] = {}
    for one in events:
        if one.type == "command":
            for line in _lines(one.record["what"], one.record["returncode"], one.record["stderr"], bundle):
                said[line] = None
    yield from said


def place(message: str, files: Iterable[str]) -> tuple[str, int]:
    """The file and line that a message names; empty and 0 when it names none of these files."""
    found = re.search(r"(?P<file>[\w.-]+): line (?P<line>\d+): ", message)
    return (found["file"], int(found["line"])) if found and found["file"] in files else ("", 0)


def _lines(what: str, code: int, stderr: str, bundle: Path) -> Iterator[str]:
    lines = [line for line in stderr.splitlines() if line.strip()]
    placed = [f"{found['file']}:{found['line']}  {found['said']}" for found in _named(_BASH, lines, bundle)]
    steps = [f"{found['file']}:{found['line']}  {lines[-1].strip()}" for found in _named(_PYTHON, lines, bundle)]
    # Of a traceback the last step is the innermost.
    placed += steps[-1:]
    if not placed and code and lines:
        placed = [f"{what} ended with return code {code}: {lines[-1].strip()}"]
    yield from (line[:_SHOWN] for line in placed)


def _named(form: re.Pattern[str], lines: list[str], bundle: Path) -> list[re.Match[str]]:
    """The lines of a form that name a file of the bundle."""
    return [found for line in lines if (found := form.match(line)) and (bundle / found["file"]).is_file()]
