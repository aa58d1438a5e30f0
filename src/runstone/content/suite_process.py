"""One suite, run by Robot Framework inside the process that an executor started. Started with ``-m``, not imported.

The order comes as one JSON object on stdin::

    {"root", "bundle", "robot", "titles", "variables", "secrets", "workdir", "context", "keywords"}

What happens leaves at once as JSON lines on stdout: ``{"type": "started" | "output" | "issue" | "note" | "metric" |
"done" | "end", …}``. File descriptors 1 and 2 of Robot and of everything it starts go to ``logs/stdout.txt``.

Nothing here imports pydantic or runstone.model: a run pays for Robot and little else.
"""

import ctypes
import json
import os
import re
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO, cast

from robot.errors import DataError
from robot.running import TestSuite

_OUTPUT_CAP = 1024 * 1024
"""Characters of output one Task may send."""
_CHUNK = 128 * 1024
"""Characters of one output line of ours: whatever they are, it stays below an executor's longest line."""
_FIELD_CAP = 100_000
"""Characters of one text of an Issue."""
_ILL = 3
"""An Issue of this severity or a graver one says that the subject is ill; 4 is information."""
_PR_SET_CHILD_SUBREAPER = 36
"""prctl(2): orphans among our descendants become our children, so that they can be found and ended."""
_EXIT_BAD_DATA = 252
"""Robot's own exit code for data it cannot run."""
_SETUP_FAILED = re.compile(r"^(?:Parent )?suite setup failed:\s*", re.IGNORECASE)


def main() -> None:
    """Run the order on stdin, then end this process and all its children."""
    order: dict[str, Any] = json.load(sys.stdin)
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    # An unpaired surrogate becomes \\udc80, which is JSON again.
    said = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="backslashreplace")
    _redirect(Path(order["workdir"]) / "logs")
    voice = Voice(said)
    try:
        code = _run(order, voice)
    except Exception as err:  # noqa: BLE001  the last stand: whatever broke, the one who waits is told in a sentence
        voice.say("end", ok=False, message=f"The suite's process broke: {type(err).__name__}: {err}")
        code = 1
    said.flush()
    _end_children()
    # Not a normal exit: a library may have left threads that would keep the interpreter alive.
    os._exit(code)


def _run(order: dict[str, Any], voice: "Voice") -> int:
    bundle = Path(order["bundle"])
    path = bundle / order["robot"]
    _environment(order, path)
    sys.path[:0] = [order["keywords"], order["root"], str(Path(order["root"]) / "libraries")]
    from RW import platform
    from RW.CLI import stage

    platform.given_secrets = order["secrets"]
    platform.sink = voice.hear
    os.chdir(stage.folder())
    build = cast("Callable[[Path], TestSuite]", TestSuite.from_file_system)  # pyright: ignore[reportUnknownMemberType]
    try:
        suite = build(path)
    except DataError as err:
        voice.say(
            "end", ok=False, message=f"Bundle {bundle.name}: {order['robot']} cannot be run: {_first_line(str(err))}"
        )
        return _EXIT_BAD_DATA
    missing = choose(suite, order["titles"])
    if missing:
        shown = ", ".join(repr(title) for title in missing)
        voice.say("end", ok=False, message=f"Bundle {bundle.name}: {order['robot']} has no Task {shown}.")
        return _EXIT_BAD_DATA
    listener = Listener(voice, bundle.name)
    _execute(suite, listener, Path(order["workdir"]))
    voice.say("end", ok=not listener.problem, message=listener.problem)
    return 1 if listener.problem else 0


def _execute(suite: TestSuite, listener: "Listener", workdir: Path) -> None:
    sys.__stdout__ = Console(listener.voice)  # type: ignore[misc]  Log To Console writes here
    folders = ("AZURE_CONFIG_DIR", "CLOUDSDK_CONFIG", "AWS_CONFIG_DIR", "CODEBUNDLE_TEMP_DIR", "KUBECONFIG")
    run = cast("Callable[..., object]", suite.run)  # pyright: ignore[reportUnknownMemberType]
    run(
        listener=listener,
        loglevel="INFO",
        console="none",
        output=None,
        log=None,
        report=None,
        outputdir=str(workdir / "logs"),
        variable=[f"{name}:{os.environ[name]}" for name in folders],
    )


def _environment(order: dict[str, Any], path: Path) -> None:
    """What a suite may read of the environment: its variables, its context, and the folders of this run."""
    workdir = Path(order["workdir"])
    cloud = workdir / "cloud"
    folders = {
        "RUNWHEN_WORKDIR": workdir,
        "CODEBUNDLE_TEMP_DIR": workdir / "cb-temp",
        "AZURE_CONFIG_DIR": cloud / "azure",
        "CLOUDSDK_CONFIG": cloud / "gcloud",
        "AWS_CONFIG_DIR": cloud / "aws",
    }
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    files = {
        "KUBECONFIG": workdir / ".kube" / "config",
        "AWS_CONFIG_FILE": cloud / "aws" / "config",
        "AWS_SHARED_CREDENTIALS_FILE": cloud / "aws" / "credentials",
        "RW_PATH_TO_ROBOT": path,
    }
    os.environ.update(order["variables"])
    os.environ.update(order["context"])
    os.environ.update({name: str(place) for name, place in {**folders, **files}.items()})
    os.environ["RW_RFNS"] = path.stem
    for name, value in order["secrets"].items():
        if "kubeconfig" in name.lower():
            _write_private(files["KUBECONFIG"], value)


def _write_private(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(text)


def choose(suite: TestSuite, titles: list[str] | None) -> list[str]:
    """Keep the Tasks of these unresolved titles, in the suite's order; return the titles that match none.

    Not Robot's own ``--test``: that takes titles for patterns, in which ``[``, ``*`` and ``?`` mean something.
    """
    if titles is None:
        return []
    exact = {test.name for test in suite.tests}
    wanted = {title for title in titles if title in exact}
    loose = {_loose(title): title for title in titles if title not in exact}
    chosen = [test for test in suite.tests if test.name in wanted or _loose(test.name) in loose]
    found = {_loose(test.name) for test in chosen}
    suite.tests = chosen
    return [title for key, title in loose.items() if key not in found]


def _loose(title: str) -> str:
    return re.sub(r"[\s_]", "", title).lower()


class Voice:
    """Says what happens, one JSON line each; knows which Task is running."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self.title = ""
        self.resolved = ""
        self.ill = False
        self.blocked = ""
        """Why a command could not look, the last time one could not."""
        self._sent = 0
        self._printed: set[str] = set()

    def begin(self, title: str, resolved: str) -> None:
        """A Task starts."""
        self.title, self.resolved = title, resolved
        self.ill, self._sent = False, 0
        self._printed.clear()
        self.say("started")

    def say(self, kind: str, **more: Any) -> None:
        """One line."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = {"type": kind, "title": self.title, "resolved_title": self.resolved, "at": at, **more}
        self._out.write(json.dumps(line, default=str, ensure_ascii=False) + "\n")
        self._out.flush()

    def hear(self, kind: str, record: dict[str, Any]) -> None:
        """The keywords' sink; see RW.platform."""
        if kind == "issue":
            self.ill = self.ill or record["severity"] <= _ILL
            self.say("issue", record={name: _cut(value) for name, value in record.items()})
        elif kind == "blocked":
            self.blocked = record["why"]
            self.say("note", record={"kind": "blocked", "resource": "", **record})
        elif kind == "metric":
            self.say("metric", record=record)
        elif kind == "output":
            self.print(record["text"])
        elif kind == "report" and record["fmt"] in ("ruled_out", "could_not_check"):
            self.say("note", record={"kind": record["fmt"], **record["obj"]})
        elif kind == "report" and record["fmt"] != "issue":
            self.print(report_text(record))

    def print(self, text: str) -> None:
        """Output of the running Task, up to its cap. What a command printed is not sent again by the report."""
        whole = text.strip("\n")
        if not whole.strip() or whole in self._printed or self._sent >= _OUTPUT_CAP:
            return
        self._printed.add(whole)
        left = _OUTPUT_CAP - self._sent
        self._sent += len(whole) + 1
        sent = whole[:left] + "\n"
        for at in range(0, len(sent), _CHUNK):
            last = at + _CHUNK >= len(sent)
            self.say("output", text=sent[at : at + _CHUNK], truncated=last and self._sent >= _OUTPUT_CAP)


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


class Console:
    """Stands where Robot expects the console."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, voice: Voice) -> None:
        self._voice = voice

    def write(self, text: str) -> int:
        """Text of ``Log To Console``."""
        self._voice.print(text)
        return len(text)

    def flush(self) -> None:
        """Everything is sent at once."""

    def isatty(self) -> bool:
        """No colours."""
        return False


# How kubectl and bash begin the line that says why they could not do their work.
_COMMAND_SAID = re.compile(
    r"(?:Error from server \(\w+\)|error: |Unable to connect to the server|The connection to the server|bash: line).*"
)


class Listener:
    """Robot's listener, version 3: what starts, what ends and how."""

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self, voice: Voice, bundle: str) -> None:
        self.voice = voice
        self.problem = ""
        self._bundle = bundle
        self._unloaded: dict[str, str] = {}
        self._setup_blocked = ""
        self._begun = False

    def start_test(self, data: Any, result: Any) -> None:
        """A Task starts; its title may have been resolved only now."""
        from RW.platform import failure

        if not self._begun:
            self._begun, self._setup_blocked = True, self.voice.blocked
        failure.said.clear()
        self.voice.begin(data.name, result.name)

    def end_test(self, data: Any, result: Any) -> None:
        """A Task ended."""
        state, message = self._judge(result)
        self.voice.say("done", state=state, message=message, elapsed_s=result.elapsed_time.total_seconds())
        self.voice.title = self.voice.resolved = ""

    def end_suite(self, data: Any, result: Any) -> None:
        """The suite ended; a setup or teardown that failed is a problem of the whole run."""
        if result.has_setup and result.setup.failed:
            self.problem = self._named(result.setup.message)
        elif result.has_teardown and result.teardown.failed:
            self.problem = (
                f"Bundle {self._bundle} could not clean up: {self._explained(clean(result.teardown.message))}"
            )

    def log_message(self, message: Any) -> None:
        """A failure that a bundle's own library met and swallowed still says what could not be looked at."""
        if message.level not in ("FAIL", "WARN", "ERROR"):
            return
        said = [found[0] for line in message.message.splitlines() if (found := _COMMAND_SAID.search(line))]
        if said:
            from RW.CLI import blocked
            from RW.platform import ShellServiceResponse

            answer = ShellServiceResponse("a command of the bundle's own library", None, "", "\n".join(said), 1)
            blocked.tell(answer, 0)

    def message(self, message: Any) -> None:
        """Robot's own complaints: a library that cannot be loaded explains the keywords missing later."""
        found = re.search(r"Importing library '([^']+)' failed: (.*)", message.message)
        if found:
            self._unloaded[found[1]] = found[2]

    def _judge(self, result: Any) -> tuple[str, str]:
        from RW.platform import failure

        if result.skipped:
            return "skipped", clean(result.message)
        if result.passed:
            return ("failed" if self.voice.ill else "passed"), ""
        if result.parent.has_setup and result.parent.setup.failed:
            return "errored", self._named(result.parent.setup.message)
        ill = any(said and said in result.message for said in failure.said)
        return ("failed" if ill else "errored"), self._explained(clean(result.message))

    def _named(self, message: str) -> str:
        text = f"Bundle {self._bundle} could not be set up: {self._explained(clean(message))}"
        return f"{text} {self._setup_blocked}".strip()

    def _explained(self, message: str) -> str:
        if not message.startswith("No keyword with name"):
            return message
        reasons = [f"library {name} could not be loaded: {why}" for name, why in self._unloaded.items()]
        return "; ".join([message, *reasons])


def clean(message: str) -> str:
    """Robot's message as a person wants to read it."""
    text = _SETUP_FAILED.sub("", message.strip())
    text = re.sub(r"\*HTML\*|<[a-z/][^>]*>", "", text)
    return re.sub(r"\n{2,}", "\n", text).strip()[:4000]


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0] if text.strip() else "no reason given"


def _redirect(logs: Path) -> None:
    """File descriptors 0, 1 and 2 of everything from here on: nothing in, a file out."""
    logs.mkdir(parents=True, exist_ok=True)
    file = os.open(logs / "stdout.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for old, new in ((nothing, 0), (file, 1), (file, 2)):
        os.dup2(old, new)
    os.close(file)
    os.close(nothing)


def _end_children() -> None:
    """Kill what the suite left behind; killed parents hand their children to us, until there are none."""
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    for _ in range(200):
        try:
            pids = [int(word) for word in children.read_text().split()]
        except OSError:
            return
        if not pids:
            return
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
