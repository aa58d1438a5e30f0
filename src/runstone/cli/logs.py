"""Log lines of a running process: events with fields, on stderr, quiet unless asked."""

import logging
import os
import sys

import structlog


def configure(level: str = "") -> None:
    """Set the level (``RUNSTONE_LOG``, warning by default); JSON lines unless stderr is a terminal."""
    chosen = (level or os.environ.get("RUNSTONE_LOG", "warning")).upper()
    number = logging.getLevelNamesMapping().get(chosen, logging.WARNING)
    renderer: structlog.types.Processor = (
        structlog.dev.ConsoleRenderer(colors=True) if sys.stderr.isatty() else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=max(number, logging.WARNING), stream=sys.stderr)
