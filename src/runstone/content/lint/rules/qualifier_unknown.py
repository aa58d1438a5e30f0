"""An SLX of a generation rule is named by a qualifier that its platform does not have.

Qualifiers make up an SLX's name. One without a value leaves no name, so that the SLX never comes to be.

Correct the name, or take the qualifier out.
"""

from collections.abc import Iterator
from typing import Any

from runstone.content.lint import outputs
from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.platforms import QUALIFIERS
from runstone.content.lint.rule import Rule


def _check(bundle: Bundle) -> Iterator[Remark]:
    for file in bundle.rule_files:
        for rule, line in file.rules:
            platforms = outputs.platforms(rule, file.platform)
            if all(platform in QUALIFIERS for platform in platforms):
                yield from (Remark(file.file, line, message) for message in _unknown(rule, platforms))


def _unknown(rule: dict[str, Any], platforms: list[str]) -> Iterator[str]:
    known = ("resource", *(name for platform in platforms for name in QUALIFIERS[platform]))
    for slx in outputs.slxs(rule):
        for name in outputs.texts(slx.get("qualifiers")):
            if name not in known:
                where = " and ".join(platforms)
                yield f"{where} has no qualifier {name!r}, so the SLX is never made. There are: {', '.join(known)}."


RULE = Rule("RS513", "qualifier-unknown", "error", _check)
