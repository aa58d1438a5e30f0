"""A suite uses a form that Robot has replaced.

``Force Tags`` (now ``Test Tags``), ``[Return]`` at the end of a keyword (now ``RETURN``), and section names in the
singular still work and will stop to. What they mean is the same, so ``--fix`` writes the new form.
"""

import re
from collections.abc import Iterator
from typing import Any

from robot.api import Token
from robot.api.parsing import Keyword, ModelVisitor, SectionHeader, TestTags

from runstone.content.lint.bundle import Bundle, SuiteFile
from runstone.content.lint.finding import Edit, Remark
from runstone.content.lint.rule import Rule

_SINGULAR = re.compile(r"(\*+\s*)(setting|variable|test case|task|keyword|comment)(\s*\**)", re.IGNORECASE)


def _check(bundle: Bundle) -> Iterator[Remark]:
    for suite in bundle.robots:
        visitor = _Visitor(suite)
        assert suite.tree is not None
        visitor.visit(suite.tree)
        yield from visitor.found


class _Visitor(ModelVisitor):
    def __init__(self, suite: SuiteFile) -> None:
        self.suite = suite
        self.found: list[Remark] = []

    def visit_SectionHeader(self, node: SectionHeader) -> None:  # noqa: N802  Robot's name for it
        token: Any = node.data_tokens[0]
        name = _SINGULAR.fullmatch(token.value)
        if name:
            self._say(token, f"{name[1]}{name[2]}s{name[3]}", "Section names are plural")

    def visit_TestTags(self, node: TestTags) -> None:  # noqa: N802
        token: Any = node.data_tokens[0]
        if re.sub(r"\s", "", token.value).lower() == "forcetags":
            self._say(token, "Test Tags", "Force Tags is now Test Tags")

    def visit_Keyword(self, node: Keyword) -> None:  # noqa: N802
        said: Any = node.body[-1] if node.body else None
        if type(said).__name__ == "ReturnSetting":
            token = said.get_token(Token.RETURN) or said.data_tokens[0]
            if token.value.replace(" ", "").lower() == "[return]":
                self._say(token, "RETURN", "[Return] is now RETURN")
        self.generic_visit(node)

    def _say(self, token: Any, text: str, message: str) -> None:
        line, column = token.lineno, token.col_offset + 1
        edit = Edit(line, column, line, column + len(token.value), text)
        self.found.append(Remark(self.suite.file, line, f"{message}. Write {text}.", column, (edit,)))


RULE = Rule("RS110", "deprecated-syntax", "note", _check)
