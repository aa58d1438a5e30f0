"""The title of a Task uses a variable that nothing sets.

Robot leaves it as it stands: people read ``${NAMSPACE}`` in their reports.

Correct the name, or import it.
"""

import re
from collections.abc import Iterator

from runstone.content.lint.bundle import Bundle, SuiteFile, variable
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule

_SETTING = ("setsuitevariable", "setglobalvariable", "settestvariable", "settaskvariable")
_ROBOTS = {"outputdir", "suitename", "tempdir", "execdir", "curdir", "empty", "space", "testname", "taskname"}


def _check(bundle: Bundle) -> Iterator[Remark]:
    for suite in bundle.robots:
        known = _set(suite)
        # A library may set more than the suite shows.
        if _sets_unseen(suite):
            continue
        for task in suite.suite.tasks:
            for name in re.findall(r"\$\{([\w ]+)\}", task.title):
                if variable(name) not in known:
                    message = f"The title uses ${{{name}}}, which nothing in the suite sets: it stays as it stands."
                    yield Remark(suite.file, task.line, message, 1)


def _set(suite: SuiteFile) -> set[str]:
    found = suite.suite
    names = [one.name for one in (*found.inputs, *found.secrets, *found.services)]
    for use in suite.uses:
        names += [re.sub(r"^[$@&]\{|\}\s*=?$", "", one) for one in use.assigned]
        if use.key in _SETTING and use.args:
            names.append(re.sub(r"[$@&{}\\]", "", use.args[0].text))
    names += re.findall(r"(?m)^[$@&]\{([^}]+)\}", suite.text)
    names += re.findall(r"(?m)^\s+VAR\s+[$@&]\{([^}]+)\}", suite.text)
    return {variable(name) for name in names} | _ROBOTS


def _sets_unseen(suite: SuiteFile) -> bool:
    """Whether it imports variables, or gives a name that is worked out to a keyword that sets one."""
    if re.search(r"(?im)^(?:variables|resource) ", suite.text):
        return True
    return any(
        use.key in (*_SETTING, "importuservariable", "importsecret") and use.args and "${" in _named(use.args[0].text)
        for use in suite.uses
    )


def _named(text: str) -> str:
    """A variable's name without its own braces."""
    return re.sub(r"^[\\]?[$@&]\{([^{}]*)\}$", r"\1", text)


RULE = Rule("RS205", "title-variable-unset", "error", _check)
