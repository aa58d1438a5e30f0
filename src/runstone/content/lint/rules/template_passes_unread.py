"""A template passes a value that its suite does not read.

The suite was changed and the template was not: what is configured there has no effect, while the value the suite reads
now is left at its default.

Pass what the suite imports, or take the entry out.
"""

import difflib
from collections.abc import Iterator, Mapping, Sequence

from runstone.content.lint.bundle import Bundle, Template
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule
from runstone.model.content import Input, SecretInput, ServiceInput

_Named = Input | SecretInput | ServiceInput


def _check(bundle: Bundle) -> Iterator[Remark]:
    for one in bundle.templates:
        suite = bundle.sibling_suites.get(one.robot)
        if suite is not None:
            yield from _against(one, "value", one.config, suite.inputs)
            yield from _against(one, "secret", one.secrets, suite.secrets)
            yield from _against(one, "service", one.services, suite.services)


def _against(one: Template, what: str, said: Mapping[str, int], read: Sequence[_Named]) -> Iterator[Remark]:
    """What is passed, against what the suite reads. A name that is worked out may be any."""
    known = {found.name for found in read}
    if any("${" in name for name in known):
        return
    for name, line in said.items():
        if name not in known and not name.startswith("RW_"):
            near = difflib.get_close_matches(name, known - said.keys(), n=1, cutoff=0.6)
            hint = f"Did you mean {near[0]}?" if near else "Take it out, or import it there."
            yield Remark(one.file, line, f"The {what} {name} is passed, but {one.robot} does not read it. {hint}")


RULE = Rule("RS510", "template-passes-unread", "warning", _check)
