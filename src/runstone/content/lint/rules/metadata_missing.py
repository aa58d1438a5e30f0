"""A suite does not say what it is called, who wrote it or what it supports.

``Display Name`` is its title in the catalogue, ``Supports`` the technologies it is filtered by, ``Author`` whom to ask.

Write the missing ``Metadata`` (``display_name``, ``supports``, ``author`` in a ``task.yaml``).
"""

from collections.abc import Iterator

from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule


def _check(bundle: Bundle) -> Iterator[Remark]:
    for suite in bundle.suites:
        said = {
            "Display Name": suite.suite.display_name,
            "Supports": suite.suite.supports,
            "Author": suite.suite.author,
        }
        missing = [name for name, value in said.items() if not value]
        if missing:
            yield Remark(suite.file, 1, f"The suite does not say its {', '.join(missing)}. Write it as Metadata.")


RULE = Rule("RS204", "metadata-missing", "warning", _check)
