"""A bundle has no README.

It is where a person reads what the bundle is for, what it needs and what it may do before it is let into a workspace.

Write a ``README.md`` beside the suites.
"""

from collections.abc import Iterator

from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule


def _check(bundle: Bundle) -> Iterator[Remark]:
    if bundle.suites and bundle.readme is None:
        message = "The bundle has no README. Say what it is for, what it needs and what it may do."
        yield Remark(bundle.suites[0].file, 0, message)


RULE = Rule("RS206", "bundle-without-readme", "note", _check)
