"""A Task runs a script that is not in the bundle.

The step fails. Only files that lie directly in the bundle's folder are put beside a running Task; a script in a folder
below is as good as missing.

Put the script beside the suite, or correct its name.
"""

import re
from collections.abc import Iterator

from runstone.content.lint.bundle import Bundle, SuiteFile
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule


def _check(bundle: Bundle) -> Iterator[Remark]:
    there = {*(one.file for one in bundle.scripts), *bundle.others, *(name for name, _ in bundle.unreadable)}
    for suite in bundle.suites:
        found = {(name, line): None for name, line in (*_named(suite), *_reached(suite)) if name not in there}
        for name, line in found:
            message = f"The script {name} is not in the bundle's folder, so this step fails. Put it there."
            yield Remark(suite.file, line, message)


def _named(suite: SuiteFile) -> Iterator[tuple[str, int]]:
    """Scripts that steps name in so many words."""
    for use in suite.used("runbashfile"):
        said = use.said("bash_file").get("bash_file")
        if said and "${" not in said.value:
            yield said.value.rpartition("/")[2], said.line


def _reached(suite: SuiteFile) -> Iterator[tuple[str, int]]:
    """Scripts that were looked for and not found."""
    for one in suite.contract.findings:
        found = re.search(r"script (\S+) that is run here is not in the bundle", one.message)
        if found:
            yield found[1], one.line


RULE = Rule("RS401", "script-missing", "error", _check)
