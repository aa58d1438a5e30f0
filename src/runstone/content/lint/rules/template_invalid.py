"""A template is no template, or makes a document of no use.

What Jinja cannot read makes the item fail for every match.

Correct what the message names.
"""

from collections.abc import Iterator

from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule


def _check(bundle: Bundle) -> Iterator[Remark]:
    for one in bundle.templates:
        if one.problem:
            yield Remark(one.file, *one.problem)


RULE = Rule("RS508", "template-invalid", "error", _check)
