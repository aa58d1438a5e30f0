"""Git over HTTP as hosts of code serve it: git's own backend behind basic authentication, on loopback."""

import base64
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit


@dataclass
class GitServer:
    """Repositories below ``root``, for whoever knows a token."""

    root: Path
    logins: dict[str, str]
    """Tokens by user."""
    elsewhere: str = ""
    """Where requests are sent on to instead, of another server."""
    url: str = ""
    seen: list[str] = field(default_factory=list[str])
    """What came as ``user:token``, in the order of asking; empty for a request without."""
    commands: list[str] = field(default_factory=list[str], repr=False)
    """Command lines of all processes below this one, as they stood while a login was looked at."""

    def enters(self, header: str) -> bool:
        said = base64.b64decode(header.removeprefix("Basic ")).decode() if header else ""
        self.seen.append(said)
        if said:
            self.commands.append(_commands())
        user, _, token = said.partition(":")
        return bool(said) and self.logins.get(user) == token


class _Handler(BaseHTTPRequestHandler):
    server_: GitServer

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.server_.elsewhere:
            self._answer(302, {"Location": self.server_.elsewhere + self.path}, b"")
        elif self.server_.enters(self.headers.get("Authorization") or ""):
            self._served(body)
        else:
            self._answer(401, {"WWW-Authenticate": 'Basic realm="code"'}, b"no")

    do_GET = do_POST = handle_any  # noqa: N815  the names http.server asks for

    def _served(self, body: bytes) -> None:
        parts = urlsplit(self.path)
        env = {
            **os.environ,
            "GIT_PROJECT_ROOT": str(self.server_.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": parts.path,
            "QUERY_STRING": parts.query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type") or "",
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding") or "",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol") or "",
            "CONTENT_LENGTH": str(len(body)),
        }
        done = subprocess.run(["git", "http-backend"], input=body, env=env, capture_output=True, check=True)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
        self._answer(int(headers.pop("Status", "200").split()[0]), headers, content)

    def _answer(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base's signature
        """Say nothing."""


def _commands() -> str:
    below = {os.getpid()}
    parents = {pid: parent for pid in _numbers() if (parent := _parent(pid))}
    while more := {pid for pid, parent in parents.items() if parent in below} - below:
        below |= more
    return "\n".join(_read(pid, "cmdline").replace("\0", " ") for pid in below - {os.getpid()})


def _numbers() -> list[int]:
    return [int(one.name) for one in Path("/proc").iterdir() if one.name.isdigit()]


def _parent(pid: int) -> int:
    """0 for a process that has ended meanwhile."""
    behind_name = _read(pid, "stat").rpartition(")")[2].split()
    return int(behind_name[1]) if behind_name else 0


def _read(pid: int, what: str) -> str:
    try:
        return Path(f"/proc/{pid}/{what}").read_text(errors="replace")
    except OSError:
        return ""


@contextmanager
def git_server(root: Path, logins: dict[str, str]) -> Iterator[GitServer]:
    """A server on a free port of loopback, open until the end."""
    opened = GitServer(root, logins)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"server_": opened}))
    server.daemon_threads = True
    opened.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield opened
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
