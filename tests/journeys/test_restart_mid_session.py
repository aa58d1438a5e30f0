"""kill -9 in the middle of a session: after a new start it goes on; no Task is lost, none silently repeated."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

RUNSTONE = [sys.executable, "-m", "runstone.cli.main"]


@contextmanager
def process(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "RUNSTONE_LOG": "error"}
    started = subprocess.Popen([*RUNSTONE, *arguments], cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    try:
        yield started
    finally:
        started.send_signal(signal.SIGTERM)
        started.wait(20)


def until(look: Any, seconds: float = 40) -> Any:
    end = time.time() + seconds
    while not (found := look()):
        assert time.time() < end, "it did not come about"
        time.sleep(0.05)
    return found


class Api:
    """The API of the instance that works on a data folder."""

    def __init__(self, data: Path) -> None:
        running = until(lambda: (data / "running.json").exists() and json.loads((data / "running.json").read_text()))
        self.url = running["url"]
        self.token = json.loads((data / "credentials.json").read_text())["user"]

    def call(self, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        with urllib.request.urlopen(urllib.request.Request(self.url + path, data, headers), timeout=30) as answer:
            return json.load(answer)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Path]:
    kubeconfig = tmp_path / "kubeconfig"
    with process(tmp_path, "sandbox", "up", "--fault", "unknown-storage-class", "--kubeconfig", str(kubeconfig)):
        until(kubeconfig.exists)
        yield kubeconfig


def test_a_killed_instance_goes_on_with_its_session(tmp_path: Path, cluster: Path) -> None:
    data = tmp_path / "data"
    up = ("up", "--data", str(data), "--port", "0", "--kubeconfig", str(cluster))
    with process(tmp_path, *up) as first:
        api = Api(data)
        session = api.call("/api/v1/sessions", {"text": "why is cart failing?", "budget_s": 120})["session"]
        until(lambda: api.call(f"/api/v1/sessions/{session}")["tasks_run"] >= 1)
        first.send_signal(signal.SIGKILL)
        first.wait()
    (data / "running.json").unlink()
    with process(tmp_path, *up):
        api = Api(data)
        report = until(lambda: (found := api.call(f"/api/v1/sessions/{session}"))["state"] == "concluded" and found)
        events = api.call(f"/api/v1/sessions/{session}/log")
    assert report["causes"][0]["resource"]["name"] == "cart-data-fast"
    lost = [event["data"]["request"] for event in events if event["type"] == "request.lost"]
    assert lost, "the kill came while something ran, and that is marked"
    ended = [(event["data"]["request"], event["data"]["task"]) for event in events if event["type"] == "task.done"]
    assert len(ended) == len(set(ended)), "what had ended did not run again"
    chosen = {
        (event["data"]["request"], task["resolved_title"])
        for event in events
        if event["type"] == "request.offered"
        for task in event["data"]["tasks"]
    }
    cancelled = {request for request, _ in chosen} - {request for request, _ in ended}
    assert {one for one in chosen if one[0] not in cancelled} == set(ended), "what was chosen came to an end"
