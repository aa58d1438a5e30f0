"""A waiver names no rule, or one that cannot be waived.

It waives nothing. The codes are those that findings carry; those of the linter's own work (RS0xx) cannot be waived.

Correct the code or take the waiver out.
"""

from collections.abc import Iterator

from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule


def _check(bundle: Bundle) -> Iterator[Remark]:
    """The engine, which knows the waivers, says it."""
    yield from ()


RULE = Rule("RS003", "waiver-unknown-code", "error", _check)
