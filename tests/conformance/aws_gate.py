"""A gate before a moto server: lets calls through, or answers chosen ones as AWS would where moto cannot.

moto never throttles, refuses or expires, and does not have every operation. A call is known by ``service:Operation``
where its protocol names the operation, else by ``service:METHOD /path``; with ``@region`` behind it, only there.
"""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

_SIGNED = re.compile(r"Credential=([^/]+)/\d+/([^/]+)/([^/]+)/aws4_request")


Refusal = tuple[int, str]


@dataclass
class Gate:
    """Where to let through, and what to answer instead."""

    behind: str
    refused: dict[str, "Refusal | list[Refusal | None]"] = field(default_factory=dict[str, Any])
    """Calls answered by a status and an error code; of a list, one by one, None and its end letting through."""
    recorded: dict[str, Any] = field(default_factory=dict[str, Any])
    """Calls answered by JSON, or by XML in a text."""
    silent: set[str] = field(default_factory=set[str])
    """Calls that are never answered."""
    asked: list[str] = field(default_factory=list[str])
    url: str = ""
    closed: threading.Event = field(default_factory=threading.Event)

    def said(self, table: Any, call: str, region: str) -> Any:
        """What a table has for a call in a region, under either of its names."""
        found = next((table[name] for name in (f"{call}@{region}", call) if name in table), None)
        if isinstance(found, list):
            return found.pop(0) if found else None
        return found


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    gate: Gate

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        region, service, call = self._call(body)
        self.gate.asked.append(f"{call}@{region}")
        if {call, f"{call}@{region}"} & self.gate.silent:
            self.gate.closed.wait()
            return
        if refusal := self.gate.said(self.gate.refused, call, region):
            self._refuse(service, body, *refusal)
        elif (answer := self.gate.said(self.gate.recorded, call, region)) is not None:
            text = answer if isinstance(answer, str) else json.dumps(answer)
            self._answer(200, text.encode(), {})
        else:
            self._pass(body)

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = handle_any  # noqa: N815  the names http.server asks for

    def _call(self, body: bytes) -> tuple[str, str, str]:
        signed = _SIGNED.search(self.headers.get("Authorization") or "")
        region, service = (signed[2], signed[3]) if signed else ("", "")
        target = self.headers.get("X-Amz-Target")
        action = parse_qs(body.decode(errors="replace")).get("Action")
        operation = target.rpartition(".")[2] if target else action[0] if action else ""
        return region, service, f"{service}:{operation or f'{self.command} {urlsplit(self.path).path}'}"

    def _refuse(self, service: str, body: bytes, status: int, code: str) -> None:
        """In the protocol of the service: EC2's XML, the query protocol's, S3's, or JSON."""
        xml = f"<Error><Code>{code}</Code><Message>canary-message</Message></Error>"
        if service == "ec2":
            self._answer(status, f"<Response><Errors>{xml}</Errors></Response>".encode(), {})
        elif service == "s3":
            self._answer(status, xml.encode(), {})
        elif b"Action=" in body:
            self._answer(status, f"<ErrorResponse>{xml}</ErrorResponse>".encode(), {})
        else:
            said = json.dumps({"__type": code, "message": "canary-message"}).encode()
            self._answer(status, said, {"x-amzn-errortype": code, "Content-Type": "application/json"})

    def _pass(self, body: bytes) -> None:
        onward = HTTPConnection(urlsplit(self.gate.behind).netloc)
        onward.request(self.command, self.path, body, dict(self.headers))
        answer = onward.getresponse()
        dropped = {"content-length", "connection", "transfer-encoding", "date", "server"}
        headers = {name: value for name, value in answer.getheaders() if name.lower() not in dropped}
        self._answer(answer.status, answer.read(), headers)
        onward.close()

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base's signature
        """Say nothing."""


@contextmanager
def gate(behind: str) -> Iterator[Gate]:
    """A gate on a free port of loopback, open until the end."""
    opened = Gate(behind)
    handler = type("Handler", (_Handler,), {"gate": opened})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    opened.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield opened
    finally:
        opened.closed.set()
        server.shutdown()
        server.server_close()
        thread.join()
