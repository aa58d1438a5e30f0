"""A template leads to a suite that is not in the collection.

Every SLX it makes fails when it runs.

Correct ``pathToRobot``. A template whose ``repoUrl`` is another collection's is not looked at.
"""

import re
from collections.abc import Iterator

from runstone.content.lint.bundle import Bundle, Template
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule


def _check(bundle: Bundle) -> Iterator[Remark]:
    for one in bundle.templates:
        if one.robot and one.robot not in bundle.sibling_suites and _is_own(one, bundle):
            line = next((n for n, text in enumerate(one.lines, 1) if "pathToRobot" in text), 0)
            message = f"There is no suite {one.robot} in this collection. Correct the path."
            yield Remark(one.file, line, message)


def _is_own(template: Template, bundle: Bundle) -> bool:
    """Whether it means this bundle: its path says so, or it takes the collection's own address."""
    return template.robot.startswith(f"codebundles/{bundle.name}/") or bool(
        re.search(r"repoUrl:\s*[\"']?\{\{\s*repo_url", template.text)
        and not re.search(r"repoUrl:\s*[\"']?http", template.text)
    )


RULE = Rule("RS509", "template-path-wrong", "error", _check)
