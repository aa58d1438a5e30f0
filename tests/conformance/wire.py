"""A cloud's REST API on loopback: answers by a function, and chosen requests otherwise, as clouds do on bad days.

A request is known by any part of ``METHOD /path?query body``: the first key of ``refused`` that is in it decides.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    path: str
    query: dict[str, list[str]]
    body: Any
    headers: Mapping[str, str]

    @property
    def line(self) -> str:
        said = "&".join(f"{name}={value}" for name, values in self.query.items() for value in values)
        return f"{self.method} {self.path}?{said} {json.dumps(self.body) if self.body else ''}"

    def one(self, name: str, otherwise: str = "") -> str:
        """A parameter that stands once in the query."""
        return self.query.get(name, [otherwise])[0]


@dataclass(frozen=True)
class Reply:
    """One answer: JSON, or what is written in a text."""

    status: int
    body: Any = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


Answering = Callable[[Asked], Reply]


@dataclass
class Wire:
    """What is answered, and what was asked."""

    answer: Answering
    refused: dict[str, "Reply | list[Reply | None]"] = field(default_factory=dict[str, Any])
    """Of a list, one by one, None and its end letting through."""
    silent: set[str] = field(default_factory=set[str])
    """Parts of requests that are never answered."""
    asked: list[Asked] = field(default_factory=list[Asked])
    url: str = ""
    closed: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def lines(self, part: str) -> list[str]:
        """The requests with something in them."""
        return [one.line for one in self.asked if part in one.line]

    def reply(self, asked: Asked) -> Reply:
        with self.lock:
            self.asked.append(asked)
            found = next((self.refused[part] for part in self.refused if part in asked.line), None)
            if isinstance(found, list):
                found = found.pop(0) if found else None
        return found or self.answer(asked)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    """Headers and body in one packet: in two, each answer waits 40 ms for the first to be acknowledged."""
    wire: Wire

    def handle_any(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        body = json.loads(content) if self.headers.get("Content-Type") == "application/json" else content.decode()
        asked = Asked(self.command, unquote(parts.path), parse_qs(parts.query), body, dict(self.headers))
        if any(part in asked.line for part in self.wire.silent):
            self.wire.closed.wait()
            return
        reply = self.wire.reply(asked)
        text = reply.body if isinstance(reply.body, str) else json.dumps(reply.body)
        self.send_response(reply.status)
        sent = {"Content-Type": "application/json", **reply.headers, "Content-Length": str(len(text.encode()))}
        for name, value in sent.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_POST = handle_any  # noqa: N815  the names http.server asks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base's signature
        """Say nothing."""


@contextmanager
def wired(answer: Answering) -> Iterator[Wire]:
    """An API on a free port of loopback, open until the end."""
    wire = Wire(answer)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"wire": wire}))
    server.daemon_threads = True
    wire.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield wire
    finally:
        wire.closed.set()
        server.shutdown()
        server.server_close()
        thread.join()
