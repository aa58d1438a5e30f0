"""Where in a suite something went wrong, as Robot Framework tells it to a listener step by step."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from robot.running import TestSuite

from runstone.content.engine.voice import Voice

_ON_LINE = re.compile(r"Error in file '([^']+)' on line (\d+): (.*)", re.DOTALL)
"""How Robot begins a complaint about a file of a suite."""


_DETAILS = re.compile(r"\n(?:Traceback|PYTHONPATH)")


class Fault:
    """The innermost step whose failure ended the running Task, or the suite's setup before it.

    A failure that a step around it met (TRY, Run Keyword And Ignore Error) is none.
    """

    def __init__(self, bundle: Path) -> None:
        self._bundle = bundle
        self._depth = 0
        self._found: tuple[int, str, int] | None = None

    @property
    def file(self) -> str:
        """Relative to the bundle, if it lies in it; empty when nothing failed."""
        return self._found[1] if self._found else ""

    @property
    def line(self) -> int:
        """1-based; 0 when nothing failed."""
        return self._found[2] if self._found else 0

    def begin(self, setup: bool) -> None:
        """A Task starts; the failure of the suite's ``setup`` is that of every Task."""
        if not setup:
            self._found = None

    def start(self) -> None:
        """A step starts."""
        self._depth += 1

    def end(self, data: Any, result: Any) -> None:
        """A step ended. Its own failure came from a step in it, if one failed and nothing met that."""
        inside = self._found and self._found[0] > self._depth
        if result.failed:
            _, file, line = self._found if self._found and inside else (0, _shown(data, self._bundle), data.lineno or 0)
            self._found = (self._depth, file, line)
        elif inside:
            self._found = None
        self._depth -= 1


def resolve(suite: TestSuite, bundle: Path, voice: Voice) -> None:
    """Say everything that does not resolve: libraries, keywords, arguments, settings. No step is executed.

    Libraries are imported, which runs their own code: Robot cannot know their keywords without.
    """
    run = cast("Callable[..., object]", suite.run)  # pyright: ignore[reportUnknownMemberType]
    run(listener=_Resolver(bundle, voice), dryrun=True, console="none", output=None, log=None, report=None)


class _Resolver:
    """Robot's listener, version 3, during a dry-run."""

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self, bundle: Path, voice: Voice) -> None:
        self._bundle, self._voice = bundle, voice
        self._said: set[tuple[str, int, str]] = set()
        self._suite = ""
        self._failed = [False]
        """For the Task and each step that is open: whether a step in it failed."""

    def start_suite(self, data: Any, result: Any) -> None:
        """The suite starts."""
        self._suite = data.source.name if data.source else ""

    def message(self, message: Any) -> None:
        """Robot's own complaints. One about a single keyword of a library is left to those who call it."""
        if message.level != "ERROR" or "Adding keyword" in message.message:
            return
        found = _ON_LINE.match(message.message)
        if found:
            self._say(_relative(Path(found[1]), self._bundle), int(found[2]), found[3])
        else:
            self._say(self._suite, 0, message.message)

    def start_test(self, data: Any, result: Any) -> None:
        """A Task starts; a setup that failed has told why."""
        self._failed = [result.parent.has_setup and result.parent.setup.failed]

    def start_body_item(self, data: Any, result: Any) -> None:
        """A step starts."""
        self._failed.append(False)

    def end_body_item(self, data: Any, result: Any) -> None:
        """A step ended; a failure within it has been told already."""
        within = self._failed.pop()
        if result.failed and not within:
            self._say(_shown(data, self._bundle), data.lineno or 0, result.message)
        self._failed[-1] = self._failed[-1] or result.failed

    def end_test(self, data: Any, result: Any) -> None:
        """A Task without steps, or one with a setting that means nothing, has the reason in its own message."""
        if result.failed and not self._failed[-1]:
            self._say(_shown(data, self._bundle), data.lineno or 0, result.message)

    def _say(self, file: str, line: int, text: str) -> None:
        # What follows is for those who debug the library: a traceback and the whole import path.
        words = _DETAILS.split(text, maxsplit=1)[0].replace(f"{self._bundle.resolve()}/", "").split()
        told = (file, line, " ".join(words))
        if told not in self._said:
            self._said.add(told)
            self._voice.say("unresolved", file=file, line=line, message=told[2])


def _shown(data: Any, bundle: Path) -> str:
    return _relative(Path(data.source), bundle) if data.source else ""


def _relative(path: Path, bundle: Path) -> str:
    real, root = path.resolve(), bundle.resolve()
    return real.relative_to(root).as_posix() if real.is_relative_to(root) else str(path)
