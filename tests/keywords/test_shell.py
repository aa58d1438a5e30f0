"""One command in bash, without Robot."""

import time
from pathlib import Path

import pytest

from RW.CLI import shell, stage
from RW.platform import Secret, ShellServiceRequestSecret


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CODEBUNDLE_TEMP_DIR", str(tmp_path / "run"))
    return tmp_path / "run"


def test_output_is_text_with_plain_newlines_whatever_its_bytes() -> None:
    answer = shell.run("printf 'a\\r\\nb\\xff'; exit 2", [], {}, {}, 10)
    assert (answer.stdout, answer.returncode, answer.status) == ("a\nb\N{REPLACEMENT CHARACTER}", 2, 200)


def test_a_command_that_never_stops_printing_is_stopped_and_fills_no_memory() -> None:
    began = time.monotonic()
    answer = shell.run("yes", [], {}, {}, 1)
    assert (answer.returncode, answer.stdout) == (-1, "")
    assert time.monotonic() - began < 5


def test_a_timeout_ends_the_children_too(folder: Path) -> None:
    shell.run("sleep 30 & echo $! > pid; wait", [], {}, {}, 1)
    pid = (folder / "pid").read_text().strip()
    until = time.monotonic() + 10
    while living(pid) and time.monotonic() < until:
        time.sleep(0.01)
    assert not living(pid)


def living(pid: str) -> bool:
    """A process that was killed may take a moment to be gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_output_of_a_child_in_the_background_is_waited_for() -> None:
    assert shell.run("(sleep 0.3; echo late) &", [], {}, {}, 10).stdout == "late\n"


def test_secrets_win_over_env_and_files_are_private(folder: Path) -> None:
    secrets = [
        ShellServiceRequestSecret(Secret("token", "s3cr3t")),
        ShellServiceRequestSecret(Secret("kubeconfig", "apiVersion: v1"), as_file=True),
    ]
    answer = shell.run("echo $token; cat $kubeconfig; echo $NONE", secrets, {"token": "x", "NONE": None}, {}, 10)
    assert answer.stdout == "s3cr3t\napiVersion: v1\n"
    assert (folder / "kubeconfig").stat().st_mode & 0o777 == 0o600


def test_a_bundle_is_copied_once_flat_and_executable(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "bundle"
    (bundle / "inner").mkdir(parents=True)
    (bundle / "runbook.robot").write_text("")
    (bundle / "x.sh").write_text("echo x")
    monkeypatch.setenv("RW_PATH_TO_ROBOT", str(bundle / "runbook.robot"))
    assert stage.script("x.sh") == folder / "x.sh"
    (folder / "x.sh").write_text("echo changed")
    assert stage.folder() == folder
    assert (folder / "x.sh").read_text() == "echo changed"
    assert (folder / "x.sh").stat().st_mode & 0o100
    assert not (folder / "inner").exists()
    with pytest.raises(FileNotFoundError, match=r"There is no script y\.sh"):
        stage.script("y.sh")
