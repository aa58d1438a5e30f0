"""A script cannot be read by its interpreter.

A quote that is never closed, Python that is no Python: the step that runs it fails, and what it would do is unknown.

Correct what the message names.
"""

from collections.abc import Iterator

from runstone.content.lint.bundle import Bundle, ScriptFile
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule


def _check(bundle: Bundle) -> Iterator[Remark]:
    for script in bundle.scripts:
        problem = _problem(script)
        if problem:
            yield Remark(script.file, problem[0], problem[1])


def _problem(script: ScriptFile) -> tuple[int, str] | None:
    if script.language == "bash" and "\r\n" in script.text:
        line = script.line_of(script.text.index("\r\n"))
        return line, "Lines end in CR LF, which bash reads as part of words. Save it with LF."
    return script.source.problem


RULE = Rule("RS403", "script-broken", "error", _check)
