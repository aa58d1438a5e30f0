"""What an author has decided to live with: ``# runstone: allow CODE reason``, and why that itself may be wrong.

A comment holds for its own line or, when it stands alone on its line, for the next line that is no comment. The file
``.runstone-lint`` of a bundle holds ``allow CODE reason`` for the whole bundle, one a line; there ``#`` begins a
comment.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from runstone.content.lint.finding import Finding

FILE = ".runstone-lint"
_COMMENT = re.compile(r"(?:#|--|//)\s*runstone:\s*allow\b[ \t]*(?P<said>.*?)\s*(?:#\}|-->)?$")
_SAID = re.compile(r"(?P<codes>[\w-]+(?:,\s*[\w-]+)*)?(?:[\s:]+(?P<reason>.*))?$")


@dataclass(frozen=True, slots=True)
class Waiver:
    """One code that is allowed. ``covers``: the lines it holds for; 0 is the whole bundle."""

    file: str
    line: int
    code: str
    reason: str
    covers: frozenset[int]

    def allows(self, one: Finding) -> bool:
        """Whether it is about this finding."""
        return self.code == one.code and (0 in self.covers or (one.file == self.file and one.line in self.covers))


def in_text(file: str, text: str) -> Iterator[Waiver]:
    """The waivers among the comments of a file."""
    if "runstone:" not in text:
        return
    lines = text.splitlines()
    after = _following(lines)
    for number, line in enumerate(lines, 1):
        found = _COMMENT.search(line)
        if found:
            alone = not line[: found.start()].strip().strip("{-<!")
            covers = {number, after[number - 1]} if alone else {number}
            yield from _said(file, number, found["said"], frozenset(covers))


def _following(lines: list[str]) -> list[int]:
    """For each line the number of the first one after it that is not blank and no comment itself."""
    found: list[int] = []
    after = len(lines) + 1
    for number in range(len(lines), 0, -1):
        found.append(after)
        bare = lines[number - 1].strip()
        if bare and not bare.startswith(("#", "--", "//")):
            after = number
    return found[::-1]


def in_bundle(file: str, text: str) -> Iterator[Waiver]:
    """The waivers of a bundle's ``.runstone-lint``. A line that is none is one without a code."""
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if bare and not bare.startswith("#"):
            said = bare.removeprefix("allow").strip() if bare.startswith("allow") else ""
            yield from _said(file, number, said, frozenset((0,)))


def _said(file: str, line: int, said: str, covers: frozenset[int]) -> Iterator[Waiver]:
    found = _SAID.match(said)
    codes = (found["codes"] if found else None) or ""
    reason = ((found["reason"] if found else None) or "").strip()
    for code in re.split(r",\s*", codes):
        yield Waiver(file, line, code, reason, covers)


def applied(
    findings: Iterable[Finding], waivers: Iterable[Waiver], known: Mapping[str, str], ran: frozenset[str]
) -> tuple[list[Finding], list[tuple[Waiver, str, str]]]:
    """The findings that stay, and what is wrong with the waivers: each with the code of the rule and the sentence.

    ``known``: every rule's name by code. ``ran``: codes of the rules that were asked; only of those can it be said
    that a waiver allows nothing.
    """
    given = list(waivers)
    valid = [one for one in given if one.code in known and one.reason and not one.code.startswith("RS0")]
    kept: list[Finding] = []
    used: set[Waiver] = set()
    for finding in findings:
        allowing = [one for one in valid if one.allows(finding)]
        used.update(allowing)
        if not allowing:
            kept.append(finding)
    wrong = [told for one in given if (told := _wrong(one, known, used, ran))]
    return kept, wrong


def _wrong(
    one: Waiver, known: Mapping[str, str], used: set[Waiver], ran: frozenset[str]
) -> tuple[Waiver, str, str] | None:
    if one.code not in known:
        said = repr(one.code) if one.code else "no code"
        return one, "RS003", f"This allows {said}, and there is no such rule. Write: allow RS101 the reason."
    if one.code.startswith("RS0"):
        return one, "RS003", f"{one.code} is about the linter's own work and cannot be allowed. Take this out."
    if not one.reason:
        return one, "RS002", f"This allows {one.code} without a reason, so it does not count. Write why after the code."
    if one not in used and one.code in ran:
        return one, "RS004", f"This allows {one.code} ({known[one.code]}), which is not found here. Take it out."
    return None
