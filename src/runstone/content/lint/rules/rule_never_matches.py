"""A generation rule cannot match anything.

A pattern that is no regular expression or that no text can fit, a path into the cluster (which has no object), a
predicate of a type that there is none of.

Correct the predicate.
"""

import re
from collections.abc import Iterator
from typing import Any

from runstone.content.lint import outputs
from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule

_TYPES = ("pattern", "exists", "custom-variable", "and", "or", "not")
_PLAIN = ("name", "labels", "label-keys", "label-values", "annotations", "annotation-keys", "annotation-values")
_IMPOSSIBLE = re.compile(r"(?<!\\)\$[\w-]|[\w-]\^")


def _check(bundle: Bundle) -> Iterator[Remark]:
    for file in bundle.rule_files:
        for rule, line in file.rules:
            for predicate in outputs.predicates(rule):
                for message in _problems(predicate, outputs.types(rule)):
                    yield Remark(file.file, line, message)


def _problems(predicate: dict[str, Any], types: list[str]) -> Iterator[str]:
    kind = predicate.get("type")
    if kind not in _TYPES:
        yield f"There is no predicate of type {kind!r}. Known: {', '.join(_TYPES)}."
        return
    pattern = predicate.get("pattern")
    if isinstance(pattern, str):
        try:
            re.compile(pattern)
        except (re.error, RecursionError, OverflowError) as err:
            yield f"The pattern {pattern!r} is no regular expression: {err}. Correct it."
            return
        if _IMPOSSIBLE.search(pattern):
            yield f"No text fits the pattern {pattern!r}: something is asked for after its end or before its start."
    elif kind in ("pattern", "custom-variable"):
        yield f"A predicate of type {kind} has no pattern, so it holds for nothing. Write one."
    properties = predicate.get("properties")
    paths = [str(one) for one in properties] if isinstance(properties, list) else []
    paths = [one for one in paths if one not in _PLAIN]
    if types == ["cluster"] and paths and "resourceType" not in predicate and kind == "pattern":
        yield f"A cluster has no object, so {paths[0]!r} leads nowhere. Match on its name."


RULE = Rule("RS507", "rule-never-matches", "error", _check)
