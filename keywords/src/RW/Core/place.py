"""Where in a run we are: the current Task and the folder for results."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

# Robot's BuiltIn is imported when it is asked, not with the library: a Python program may use Core without Robot.


def variable(name: str) -> Any:
    """A Robot variable, None outside a run or when it does not exist."""
    from robot.libraries.BuiltIn import BuiltIn, RobotNotRunningError

    try:
        return BuiltIn().get_variable_value("${" + name + "}")
    except RobotNotRunningError:
        return None


def set_suite_variable(name: str, value: Any) -> None:
    """Make ``${name}`` known to the whole suite, exactly as it is; nothing happens outside a run."""
    from robot.libraries.BuiltIn import BuiltIn, RobotNotRunningError
    from robot.utils import escaping

    # Robot resolves what it is given here once more: backslashes and ${…} in a value would be lost.
    escape = cast("Callable[[str], str]", escaping.escape)  # pyright: ignore[reportUnknownMemberType]
    exact = escape(value) if isinstance(value, str) else value
    try:
        BuiltIn().set_suite_variable("${" + name + "}", exact)
    except RobotNotRunningError:
        return


def task() -> dict[str, Any]:
    """``taskName, taskDoc, taskStatus, taskMessage`` of the running Task; all None in a suite setup."""
    from robot.libraries.BuiltIn import BuiltIn, RobotNotRunningError

    # Asked for all at once: for one that does not exist Robot first looks for names that are like it.
    try:
        known: Mapping[str, Any] = BuiltIn().get_variables(no_decoration=True)
    except RobotNotRunningError:
        known = {}
    names = {"taskName": "NAME", "taskDoc": "DOCUMENTATION", "taskStatus": "STATUS", "taskMessage": "MESSAGE"}
    return {field: known.get(f"TEST {name}") for field, name in names.items()}


def append(file: str, line: dict[str, Any]) -> None:
    """Add a JSON line to a file of ``${OUTPUTDIR}``; without one the line is for the sink alone."""
    folder = variable("OUTPUTDIR")
    if not folder or folder == "NONE":
        return
    path = Path(str(folder)) / file
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as out:
        out.write(json.dumps(line, default=str, ensure_ascii=False) + "\n")
