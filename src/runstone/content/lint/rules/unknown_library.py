"""A suite imports a library that is neither Robot's, nor the platform's, nor in the collection.

Unless the collection's requirements bring it, the suite's keywords that come from it all fail. Nothing can be said of
their arguments either.

Put the library below ``libraries/``, name its package in ``requirements.txt``, or take the import out.
"""

from collections.abc import Iterator

from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule


def _check(bundle: Bundle) -> Iterator[Remark]:
    for suite in bundle.robots:
        for name, line in suite.known.missing if suite.known else ():
            message = (
                f"The library {name} is not Robot's, not the platform's and not in this collection. "
                "Put it below libraries/, or name its package in requirements.txt."
            )
            yield Remark(suite.file, line, message, 1)


RULE = Rule("RS106", "unknown-library", "warning", _check)
