"""Edits applied to texts: from the end to the front, those that overlap left for another turn."""

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path

from runstone.content.lint.finding import Edit, Finding


def fixed(text: str, edits: Iterable[Edit]) -> str:
    """The text with the edits made; one that overlaps a later one is left out, one beyond the text too."""
    starts = _starts(text)
    spans = sorted(
        {(_at(starts, one.line, one.column), _at(starts, one.end_line, one.end_column), one) for one in edits}
    )
    limit = len(text)
    for start, end, one in reversed(spans):
        if 0 <= start <= end <= limit:
            text = text[:start] + one.text + text[end:]
            limit = start
    return text


def _starts(text: str) -> list[int]:
    """Where each line begins."""
    found = [0]
    for line in text.splitlines(keepends=True):
        found.append(found[-1] + len(line))
    return found


def _at(starts: Sequence[int], line: int, column: int) -> int:
    """The offset of a place; -1 when there is no such line."""
    return starts[line - 1] + column - 1 if 1 <= line <= len(starts) else -1


def changes(findings: Iterable[Finding], base: Path) -> dict[Path, tuple[str, str]]:
    """What the fixes make of each file: its text before and after, for those that change."""
    by_file: dict[str, list[Edit]] = {}
    for one in findings:
        by_file.setdefault(one.file, []).extend(one.fix)
    found: dict[Path, tuple[str, str]] = {}
    for name, edits in by_file.items():
        if edits:
            before = _text(base / name)
            after = fixed(before, edits)
            if after != before:
                found[base / name] = (before, after)
    return found


def _text(path: Path) -> str:
    """As it lies, line ends included; a byte order mark is no part of the places of findings."""
    return path.read_bytes().decode("utf-8-sig")


def write(path: Path, text: str) -> None:
    """Put a fixed text back, with the byte order mark it had."""
    mark = b"\xef\xbb\xbf" if path.read_bytes().startswith(b"\xef\xbb\xbf") else b""
    path.write_bytes(mark + text.encode())


def difference(name: str, before: str, after: str) -> str:
    """A unified diff of one file."""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), f"a/{name}", f"b/{name}"
    )
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
