"""A script of the bundle is run by none of its Tasks.

It is copied beside every run, read by every reviewer, and does nothing. Often the Task that ran it was renamed.

Run it, or take it out.
"""

import re
from collections.abc import Iterator

from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule


def _check(bundle: Bundle) -> Iterator[Remark]:
    if not bundle.suites:
        return
    reached = {name for suite in bundle.suites for task in suite.contract.tasks for name in task.scripts}
    texts = [(one.file, one.text) for one in (*bundle.suites, *bundle.scripts)]
    for script in bundle.scripts:
        if script.file in reached:
            continue
        stem = script.file.rpartition(".")[0]
        pattern = re.compile(
            rf"(?<![\w-]){re.escape(script.file)}\b|\bimport\s+{re.escape(stem)}\b|\bfrom\s+{re.escape(stem)}\s"
        )
        named = any(file != script.file and stem in text and pattern.search(text) for file, text in texts)
        if not named:
            yield Remark(script.file, 0, f"No Task runs {script.file}. Run it, or take it out.")


RULE = Rule("RS402", "script-unused", "note", _check)
