"""An input or a secret has no description.

The form that asks a person for it then shows nothing but its name.

Add ``description=`` to its import.
"""

from collections.abc import Iterator

from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule


def _check(bundle: Bundle) -> Iterator[Remark]:
    for suite in bundle.suites:
        asked = [one for one in suite.suite.inputs if one.kind == "user"]
        for one in (*asked, *suite.suite.secrets):
            if not one.description.strip() and "${" not in one.name:
                yield Remark(suite.file, one.line, f"{one.name} has no description: its form shows only the name.")


RULE = Rule("RS208", "input-without-description", "note", _check)
