"""What a runtime and a keyword library share: secrets, services, the log, errors, session files.

Collections import it from Python (``from RW import platform``) and as a Robot library. It is importable without a
platform: whatever needs an HTTP API says so only when it is called. Importing it stays cheap (no Robot, no requests).

A runtime may set two attributes before a suite starts:

``sink``
    ``sink(kind, record)`` is called at once for everything a suite says. Kinds and their records:
    ``issue`` and ``report`` (the lines of ``issues.jsonl`` and ``report.jsonl``), ``metric`` ``{name, sub_name, value,
    type, labels}``, ``output`` ``{text}`` (what a command printed), ``blocked`` ``{what, why}`` (a command that
    could not look: a missing tool, permission or connection), ``command`` ``{what, returncode}`` (one ended).
``given_secrets``
    Secret values by variable name; ``Import Secret`` asks here first.
"""

from collections.abc import Callable, Mapping
from typing import Any

from RW.platform import given as given
from RW.platform import secret as secret
from RW.platform.failure import FatalError as FatalError
from RW.platform.failure import MissingValue as MissingValue
from RW.platform.failure import TaskError, TaskFailure
from RW.platform.given import import_memo_variable as import_memo_variable
from RW.platform.given import import_platform_variable as import_platform_variable
from RW.platform.log import console_log as console_log
from RW.platform.log import debug_log as debug_log
from RW.platform.log import error_log as error_log
from RW.platform.log import info_log as info_log
from RW.platform.log import trace_log as trace_log
from RW.platform.log import warning_log as warning_log
from RW.platform.secret import Secret
from RW.platform.service import (
    Service,
    ShellServiceRequest,
    ShellServiceRequestSecret,
    ShellServiceResponse,
    execute_shell_command,
)
from RW.platform.session import REQUEST_VERIFY, url_for_session_file
from RW.platform.session import get_authenticated_session as get_authenticated_session
from RW.platform.session import get_session_file as get_session_file
from RW.platform.session import upload_session_file as upload_session_file

# What Robot makes keywords of. The other functions have a keyword of the same name in RW.Core; one more here would
# make the unqualified name ambiguous.
__all__ = [
    "REQUEST_VERIFY",
    "Secret",
    "Service",
    "ShellServiceRequest",
    "ShellServiceRequestSecret",
    "ShellServiceResponse",
    "TaskError",
    "TaskFailure",
    "execute_shell_command",
    "url_for_session_file",
]

Sink = Callable[[str, dict[str, Any]], None]

sink: Sink | None = None
given_secrets: Mapping[str, str] = {}


def emit(kind: str, record: dict[str, Any]) -> None:
    """Hand a record to the sink, if there is one."""
    if sink is not None:
        sink(kind, record)
