"""A Task has an access tag that says nothing, or two that contradict.

Only ``access:read-only`` and ``access:read-write`` are understood. Any other spelling counts as none; of two, the
cautious one counts.

Keep one tag, spelt as here.
"""

import re
from collections.abc import Iterator

from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule

_KNOWN = {"access:read-only", "access:read-write"}
_MEANT = re.compile(r"(?i)access\s*[:=]|access\W.*(?:read|write|only)")
"""A tag that means to say it; ``access`` alone is a word like any other."""


def _check(bundle: Bundle) -> Iterator[Remark]:
    for suite in bundle.suites:
        for task in suite.suite.tasks:
            said = {re.sub(r"[\s_]", "", tag).lower(): tag for tag in task.tags if _MEANT.match(tag)}
            strange = sorted(tag for key, tag in said.items() if key not in _KNOWN)
            if strange:
                message = f"The tag {strange[0]!r} means nothing. Write access:read-only or access:read-write."
                yield Remark(suite.file, task.line, message, 1)
            elif len(said) > 1:
                message = f"The Task {task.title!r} is tagged read-only and read-write. Keep the one that is true."
                yield Remark(suite.file, task.line, message, 1)


RULE = Rule("RS303", "access-tag-unclear", "error", _check)
