"""An Issue has a severity that is none.

Severities are 1 (unavailable, a person now), 2 (degraded), 3 (look eventually) and 4 (for information). Anything else
counts as 4, however bad it is.

Give one of the four.
"""

import re
from collections.abc import Iterator

from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule


def _check(bundle: Bundle) -> Iterator[Remark]:
    for suite in bundle.robots:
        for use in suite.used("addissue"):
            said = use.said("severity").get("severity")
            if said and not re.search(r"[$&@]", said.value) and not re.fullmatch(r"\s*[1-4]\s*", said.value):
                message = f"The severity {said.value!r} is none of 1, 2, 3 and 4, so it counts as 4."
                yield Remark(suite.file, said.line, message, said.column)


RULE = Rule("RS213", "issue-severity-invalid", "error", _check)
