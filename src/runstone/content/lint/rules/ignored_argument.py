"""An argument is given that the keyword swallows without a word.

Some keywords take any named argument and use only those they know: ``extra_env=`` of Run Cli does nothing at all. Of an
argument that is given twice only the last counts.

Correct the name or take it out.
"""

import difflib
from collections.abc import Iterator

from runstone.content.lint.bundle import Bundle
from runstone.content.lint.finding import Remark
from runstone.content.lint.rule import Rule
from runstone.content.lint.uses import Argument, Use

_RUN = (
    *("target_service", "env", "loop_with_items", "run_in_workload_with_name", "run_in_workload_with_labels"),
    *("optional_namespace", "optional_context", "include_in_history", "timeout_seconds", "debug"),
    # For a renderer of cheat sheets: they mean something elsewhere.
    *("show_in_rwl_cheatsheet", "render_in_commandlist"),
)
_KNOWN: dict[str, tuple[str, ...]] = {
    "runcli": ("cmd", *_RUN),
    "runbashfile": ("bash_file", "cmd_override", *_RUN),
    "importuservariable": ("varname", "type", "description", "example", "pattern", "enum", "format", "default"),
    "importsecret": ("varname", "type", "description", "example", "pattern", "optional"),
}
_SECRETS = ("secret__", "secret_file__")


def _check(bundle: Bundle) -> Iterator[Remark]:
    for suite in bundle.robots:
        for use in suite.used(*_KNOWN):
            yield from _ignored(suite.file, use)


def _ignored(file: str, use: Use) -> Iterator[Remark]:
    known = _KNOWN[use.key]
    seen: dict[str, Argument] = {}
    for arg in use.args:
        name, equals, _ = arg.text.partition("=")
        if not equals or not name.isidentifier() or name.startswith(_SECRETS):
            continue
        if name in seen:
            first = seen[name]
            message = f"{name}= is given again on line {arg.line}, and only the last counts. Keep one."
            yield Remark(file, first.line, message, first.column)
        seen[name] = arg
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.7)
            hint = f"Did you mean {near[0]}?" if near else "Take it out."
            yield Remark(file, arg.line, f"{use.name} has no argument {name!r} and ignores it. {hint}", arg.column)


RULE = Rule("RS109", "ignored-argument", "warning", _check)
