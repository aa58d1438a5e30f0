"""``runstone content lint``: what is wrong with CodeBundles, for a person, a program or a pull request."""

import itertools
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from runstone import __version__
from runstone.content.lint import engine, fixing, formats, opinions, rules
from runstone.content.lint.engine import Report
from runstone.content.lint.finding import SEVERITIES, Finding, Severity
from runstone.content.lint.rule import Rule
from runstone.errors import BadInput

_TURNS = 5
"""Fixes that touched each other are made one after the other; no text needs as many turns."""
_STYLES = {"error": "red", "warning": "yellow", "note": "cyan"}
_FORMATS = ("text", "json", "sarif", "github")


@click.command("lint")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--format", "format_", type=click.Choice(_FORMATS), default="text", help="How findings are written.")
@click.option("--fail-on", type=click.Choice(SEVERITIES), default="error", help="From which severity on it fails.")
@click.option("--select", "select", multiple=True, metavar="CODES", help="Only these rules: RS101,RS3 or names.")
@click.option("--ignore", "ignore", multiple=True, metavar="CODES", help="Not these rules.")
@click.option("--explain", metavar="CODE", help="Print what a rule is about; 'all' lists them, 'page' prints them all.")
@click.option("--fix", is_flag=True, help="Make the edits that change no meaning, then tell what is left.")
@click.option("--diff", is_flag=True, help="Print those edits as a patch; change nothing.")
def lint(
    paths: tuple[Path, ...],
    format_: str,
    fail_on: Severity,
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    explain: str | None,
    fix: bool,
    diff: bool,
) -> None:
    """Say what is wrong with the CodeBundles below PATHS. Nothing of them is run.

    Exits with 1 when there is a finding at or above --fail-on. A comment '# runstone: allow CODE reason' lets one be.
    """
    if explain:
        click.echo(_explained(explain))
        return
    if not paths:
        raise click.UsageError("Give a CodeBundle, a CodeCollection or a file of a bundle.")
    asked = engine.chosen(_codes(select), _codes(ignore))
    base = _base(paths)
    if diff:
        _show_patch(engine.run(paths, asked, base))
        return
    if fix:
        click.echo(f"{_fix(lambda: engine.run(paths, asked, base))} fixed.", err=True)
    programs, missing = opinions.installed()
    report = engine.run(paths, asked, base, programs)
    _write(replace(report, said=(*_about(missing, asked), *report.said)), asked, format_)
    sys.exit(_status(report.findings, fail_on))


def _codes(said: Sequence[str]) -> list[str]:
    return [word.strip() for one in said for word in one.split(",") if word.strip()]


def _base(paths: Sequence[Path]) -> Path:
    """The current folder when all paths are in it, so that a repository's own paths come out; else what holds them."""
    here = Path.cwd()
    whole = [path.resolve() for path in paths]
    if all(path.is_relative_to(here) for path in whole):
        return here
    first = whole[0] if whole[0].is_dir() else whole[0].parent
    return next(one for one in (first, *first.parents) if all(path.is_relative_to(one) for path in whole))


def _about(missing: Sequence[str], asked: Sequence[Rule]) -> list[str]:
    """What is not installed, as far as a rule asks for it."""
    names = {rule.name for rule in asked}
    return [one for one in missing if f"{one.partition(' ')[0]}-finding" in names]


def _status(findings: Sequence[Finding], fail_on: Severity) -> int:
    least = SEVERITIES.index(fail_on)
    return int(any(SEVERITIES.index(one.severity) >= least for one in findings))


def _explained(code: str) -> str:
    if code == "all":
        return "\n".join(f"{rule.code}  {rule.severity:<7}  {rule.name:<28}  {rule.summary}" for rule in rules.every())
    if code == "page":
        return formats.page(rules.every()).rstrip()
    found = next((rule for rule in rules.every() if code.upper() == rule.code or code == rule.name), None)
    if found is None:
        raise BadInput(f"There is no lint rule {code!r}. List them with: runstone content lint --explain all")
    return f"{found.code} {found.name} ({found.severity})\n\n{found.documentation.strip()}"


# Fixes


def _show_patch(report: Report) -> None:
    for path, (before, after) in sorted(fixing.changes(report.findings, report.base).items()):
        click.echo(fixing.difference(path.relative_to(report.base).as_posix(), before, after), nl=False)


def _fix(look: Callable[[], Report]) -> int:
    """Make the edits until there are none left to make; how many were made."""
    count = 0
    for _ in range(_TURNS):
        report = look()
        changed = fixing.changes(report.findings, report.base)
        for path, (_before, after) in changed.items():
            fixing.write(path, after)
        if not changed:
            break
        count += sum(bool(one.fix) for one in report.findings)
    return count


# Output


def _write(report: Report, asked: Sequence[Rule], format_: str) -> None:
    if format_ == "json":
        click.echo(json.dumps(formats.json_document(report), ensure_ascii=False, indent=1))
    elif format_ == "sarif":
        click.echo(json.dumps(formats.sarif(report, asked, __version__), ensure_ascii=False, indent=1))
    elif format_ == "github":
        click.echo(formats.github(report))
    else:
        _print(report, Console(highlight=False, soft_wrap=True))


def _print(report: Report, console: Console) -> None:
    for file, findings in itertools.groupby(report.findings, key=lambda one: one.file):
        console.print(f"[bold cyan]{escape(file)}[/]")
        for one in findings:
            style = _STYLES[one.severity]
            place = f"{one.line}:{one.column}" if one.column else str(one.line or "")
            fixable = " [dim](--fix)[/]" if one.fix else ""
            console.print(
                f"  {place:<8} [{style}]{one.severity:<7}[/] {one.code} {escape(one.message)}"
                f" [dim]{escape(f'[{one.name}]')}[/]{fixable}"
            )
        console.print()
    for said in report.said:
        console.print(f"[dim]{escape(said)}[/]")
    console.print(_summary(report))


def _summary(report: Report) -> str:
    figures = ", ".join(_count(number, severity) for severity, number in formats.counts(report.findings).items())
    fixable = sum(bool(one.fix) for one in report.findings)
    place = f"in {_count(report.files, 'file')} of {_count(report.bundles, 'bundle')}"
    return f"{figures} {place}; {fixable} can be fixed with --fix, {report.waived} waived."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
