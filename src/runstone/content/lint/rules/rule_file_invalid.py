"""A file of generation rules cannot be read.

No SLX is made from it. A file of another name than ``.yaml`` or ``.yml`` is not even looked at.

Correct what the message names.
"""

from collections.abc import Iterator

from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule


def _check(bundle: Bundle) -> Iterator[Remark]:
    for file in bundle.rule_files:
        if file.problem:
            yield Remark(file.file, *file.problem)
    for name in bundle.others:
        if name.startswith(".runwhen/generation-rules/") and not name.endswith((".yaml", ".yml")):
            message = "Only .yaml and .yml files are read as generation rules. Name it so, or take it out."
            yield Remark(name, 0, message, severity="warning")


RULE = Rule("RS501", "rule-file-invalid", "error", _check)
