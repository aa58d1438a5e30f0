"""The log, from Python. Inside a running suite lines go to Robot's log; elsewhere to :mod:`logging`."""

from typing import Any

# Robot is imported when a line is written, not when the library is: importing it costs more than all of RW.*.


def _write(level: str, words: tuple[Any, ...], console: bool, if_true: Any) -> None:
    if if_true is not None and not if_true:
        return
    from robot.api import logger

    text = " ".join(str(word) for word in words)
    logger.write(text, level)  # pyright: ignore[reportArgumentType]
    if console:
        logger.console(text)


def error_log(*msg: Any, console: bool = False, if_true: Any = None) -> None:
    """An ERROR line. ``if_true``: write only when it is true; None means always."""
    _write("ERROR", msg, console, if_true)


def warning_log(*msg: Any, console: bool = False, if_true: Any = None) -> None:
    """A WARN line."""
    _write("WARN", msg, console, if_true)


def info_log(*msg: Any, console: bool = False, if_true: Any = None) -> None:
    """An INFO line."""
    _write("INFO", msg, console, if_true)


def debug_log(*msg: Any, console: bool = False, if_true: Any = None) -> None:
    """A DEBUG line."""
    _write("DEBUG", msg, console, if_true)


def trace_log(*msg: Any, console: bool = False, if_true: Any = None) -> None:
    """A TRACE line."""
    _write("TRACE", msg, console, if_true)


def console_log(*msg: Any) -> None:
    """A line on the console; a runtime's sink gets it as output."""
    from robot.api import logger

    from RW import platform

    text = " ".join(str(word) for word in msg)
    platform.emit("output", {"text": text})
    logger.console(text)
