"""Log lines and early ends."""

from typing import Any, NoReturn

from RW import platform


class Say:
    """Keywords for the log, and those that end a Task."""

    def error_log(self, *msg: Any, console: bool = False, if_true: Any = None) -> None:
        """An ERROR line."""
        platform.error_log(*msg, console=console, if_true=if_true)

    def warning_log(self, *msg: Any, console: bool = False, if_true: Any = None) -> None:
        """A WARN line."""
        platform.warning_log(*msg, console=console, if_true=if_true)

    def info_log(self, *msg: Any, console: bool = False, if_true: Any = None) -> None:
        """An INFO line."""
        platform.info_log(*msg, console=console, if_true=if_true)

    def info(self, *msg: Any) -> None:
        """The name older bundles use for ``Info Log``."""
        platform.info_log(*msg)

    def debug_log(self, *msg: Any, console: bool = False, if_true: Any = None) -> None:
        """A DEBUG line."""
        platform.debug_log(*msg, console=console, if_true=if_true)

    def trace_log(self, *msg: Any, console: bool = False, if_true: Any = None) -> None:
        """A TRACE line."""
        platform.trace_log(*msg, console=console, if_true=if_true)

    def console_log(self, *msg: Any) -> None:
        """A line on the console."""
        platform.console_log(*msg)

    def console_log_if_true(self, condition: Any, *msg: Any) -> None:
        """A line on the console when the condition holds."""
        if condition:
            platform.console_log(*msg)

    def task_failure(self, msg: Any = "") -> NoReturn:
        """End the Task: its subject is ill."""
        raise platform.TaskFailure(str(msg))

    def task_error(self, msg: Any = "") -> NoReturn:
        """End the Task: it cannot do its work."""
        raise platform.TaskError(str(msg))

    def fatal_error(self, msg: Any = "") -> NoReturn:
        """End the whole suite."""
        raise platform.FatalError(str(msg))

    def ping(self) -> str:
        """Answers ``pong``: older bundles ask whether the library is there."""
        return "pong"
