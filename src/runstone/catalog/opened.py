"""Open Tasks: those that run whatever command or query an input gives them. Which inputs, and what runs them."""

import re
from collections.abc import Collection

from runstone.catalog.entry import Entry
from runstone.catalog.ontology import commands
from runstone.catalog.ontology.commands import Program
from runstone.model.content import Input, Suite, TaskContract

_QUERY = re.compile(r"(?i)(?:^|_)(?:query|promql|logql|expr|expression)$")
_SETS = re.compile(r"(?i)\bset ?(?:\w+ )?variable\b|\bcatenate\b|\bcmd=|^\s*VAR\s")
_CELLS = re.compile(r"\s{2,}|\t")
_RAISES = re.compile(r"(?i)non-?empty|\bif results are returned|\bresults indicate (?:an )?issues?\b")


def inputs(suite: Suite, does: TaskContract) -> dict[str, str]:
    """The program by each input of a Task that takes a command or a query; empty where it changes what it looks at.

    An input that is run as a command is one by the contract; one that takes a query by its name. Which program it is
    for shows in its example; without one in its name and description, then in what the suite says it supports.
    """
    if does.changes or any(task.title == does.title and task.access == "read-write" for task in suite.tasks):
        return {}
    found: dict[str, str] = {}
    for one in suite.inputs:
        takes = "query" if _QUERY.search(one.name) else "command" if one.name in does.commands else ""
        program = _program(one, suite, takes) if takes else None
        if program:
            found[one.name] = program.name
    return found


def extended(text: str, names: Collection[str]) -> tuple[str, ...]:
    """Those inputs of a suite's text behind whose values it puts words of its own, as in ``${COMMAND} -K ./HEADERS``.

    What it puts behind them as another command, after a pipe or the like, leaves any command what it is.
    """
    if not names:
        return ()
    cells = [cell for row in text.splitlines() if _SETS.search(row) for cell in _CELLS.split(row)]
    return tuple(
        name
        for name in names
        if any(re.match(rf"(?:cmd=)?\$\{{{re.escape(name)}\}} [^\s|&;<>]", cell) for cell in cells)
    )


def only_faults(entry: Entry) -> bool:
    """Whether it raises an Issue for any output: it must be given what prints nothing where all is well."""
    return bool(_RAISES.search(f"{entry.documentation} {entry.bundle_documentation}"))


def _program(one: Input, suite: Suite, takes: str) -> Program | None:
    programs = [program for program in commands.load().programs.values() if program.takes == takes]
    first = next(iter((one.example or one.default or "").strip("\"' ").split()), "")
    if takes == "command" and first:
        return next((program for program in programs if first in program.starts), None)
    texts = (one.name, one.description, " ".join(suite.supports))
    return next((program for text in texts for program in programs if _words(text) & set(program.named)), None)


def _words(text: str) -> set[str]:
    return set(re.split(r"[^a-z0-9]+", text.lower()))
