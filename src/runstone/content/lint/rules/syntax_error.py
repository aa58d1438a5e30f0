"""Robot's parser refuses something in the suite.

A setting it does not know, a block without END, a variable with an invalid name: Robot reports these when the suite
starts, or fails the Task that holds them.

Correct what the message names.
"""

from collections.abc import Iterator

from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule

_TOLD_ELSEWHERE = ("RETURN can only", "There is no Task", "Two Tasks cannot", "Two Tasks have", "ELIF", "is deprecated")


def _check(bundle: Bundle) -> Iterator[Remark]:
    for suite in bundle.suites:
        for one in suite.problems:
            if not any(words in one.message for words in _TOLD_ELSEWHERE):
                yield Remark(suite.file, one.line, one.message)


RULE = Rule("RS103", "syntax-error", "error", _check)
