"""How ``runstone content test`` tells of trial runs."""

import json
from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.text import Text

from runstone.content.trial.report import BundleOutcome, CaseOutcome, Failure

_CALLS = 30
"""Calls of a failed case that are listed, the last ones; ``--json`` has all."""


def document(outcomes: tuple[BundleOutcome, ...]) -> str:
    """Everything, as one JSON document."""
    bundles = [
        {
            **one.model_dump(mode="json"),
            "passed": one.passed,
            "cases": [{**case.model_dump(mode="json"), "passed": case.passed} for case in one.cases],
        }
        for one in outcomes
    ]
    return json.dumps({"passed": all(one.passed for one in outcomes), "bundles": bundles}, ensure_ascii=False, indent=1)


_WIDE = 1000


class Printer:
    """Prints outcomes for people."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        if not self._console.is_terminal:
            # A log is searched, and scrolls by itself: a line broken at 80 characters serves neither.
            self._console = Console(highlight=False, width=_WIDE)

    def bundle(self, one: BundleOutcome) -> None:
        """One bundle: what does not resolve, its cases, its score."""
        self._console.print(Text(one.path, style="bold cyan"))
        for defect in one.defects:
            self._line(1, f"[red]unreadable[/]  {escape(defect)}")
        for finding in one.unresolved:
            where = f"{finding.file}:{finding.line}" if finding.line else finding.file
            self._line(1, f"[red]unresolved[/]  {escape(where)}  {escape(finding.message)}")
        for case in one.cases:
            self._case(case)
        if one.score is not None:
            self._line(1, f"[bold]score {one.score}[/] of 100")
            for part in one.points:
                figures = f"{part.points:>5g} of {part.most}" if part.most else "      left out"
                self._line(2, f"[dim]{figures}[/]  {escape(part.what)}: {escape(part.reason)}")
        self._console.print()

    def end(self, outcomes: tuple[BundleOutcome, ...]) -> None:
        """The figures."""
        cases = [case for one in outcomes for case in one.cases]
        failed = sum(not case.passed for case in cases)
        unresolved = sum(len(one.unresolved) for one in outcomes)
        bare = sum(not one.cases for one in outcomes)
        words = [f"{_count(cases, 'case')} of {_count(outcomes, 'bundle')}, {failed} failed, {unresolved} unresolved"]
        words += [f"{bare} without cases"] if bare else []
        self._console.print(", ".join(words))

    def _case(self, case: CaseOutcome) -> None:
        word = "[green]passed[/]" if case.passed else "[red]failed[/]"
        self._line(1, f"{word}  {escape(case.name)}  [dim]{case.elapsed_s:.2f} s[/]")
        if case.passed:
            return
        for failure in case.failures:
            self._line(3, _failure(failure))
        for task in case.tasks:
            raised = f"  [dim]raised: {escape('; '.join(task.issues))}[/]" if task.issues else ""
            self._line(3, f"[dim]{task.state}[/] {escape(task.title)}{raised}")
        self._calls(case)
        for complaint in case.complaints:
            self._line(3, f"[dim]wrote[/] {escape(complaint)}")
        for note in case.notes:
            self._line(3, f"[dim]note[/] {escape(note)}")

    def _line(self, depth: int, text: str) -> None:
        self._console.print(Padding(Text.from_markup(text), (0, 0, 0, depth * 2), expand=False))

    def _calls(self, case: CaseOutcome) -> None:
        counted = Counter(case.calls)
        shown = list(counted.items())[-_CALLS:]
        if len(counted) > len(shown):
            self._line(3, f"[dim]{len(counted) - len(shown)} earlier calls; --json has them[/]")
        for call, times in shown:
            self._line(3, f"[dim]asked[/] {escape(call)}{f'  ({times} times)' if times > 1 else ''}")
        if not counted and case.tasks:
            self._line(3, "[dim]asked nothing[/]")


def _count(things: Sequence[object], noun: str) -> str:
    return f"{len(things)} {noun}{'' if len(things) == 1 else 's'}"


def _failure(one: Failure) -> str:
    where = f"{one.file}:{one.line}" if one.line else one.file
    return f"[red]{escape(where)}[/]  {escape(one.message)}"
