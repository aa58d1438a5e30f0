"""A generation rule asks for a resource type that no platform has.

The rule never matches. Types are written as the platform's discovery names them; a custom type of a cluster is
``plural.group``.

Correct the name.
"""

import difflib
import re
from collections.abc import Iterator

from runstone.content.lint import outputs
from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.platforms import KUBERNETES_TYPES, PLATFORMS
from runstone.content.lint.rule import Rule


def _check(bundle: Bundle) -> Iterator[Remark]:
    for file in bundle.rule_files:
        if file.rules and file.platform not in PLATFORMS:
            message = f"There is no platform {file.platform!r}. Known: {', '.join(PLATFORMS)}."
            yield Remark(file.file, 0, message)
        for rule, line in file.rules:
            if not rule.get("resourceTypes"):
                yield Remark(file.file, line, "The rule names no resourceTypes, so it matches nothing. Name them.")
            for name in outputs.types(rule) if file.platform == "kubernetes" else ():
                if name not in KUBERNETES_TYPES and "." not in name:
                    yield Remark(file.file, line, f"No cluster has a type {name!r}. {_hint(name)}")


def _hint(name: str) -> str:
    near = difflib.get_close_matches(re.sub(r"[^a-z]", "", name.lower()), KUBERNETES_TYPES, n=1, cutoff=0.75)
    return f"Did you mean {near[0]}?" if near else "Write a custom type as plural.group."


RULE = Rule("RS506", "resource-type-unknown", "error", _check)
