"""The command line as a person or a script uses it: exit codes, one JSON document, and sentences for bad input."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runstone import settings
from runstone.sandbox import faults
from runstone.sandbox.cluster import Sandbox


def run(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("RUNSTONE", "KUBECONFIG"))}
    return subprocess.run(
        [sys.executable, "-m", "runstone.cli.main", *arguments],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        cwd=folder,
        env={**kept, "HOME": str(folder), **environment},
    )


@pytest.fixture
def broken(tmp_path: Path) -> Iterator[Path]:
    """The kubeconfig of a sandbox in a process of its own, with a fault."""
    kubeconfig = tmp_path / "sandbox.kubeconfig"
    command = [sys.executable, "-m", "runstone.cli.main", "sandbox", "up", "--fault", "selector-mismatch", "--noise"]
    with subprocess.Popen([*command, "--kubeconfig", str(kubeconfig)], stdout=subprocess.PIPE, text=True) as cluster:
        assert cluster.stdout is not None
        assert "Sandbox cluster at" in cluster.stdout.readline()
        yield kubeconfig
        cluster.terminate()


def test_ask_prints_one_json_document_and_nothing_else(tmp_path: Path, broken: Path) -> None:
    asked = run("ask", "why is the cart failing?", "--json", "--kubeconfig", str(broken), folder=tmp_path)
    assert asked.returncode == 0, asked.stderr
    report: dict[str, Any] = json.loads(asked.stdout)
    wanted = {
        "session",
        "state",
        "causes",
        "issues",
        "ruled_out",
        "could_not_check",
        "proposals",
        "tasks_run",
        "writes",
    }
    assert wanted | {"llm_calls", "elapsed_s"} <= set(report)
    cause = report["causes"][0]
    assert {"resource", "reason", "code", "confidence", "grade", "evidence"} <= set(cause)
    root = {field: cause["resource"][field] for field in ("kind", "name", "namespace")}
    assert root == faults.load("selector-mismatch").truth["root_cause"]
    assert (report["writes"], report["llm_calls"]) == (0, 0)
    assert "▶" in asked.stderr, "the story goes to stderr"


def test_ask_takes_an_alert_and_a_time_out_gives_what_is_known(tmp_path: Path, broken: Path) -> None:
    alert = run("sandbox", "--alert", "selector-mismatch", folder=tmp_path)
    (tmp_path / "alert.json").write_text(alert.stdout)
    options = ("--json", "--kubeconfig", str(broken), "--namespace", "shop")
    asked = run("ask", "--alert", "alert.json", *options, folder=tmp_path)
    assert asked.returncode == 0, asked.stderr
    assert json.loads(asked.stdout)["causes"][0]["code"] == "SELECTOR_MISMATCH"
    hurried = run("ask", "why is the cart failing?", "--timeout", "0.001", *options, folder=tmp_path)
    assert hurried.returncode == 4
    assert json.loads(hurried.stdout)["state"] == "waiting"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("ask",), 2, "Say what to look into"),
        (("ask", "x", "--timeout", "0"), 2, "--timeout must be more"),
        (("ask", "x", "--kubeconfig", "none"), 2, "There is no kubeconfig at"),
        (("ask", "x", "--kubeconfig", "not-yaml"), 2, "is not YAML"),
        (("ask", "--alert", "none.json"), 2, "cannot be read"),
        (("ask", "--alert", "not-yaml"), 2, "is not JSON"),
        (("task", "run", "none.robot"), 2, "There is no suite"),
        (("task", "run", "broken.robot"), 1, "broken.robot"),
        (("sandbox", "up", "--fault", "nope"), 2, "There is no fault 'nope'"),
        (("demo", "--fault", "nope"), 2, "There is no fault 'nope'"),
        (("sessions",), 2, "No Runstone runs on"),
        (("nonsense",), 2, "No such command"),
    ],
)
def test_bad_input_is_a_sentence_and_an_exit_code(tmp_path: Path, arguments: Any, code: int, said: str) -> None:
    (tmp_path / "not-yaml").write_text("{{{")
    (tmp_path / "broken.robot").write_text("*** Nonsense ***\nx\n")
    ran = run(*arguments, folder=tmp_path)
    assert ran.returncode == code, ran.stderr
    assert said in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr


async def test_a_port_in_use_is_said_and_the_data_folder_is_left_well(tmp_path: Path) -> None:
    async with Sandbox.start() as cluster:
        kubeconfig = cluster.write_kubeconfig(tmp_path / "kubeconfig")
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = str(taken.getsockname()[1])
            up = ("up", "--data", str(tmp_path / "data"), "--kubeconfig", str(kubeconfig))
            ran = run(*up, "--port", port, folder=tmp_path)
    assert ran.returncode == 2
    assert f"Port {port} on 127.0.0.1 cannot be used" in ran.stderr
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0
    assert (tmp_path / "data" / "credentials.json").stat().st_mode & 0o077 == 0


async def test_a_cluster_that_does_not_let_us_in_is_told_at_once(tmp_path: Path) -> None:
    async with Sandbox.start() as cluster:
        kubeconfig = cluster.write_kubeconfig(tmp_path / "kubeconfig")
        cluster.expire_token("admin")
        command = [sys.executable, "-m", "runstone.cli.main", "ask", "why is cart failing?", "--json"]

        process = await asyncio.create_subprocess_exec(
            *command, "--kubeconfig", str(kubeconfig), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        out, _ = await asyncio.wait_for(process.communicate(), 60)
    report = json.loads(out)
    assert process.returncode == 3
    assert "expired" in json.dumps(report["could_not_check"])
    assert report["elapsed_s"] < 20


def test_settings_come_from_flags_then_environment_then_defaults() -> None:
    environment = {"RUNSTONE_PORT": "9", "RUNSTONE_NAMESPACES": "a,b", "KUBECONFIG": "/k"}
    told = settings.read(environment, port=7)
    assert (told.port, told.namespaces, told.kubeconfig, told.host) == (7, ("a", "b"), "/k", "127.0.0.1")


def test_a_data_folder_is_the_same_from_everywhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert settings.read({}, data=Path("here")).data == tmp_path / "here"
    assert settings.read({"RUNSTONE_DATA": "~/there", "HOME": "/x"}).data.is_absolute()
