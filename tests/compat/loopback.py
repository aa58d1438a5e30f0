"""What bundles reach over HTTP, on loopback: a remote shell service with the toolbox behind it, and scripted addresses.

``POST /api/v1/cmd`` is the shell service's protocol, as older bundles speak it. Everything else is answered by the
first rule of the world with ``tool: http`` whose ``args`` fit ``METHOD /path``; without one by ``{}``.
"""

import contextlib
import json
import re
import subprocess
import tempfile
import threading
from collections.abc import Generator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

SERVICES = ("kubectl", "curl", "gcloud", "grpcurl", "aws")


@contextlib.contextmanager
def serving(path: str, world: Mapping[str, Any]) -> Generator[str]:
    """The server's URL; commands of the shell service find their programs on ``path``."""

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.command == "POST" and self.path == "/api/v1/cmd":
                self._send(200, json.dumps(run(json.loads(body), path)))
            else:
                self._send(*scripted(world, f"{self.command} {self.path}"))

        def _send(self, status: int, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_CONNECT(self) -> None:
            """There is no way out."""
            self.send_error(403)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _any  # noqa: N815  the server's names

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def scripted(world: Mapping[str, Any], line: str) -> tuple[int, str]:
    """Status and body for ``METHOD /path``."""
    for rule in world["rules"]:
        if rule["tool"] == "http" and re.search(rule["args"], line):
            return int(rule.get("status", 200)), json.dumps(rule["json"]) if "json" in rule else str(
                rule.get("out", "")
            )
    return 200, "{}"


def run(asked: dict[str, Any], path: str) -> dict[str, Any]:
    """One command in a folder of its own, with its secrets as variables or as files named by one."""
    with tempfile.TemporaryDirectory(prefix="shell-service-") as folder:
        env = {"PATH": path, **asked.get("env", {})}
        for one in asked.get("secrets", []):
            file = Path(folder) / one["key"]
            if one["file"]:
                file.write_text(one["value"])
            env[one["key"]] = str(file) if one["file"] else one["value"]
        for name, text in asked.get("files", {}).items():
            (Path(folder) / name).write_text(text)
        argv = ["bash", "-c", asked["cmd"]]
        done = subprocess.run(argv, env=env, cwd=folder, capture_output=True, text=True, timeout=30, check=False)
    return {
        "cmd": asked["cmd"],
        "parsedCmd": argv,
        "stdout": done.stdout,
        "stderr": done.stderr,
        "returncode": done.returncode,
        "errors": [],
    }
