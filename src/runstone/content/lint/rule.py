"""What a lint rule is. Each module of ``rules/`` holds one, as RULE."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark, Severity

Check = Callable[[Bundle], Iterable[Remark]]
"""Pure: the same bundle gives the same remarks; no file is read."""


@dataclass(frozen=True)
class Rule:
    """``code`` never changes and is never given twice.

    ``documentation`` is the module's docstring, filled in where rules are collected: one sentence, then why, then what
    to do.
    """

    code: str
    name: str
    severity: Severity
    check: Check
    documentation: str = ""

    @property
    def summary(self) -> str:
        """The first sentence of its documentation."""
        return self.documentation.strip().partition("\n")[0]
