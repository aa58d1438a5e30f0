"""A waiver does not say why.

``# runstone: allow RS304`` without a reason does not count: whoever reads it next cannot tell whether it still holds.

Write the reason after the code: ``# runstone: allow RS304 the client reads its key from no other place``.
"""

from collections.abc import Iterator

from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule


def _check(bundle: Bundle) -> Iterator[Remark]:
    """The engine, which knows the waivers, says it."""
    yield from ()


RULE = Rule("RS002", "waiver-without-reason", "error", _check)
