"""Log lines and early ends."""

import re
import shlex
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

    def ping(self, host: str, count: Any = 5) -> dict[str, Any]:
        """Ping a host: ``{stdout, packet_loss_percentage}``. Older bundles measure a host so.

        Ends the Task when ``ping`` says nothing about loss: then it was not the host that failed.
        """
        from RW.CLI.CLI import execute_command

        answer = execute_command(f"ping -c {int(count)} {shlex.quote(str(host))}", timeout_seconds=int(count) * 2 + 30)
        found = re.search(r"([\d.]+)% packet loss", answer.stdout)
        if not found:
            raise platform.TaskError(f"ping said nothing about {host}: {answer.stderr.strip()[:200] or 'no output'}.")
        return {"stdout": answer.stdout, "packet_loss_percentage": float(found[1])}
