"""An input or a service is imported and used nowhere.

People are asked for a value that changes nothing. Secrets are not looked at: importing one may be what logs in.

Use it, or take its import out.
"""

import re
from collections.abc import Iterator

from runstone.content.lint.bundle import Bundle, SuiteFile, variable
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule

_SETTING = ("setsuitevariable", "setglobalvariable", "settestvariable", "settaskvariable")
_IMPORTS = (
    *("importuservariable", "importplatformvariable", "importsecret", "importoptionalsecret", "importusersecret"),
    "importservice",
)


def _check(bundle: Bundle) -> Iterator[Remark]:
    for suite in bundle.robots:
        used = _used(suite)
        found = suite.suite
        for kind, one in (
            *(("input", one) for one in found.inputs),
            *(("service", one) for one in found.services),
        ):
            if not _names(suite, one.name, one.line) & used:
                yield Remark(suite.file, one.line, f"The {kind} {one.name} is used nowhere. Use it, or take it out.")


def _names(suite: SuiteFile, name: str, line: int) -> set[str]:
    """The variables that hold it: its own name, and the one its import is assigned to."""
    assigned = [one for use in suite.uses if use.line == line for one in use.assigned]
    return {variable(name), *(variable(re.sub(r"[${}=]", "", one)) for one in assigned)}


def _used(suite: SuiteFile) -> set[str]:
    """Every variable that some text uses. A variable that is only set to itself, or imported, is not used by that."""
    tree_lines = suite.text.splitlines()
    skipped: set[int] = set()
    for use in suite.uses:
        own = _own(use.args[0].text, [arg.text for arg in use.args[1:]]) if use.args else False
        if use.key in _SETTING and own:
            skipped.update(range(use.line, use.args[-1].line + 1))
        elif use.key in _IMPORTS and use.assigned:
            skipped.add(use.line)
    text = "\n".join(line for number, line in enumerate(tree_lines, 1) if number not in skipped)
    text = re.sub(r"(?m)^\s*#.*$", "", text)
    found = re.findall(r"[$@&]\{+([^{}\[\]]+)", text) + re.findall(r"(?<![\\\w$])\$([A-Za-z_]\w*)", text)
    return {variable(re.split(r"[.+\-*/:]", name)[0]) for name in found}


def _own(name: str, values: list[str]) -> bool:
    return len(values) == 1 and variable(re.sub(r"[${}\\]", "", name)) == variable(re.sub(r"[${}]", "", values[0]))


RULE = Rule("RS211", "unused-input", "warning", _check)
