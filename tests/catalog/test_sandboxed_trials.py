"""Bundles of strangers are tested in a sandbox: what passes, what fails with its line, and what is kept from a run."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Generator
from pathlib import Path

import pytest

from repositories import Repository
from runstone import plugins
from runstone.catalog.build import Trial
from runstone.catalog.registry import Options, Registry
from runstone.catalog.trials.sandboxed import Sandboxed
from runstone.connectors.executors import Executor
from runstone.errors import BadInput

CASES = """\
cases:
- name: pods are listed
  variables: {NAMESPACE: shop}
  tools:
  - {run: kubectl, args: "get pods -n shop", out: "cart-1   0/1   CrashLoopBackOff"}
  expect: {report: ["*CrashLoopBackOff*"], no_other_issues: true}
"""
HOSTILE = """\
*** Settings ***
Library             RW.Core
Library             RW.CLI
Library             OperatingSystem

*** Tasks ***
Look Around
    [Documentation]    Reaches for whatever is not its own.
    [Tags]    access:read-only
    ${got}=    Evaluate    subprocess.run(["bash", "${CURDIR}/tests/reach.sh"], capture_output=True, text=True).stdout
    ...    modules=subprocess
    RW.Core.Add Pre To Report    ${got}
"""
REACH = """\
for place in {addresses}; do
  (exec 3<>/dev/tcp/$place && echo reached >&3) 2>/dev/null && echo "reached $place"
done
env | grep PLANTED
cat {secret} 2>/dev/null
echo x > {marker} 2>/dev/null
echo over
"""
OVER = """\
cases:
- name: it looks around
  expect: {report: ['re:\\A\\s*over\\s*\\Z']}
"""


@pytest.fixture(scope="module")
def sandbox() -> Executor:
    found: Executor = plugins.load("executors", "bubblewrap")()
    if why := found.ready():
        pytest.skip(why)
    return found


def collection(tmp_path: Path, **files: str) -> Path:
    """A collection with one bundle of tests, as it is checked out."""
    root = Repository(tmp_path / "origin").bundle("pods-one")
    for name, text in files.items():
        root.write(f"codebundles/pods-one/tests/{name}.yaml", text)
    return root.folder


async def tried(sandbox: Executor, root: Path, tmp_path: Path) -> Trial | None:
    return await Sandboxed(sandbox, tmp_path / "cache").run(root, "codebundles/pods-one")


async def test_cases_that_hold_pass_and_a_bundle_without_any_has_no_trial(sandbox: Executor, tmp_path: Path) -> None:
    assert await tried(sandbox, collection(tmp_path / "a", pods=CASES), tmp_path) == Trial(passed=1, failed=0)
    assert await tried(sandbox, collection(tmp_path / "b"), tmp_path) is None


async def test_a_case_that_does_not_hold_is_told_with_its_line(sandbox: Executor, tmp_path: Path) -> None:
    wrong = CASES.replace("CrashLoopBackOff*", "Running*")
    trial = await tried(sandbox, collection(tmp_path, pods=wrong), tmp_path)
    assert trial is not None
    assert (trial.passed, trial.failed) == (0, 1)
    assert trial.lines[0].startswith("tests/pods.yaml:6 ")


async def test_a_file_of_cases_that_cannot_be_read_fails_the_bundle(sandbox: Executor, tmp_path: Path) -> None:
    trial = await tried(sandbox, collection(tmp_path, good=CASES, bad="cases: ["), tmp_path)
    assert trial is not None
    assert (trial.passed, trial.failed) == (1, 1)
    assert "pods-one/tests/bad.yaml" in trial.lines[0]


@pytest.fixture
def listening() -> Generator[tuple[int, list[str]]]:
    """A server on this machine's loopback, and who came."""
    came: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            while True:
                try:
                    connection, address = server.accept()
                except OSError:
                    return
                came.append(str(address))
                connection.close()

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1], came


def unconfined(script: str) -> subprocess.CompletedProcess[str]:
    """What the script does where nothing holds it."""
    return subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False, timeout=60)


async def test_a_hostile_bundle_reaches_no_network_no_secret_and_no_file(
    sandbox: Executor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listening: tuple[int, list[str]]
) -> None:
    port, came = listening
    monkeypatch.setenv("PLANTED", "canary-of-the-environment")
    secret, marker = tmp_path / "secret", tmp_path / "marker"
    secret.write_text("canary-of-a-file")
    root = Repository(tmp_path / "origin")
    folder = "codebundles/pods-one"
    root.write(f"{folder}/runbook.robot", HOSTILE)
    root.write(f"{folder}/tests/look.yaml", OVER)
    addresses = f"127.0.0.1/{port} localhost/{port} 1.1.1.1/443"
    script = REACH.format(addresses=addresses, secret=secret, marker=marker)
    root.write(f"{folder}/tests/reach.sh", script)
    control = unconfined(script)
    assert f"reached 127.0.0.1/{port}" in control.stdout
    assert "canary-of-a-file" in control.stdout
    marker.unlink()
    came.clear()
    trial = await tried(sandbox, root.folder, tmp_path)
    assert trial is not None
    assert trial.lines == ()
    assert trial.passed == 1
    assert came == []
    assert not marker.exists()


async def test_a_build_tests_in_the_sandbox_and_holds_back_what_fails(sandbox: Executor, tmp_path: Path) -> None:
    origin = Repository(tmp_path / "origin").bundle("pods-one").bundle("pods-two").bundle("pods-three")
    origin.write("codebundles/pods-one/tests/pods.yaml", CASES)
    origin.write("codebundles/pods-two/tests/pods.yaml", CASES.replace("CrashLoopBackOff*", "Running*"))
    origin.commit()
    registry = await Registry.open(tmp_path, Options(trials=Sandboxed(sandbox, tmp_path / "cache")))
    try:
        name = (await registry.add(str(origin.folder), by="user:t")).name
        build = await registry.build(name, "test")
        version = await registry.store.version(name, build.commit)
    finally:
        await registry.close()
    assert [piece.path for piece in version.pieces] == ["codebundles/pods-one", "codebundles/pods-three"]
    (missing,) = version.missing
    assert missing.stage == "test"
    assert missing.reason.startswith("1 of 1 of its tests fail. tests/pods.yaml:6 ")


async def test_a_sandbox_that_tells_nothing_is_a_sentence(tmp_path: Path) -> None:
    root = collection(tmp_path, pods=CASES)
    process: Executor = plugins.load("executors", "process")()
    with pytest.raises(BadInput, match="cannot keep a run from the network"):
        await tried(process, root, tmp_path)


def test_the_child_tells_one_line_and_nothing_else(tmp_path: Path) -> None:
    root = collection(tmp_path, pods=CASES)
    asked = json.dumps({"root": str(root), "path": "codebundles/pods-one", "dependencies": []})
    done = subprocess.run(
        [sys.executable, "-m", "runstone.catalog.trials.child"],
        input=asked, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    (line,) = done.stdout.splitlines()
    assert json.loads(line)["bundle"] == "pods-one"
