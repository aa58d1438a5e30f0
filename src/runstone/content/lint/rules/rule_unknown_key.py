"""A generation rule has a key that means nothing.

It is passed over without a word. A misspelt ``qualifiers`` gives every SLX the same name.

Correct its name or take it out.
"""

import difflib
from collections.abc import Iterable, Iterator
from typing import Any

from runstone.content.lint import outputs
from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule

_RULE = frozenset({"resourceTypes", "matchRules", "slxs", "outputItems"})
_SLX = frozenset({"baseName", "shortenedBaseName", "baseTemplateName", "qualifiers", "levelOfDetail", "outputItems"})
_ITEM = frozenset({"type", "path", "templateName", "templateVariables", "levelOfDetail"})


def _check(bundle: Bundle) -> Iterator[Remark]:
    for file in bundle.rule_files:
        for rule, line in file.rules:
            parts = [(rule, _RULE, "a rule")]
            parts += [(slx, _SLX, "an SLX of a rule") for slx in outputs.slxs(rule)]
            parts += [(item, _ITEM, "an output item") for slx in outputs.slxs(rule) for item in outputs.items(slx)]
            for said, known, where in parts:
                for message in _strange(said, known, where):
                    yield Remark(file.file, line, message)


def _strange(said: dict[str, Any], known: Iterable[str], where: str) -> Iterator[str]:
    for key in sorted(map(str, said.keys() - set(known))):
        near = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
        hint = f"Did you mean {near[0]}?" if near else "Take it out."
        yield f"The key {key!r} of {where} means nothing. {hint}"


RULE = Rule("RS503", "rule-unknown-key", "warning", _check)
