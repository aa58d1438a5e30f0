"""RW.CLI: run commands and scripts, and read what they print. A module library.

Collections ship submodules of their own under this name (``RW.CLI.postgres_helper``); they are found beside ours, and
ours come first.

A command sees only what it is given (see :mod:`RW.CLI.shell`). What a command prints, and whether it could look at
all, goes to ``RW.platform.sink`` at once (see :mod:`RW.CLI.blocked`).
"""

from pkgutil import extend_path

__path__ = extend_path(__path__, __name__)

from RW.CLI.CLI import (
    escape_bash_command,
    escape_str_for_exec,
    escape_string,
    execute_command,
    from_json,
    normalize_kubernetes_binary,
    pop_shell_history,
    resolve_path_to_robot,
    run_bash_file,
    run_cli,
    string_to_datetime,
    to_json,
    verify_rsp,
)
from RW.CLI.parse import parse_cli_json_output, parse_cli_output_by_line

ROBOT_LIBRARY_SCOPE = "GLOBAL"

__all__ = [
    "escape_bash_command",
    "escape_str_for_exec",
    "escape_string",
    "execute_command",
    "from_json",
    "normalize_kubernetes_binary",
    "parse_cli_json_output",
    "parse_cli_output_by_line",
    "pop_shell_history",
    "resolve_path_to_robot",
    "run_bash_file",
    "run_cli",
    "string_to_datetime",
    "to_json",
    "verify_rsp",
]
