"""An Issue is raised without a next step.

Next steps are what the reader does, and what an investigation goes on with: they are matched against the titles of
Tasks. An Issue without one ends there.

Give ``next_steps=``, one suggestion a line, worded like the title of the Task that would help.
"""

import re
from collections.abc import Iterator

from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule

_ORDER = ("severity", "title", "expected", "actual", "reproduce_hint", "observed_at", "next_steps")


def _check(bundle: Bundle) -> Iterator[Remark]:
    for suite in bundle.robots:
        for use in suite.used("addissue"):
            if any(re.match(r"[&@]\{", arg.text) for arg in use.args):
                continue
            said = use.said(*_ORDER).get("next_steps") or use.given("next_action")
            if said is None or said.value.strip() in ("", "${EMPTY}", "${None}", "None"):
                message = "This Issue has no next_steps, so nothing follows from it. Say what to look at or do."
                yield Remark(suite.file, use.line, message, use.column)


RULE = Rule("RS212", "issue-without-next-steps", "warning", _check)
