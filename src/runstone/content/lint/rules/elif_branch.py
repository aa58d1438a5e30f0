"""ELIF is no word of Robot's; the branch is called ELSE IF.

Robot takes ELIF for the name of a keyword. The branch before it then runs on into this one, and fails there.

Write ELSE IF.
"""

from collections.abc import Iterator

from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule

_MEANT = {
    "elif": "ELSE IF",
    "elseif": "ELSE IF",
    "elsif": "ELSE IF",
    "endif": "END",
    "endfor": "END",
    "catch": "EXCEPT",
}


def _check(bundle: Bundle) -> Iterator[Remark]:
    for suite in bundle.robots:
        for use in suite.used(*_MEANT):
            message = f"Robot has no {use.name}: it is taken for a keyword and fails. Write {_MEANT[use.key]}."
            yield Remark(suite.file, use.line, message, use.column)


RULE = Rule("RS102", "elif-branch", "error", _check)
