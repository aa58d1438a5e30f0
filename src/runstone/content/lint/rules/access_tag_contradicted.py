"""A Task says that it only reads, and changes something.

``access:read-only`` is what lets a Task run without being asked for. A command of this one, or of a script it reaches,
deletes, scales, writes or sends.

Tag it ``access:read-write``, or take the command out. A command that changes nothing others see is a mistake of the
linter: waive it with the reason.
"""

from collections.abc import Iterator

from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule


def _check(bundle: Bundle) -> Iterator[Remark]:
    for suite in bundle.suites:
        for task, does in zip(suite.suite.tasks, suite.contract.tasks, strict=False):
            if task.access == "read-only" and does.changes:
                first = does.changes[0]
                message = (
                    f"The Task {task.title!r} is tagged access:read-only, but {first.file}:{first.line} changes "
                    f"something: {first.words}. Tag it access:read-write, or take the command out."
                )
                yield Remark(suite.file, task.line, message, 1)


RULE = Rule("RS302", "access-tag-contradicted", "error", _check)
