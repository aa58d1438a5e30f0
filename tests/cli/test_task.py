"""``runstone task``: what authors do all day, as a process, looked at from outside."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from runstone.edge.runner.artefacts import Artefacts
from runstone.model.redact import MASK, Redactor

TASK = "tasks:\n  - {title: Look, access: read-only, script: look.sh}\n"
ROBOT = """*** Settings ***
Library    RW.Core

*** Tasks ***
Look
    RW.Core.Add Pre To Report    looked
"""


def bundle(folder: Path) -> Path:
    place = folder / "c" / "codebundles" / "b"
    place.mkdir(parents=True)
    (place / "task.yaml").write_text(TASK)
    (place / "look.sh").write_text("echo first\n")
    return place


def command(folder: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "runstone.cli.main", "task", *words, "--data", str(folder / "data")]


def test_watch_runs_again_when_a_file_changes_and_ends_on_interrupt(tmp_path: Path) -> None:
    place = bundle(tmp_path)
    watching = subprocess.Popen(
        command(tmp_path, "run", str(place), "--watch"), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert watching.stdout
    said: list[str] = []

    def until(word: str) -> None:
        for line in watching.stdout or ():
            said.append(line)
            if word in line:
                return
        raise AssertionError("".join(said))

    try:
        until("passed")
        (place / "look.sh").write_text('echo second; echo \'[{"title": "ill", "severity": 2}]\' >&3\n')
        until("look.sh changed: again")
        until("failed")
    finally:
        watching.send_signal(signal.SIGINT)
        rest, _ = watching.communicate(timeout=30)
    assert [line.strip() for line in said if line.strip() in ("first", "second")] == ["first", "second"]
    assert watching.returncode == 130, rest


def test_robots_log_is_kept_only_on_request(tmp_path: Path) -> None:
    place = bundle(tmp_path)
    (place / "runbook.robot").write_text(ROBOT)
    done = subprocess.run(
        command(tmp_path, "run", str(place / "runbook.robot"), "--log", str(tmp_path / "log")),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "log" / "log.html").stat().st_size > 10_000


def test_a_task_that_broke_is_told_with_file_and_line(tmp_path: Path) -> None:
    place = bundle(tmp_path)
    (place / "runbook.robot").write_text(ROBOT + "    Fail    no such luck\n")
    words = command(tmp_path, "run", str(place / "runbook.robot"))
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "errored no such luck (runbook.robot:7)" in done.stdout


def test_what_stayed_on_the_runner_is_printed_masked_and_gives_way_to_newer(tmp_path: Path) -> None:
    kept = Artefacts(tmp_path / "data" / "artefacts", total_mb=1)
    rest = tmp_path / "rest"
    rest.mkdir()
    (rest / "2.txt").write_text("one secret-of-the-shop\n" * 1000)
    kept.keep("r1", rest, Redactor(["secret-of-the-shop"]))
    done = subprocess.run(command(tmp_path, "output", "r1", "2"), capture_output=True, text=True, check=False)
    assert done.stdout == f"one {MASK}\n" * 1000
    os.utime(tmp_path / "data" / "artefacts" / "r1", (time.time() - 60, time.time() - 60))
    (rest / "2.txt").write_text("x" * 1_200_000)
    kept.keep("r2", rest, Redactor())
    gone = subprocess.run(command(tmp_path, "output", "r1", "2"), capture_output=True, text=True, check=False)
    assert gone.returncode == 2
    assert "keeps no more output of Task 2 of request r1" in gone.stderr
