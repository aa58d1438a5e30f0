"""Every lint rule, one module each. A rule is found by being here: there is no list to add it to."""

import importlib
import pkgutil
from dataclasses import replace
from functools import cache

from runstone.content.lint.rule import Rule


@cache
def every() -> tuple[Rule, ...]:
    """All rules, by code."""
    modules = (importlib.import_module(f"{__name__}.{one.name}") for one in pkgutil.iter_modules(__path__))
    found: list[Rule] = [replace(module.RULE, documentation=module.__doc__ or "") for module in modules]
    return tuple(sorted(found, key=lambda rule: rule.code))


def by_code() -> dict[str, Rule]:
    """All rules by their code."""
    return {rule.code: rule for rule in every()}
