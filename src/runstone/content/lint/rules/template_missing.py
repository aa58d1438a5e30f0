"""A generation rule names a template that is not there.

The item is never made, and an SLX without its ``slx`` item is none at all.

Put the template into ``.runwhen/templates``, or correct ``templateName``; without one it is
``<baseTemplateName>-<type>.yaml``.
"""

from collections.abc import Iterator

from runstone.content.lint import outputs
from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule


def _check(bundle: Bundle) -> Iterator[Remark]:
    there = {one.file.rpartition("/")[2] for one in bundle.templates}
    there |= {name.rpartition("/")[2] for name, _ in bundle.unreadable}
    for file in bundle.rule_files:
        for rule, line in file.rules:
            for slx in outputs.slxs(rule):
                for item in outputs.items(slx):
                    name = outputs.template(slx, item)
                    if name not in there:
                        message = f"There is no template {name} in .runwhen/templates, so the item is never made."
                        yield Remark(file.file, line, message)


RULE = Rule("RS504", "template-missing", "error", _check)
