"""An OpenAI-compatible endpoint over real HTTP: it keeps requests as they came and answers as a test says."""

import contextlib
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Body = dict[str, Any]
GOOD: Body = {
    "purpose": "Finds out why containers of a workload restart.",
    "use_when": ["Use when a deployment has pods in a crash loop."],
    "not_when": ["Not when the whole cluster is unreachable."],
    "symptoms": ["a flapping workload with exit code 137"],
    "questions": ["Why does my workload hiccup after the release?"],
    "alerts": ["KubePodCrashLooping"],
    "next_steps": ["Look at the logs of the container that ended."],
}


@dataclass(frozen=True)
class Asked:
    """One request, whole."""

    path: str
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> Body:
        return json.loads(self.raw)

    @property
    def whole(self) -> str:
        """Everything that left, as text."""
        return "\n".join([self.path, *(f"{name}: {value}" for name, value in self.headers.items()), self.raw.decode()])


@dataclass(frozen=True)
class Reply:
    """One answer."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    after_s: float = 0


def said(text: str | None, ended: str = "stop", usage: tuple[int, int] | None = (100, 20)) -> Reply:
    """What a model wrote; ``usage`` None for endpoints that do not count."""
    choice = {"index": 0, "finish_reason": ended, "message": {"role": "assistant", "content": text}}
    counted = {"usage": {"prompt_tokens": usage[0], "completion_tokens": usage[1]}} if usage else {}
    return Reply({"id": "1", "object": "chat.completion", "choices": [choice], **counted})


def good(**fields: Any) -> Reply:
    """A good draft, with some of its fields changed."""
    return said(json.dumps(GOOD | fields))


def refused(status: int, code: str = "", param: str = "", headers: Mapping[str, str] | None = None) -> Reply:
    """An error as OpenAI words it; its message repeats the key, as such messages do."""
    error = {"message": "Incorrect API key provided: sk-canary-key", "type": "x", "code": code, "param": param}
    return Reply({"error": {name: value for name, value in error.items() if value}}, status, headers or {})


class Endpoint:
    """``answers`` are given one after another, then ``always``; ``rule`` comes first and may refuse a request."""

    def __init__(self) -> None:
        self.requests: list[Asked] = []
        self.answers: deque[Reply] = deque()
        self.always = good()
        self.rule: Callable[[Body], Reply | None] = lambda _: None
        self.url = ""

    def reply(self, asked: Asked) -> Reply:
        self.requests.append(asked)
        if asked.path != "/v1/chat/completions":
            return refused(404)
        return self.rule(asked.body) or (self.answers.popleft() if self.answers else self.always)


@contextlib.contextmanager
def serving() -> Generator[Endpoint]:
    """The endpoint on loopback while the block lasts, in threads of its own: callers have event loops of theirs."""
    endpoint = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length", "0")))
            reply = endpoint.reply(Asked(self.path, dict(self.headers.items()), raw))
            time.sleep(reply.after_s)
            content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            with contextlib.suppress(OSError):
                self.send_response(reply.status)
                for name, value in {**reply.headers, "content-length": str(len(content))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    endpoint.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
