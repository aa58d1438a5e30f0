"""RETURN stands in a Task, where Robot refuses it.

RETURN and Return From Keyword belong to keywords. In a Task they fail when the branch they stand in is reached, which
is often the branch that matters: a dry run and the usual run do not see it.

Put the steps into a keyword of the suite and return there, or turn the condition around and put the rest into the IF.
"""

from collections.abc import Iterator
from typing import Any

from robot.api.parsing import File, ModelVisitor, ReturnStatement, TestCase

from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule

_KEYWORDS = ("returnfromkeyword", "returnfromkeywordif", "runkeywordandreturn", "runkeywordandreturnif")


def _check(bundle: Bundle) -> Iterator[Remark]:
    for suite in bundle.robots:
        for line, column, title in _returns(suite.tree):
            yield Remark(suite.file, line, _message("RETURN", title), column)
        for use in suite.used(*_KEYWORDS):
            if use.kind == "task":
                yield Remark(suite.file, use.line, _message(use.name, use.owner), use.column)


def _message(what: str, title: str) -> str:
    return f"{what} in the Task {title!r} fails when it is reached. Put these steps into a keyword, or into the IF."


def _returns(tree: File | None) -> list[tuple[int, int, str]]:
    visitor = _Visitor()
    if tree is not None:
        visitor.visit(tree)
    return visitor.found


class _Visitor(ModelVisitor):
    def __init__(self) -> None:
        self.title = ""
        self.found: list[tuple[int, int, str]] = []

    def visit_TestCase(self, node: TestCase) -> None:  # noqa: N802  Robot's name for it
        self.title = node.name
        self.generic_visit(node)
        self.title = ""

    def visit_ReturnStatement(self, node: ReturnStatement) -> None:  # noqa: N802
        token: Any = next((one for one in node.tokens if (one.value or "").upper() == "RETURN"), node.tokens[0])
        if self.title:
            self.found.append((node.lineno, token.col_offset + 1, self.title))


RULE = Rule("RS101", "return-in-task", "error", _check)
