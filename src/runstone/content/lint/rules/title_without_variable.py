"""The title of a Task says nothing of what it is about.

``Fetch Logs`` reads the same for every workload of a workspace: neither a person nor an assistant can choose between
fifty of them. A variable in the title is filled in for each.

Name the subject: ``Fetch Logs of Deployment `${DEPLOYMENT_NAME}```. Suites without inputs have nothing to name, and the
steps of an SLI are shown below their SLX; neither is found here.
"""

from collections.abc import Iterator

from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule


def _check(bundle: Bundle) -> Iterator[Remark]:
    for suite in bundle.suites:
        if suite.is_monitor or not suite.suite.inputs:
            continue
        for task in suite.suite.tasks:
            if "${" not in task.title:
                message = f"The title {task.title!r} is the same for everything it looks at. Name that: of `${{…}}`."
                yield Remark(suite.file, task.line, message, 1)


RULE = Rule("RS202", "title-without-variable", "warning", _check)
