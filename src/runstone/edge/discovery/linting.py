"""What is wrong with GenerationRules before any cluster is asked: rules that never match, items that cannot be made.

Pure but for reading rule files and looking whether templates are there. Each finding says what to do.
"""

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import yaml

from runstone.content import parse
from runstone.edge.discovery.rules import OutputItem, Predicate, Rule, SlxRule
from runstone.edge.discovery.subjects import KINDS, QUALIFIERS
from runstone.errors import BadInput
from runstone.model.content import Finding, GenerationRule

FAMILIES = ("kubernetes", *QUALIFIERS)
_QUALIFIERS = {**QUALIFIERS, "kubernetes": ("cluster", "context", "namespace", "subscription_id", "subscription_name")}
_RULE_KEYS = frozenset({"resourceTypes", "matchRules", "slxs", "outputItems"})
_SLX_KEYS = frozenset(
    {"baseName", "shortenedBaseName", "baseTemplateName", "qualifiers", "levelOfDetail", "outputItems"}
)
_ITEM_KEYS = frozenset({"type", "path", "templateName", "templateVariables", "levelOfDetail"})
_ITEM_TYPES = ("slx", "sli", "slo", "runbook", "taskset", "workflow")
_BUILTIN = Path(__file__).parent / "templates"


def collection(root: Path) -> list[Finding]:
    """Every bundle's rule files, in the order of their names; files are relative to ``root``."""
    return [one for path, files in parse.outline(root) for file in files for one in bundle_file(root, path, file)]


def bundle_file(root: Path, bundle: str, file: str) -> list[Finding]:
    """One rule file of a bundle."""
    try:
        rules = parse.generation_rules(root / file)
    except BadInput as err:
        return [_finding(file, str(err), "error")]
    if not rules:
        return [_finding(file, "The file holds no rule, so nothing is made from it. Write one, or delete the file.")]
    texts = _written(root / file)
    templates = root / bundle / ".runwhen" / "templates"
    found = [one for rule, said in zip(rules, texts, strict=False) for one in _rule(rule, said, templates)]
    return [_finding(file, message, severity) for message, severity in dict.fromkeys(found)]


_Said = tuple[str, str]


def _rule(source: GenerationRule, written: dict[str, Any], templates: Path) -> Iterator[_Said]:
    if source.platform not in FAMILIES:
        yield f"There is no platform {source.platform!r}. Known: {', '.join(FAMILIES)}.", "error"
        return
    try:
        rule = Rule(source).read()
    except BadInput as err:
        yield str(err).partition(": ")[2], "error"
        return
    yield from _unknown_keys(written, _RULE_KEYS, "a rule")
    yield from _types(rule)
    if not rule.predicates:
        yield "matchRules is empty, so everything of these types matches. Say so by a pattern '.' on name.", "warning"
    for predicate in rule.predicates:
        yield from _predicate(predicate, rule)
    if not (rule.slxs or rule.outputs):
        yield "slxs is empty, so nothing is made of a match.", "warning"
    for item, said in zip(rule.outputs, source.outputs, strict=True):
        yield from _item(item, said, "the rule itself", templates)
    for slx, said in zip(rule.slxs, source.slxs, strict=True):
        yield from _slx(slx, said, rule.families, templates)


def _types(rule: Rule) -> Iterator[_Said]:
    if rule.source.platform != "kubernetes":
        return
    for type_ in rule.types:
        if type_ in KINDS or "." in type_:
            continue
        plain = re.sub(r"[^a-z]", "", type_.lower())
        near = difflib.get_close_matches(plain, KINDS, n=1, cutoff=0.75)
        hint = f"Did you mean {near[0]}?" if near else "Write a custom type as plural.group."
        yield f"No cluster has a type {type_!r}, so the rule never matches it. {hint}", "error"


def _predicate(predicate: Predicate, rule: Rule) -> Iterator[_Said]:
    """What can be said of a predicate without a resource."""
    bare = [type_ for type_ in rule.types if type_ == "cluster"]
    if bare and len(rule.types) == 1 and predicate.path:
        yield f"The cluster has no object, so {predicate.path!r} leads nowhere. Match on name instead.", "error"
    if predicate.path.startswith("resource/"):
        yield f"The path {predicate.path!r} is taken without 'resource/', which other builders do not do.", "warning"
    for inner in predicate.inner:
        yield from _predicate(inner, rule)


def _slx(slx: SlxRule, written: dict[str, Any], families: Sequence[str], templates: Path) -> Iterator[_Said]:
    yield from _unknown_keys(written, _SLX_KEYS, f"the SLX {slx.base_name}")
    known = ("resource", *(name for family in families for name in _QUALIFIERS.get(family, ())))
    for qualifier in slx.qualifiers:
        if qualifier not in known:
            there = ", ".join(known)
            named = f"The SLX {slx.base_name} is named by {qualifier!r}, which {' and '.join(families)} does not have"
            yield f"{named}, so it is never made. There are: {there}.", "error"
    types = [item.type for item in slx.outputs]
    if types and "slx" not in types:
        yield f"The SLX {slx.base_name} has no item of type slx, so it does not come to be.", "error"
    if not types:
        yield f"The SLX {slx.base_name} has no outputItems, so it does not come to be.", "error"
    entries = [cast("dict[str, Any]", one) for one in written.get("outputItems") or [] if isinstance(one, dict)]
    for item, said in zip(slx.outputs, entries, strict=False):
        yield from _item(item, said, f"the SLX {slx.base_name}", templates)


def _item(item: OutputItem, written: dict[str, Any], owner: str, templates: Path) -> Iterator[_Said]:
    yield from _unknown_keys(written, _ITEM_KEYS, f"an item of {owner}")
    if item.type not in _ITEM_TYPES:
        yield f"The item type {item.type!r} is none of {', '.join(_ITEM_TYPES)}; nothing reads it.", "warning"
    if not (templates / item.template).is_file() and not (_BUILTIN / item.template).is_file():
        yield f"There is no template {item.template} in .runwhen/templates, so the item is never made.", "error"


def _unknown_keys(written: dict[str, Any], known: Iterable[str], where: str) -> Iterator[_Said]:
    for key in sorted(written.keys() - set(known)):
        near = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
        yield f"{where} has a key {key!r} that means nothing.{f' Did you mean {near[0]}?' if near else ''}", "warning"


def _written(path: Path) -> list[dict[str, Any]]:
    """The rules as they stand in the file, which was read once already."""
    document: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    rules: Sequence[Any] = document["spec"].get("generationRules") or []
    return [cast("dict[str, Any]", one) for one in rules]


def _finding(file: str, message: str, severity: str = "warning") -> Finding:
    return Finding.model_validate({"file": file, "line": 0, "message": message, "severity": severity})
