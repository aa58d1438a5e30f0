"""shellcheck finds a fault in a script.

shellcheck reads bash better than rules here do. Its errors and warnings are passed on with its own code, which its
pages explain (https://www.shellcheck.net/wiki/). Nothing is found when shellcheck is not installed; the run says so.

Correct what it names, or silence it in its own way where it is wrong.
"""

from collections.abc import Iterator

from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule


def _check(bundle: Bundle) -> Iterator[Remark]:
    for one in bundle.opinions:
        if one.program == "shellcheck":
            yield Remark(one.file, one.line, f"{one.code}: {one.message}", one.column, severity=one.level)


RULE = Rule("RS404", "shellcheck-finding", "warning", _check)
