"""What an input declares contradicts itself.

A default that is not in the enum, is not of the type or does not fit the pattern; a pattern that is no regular
expression or can keep a value busy for ever. Such a pattern is not enforced.

Correct the one that is wrong.
"""

from collections.abc import Iterator

from runstone.content import inputs
from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule


def _check(bundle: Bundle) -> Iterator[Remark]:
    for suite in bundle.suites:
        for one in inputs.findings(suite.suite):
            if "fits every value" not in one.message:
                yield Remark(suite.file, one.line, one.message)


RULE = Rule("RS209", "input-contradicts-itself", "warning", _check)
