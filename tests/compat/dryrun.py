"""Resolves every keyword, argument and library of a collection's suites without running any. A process of its own.

The order is one JSON object on stdin: ``{"path": [folders first on sys.path], "files": [suites]}``. The answer is one
JSON line per file: ``{"file", "problems": [[line, what], …]}``, no problem meaning that the whole file resolves.
"""

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

from robot.running import TestSuite


class Listener:
    """Collects what does not resolve: what Robot complains about itself, and steps that fail."""

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self) -> None:
        self.problems: list[tuple[int, str]] = []

    def message(self, message: Any) -> None:
        """Robot's own complaints: libraries that cannot be imported, settings it does not accept.

        A single keyword that a library could not add is one only for those who call it; their Tasks say so.
        """
        if message.level == "ERROR" and "Adding keyword" not in message.message:
            line = re.search(r"on line (\d+)", message.message)
            self.problems.append((int(line[1]) if line else 0, message.message.strip().splitlines()[0]))

    def end_test(self, data: Any, result: Any) -> None:
        """A Task whose steps do not all resolve has the reasons in its message."""
        if result.failed:
            self.problems.append((data.lineno, result.message.strip()))


def main() -> None:
    """Answer the order on stdin."""
    order: dict[str, Any] = json.load(sys.stdin)
    sys.path[:0] = order["path"]
    said = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    for file in order["files"]:
        print(json.dumps({"file": file, "problems": resolve(Path(file))}), file=said, flush=True)
    said.flush()
    os._exit(0)


def resolve(file: Path) -> list[tuple[int, str]]:
    """What in the file does not resolve, as ``(line, sentence)``; line 0 where Robot names none."""
    listener = Listener()
    try:
        suite = TestSuite.from_file_system(file)
        suite.run(listener=listener, dryrun=True, console="none", output=None, log=None, report=None)
    except Exception as err:  # noqa: BLE001  a library may raise anything while it is imported
        listener.problems.append((0, f"{type(err).__name__}: {err}"))
    return list(dict.fromkeys(listener.problems))


if __name__ == "__main__":
    main()
