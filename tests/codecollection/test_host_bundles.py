"""The Tasks for a machine: from what is listened on to an SLX, from an SLX to an answer."""

import contextlib
import importlib.util
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from tests.conformance.test_host_platform import HEADER, line, run
from tests.mapping import mapped

from runstone import plugins
from runstone.content import parse
from runstone.edge.discovery.binding import Source
from runstone.model.content import CollectionRef

ROOT = Path(__file__).resolve().parents[2] / "codecollection"


def script(bundle: str, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "codebundles" / bundle / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


UNIT, SPACE, HELLO = (
    script("host-unit-health", "unit"),
    script("host-filesystem-health", "space"),
    script("host-server-health", "hello"),
)
CAUSES = {one["code"]: one for one in yaml.safe_load((ROOT / "causes/host.yaml").read_text())}


@pytest.mark.parametrize(
    ("state", "cause"),
    [
        ({"LoadState": "loaded", "ActiveState": "active", "SubState": "running"}, None),
        ({"LoadState": "loaded", "ActiveState": "inactive", "UnitFileState": "static"}, None),
        ({"LoadState": "not-found", "ActiveState": "inactive"}, "UNIT_MISSING"),
        ({"LoadState": "loaded", "ActiveState": "failed", "Result": "exit-code", "ExecMainStatus": "1"}, "UNIT_FAILED"),
        ({"LoadState": "loaded", "ActiveState": "failed", "Result": "oom-kill"}, "OOM_KILLED"),
        ({"LoadState": "loaded", "ActiveState": "failed", "Result": "start-limit-hit"}, "UNIT_RESTARTING"),
        ({"LoadState": "loaded", "ActiveState": "activating", "SubState": "auto-restart"}, "UNIT_RESTARTING"),
        ({"LoadState": "loaded", "ActiveState": "inactive", "UnitFileState": "enabled"}, "UNIT_STOPPED"),
    ],
)
def test_the_state_of_a_unit_has_a_cause(state: dict[str, str], cause: str | None) -> None:
    found = list(UNIT.found("nginx.service", state, ["bind() failed"]))
    assert [one["cause"] for one in found] == ([cause] if cause else [])
    assert all(one["resource"] == "Unit//nginx.service" and one["evidence"] == ["bind() failed"] for one in found)


@pytest.mark.parametrize(
    ("full", "inodes", "read_only", "causes"),
    [
        (50, 10, False, []),
        (95, 10, False, ["FILESYSTEM_FULL"]),
        (10, 95, False, ["INODES_EXHAUSTED"]),
        (100, 100, True, ["FILESYSTEM_FULL", "INODES_EXHAUSTED", "FILESYSTEM_READ_ONLY"]),
    ],
)
def test_a_filesystem_that_takes_no_more_has_a_cause(
    full: int, inodes: int, read_only: bool, causes: list[str]
) -> None:
    assert [one["cause"] for one in SPACE.found("/var", full, inodes, 90, read_only, [])] == causes


def test_the_largest_folders_are_named(tmp_path: Path) -> None:
    for folder, size in (("a/b/c", 300_000), ("a/d", 50_000), ("e", 100_000)):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "file").write_bytes(b"x" * size)
    (tmp_path / "loop").symlink_to(tmp_path)
    assert SPACE.largest(str(tmp_path))[0].endswith(str(tmp_path / "a/b"))


def answering(answer: bytes) -> Iterator[int]:
    """A server that says one thing to whoever connects."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(0.2)
                    with contextlib.suppress(TimeoutError):
                        connection.recv(100)
                    connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]


@pytest.fixture
def served(request: pytest.FixtureRequest) -> Iterator[int]:
    yield from answering(request.param)


@pytest.mark.parametrize(
    ("served", "software", "cause"),
    [
        (b"+PONG\r\n", "redis", None),
        (b"-NOAUTH Authentication required.\r\n", "redis", None),
        (b"-LOADING Redis is loading the dataset in memory\r\n", "redis", "SERVER_NOT_READY"),
        (b"S", "postgresql", None),
        (b"EFATAL too many clients", "postgresql", "SERVER_REFUSES"),
        (b"\x4a\x00\x00\x00\x0a8.0.36\x00", "mysql", None),
        (b"\x45\x00\x00\x00\xff\x6a\x04Host is blocked", "mysql", "SERVER_REFUSES"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "nginx", None),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", "nginx", "SERVER_ERROR"),
        (b"", "redis", "SERVER_UNRESPONSIVE"),
    ],
    indirect=["served"],
)
def test_a_server_is_judged_by_its_first_words(
    served: int, software: str, cause: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"SOFTWARE": software, "ADDRESS": "127.0.0.1", "PORT": str(served), "WITHIN_MS": "2000"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert [one["cause"] for one in HELLO.main()] == ([cause] if cause else [])


def test_every_cause_is_described_and_explains_others_that_are() -> None:
    text = "".join(file.read_text() for file in ROOT.glob("codebundles/host-*/*.py"))
    others = {one["code"] for one in yaml.safe_load((ROOT / "causes/kubernetes.yaml").read_text())}
    assert [code for code in CAUSES if f'"{code}"' not in text] == []
    for code, entry in CAUSES.items():
        assert set(entry["explains"]) <= CAUSES.keys() - {code}
    assert not CAUSES.keys() & others


def machine(root: Path, port: int) -> None:
    """A machine on which Redis listens, a service failed, and the root has a filesystem."""
    (root / "proc" / "self").mkdir(parents=True)
    (root / "proc" / "net").mkdir()
    (root / "proc" / "meminfo").write_text("MemTotal: 1000000 kB\nMemAvailable: 500000 kB\n")
    (root / "proc" / "self" / "mounts").write_text("/dev/vda1 / ext4 rw 0 0\n")
    (root / "proc" / "net" / "tcp").write_text(HEADER + line("0100007F", port, "0A", 7))
    run(root, 7, "/usr/bin/redis-server 127.0.0.1", group="/system.slice/redis.service", sockets=(7,))


@pytest.mark.parametrize("served", [b"+PONG\r\n"], indirect=True)
def test_a_machine_becomes_slxs_whose_tasks_run(tmp_path: Path, served: int) -> None:
    machine(tmp_path / "root", served)
    collection = parse.collection(ROOT, CollectionRef(url=str(ROOT), ref="builtin", commit="worktree"))
    platform = plugins.load("platforms", "host")("box", root=str(tmp_path / "root"))
    found = mapped(tmp_path, platform, Source.of(collection, ROOT))
    assert found.findings == []
    assert found.software()["redis"] >= {"Listener", "Process"}
    by_kind = {slx.resources[0].kind: slx for slx in found.slxs.values()}
    assert by_kind.keys() == {"Listener", "Filesystem"}
    book = by_kind["Listener"].runbook
    assert book
    assert book.variables == {"SOFTWARE": "redis", "PORT": str(served), "ADDRESS": "127.0.0.1"}
    assert book.tasks[0].resolved_title == f"Check Answer of `redis` on Port `{served}`"
    given = [word for name, value in book.variables.items() for word in ("--var", f"{name}={value}")]
    command = [sys.executable, "-m", "runstone.cli.main", "task", "run", str(ROOT / book.bundle.path), *given]
    command += ["--data", str(tmp_path / "data")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "answered b'+PONG" in done.stdout
