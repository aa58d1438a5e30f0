"""Text that a command printed is pasted into a Python expression.

``Evaluate    json.loads('''${answer.stdout}''')`` puts whatever was printed into source code: a quote in a log line
breaks the Task, and a crafted one runs as code. ``$answer.stdout`` hands over the value itself.

Write ``Evaluate    json.loads($answer.stdout)``. ``--fix`` does so where the text stands in a raw string that is all
there is between the parentheses: there the value is the same.
"""

import re
from collections.abc import Iterator

from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Edit, Remark
from runstone.content.lint.rule import Rule
from runstone.content.lint.uses import Argument

_PASTED = re.compile(r"\$\{(?P<name>[\w ]+)\.(?:stdout|stderr)\}")
_SAME = re.compile(
    r"(?P<head>json\.loads\(|yaml\.safe_load\()r(?P<quotes>'''|\"\"\")\$\{(?P<name>\w+)\.stdout\}(?P=quotes)(?=\))"
)


def _check(bundle: Bundle) -> Iterator[Remark]:
    for suite in bundle.robots:
        for use in suite.used("evaluate"):
            for arg in use.args[:1]:
                found = _PASTED.search(arg.text)
                if found:
                    name = found["name"]
                    message = (
                        f"What was printed is pasted into code: a quote in it breaks or runs. Write ${name}.stdout."
                    )
                    yield Remark(suite.file, arg.line, message, arg.column, _fix(arg))


def _fix(arg: Argument) -> tuple[Edit, ...]:
    """The value in place of its text, where that is certainly the same to the function that reads it."""
    return tuple(
        Edit(
            arg.line,
            arg.column + found.start(),
            arg.line,
            arg.column + found.end(),
            f"{found['head']}${found['name']}.stdout",
        )
        for found in _SAME.finditer(arg.text)
    )


RULE = Rule("RS306", "evaluate-pasted-text", "warning", _check)
