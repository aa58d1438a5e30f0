"""A ``.robot`` file, run by Robot Framework."""

import io
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from robot.errors import DataError
from robot.running import TestSuite, namespace

from runstone.content.engine import fault
from runstone.content.engine.fault import Fault
from runstone.content.engine.voice import Voice

_SETUP_FAILED = re.compile(r"^(?:Parent )?suite setup failed:\s*", re.IGNORECASE)
_FOLDERS = ("AZURE_CONFIG_DIR", "CLOUDSDK_CONFIG", "AWS_CONFIG_DIR", "CODEBUNDLE_TEMP_DIR", "KUBECONFIG")
"""Variables of the environment that suites read as Robot variables."""


def run(order: dict[str, Any], voice: Voice) -> str:
    """Run the order's Tasks. Returns why the suite could not be run to its end, as a sentence; empty when it was."""
    bundle = Path(order["bundle"])
    build = cast("Callable[[Path], TestSuite]", TestSuite.from_file_system)  # pyright: ignore[reportUnknownMemberType]
    try:
        suite = build(bundle / order["robot"])
    except DataError as err:
        return f"Bundle {bundle.name}: {order['robot']} cannot be run: {_first_line(str(err))}"
    missing = choose(suite, order["titles"])
    if missing:
        shown = ", ".join(repr(title) for title in missing)
        return f"Bundle {bundle.name}: {order['robot']} has no Task {shown}."
    if order["dry"]:
        fault.resolve(suite, bundle, voice)
        return ""
    listener = Listener(voice, bundle.name, Fault(bundle))
    console = sys.__stdout__
    sys.__stdout__ = Console(voice)  # type: ignore[misc]  Log To Console writes here
    try:
        _execute(suite, listener, Path(order["workdir"]) / "logs", order["log"])
    finally:
        sys.__stdout__ = console  # type: ignore[misc]
    return listener.problem


def rehearse(text: str, folder: str) -> None:
    """Run a suite given as text for nothing but its effect on this process's caches."""
    suite = cast("Callable[[str], TestSuite]", TestSuite.from_string)(text)  # pyright: ignore[reportUnknownMemberType]
    listener = Listener(Voice(io.StringIO(), Path(folder)), "warm", Fault(Path(folder)))
    _execute(suite, listener, Path(folder), log=False)
    # Robot forgets its libraries before each run. This process's forks run once each, with the same libraries as this.
    if importer := getattr(namespace, "IMPORTER", None):
        importer.reset = lambda: None


def _execute(suite: TestSuite, listener: "Listener", logs: Path, log: bool) -> None:
    run_suite = cast("Callable[..., object]", suite.run)  # pyright: ignore[reportUnknownMemberType]
    run_suite(
        listener=listener,
        loglevel="TRACE" if log else "INFO",
        console="none",
        output="output.xml" if log else None,
        log=None,
        report=None,
        outputdir=str(logs),
        variable=[f"{name}:{os.environ[name]}" for name in _FOLDERS if name in os.environ],
    )
    if log:
        from robot.api import ResultWriter

        writer: Any = ResultWriter(str(logs / "output.xml"))
        writer.write_results(log=str(logs / "log.html"), report=None)


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

    def __init__(self, voice: Voice, bundle: str, fault: Fault) -> None:
        self.voice = voice
        self._fault = fault
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
        self._fault.begin(setup=result.parent.has_setup and result.parent.setup.failed)
        self.voice.begin(data.name, result.name)

    def end_test(self, data: Any, result: Any) -> None:
        """A Task ended."""
        state, message = self._judge(result)
        where = (self._fault.file, self._fault.line) if state == "errored" else ("", 0)
        self.voice.end(state, message, result.elapsed_time.total_seconds(), *where)

    def start_body_item(self, data: Any, result: Any) -> None:
        """A step starts: a keyword or a control structure."""
        self._fault.start()

    def end_body_item(self, data: Any, result: Any) -> None:
        """A step ended."""
        self._fault.end(data, result)

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
