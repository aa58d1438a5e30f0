"""A step calls a keyword that no library of the suite has.

The step fails when it is reached: a removed keyword, a misspelt one, or one of a library that is not imported. Nothing
is said where a library cannot be read, since the keyword may be its.

Import the library that has it, or call one that is there.
"""

import difflib
from collections.abc import Iterator

from runstone.content.lint import calling
from runstone.content.lint.bundle import Bundle, SuiteFile
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule
from runstone.content.lint.uses import Use

_WORDS = {"elif", "elseif", "elsif", "endif", "endfor", "catch"}


def _check(bundle: Bundle) -> Iterator[Remark]:
    for suite in bundle.robots:
        known = suite.known
        for use in suite.uses if known else ():
            if known and use.key not in _WORDS and known.lookup(use.name) is None:
                yield _remark(suite, use, known)


def _remark(suite: SuiteFile, use: Use, known: calling.Known) -> Remark:
    near = difflib.get_close_matches(use.key, known.names(), n=1, cutoff=0.85)
    elsewhere = known.offered_by(use.name)
    hint = (
        f"Import the library {elsewhere}."
        if elsewhere
        else f"Did you mean {near[0]!r} (written without blanks)?"
        if near
        else "Import the library that has it, or take the step out."
    )
    return Remark(
        suite.file, use.line, f"There is no keyword {use.name!r} in what this suite imports. {hint}", use.column
    )


RULE = Rule("RS104", "unknown-keyword", "error", _check)
