"""A private repository is fetched with what git's own credential helper says, which is kept and shown nowhere."""

import base64
import functools
import http.server
import threading
from collections.abc import Generator
from pathlib import Path

import pytest

from repositories import Repository, git
from runstone.catalog.registry import Options, Registry

PASSWORD = "hunter2-in-the-helper"


class Private(http.server.SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        expected = "Basic " + base64.b64encode(f"robot:{PASSWORD}".encode()).decode()
        if self.headers.get("Authorization") != expected:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="private"')
            self.end_headers()
            return
        super().do_GET()

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def url(tmp_path: Path) -> Generator[str]:
    origin = Repository(tmp_path / "origin").bundle("pods")
    origin.commit()
    bare = origin.bare(tmp_path / "www" / "private.git")
    git(bare, "update-server-info")
    handler = functools.partial(Private, directory=str(tmp_path / "www"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/private.git"
    server.shutdown()


async def test_the_helper_of_the_composition_root_opens_it(url: str, tmp_path: Path) -> None:
    helper = "!f() { echo username=robot; echo password=$HELPER_PASSWORD; }; f"
    env = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "credential.helper",
        "GIT_CONFIG_VALUE_0": helper,
        "HELPER_PASSWORD": PASSWORD,
    }
    registry = await Registry.open(tmp_path, Options(git_env=env, augment=False))
    await registry.add(url, by="t")
    build = await registry.build("private", "test")
    await registry.close()
    assert build.state == "built", build.problem
    for file in tmp_path.rglob("*"):
        if file.is_file() and "www" not in file.parts:
            assert PASSWORD.encode() not in file.read_bytes(), file


async def test_without_one_the_build_says_so_and_asks_nobody(url: str, tmp_path: Path) -> None:
    env = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
    registry = await Registry.open(tmp_path, Options(git_env=env))
    await registry.add(url, by="t")
    build = await registry.build("private", "test")
    await registry.close()
    assert build.state == "interrupted"
    assert "could not be fetched" in build.problem
    assert "Check the address and the access" in build.problem
