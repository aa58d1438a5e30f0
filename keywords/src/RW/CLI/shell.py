"""One command in bash.

Nothing of the environment is inherited but what is listed here: no PATH (bash has its own default), no HOME. The order
of precedence, lowest first: proxies and certificates, the runtime's folders and AWS settings, the caller's ``env``,
secrets.

``RW_TOOL_PATH`` is the runner's word on where tools lie (kubectl in a home folder, gcloud under ``/opt``): it is the
PATH of commands whose Task gives none. Without it they have bash's default, as the documented behaviour is.
"""

import contextlib
import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import IO, Any

from RW import platform
from RW.CLI import stage

_CHUNK = 65536
_OUTPUT_CAP = 64 * 1024**2
"""Bytes kept of what a command prints; the largest answers of an API server stay far below."""

_NETWORK = (
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "SSL_CERT_FILE",
    "NODE_EXTRA_CA_CERTS",
)
_RUNTIME = (
    "AZURE_CONFIG_DIR",
    "CODEBUNDLE_TEMP_DIR",
    "CLOUDSDK_CONFIG",
    "AWS_CONFIG_DIR",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_STS_REGIONAL_ENDPOINTS",
)


def run(
    cmd: str,
    secrets: list[platform.ShellServiceRequestSecret],
    env: dict[str, Any],
    files: dict[str, str],
    timeout_s: float,
    cwd: Any = None,
) -> platform.ShellServiceResponse:
    """Run ``bash -c cmd``. When the time is over the command and its children are killed: returncode -1, no output."""
    folder = Path(cwd) if cwd else stage.folder()
    for name, content in files.items():
        (folder / name).write_text(content)
    line = cmd.replace("\\%{", "%{")
    argv = ["bash", "-c", line]
    full = {**_passed_on(), **_texts(env), **_written(secrets, folder)}
    # A group of its own, not a session: the runtime that ends the run finds children by its session.
    process = subprocess.Popen(  # noqa: S603  running what the Task says is the purpose
        argv,
        env=full,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        process_group=0,
    )
    assert process.stdout
    assert process.stderr
    taps = _Tap(process.stdout), _Tap(process.stderr)
    if not _ended(process, taps, timeout_s):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return _late(line, argv, timeout_s)
    return platform.ShellServiceResponse(line, argv, taps[0].text(), taps[1].text(), process.wait())


class _Tap(threading.Thread):
    """Reads a pipe to its end and keeps the beginning: a command that never stops printing must not fill the memory.

    It owns the pipe and closes it, since it may outlive the call: a writer that left its group outlives a timeout.
    """

    def __init__(self, pipe: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self._pipe = pipe
        self._kept = bytearray()
        self.start()

    def run(self) -> None:
        """Until every writer is gone."""
        with self._pipe:
            while chunk := self._pipe.read(_CHUNK):
                self._kept += chunk[: _OUTPUT_CAP - len(self._kept)]

    def text(self) -> str:
        """What was kept, with plain newlines."""
        return self._kept.decode(errors="replace").replace("\r\n", "\n").replace("\r", "\n")


def _ended(process: subprocess.Popen[bytes], taps: tuple[_Tap, ...], timeout_s: float) -> bool:
    """Whether the command, and everything that writes to its output, ended in time."""
    until = time.monotonic() + timeout_s
    for tap in taps:
        tap.join(max(0.0, until - time.monotonic()))
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(max(0.0, until - time.monotonic()))
    return process.poll() is not None and not any(tap.is_alive() for tap in taps)


def _late(line: str, argv: list[str], timeout_s: float) -> platform.ShellServiceResponse:
    error = f"The command did not end within {timeout_s} s and was killed."
    platform.warning_log(error)
    return platform.ShellServiceResponse(line, argv, errors=[error])


def _passed_on() -> dict[str, str]:
    given = {name: os.environ[name] for name in (*_NETWORK, *_RUNTIME) if os.environ.get(name)}
    tools = os.environ.get("RW_TOOL_PATH")
    return {**given, "PATH": tools} if tools else given


def _texts(env: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in env.items() if value is not None}


def _written(secrets: list[platform.ShellServiceRequestSecret], folder: Path) -> dict[str, str]:
    """Environment variables for secrets; those that are files are written first, readable by their owner only."""
    found: dict[str, str] = {}
    for one in secrets:
        if not one.as_file:
            found[one.secret.key] = one.secret.value
            continue
        path = folder / one.secret.key
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
            out.write(one.secret.value)
        found[one.secret.key] = str(path)
    return found
