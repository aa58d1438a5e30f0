"""A waiver allows what is not found.

What it allowed is gone, or it stands on another line than the finding. Left there, it would hide the next one.

Take it out, or move it to the line of the finding or the line before.
"""

from collections.abc import Iterator

from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule


def _check(bundle: Bundle) -> Iterator[Remark]:
    """The engine, which knows the waivers, says it."""
    yield from ()


RULE = Rule("RS004", "waiver-unused", "warning", _check)
