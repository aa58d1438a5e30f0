"""How a running suite speaks: one JSON line for each thing that happens, within bounds."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

_OUTPUT_CAP = 1024 * 1024
"""Characters of output one Task may send; the rest stays in a file of the run."""
_REST_CAP = 256 * 1024 * 1024
"""Characters of that file."""
_CHUNK = 128 * 1024
"""Characters of one output line of ours: whatever they are, it stays below an executor's longest line."""
_FIELD_CAP = 100_000
"""Characters of one text of an Issue."""
_ASKS = re.compile(r"\s*(?:[ef]?grep|test|\[|diff|cmp)\b|\s*\[")
"""Programs whose return code 1 means no (grep(1), test(1), diff(1), cmp(1))."""
_ILL = 3
"""An Issue of this severity or a graver one says that the subject is ill; 4 is information."""


class Voice:
    """Says what happens; knows which Task is running."""

    def __init__(self, out: TextIO, rest: Path, commands: bool = False) -> None:
        """``commands``: each command that ended is told, with what it wrote to stderr."""
        self._out = out
        self._rest = rest
        self._commands = commands
        self._tasks = 0
        self.title = ""
        self.resolved = ""
        self.ill = False
        self.blocked = ""
        """Why a command could not look, the last time one could not."""
        self._sent = 0
        self._omitted = 0
        self._printed: set[str] = set()
        self._failed: tuple[str, int] | None = None
        self._reported = False

    def begin(self, title: str, resolved: str) -> None:
        """A Task starts."""
        self.title, self.resolved = title, resolved
        self.ill, self._reported, self._failed = False, False, None
        self._sent = self._omitted = 0
        self._tasks += 1
        self._printed.clear()
        self.say("started")

    def end(self, state: str, message: str, elapsed_s: float, file: str = "", line: int = 0) -> None:
        """The Task ended. A command that failed while nothing was reported does not stay unsaid."""
        if state == "passed" and self._failed and not self._reported:
            what, code = self._failed
            why = f"It ended with return code {code}, and the Task reported nothing."
            self.say("note", record={"kind": "could_not_check", "resource": "", "what": what, "why": why})
        where = {"file": file, "line": line} if file else {}
        self.say("done", state=state, message=message, elapsed_s=elapsed_s, omitted=self._omitted, **where)
        self.title = self.resolved = ""

    def say(self, kind: str, **more: Any) -> None:
        """One line."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = {"type": kind, "title": self.title, "resolved_title": self.resolved, "at": at, **more}
        self._out.write(json.dumps(line, default=str, ensure_ascii=False) + "\n")
        self._out.flush()

    def hear(self, kind: str, record: dict[str, Any]) -> None:
        """The keywords' sink; see RW.platform."""
        if kind == "issue":
            self._reported = True
            self.ill = self.ill or record["severity"] <= _ILL
            self.say("issue", record={name: _cut(value) for name, value in record.items()})
        elif kind == "blocked":
            self.blocked, self._reported = record["why"], True
            self.say("note", record={"kind": "blocked", "resource": "", **record})
        elif kind == "metric":
            self.say("metric", record=record)
        elif kind == "output":
            self.print(record["text"])
        elif kind == "command":
            self._ended(record["what"], record["returncode"])
            self.command(**record)
        elif kind == "report":
            self._report(record)

    def command(self, what: str, returncode: int, stderr: str) -> None:
        """A command ended: told to those who asked for it."""
        if self._commands:
            self.say("command", record={"what": what, "returncode": returncode, "stderr": stderr})

    def _ended(self, what: str, code: int) -> None:
        """A command ended. The 1 of one that only asks is an answer."""
        if code and not (code == 1 and _ASKS.match(what)):
            self._failed = (what, code)

    def _report(self, record: dict[str, Any]) -> None:
        self._reported = True
        if record["fmt"] in ("ruled_out", "could_not_check"):
            self.say("note", record={"kind": record["fmt"], **record["obj"]})
        elif record["fmt"] != "issue":
            self.print(report_text(record))

    def print(self, text: str) -> None:
        """Output of the running Task, up to its cap. What a command printed is not sent again by the report."""
        whole = text.strip("\n")
        if not whole.strip() or whole in self._printed:
            return
        self._printed.add(whole)
        left = max(0, _OUTPUT_CAP - self._sent)
        self._sent += len(whole) + 1
        line = whole + "\n"
        sent, rest = line[:left], line[left:]
        for at in range(0, len(sent), _CHUNK):
            last = at + _CHUNK >= len(sent)
            self.say("output", text=sent[at : at + _CHUNK], truncated=last and bool(rest))
        if rest:
            self._keep(rest)

    def _keep(self, rest: str) -> None:
        """What is not sent, in a file named for the Task's place in the run."""
        room = _REST_CAP - self._omitted
        self._omitted += len(rest)
        if room > 0:
            self._rest.mkdir(exist_ok=True)
            with (self._rest / f"{self._tasks}.txt").open("a", encoding="utf-8", errors="backslashreplace") as out:
                out.write(rest[:room])


def _cut(value: Any) -> Any:
    return value[:_FIELD_CAP] if isinstance(value, str) else value


def report_text(record: dict[str, Any]) -> str:
    """A report line as plain text."""
    obj, more = record["obj"], record["kwargs"]
    if record["fmt"] == "table":
        head: list[Any] = [more.get("head") or more.get("columns") or []]
        body: list[Any] = more.get("body") or more.get("rows") or []
        rows = [row for row in [*head, *body] if row]
        return "\n".join([str(obj), *("\t".join(map(str, _cells(row))) for row in rows)])
    if record["fmt"] == "a":
        return f"{more.get('text', '')} {obj}".strip()
    return obj if isinstance(obj, str) else json.dumps(obj, indent=1, default=str, ensure_ascii=False)


def _cells(row: Any) -> list[Any]:
    if isinstance(row, dict):
        return list(row.values())  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return list(row) if isinstance(row, list | tuple) else [row]  # pyright: ignore[reportUnknownArgumentType]
