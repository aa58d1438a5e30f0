"""Two Tasks of a suite have the same title as Robot compares titles.

Case, blanks and underscores do not count. A run that asks for one of them runs both, and their results cannot be told
apart.

Say in each title what sets the Task apart.
"""

from collections.abc import Iterator

from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule
from runstone.content.outline import plain


def _check(bundle: Bundle) -> Iterator[Remark]:
    for suite in bundle.suites:
        seen: dict[str, int] = {}
        for task in suite.suite.tasks:
            first = seen.setdefault(plain(task.title), task.line)
            if first != task.line:
                message = f"The title {task.title!r} is that of the Task on line {first} too. Rename one of them."
                yield Remark(suite.file, task.line, message, 1)


RULE = Rule("RS108", "duplicate-title", "error", _check)
