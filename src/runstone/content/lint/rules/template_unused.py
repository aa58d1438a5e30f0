"""A template is used by no rule of the bundle.

It is kept up for nothing, and misleads whoever changes the one that is used.

Name it in a rule, or take it out.
"""

from collections.abc import Iterator

from runstone.content.lint import outputs
from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule


def _check(bundle: Bundle) -> Iterator[Remark]:
    if any(file.problem for file in bundle.rule_files):
        return
    used = {
        outputs.template(slx, item)
        for file in bundle.rule_files
        for rule, _ in file.rules
        for slx in outputs.slxs(rule)
        for item in outputs.items(slx)
    }
    used |= {name for one in bundle.templates for name in one.includes}
    for one in bundle.templates:
        if one.file.rpartition("/")[2] not in used:
            yield Remark(one.file, 0, "No rule of the bundle uses this template. Name it in one, or take it out.")


RULE = Rule("RS512", "template-unused", "note", _check)
