"""A suite has no Task.

A file named ``.robot`` without ``*** Tasks ***`` can be chosen by an SLX but has nothing to run.

Write a Task, or take the file out of the bundle.
"""

from collections.abc import Iterator

from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule


def _check(bundle: Bundle) -> Iterator[Remark]:
    for suite in bundle.suites:
        if not suite.suite.tasks:
            yield Remark(suite.file, 0, "There is no Task in this file. Write one under *** Tasks ***.")


RULE = Rule("RS107", "no-task", "error", _check)
