"""A Task has no documentation.

Its documentation is what a person reads before running it and what search finds it by. A title alone is found only by
those who know its words.

Say in ``[Documentation]`` what it looks at and what it tells.
"""

from collections.abc import Iterator

from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule


def _check(bundle: Bundle) -> Iterator[Remark]:
    for suite in bundle.suites:
        for task in suite.suite.tasks:
            if not task.documentation.strip():
                message = f"The Task {task.title!r} has no documentation. Say what it looks at and what it tells."
                yield Remark(suite.file, task.line, message, 1)


RULE = Rule("RS201", "task-without-documentation", "warning", _check)
