r"""The pattern of an input fits every value.

``pattern=\w*`` looks like a check and is none: it is found in any text, the empty one too.

Anchor it (``^[a-z0-9-]+$``) or leave it out; ``--fix`` leaves it out where it has a line of its own.
"""

import re
from collections.abc import Iterator

from runstone.content import inputs
from runstone.content.lint.bundle import Bundle, SuiteFile
from runstone.content.lint.finding import Edit, Remark
from runstone.content.lint.rule import Rule
from runstone.content.lint.uses import Argument

_IMPORTS = ("importuservariable", "importplatformvariable")


def _check(bundle: Bundle) -> Iterator[Remark]:
    for suite in bundle.suites:
        vague = {one.line for one in inputs.findings(suite.suite) if "fits every value" in one.message}
        places = {use.line: use.given("pattern") for use in suite.used(*_IMPORTS) if use.line in vague}
        for line in sorted(vague):
            place = places.get(line)
            message = "The pattern fits every value, so it says nothing. Anchor it (^…$) or leave it out."
            at = (place.line, place.column) if place else (line, 0)
            yield Remark(suite.file, at[0], message, at[1], _without(suite, place) if place else ())


def _without(suite: SuiteFile, argument: Argument) -> tuple[Edit, ...]:
    """The whole line, when the pattern is all it holds."""
    line = suite.lines[argument.line - 1]
    if not re.fullmatch(r"\s*\.\.\.\s+\S.*", line) or line.split("...", 1)[1].strip() != argument.text:
        return ()
    return (Edit(argument.line, 1, argument.line + 1, 1, ""),)


RULE = Rule("RS210", "pattern-says-nothing", "note", _check)
