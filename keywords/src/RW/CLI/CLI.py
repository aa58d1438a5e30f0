"""The keywords that run something. (The file's name is part of the interface: ``from .CLI import run_cli``.)"""

import ast
import json
import os
import re
import shlex
from dataclasses import replace
from typing import Any, cast

from RW import platform
from RW.CLI import blocked, shell, stage
from RW.CLI.moment import ago
from RW.platform.failure import TaskError
from RW.platform.secret import hide

_history: list[str] = []
_SAID = 2000
"""Characters of what a command wrote to stderr, the last ones, that the sink is told."""
_HINTS = {"show_in_rwl_cheatsheet", "render_in_commandlist"}
"""Named arguments for a renderer of cheat sheets; they mean nothing to a run."""


def run_cli(
    cmd: str,
    target_service: Any = None,
    env: Any = None,
    loop_with_items: Any = None,
    run_in_workload_with_name: Any = "",
    run_in_workload_with_labels: Any = "",
    optional_namespace: Any = "",
    optional_context: Any = "",
    include_in_history: bool = True,
    timeout_seconds: int = 60,
    debug: bool = True,
    **kwargs: Any,
) -> platform.ShellServiceResponse:
    """Run a line of bash in the run's folder, where the bundle's files lie.

    ``env``: a dictionary, or the text of one. ``secret__x=${secret}`` becomes an environment variable,
    ``secret_file__x=${secret}`` a file whose path is in one; both are named by the Secret's key. A command that takes
    longer than ``timeout_seconds`` is ended and answers returncode -1. ``loop_with_items`` runs the command once for
    each, with ``{item}`` filled in, and joins what they print.
    """
    given = mapping(env)
    secrets = secrets_in(kwargs)
    if run_in_workload_with_name or run_in_workload_with_labels:
        target = str(run_in_workload_with_name) or _pod(
            run_in_workload_with_labels, optional_namespace, optional_context
        )
        cmd = _in_workload(cmd, target, str(optional_namespace), str(optional_context))
    items = sequence(loop_with_items)
    commands = [cmd.format(item=item) for item in items] if items else [cmd]
    answers: list[platform.ShellServiceResponse] = []
    for one in commands:
        answers.append(execute_command(one, target_service, secrets, given, timeout_seconds=timeout_seconds))
        if include_in_history:
            _history.append(one)
    answer = replace(answers[-1], stdout="\n".join(one.stdout for one in answers))
    if debug:
        _log(answer)
    return answer


def run_bash_file(
    bash_file: str,
    target_service: Any = None,
    env: Any = None,
    include_in_history: bool = True,
    cmd_override: Any = "",
    timeout_seconds: int = 60,
    **kwargs: Any,
) -> platform.ShellServiceResponse:
    """Run a script of the bundle in the run's folder, or ``cmd_override`` there. Otherwise as ``Run Cli``."""
    script = stage.script(bash_file)
    given = {**mapping(env), "RUN_CMD_FROM": str(script.parent)}
    cmd = str(cmd_override) or f"./{script.name}"
    answer = execute_command(cmd, target_service, secrets_in(kwargs), given, timeout_seconds=timeout_seconds)
    if include_in_history:
        _history.append(script.read_text(encoding="utf-8", errors="replace"))
    _log(answer)
    return answer


def execute_command(
    cmd: str,
    service: Any = None,
    request_secrets: list[platform.ShellServiceRequestSecret] | None = None,
    env: dict[str, Any] | None = None,
    files: dict[str, str] | None = None,
    timeout_seconds: int = 60,
    cwd: Any = None,
) -> platform.ShellServiceResponse:
    """Run a command here, or on a remote shell ``service``; tell the sink what it printed and whether it could look."""
    given = dict(env or {})
    if "KUBERNETES_DISTRIBUTION_BINARY" in given:
        given["KUBERNETES_DISTRIBUTION_BINARY"] = normalize_kubernetes_binary(given["KUBERNETES_DISTRIBUTION_BINARY"])
    if service:
        plain = {key: str(value) for key, value in given.items() if value is not None}
        return platform.execute_shell_command(cmd, service, request_secrets, plain, files)
    answer = shell.run(cmd, request_secrets or [], given, files or {}, timeout_seconds, cwd)
    if answer.stdout.strip():
        platform.emit("output", {"text": answer.stdout})
    blocked.tell(answer, timeout_seconds)
    said = hide(answer.stderr)[-_SAID:]
    platform.emit("command", {"what": blocked.shorten(cmd), "returncode": answer.returncode, "stderr": said})
    return answer


def pop_shell_history() -> str:
    """The commands and scripts run since the last call, as text."""
    text = "\n".join(_history)
    _history.clear()
    return text


def string_to_datetime(duration_str: str) -> str:
    """The moment so long ago (``1d2h``, ``30m``) in UTC, as ``YYYY-MM-DDTHH:MM:SSZ``."""
    return ago(str(duration_str)).strftime("%Y-%m-%dT%H:%M:%SZ")


def escape_bash_command(command: Any) -> str:
    """Quoted, so that bash reads it as one word."""
    return shlex.quote(str(command))


def escape_string(string: Any) -> str:
    """As a Python literal."""
    return repr(string)


def escape_str_for_exec(string: str, escapes: int = 1) -> str:
    """With so many backslashes before each double quote."""
    return string.replace('"', "\\" * escapes + '"')


def from_json(json_str: str) -> Any:
    """What a JSON text says; control characters in texts are accepted."""
    return json.loads(json_str, strict=False)


def to_json(json_data: Any) -> str:
    """The JSON text of a value."""
    return json.dumps(json_data, default=str)


def verify_rsp(
    rsp: platform.ShellServiceResponse,
    expected_rsp_statuscodes: Any = (200,),
    expected_rsp_returncodes: Any = (0,),
    contains_stderr_ok: bool = True,
) -> None:
    """Raise ValueError when the answer is not one of those expected."""
    if not contains_stderr_ok and rsp.stderr:
        raise ValueError(f"{blocked.shorten(rsp.cmd)} wrote to stderr: {platform.secret.hide(rsp.stderr[:300])}")
    if rsp.status not in _numbers(expected_rsp_statuscodes):
        raise ValueError(f"{blocked.shorten(rsp.cmd)} answered status {rsp.status}.")
    if rsp.returncode not in _numbers(expected_rsp_returncodes):
        raise ValueError(f"{blocked.shorten(rsp.cmd)} ended with return code {rsp.returncode}.")


def _numbers(codes: Any) -> list[int]:
    """Codes given as a list, as the text of one, or as a single number."""
    found: Any = _literal(codes, "a list of expected codes") if isinstance(codes, str) else codes
    return [int(one) for one in (cast("list[Any]", found) if isinstance(found, list | tuple) else [found])]


def normalize_kubernetes_binary(binary: Any) -> str:
    """The Kubernetes CLI to use: ``kubectl`` when none is set or a template left its placeholder."""
    name = str(binary or "").strip()
    placeholder = any(mark in name.lower() for mark in ("missing_", "workspaceinfo_custom_variable"))
    return "kubectl" if not name or placeholder else name


def resolve_path_to_robot() -> str:
    """The path of the running suite's file. Raises FileNotFoundError."""
    return str(stage.suite_file())


def mapping(value: Any) -> dict[str, Any]:
    """A dictionary given as one, or as the text of a Python or JSON one. ``\\%{`` in values is taken back to ``%{``."""
    found: Any = _literal(value, "env") if isinstance(value, str) else value
    if found is None:
        return {}
    try:
        given = dict(found)
    except (TypeError, ValueError) as err:
        raise TaskError(f"env must be a dictionary or the text of one, not {type(found).__name__}.") from err
    return {str(key): one.replace("\\%{", "%{") if isinstance(one, str) else one for key, one in given.items()}


def sequence(value: Any) -> list[Any]:
    """A list given as one, or as the text of one."""
    found: Any = _literal(value, "loop_with_items") if isinstance(value, str) else value
    return list(found or [])


def _literal(text: str, name: str) -> Any:
    if not text.strip():
        return None
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        pass
    try:
        return json.loads(text, strict=False)
    except ValueError as err:
        loose = _pairs(text)
        if loose:
            return loose
        raise TaskError(
            f"{name} is neither a Python nor a JSON literal. A value in it may hold an unescaped quote: build it with "
            f"Create Dictionary. It begins: {platform.secret.hide(text[:60])}"
        ) from err


_KEY = r'"\w+"\s*:\s*"'


def _pairs(text: str) -> dict[str, str]:
    """``{"NAME": "value", …}`` whose values hold quotes of their own, as when an input that is JSON was pasted in.

    A value ends where the next name begins, or the dictionary ends; two quotes alone are an empty text, because that
    is what the many declarations mean that say ``default=""``. Empty when the text is no such thing.
    """
    whole = re.fullmatch(rf"\s*\{{\s*({_KEY}.*)\"\s*,?\s*\}}\s*", text, re.DOTALL)
    if not whole:
        return {}
    parts = re.split(rf'"\s*,\s*(?={_KEY})', whole[1])
    named = [re.fullmatch(r'"(\w+)"\s*:\s*"(.*)', part, re.DOTALL) for part in parts]
    return {one[1]: "" if one[2] in ('""', "''") else one[2] for one in named if one}


def secrets_in(kwargs: dict[str, Any]) -> list[platform.ShellServiceRequestSecret]:
    """The Secrets among named arguments. Anything else under such a name is left out with a warning."""
    found: list[platform.ShellServiceRequestSecret] = []
    for name, value in kwargs.items():
        if not name.startswith(("secret__", "secret_file__")):
            if name not in _HINTS:
                platform.warning_log(f"The argument {name} is not known here and does nothing.")
            continue
        if not isinstance(value, platform.Secret):
            kind = "not given" if value is None else f"a {type(cast('object', value)).__name__}"
            platform.warning_log(f"{name} is {kind}, not a Secret: the command runs without it.")
            continue
        found.append(platform.ShellServiceRequestSecret(value, as_file=name.startswith("secret_file__")))
    return found


def _pod(labels: Any, namespace: Any, context: Any) -> str:
    """A substitution that finds the first running Pod of the labels."""
    return (
        f"$(kubectl get pods --field-selector=status.phase==Running -l {shlex.quote(str(labels))} "
        f"-n {shlex.quote(str(namespace))} --context={shlex.quote(str(context))} "
        "-o jsonpath='{.items[0].metadata.name}')"
    )


def _in_workload(cmd: str, target: str, namespace: str, context: str) -> str:
    where = f"-n {shlex.quote(namespace)} --context={shlex.quote(context)}"
    return f"kubectl exec {where} {target} -- /bin/bash -c {shlex.quote(cmd)}"


def _log(answer: platform.ShellServiceResponse) -> None:
    """What was run, for Robot's log. Output itself goes to the sink, once."""
    lines = f"{len(answer.stdout.splitlines())} lines of output, {len(answer.stderr.splitlines())} of errors"
    platform.info_log(f"{blocked.shorten(answer.cmd)}: return code {answer.returncode}, {lines}")
    if answer.stderr and os.environ.get("RW_DEBUG"):
        platform.debug_log(platform.secret.hide(answer.stderr))
