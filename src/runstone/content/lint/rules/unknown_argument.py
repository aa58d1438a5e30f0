"""A step gives a keyword arguments that it does not take.

Too many, too few, one twice, or one by a name the keyword does not have: Robot refuses the call when it is reached.

Give the arguments that the keyword names.
"""

from collections.abc import Iterator

from runstone.content.lint import signatures
from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule


def _check(bundle: Bundle) -> Iterator[Remark]:
    for suite in bundle.robots:
        for use in suite.uses:
            signature = suite.known.lookup(use.name) if suite.known else None
            for problem in signatures.problems(signature, [arg.text for arg in use.args]) if signature else ():
                yield Remark(suite.file, use.line, f"The keyword {use.name} {problem}.", use.column)


RULE = Rule("RS105", "unknown-argument", "error", _check)
