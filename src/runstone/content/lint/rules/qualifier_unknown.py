"""An SLX of a generation rule is named by a qualifier that its platform does not have.

Qualifiers make up an SLX's name. One without a value leaves no name, so that the SLX never comes to be.

Correct the name, or take the qualifier out.
"""

from collections.abc import Iterator

from runstone.content.lint import outputs
from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.platforms import QUALIFIERS
from runstone.content.lint.rule import Rule


def _check(bundle: Bundle) -> Iterator[Remark]:
    for file in bundle.rule_files:
        known = ("resource", *QUALIFIERS.get(file.platform, ()))
        for rule, line in file.rules if file.platform in QUALIFIERS else ():
            for slx in outputs.slxs(rule):
                for name in outputs.texts(slx.get("qualifiers")):
                    if name not in known:
                        message = f"{file.platform} has no qualifier {name!r}, so the SLX is never made. There are: "
                        yield Remark(file.file, line, f"{message}{', '.join(known)}.")


RULE = Rule("RS513", "qualifier-unknown", "error", _check)
