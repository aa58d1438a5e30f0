"""A Task of a runbook can raise no Issue.

Only an Issue tells an investigation that something is wrong: text in the report is read by people alone. A Task that
passes and raises none says that all is well, whatever it printed.

Raise an Issue for what it can find. Tasks that only gather text for a report may be meant: waive them.
"""

from collections.abc import Iterator

from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule


def _check(bundle: Bundle) -> Iterator[Remark]:
    for suite in bundle.suites:
        if suite.is_monitor or suite.used("pushmetric", "runkeywordandpushmetric"):
            continue
        for task, does in zip(suite.suite.tasks, suite.contract.tasks, strict=False):
            if not does.issues and not does.changes and task.access != "read-write":
                message = f"The Task {task.title!r} can raise no Issue, so it never says that something is wrong."
                yield Remark(suite.file, task.line, message, 1)


RULE = Rule("RS214", "task-without-issue", "note", _check)
