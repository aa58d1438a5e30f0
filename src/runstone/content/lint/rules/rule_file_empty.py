"""A file of generation rules holds no rule.

Nothing is made from it, so the bundle is offered to nobody. Files with every line commented out are read as empty.

Write a rule, or delete the file.
"""

from collections.abc import Iterator

from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule


def _check(bundle: Bundle) -> Iterator[Remark]:
    for file in bundle.rule_files:
        if not file.rules and not file.problem:
            yield Remark(file.file, 0, "The file holds no rule, so nothing is made from it. Write one, or delete it.")


RULE = Rule("RS502", "rule-file-empty", "warning", _check)
