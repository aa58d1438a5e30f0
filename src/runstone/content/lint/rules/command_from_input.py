"""A Task that says it only reads runs an input as a command.

What it does depends on who fills the input in. The tag speaks of the Task as written; the command may be anything.

Tag the Task ``access:read-write``, or take the parts of the command as inputs rather than the command.
"""

from collections.abc import Iterator

from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule


def _check(bundle: Bundle) -> Iterator[Remark]:
    for suite in bundle.suites:
        for task, does in zip(suite.suite.tasks, suite.contract.tasks, strict=False):
            if task.access == "read-only" and does.commands:
                given = ", ".join(does.commands)
                message = f"The Task {task.title!r} is tagged access:read-only and runs what the input {given} holds."
                yield Remark(suite.file, task.line, message, 1)


RULE = Rule("RS310", "command-from-input", "note", _check)
