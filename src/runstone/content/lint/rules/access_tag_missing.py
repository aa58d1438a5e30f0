"""A Task does not say whether it changes anything.

Without ``access:read-only`` or ``access:read-write`` a Task counts as one that may change something: nobody runs it
unasked, and an assistant leaves it out of an investigation.

Tag it with what it does.
"""

import re
from collections.abc import Iterator

from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule


def _check(bundle: Bundle) -> Iterator[Remark]:
    for suite in bundle.suites:
        if suite.is_monitor:
            continue
        for task, does in zip(suite.suite.tasks, suite.contract.tasks, strict=False):
            if task.access == "unknown" and not any(re.match(r"(?i)access\s*[:=]", tag) for tag in task.tags):
                fitting = "access:read-write" if does.changes else "access:read-only"
                because = "its source changes something" if does.changes else "its source shows no change"
                message = f"The Task {task.title!r} has no access tag. Tag it {fitting} if that is so: {because}."
                yield Remark(suite.file, task.line, message, 1)


RULE = Rule("RS301", "access-tag-missing", "warning", _check)
