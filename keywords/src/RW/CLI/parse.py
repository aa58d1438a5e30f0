"""Keywords that read structured output and may raise one Issue about it.

Named arguments carry the questions, in this order of work::

    extract_path_to_var__NAME=JMESPATH               NAME is what the path finds in the output
    from_var_with_path__A__to__B=JMESPATH            B is what the path finds in A
    NAME__filter_older_than__30m=FIELD               drop entries whose FIELD is older; filter_newer_than: newer
    NAME__raise_issue_if_eq|neq|lt|gt|contains|ncontains=VALUE
    assign_stdout_from_var=NAME                      the answer's stdout becomes NAME, as JSON

The first question that is met raises the Issue; the others are not asked. ``$NAME`` in the texts of the Issue is
filled in. ``_stdout`` is the whole output.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from string import Template
from typing import Any, cast

from RW import platform
from RW.CLI.CLI import verify_rsp
from RW.CLI.moment import ago, first_in
from RW.Core import Core

_CUT = 1920
"""Characters of one text of an Issue."""


@dataclass(frozen=True)
class _Words:
    """What the caller says about the Issue; empty texts are replaced by what was seen."""

    severity: int
    title: str
    expected: str
    actual: str
    reproduce_hint: str
    details: str
    next_steps: str


def parse_cli_json_output(
    rsp: platform.ShellServiceResponse,
    set_severity_level: int = 4,
    set_issue_expected: Any = "",
    set_issue_actual: Any = "",
    set_issue_reproduce_hint: Any = "",
    set_issue_title: Any = "",
    set_issue_details: Any = "",
    set_issue_next_steps: Any = "",
    expected_rsp_statuscodes: Any = (200,),
    expected_rsp_returncodes: Any = (0,),
    raise_issue_from_rsp_code: bool = False,
    contains_stderr_ok: bool = True,
    **kwargs: Any,
) -> platform.ShellServiceResponse:
    """Ask questions of JSON output; see the module. Returns the answer, with another stdout when one was assigned.

    An answer that is not one of those expected raises ValueError, or an Issue with ``raise_issue_from_rsp_code``.
    """
    words = _Words(
        set_severity_level,
        str(set_issue_title),
        str(set_issue_expected),
        str(set_issue_actual),
        str(set_issue_reproduce_hint),
        str(set_issue_details),
        str(set_issue_next_steps),
    )
    try:
        verify_rsp(rsp, expected_rsp_statuscodes, expected_rsp_returncodes, contains_stderr_ok)
    except ValueError as err:
        if not raise_issue_from_rsp_code:
            raise
        _raise(words, _unexpected(err), {}, rsp)
    values: dict[str, Any] = {"_stdout": rsp.stdout}
    paths: dict[str, str] = {}
    _extract(json.loads(rsp.stdout, strict=False), kwargs, values, paths)
    _filter(kwargs, values)
    _judge(rsp, words, kwargs, values, paths)
    target = kwargs.get("assign_stdout_from_var")
    if target in values:
        return replace(rsp, stdout=json.dumps(values[cast("str", target)]))
    return rsp


def parse_cli_output_by_line(
    rsp: platform.ShellServiceResponse,
    lines_like_regexp: Any = "",
    set_severity_level: int = 4,
    set_issue_expected: Any = "",
    set_issue_actual: Any = "",
    set_issue_reproduce_hint: Any = "",
    set_issue_title: Any = "",
    set_issue_details: Any = "",
    set_issue_next_steps: Any = "",
    expected_rsp_statuscodes: Any = (200,),
    expected_rsp_returncodes: Any = (0,),
    raise_issue_if_no_groups_found: bool = True,
    raise_issue_from_rsp_code: bool = False,
    contains_stderr_ok: bool = True,
    **kwargs: Any,
) -> platform.ShellServiceResponse:
    """Ask questions of each line. Named groups of ``lines_like_regexp`` are the variables, ``_line`` the whole line.

    The first line that meets a question raises the Issue; the number of further such lines is added to its title.
    """
    words = _Words(
        set_severity_level,
        str(set_issue_title),
        str(set_issue_expected),
        str(set_issue_actual),
        str(set_issue_reproduce_hint),
        str(set_issue_details),
        str(set_issue_next_steps),
    )
    try:
        verify_rsp(rsp, expected_rsp_statuscodes, expected_rsp_returncodes, contains_stderr_ok)
    except ValueError as err:
        if not raise_issue_from_rsp_code:
            raise
        _raise(words, _unexpected(err), {}, rsp)
    hits = [hit for line in rsp.stdout.splitlines() if (hit := _line(line, str(lines_like_regexp), rsp, kwargs))]
    if hits:
        seen, values = hits[0]
        more = f" and {len(hits) - 1} more" if len(hits) > 1 else ""
        _raise(replace(words, title=(words.title or seen["title"]) + more), seen, values, rsp)
    elif lines_like_regexp and raise_issue_if_no_groups_found and rsp.stdout.strip():
        platform.warning_log(f"No line of the output is like {lines_like_regexp}.")
    return rsp


def _line(
    line: str, pattern: str, rsp: platform.ShellServiceResponse, questions: dict[str, Any]
) -> tuple[dict[str, str], dict[str, Any]] | None:
    if not line.strip():
        return None
    found = re.match(pattern, line) if pattern else None
    values: dict[str, Any] = {**(found.groupdict() if found else {}), "_line": line, "_stdout": rsp.stdout}
    seen = _first(questions, values)
    return (seen, values) if seen else None


def _extract(data: Any, questions: dict[str, Any], values: dict[str, Any], paths: dict[str, str]) -> None:
    for question, path in questions.items():
        parts = question.split("__")
        if parts[0] == "extract_path_to_var" and len(parts) == 2:
            values[parts[1]], paths[parts[1]] = _search(str(path), data), str(path)
    for question, path in questions.items():
        parts = question.split("__")
        if parts[0] == "from_var_with_path" and len(parts) == 4 and parts[1] in values:
            values[parts[3]], paths[parts[3]] = _search(str(path), values[parts[1]]), str(path)


def _search(path: str, data: Any) -> Any:
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        return jmespath.search(path, data)
    except JMESPathError as err:
        platform.warning_log(f"The path {path} cannot be applied: {err}")
        return None


def _filter(questions: dict[str, Any], values: dict[str, Any]) -> None:
    for question, field in questions.items():
        parts = question.split("__")
        if len(parts) != 3 or parts[1] not in ("filter_older_than", "filter_newer_than"):
            continue
        border = ago(parts[2])
        keep_newer = parts[1] == "filter_older_than"
        rows: list[Any] = list(values.get(parts[0]) or [])
        values[parts[0]] = [row for row in rows if _keeps(row, str(field), border, keep_newer)]


def _keeps(row: Any, field: str, border: Any, keep_newer: bool) -> bool:
    from datetime import UTC

    import dateutil.parser

    if not isinstance(row, dict) or field not in row:
        return False
    moment = dateutil.parser.parse(str(cast("dict[str, Any]", row)[field]))
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return moment >= border if keep_newer else moment <= border


def _judge(
    rsp: platform.ShellServiceResponse,
    words: _Words,
    questions: dict[str, Any],
    values: dict[str, Any],
    paths: dict[str, str],
) -> None:
    seen = _first(questions, values)
    if seen:
        path = paths.get(seen["variable"])
        hint = f"Run {rsp.cmd}" + (f" and apply the JMESPath {path}" if path else "")
        _raise(words, {**seen, "reproduce_hint": hint}, {**questions, **values}, rsp)


def _first(questions: dict[str, Any], values: dict[str, Any]) -> dict[str, str]:
    """What was seen by the first question that is met; empty when none is."""
    for question, wanted in questions.items():
        name, _, test = question.partition("__raise_issue_if_")
        if test not in _TESTS or name not in values:
            continue
        says, met = _TESTS[test]
        value = values[name]
        if met(value, wanted):
            return {
                "variable": name,
                "title": f"{name} {says} {wanted}",
                "expected": f"{name} should not be such that it {says} {wanted}",
                "actual": f"{name} is {value}",
            }
    return {}


def _equal(value: Any, wanted: Any) -> bool:
    return str(value) == str(wanted) or (isinstance(value, list) and wanted in value)


def _holds(value: Any, wanted: Any) -> bool:
    if value is None:
        return False
    return wanted in value if isinstance(value, list | dict) else str(wanted) in str(value)


def _above(value: Any, wanted: Any) -> bool:
    try:
        return float(value) > float(wanted)
    except (TypeError, ValueError):
        platform.warning_log(f"{value} and {wanted} cannot be compared as numbers.")
        return False


_TESTS: dict[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "eq": ("equals", _equal),
    "neq": ("does not equal", lambda value, wanted: not _equal(value, wanted)),
    "gt": ("is above", _above),
    "lt": ("is below", lambda value, wanted: _above(wanted, value)),
    "contains": ("contains", _holds),
    "ncontains": ("does not contain", lambda value, wanted: not _holds(value, wanted)),
}


def _unexpected(err: ValueError) -> dict[str, str]:
    return {
        "title": "A command answered unexpectedly",
        "expected": "An answer with an expected code",
        "actual": str(err),
    }


def _raise(words: _Words, seen: dict[str, str], values: dict[str, Any], rsp: platform.ShellServiceResponse) -> None:
    texts = {
        "title": words.title or seen["title"],
        "expected": words.expected or seen["expected"],
        "actual": words.actual or seen["actual"],
        "reproduce_hint": words.reproduce_hint or seen.get("reproduce_hint") or f"Run {rsp.cmd}",
        "details": words.details,
        "next_steps": words.next_steps,
    }
    filled = {name: Template(text).safe_substitute(values) for name, text in texts.items()}
    cut = {name: text if len(text) <= _CUT else text[:_CUT] + "..." for name, text in filled.items()}
    Core().add_issue(severity=words.severity, observed_at=first_in(rsp.stdout), **cut)
