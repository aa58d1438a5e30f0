"""A CodeBundle with everything in it parsed once: what every rule looks at. Holds no path and reads no file."""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from robot.api.parsing import File

from runstone.content import shell
from runstone.content.lint.calling import Known
from runstone.content.lint.finding import Severity
from runstone.content.lint.uses import Use
from runstone.content.scripts import Source
from runstone.model.content import Contract, Finding, Suite

Language = Literal["bash", "python", "sql", "jq", "other"]


@dataclass(frozen=True)
class Text:
    """One file. ``file`` is relative to the bundle."""

    file: str
    text: str

    @cached_property
    def lines(self) -> list[str]:
        """Its lines without their ends."""
        return self.text.splitlines()

    def line_of(self, at: int) -> int:
        """The line of an offset."""
        return self.text.count("\n", 0, at) + 1


@dataclass(frozen=True)
class SuiteFile(Text):
    """One ``.robot`` file or ``task.yaml`` that could be read. ``tree`` is None for a manifest.

    ``problems``: what Robot's parser or the manifest's reader said of it.
    """

    tree: File | None
    suite: Suite
    contract: Contract
    uses: tuple[Use, ...]
    problems: tuple[Finding, ...]
    known: Known | None = None
    """What its steps may call; None for a manifest."""

    @property
    def is_monitor(self) -> bool:
        """Whether it measures (an SLI) rather than investigates."""
        return self.file.startswith("sli")

    def used(self, *keys: str) -> list[Use]:
        """Its calls of the keywords of these names, written without blanks."""
        return [use for use in self.uses if use.key in keys]


@dataclass(frozen=True)
class ScriptFile(Text):
    """One script beside the suites."""

    language: Language
    source: Source
    """What it uses, changes and defines, and what keeps it from being read."""

    @cached_property
    def script(self) -> shell.Script:
        """Its commands, when it is a shell's. Reading them costs: ask the text first whether it is worth it."""
        return shell.read(self.text)

    @cached_property
    def module(self) -> ast.Module | None:
        """Its syntax tree; None when it is no Python."""
        try:
            return ast.parse(self.text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


@dataclass(frozen=True)
class RuleFile(Text):
    """One file of generation rules. ``rules`` are its mappings with the line of each; ``problem`` keeps it unread."""

    platform: str = ""
    rules: tuple[tuple[dict[str, Any], int], ...] = ()
    problem: tuple[int, str] | None = None


@dataclass(frozen=True)
class Template(Text):
    """One template of ``.runwhen/templates``, as far as it can be read without rendering it."""

    kind: str = ""
    """``kind:`` of the document it makes, such as Runbook; empty when it is a part of others."""
    robot: str = ""
    """``pathToRobot`` where that is plain text."""
    config: Mapping[str, int] = field(default_factory=dict[str, int])
    """Names below configProvided and runtimeVarsProvided, with their lines."""
    secrets: Mapping[str, int] = field(default_factory=dict[str, int])
    services: Mapping[str, int] = field(default_factory=dict[str, int])
    includes: tuple[str, ...] = ()
    """Templates that it takes in, by name."""
    problem: tuple[int, str] | None = None


@dataclass(frozen=True)
class Opinion:
    """What another program says of a script. ``code`` is that program's."""

    program: Literal["shellcheck", "ruff"]
    file: str
    line: int
    column: int
    code: str
    level: Severity
    message: str


@dataclass(frozen=True)
class Bundle:
    """One folder. ``unreadable``: files that are no text, too large or links, and why.

    ``sibling_suites``: the suites of the collection that templates may name, by path from its root.
    """

    name: str
    suites: tuple[SuiteFile, ...] = ()
    scripts: tuple[ScriptFile, ...] = ()
    rule_files: tuple[RuleFile, ...] = ()
    templates: tuple[Template, ...] = ()
    readme: Text | None = None
    others: tuple[str, ...] = ()
    """Names of the files that were not read, folders included."""
    unreadable: tuple[tuple[str, str], ...] = ()
    sibling_suites: Mapping[str, Suite] = field(default_factory=dict[str, Suite])
    opinions: tuple[Opinion, ...] = ()
    waivers: Text | None = None
    """The file of waivers that hold for all of it."""

    @property
    def robots(self) -> tuple[SuiteFile, ...]:
        """Its suites in Robot's language."""
        return tuple(one for one in self.suites if one.tree is not None)

    @cached_property
    def shells(self) -> tuple[ScriptFile, ...]:
        """Its shell scripts."""
        return tuple(one for one in self.scripts if one.language == "bash")


def variable(name: str) -> str:
    """A variable's name without blanks, underscores, case and attributes."""
    return re.sub(r"[\s_]", "", name.partition(".")[0]).lower()
