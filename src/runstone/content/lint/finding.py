"""What the linter says: a Remark is a rule's, a Finding is one with the rule's code and a place in the collection."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]
"""error: it does not work, or is not safe. warning: it works less well than it looks. note: worth a thought."""
SEVERITIES: tuple[Severity, ...] = ("note", "warning", "error")
"""From the least to the most."""


@dataclass(frozen=True, order=True, slots=True)
class Edit:
    """Replace the text from one place to another, both 1-based; the end is the first character that stays."""

    line: int
    column: int
    end_line: int
    end_column: int
    text: str


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing a rule has to say. ``file`` is relative to the bundle; line 0 means the whole file, column 0 the line.

    ``fix``: edits of the same file that change nothing of what it means. ``severity`` where it is not the rule's own.
    """

    file: str
    line: int
    message: str
    column: int = 0
    fix: tuple[Edit, ...] = ()
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. ``file`` is relative to what the whole run is relative to."""

    file: str
    line: int
    column: int
    code: str
    name: str
    severity: Severity
    message: str
    fix: tuple[Edit, ...] = ()

    @property
    def place(self) -> tuple[str, int, int, str, str]:
        """What findings are sorted by; two with the same place and code and message are one."""
        return self.file, self.line, self.column, self.code, self.message
