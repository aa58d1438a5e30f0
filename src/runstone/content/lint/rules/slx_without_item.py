"""A generation rule makes no SLX.

A rule without ``slxs``, or an SLX without an output item of type ``slx``, matches resources and leaves nothing behind.

Add ``outputItems`` with ``- type: slx``.
"""

from collections.abc import Iterator

from runstone.content.lint import outputs
from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule


def _check(bundle: Bundle) -> Iterator[Remark]:
    for file in bundle.rule_files:
        for rule, line in file.rules:
            if not outputs.slxs(rule):
                yield Remark(file.file, line, "The rule has no slxs, so nothing is made of a match. Write one.")
            for slx in outputs.slxs(rule):
                if "slx" not in [item.get("type") for item in outputs.items(slx)]:
                    name = slx.get("baseName") or "without a baseName"
                    message = f"The SLX {name} has no output item of type slx, so it never comes to be. Add one."
                    yield Remark(file.file, line, message)
                if not slx.get("baseName"):
                    yield Remark(file.file, line, "An SLX has no baseName, by which it would be named. Write one.")


RULE = Rule("RS505", "slx-without-item", "error", _check)
