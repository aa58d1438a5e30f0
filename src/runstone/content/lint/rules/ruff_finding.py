"""ruff finds a fault in a script.

ruff reads python better than any rule here. Its errors and warnings are passed on with its own code, which its pages
explain (https://docs.astral.sh/ruff/rules/). Nothing is found when ruff is not installed; the run says so.

Correct what it names, or silence it in its own way where it is wrong.
"""

from collections.abc import Iterator

from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule


def _check(bundle: Bundle) -> Iterator[Remark]:
    for one in bundle.opinions:
        if one.program == "ruff":
            yield Remark(one.file, one.line, f"{one.code}: {one.message}", one.column, severity=one.level)


RULE = Rule("RS405", "ruff-finding", "warning", _check)
