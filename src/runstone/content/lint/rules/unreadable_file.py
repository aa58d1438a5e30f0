"""A file of the bundle cannot be read.

A suite, script, rule file or template that is not UTF-8 text, is a link, is far too large, or that its own reader
refuses does nothing when a run needs it. What else is wrong in it is not known until it can be read.

Save it as UTF-8 text in the bundle's own folder, or take it out.
"""

from collections.abc import Iterator

from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule


def _check(bundle: Bundle) -> Iterator[Remark]:
    for file, reason in bundle.unreadable:
        yield Remark(file, 0, reason)


RULE = Rule("RS001", "unreadable-file", "error", _check)
