"""A suite has no documentation.

Its first line is how the catalogue describes the bundle.

Write ``Documentation`` among the settings.
"""

from collections.abc import Iterator

from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule


def _check(bundle: Bundle) -> Iterator[Remark]:
    for suite in bundle.suites:
        if not suite.suite.documentation.strip():
            yield Remark(suite.file, 1, "The suite has no documentation, by which it is listed. Write it.")


RULE = Rule("RS203", "suite-without-documentation", "warning", _check)
