"""What a suite under trial reaches over HTTP: a server on loopback that answers as its case says.

It stands as the run's proxy too: an ``http://`` address elsewhere is answered from the same list, an ``https://`` one
is refused, as there is no way out.
"""

import contextlib
import sys
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from runstone.content.trial import pattern, placeholder
from runstone.content.trial.casefile import Trial
from runstone.content.trial.cases import HttpAnswer

_ANY = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT")


@dataclass
class Loopback:
    """A running server; ``asked`` grows by ``METHOD /path`` and the place of the answer in the case, or None."""

    url: str
    asked: list[tuple[str, int | None]] = field(default_factory=list[tuple[str, int | None]])


@contextlib.contextmanager
def serving(trial: Trial, now: datetime) -> Generator[Loopback]:
    """The server of one case, until the end of the block."""
    server = _Server(("127.0.0.1", 0), BaseHTTPRequestHandler)
    there = Loopback(f"http://127.0.0.1:{server.server_port}")
    server.RequestHandlerClass = _handler(trial, there, now)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield there
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # An answer that waits must not hold up the end of the run.
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever asked has gone, as a run that is stopped does; anything else is told."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def chosen(answers: tuple[HttpAnswer, ...], method: str, path: str) -> int | None:
    """The place of the first answer that fits; a path is matched with and without its query."""
    ways = (path, path.partition("?")[0])
    for number, one in enumerate(answers):
        if pattern.fits(one.method, method) and any(pattern.fits(one.path, way) for way in ways):
            return number
    return None


def _handler(trial: Trial, there: Loopback, now: datetime) -> type[BaseHTTPRequestHandler]:
    def body(one: HttpAnswer) -> bytes:
        if one.json_body is not None:
            return placeholder.filled_json(one.json_body, there.url, now).encode()
        text = trial.texts[one.body_file] if one.body_file else one.body
        return placeholder.filled(text, there.url, now).encode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            """Any request."""
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            number = chosen(trial.case.http, self.command, self.path)
            there.asked.append((f"{self.command} {self.path}", number))
            if number is None:
                self._send(403 if self.command == "CONNECT" else 404, {}, b'{"message": "The case has no answer."}')
                return
            one = trial.case.http[number]
            time.sleep(one.after_s)
            plain = "text/plain; charset=utf-8" if one.json_body is None else "application/json"
            self._send(one.status, {"Content-Type": plain, **one.headers}, body(one))

        def _send(self, status: int, headers: dict[str, str], content: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the server's name for it
            """Quiet: what was asked is kept."""

    for method in _ANY:
        setattr(Handler, f"do_{method}", Handler.answer)
    return Handler
