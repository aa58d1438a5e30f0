"""What every executor promises. Each file of connectors/executors is held to it."""

import asyncio
import contextlib
import os
import socket
import time
from dataclasses import replace
from pathlib import Path

import pytest

from runstone import plugins
from runstone.connectors.executors import Executor, ExecutorOrder, ExecutorOutcome
from runstone.errors import BadInput


@pytest.fixture(params=plugins.names("executors"))
def executor(request: pytest.FixtureRequest) -> Executor:
    found: Executor = plugins.load("executors", request.param)()
    if why := found.ready():
        pytest.skip(why)
    return found


async def run(
    executor: Executor, script: str, cwd: Path, stdin: bytes = b"", deadline_s: float = 20
) -> tuple[ExecutorOutcome, list[bytes]]:
    lines: list[bytes] = []

    async def hear(line: bytes) -> None:
        lines.append(line)

    order = ExecutorOrder(("/bin/bash", "-c", script), {"GIVEN": "yes"}, cwd, stdin, deadline_s)
    return await executor.run(order, hear), lines


def living(mark: str) -> int:
    """How many processes have this argument; their own numbers may mean nothing outside."""
    found = 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                found += mark.encode() in (entry / "cmdline").read_bytes().split(b"\0")
    return found


async def test_lines_and_exit_code_come_out(executor: Executor, tmp_path: Path) -> None:
    outcome, lines = await run(executor, "echo one; echo; printf two; exit 3", tmp_path)
    assert (outcome.exit_code, outcome.timed_out) == (3, False)
    assert lines == [b"one", b"", b"two"]


async def test_stdin_is_written_and_closed(executor: Executor, tmp_path: Path) -> None:
    _, lines = await run(executor, "cat", tmp_path, stdin=b"x" * 300_000 + b"\nend")
    assert [len(line) for line in lines] == [300_000, 3]


async def test_a_command_that_ignores_its_input_is_no_error(executor: Executor, tmp_path: Path) -> None:
    outcome, _ = await run(executor, "exec <&-; exit 0", tmp_path, stdin=b"x" * 300_000)
    assert outcome.exit_code == 0


async def test_only_the_given_environment_is_seen(
    executor: Executor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANTED", "s3cr3t")
    _, lines = await run(executor, "env; pwd", tmp_path)
    assert b"GIVEN=yes" in lines
    assert b"s3cr3t" not in b"".join(lines)
    assert lines[-1] == str(tmp_path).encode()


async def test_no_open_file_is_inherited(executor: Executor, tmp_path: Path) -> None:
    with (tmp_path / "open").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        _, lines = await run(executor, "readlink /proc/self/fd/* | grep -c /open$", tmp_path)
    assert lines == [b"0"]


async def test_limits_hold(executor: Executor, tmp_path: Path) -> None:
    _, lines = await run(executor, "sleep 0.2; ulimit -c; ulimit -n", tmp_path)
    assert lines[0] == b"0"
    assert int(lines[1]) <= 1024


async def test_a_line_without_end_is_bounded(executor: Executor, tmp_path: Path) -> None:
    _, lines = await run(executor, "head -c 9000000 /dev/zero | tr '\\0' x; echo; echo next", tmp_path)
    assert len(lines[0]) <= 4 * 1024 * 1024
    assert lines[1:] == [b"next"]


async def test_at_the_deadline_the_whole_tree_ends(executor: Executor, tmp_path: Path) -> None:
    began = time.monotonic()
    script = "trap '' TERM; sleep 61.1 & setsid sleep 61.1 & echo up; wait; sleep 61.1"
    outcome, lines = await run(executor, script, tmp_path, deadline_s=1)
    assert outcome.timed_out
    assert lines == [b"up"]
    assert time.monotonic() - began < 8
    assert living("61.1") == 0


async def test_what_a_finished_command_left_behind_ends(executor: Executor, tmp_path: Path) -> None:
    began = time.monotonic()
    outcome, _ = await run(executor, "sleep 61.2 & setsid sleep 61.2 & sleep 0.1; exit 0", tmp_path)
    assert (outcome.exit_code, outcome.timed_out) == (0, False)
    assert time.monotonic() - began < 5
    assert living("61.2") == 0


async def test_cancelling_ends_the_tree_before_it_returns(executor: Executor, tmp_path: Path) -> None:
    running = asyncio.create_task(run(executor, "sleep 61.3 & sleep 61.3", tmp_path))
    for _ in range(500):
        if living("61.3") == 2:
            break
        await asyncio.sleep(0.02)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert living("61.3") == 0


async def test_a_listener_that_fails_ends_the_run_with_its_error(executor: Executor, tmp_path: Path) -> None:
    async def refuse(line: bytes) -> None:
        raise LookupError(line.decode())

    order = ExecutorOrder(("/bin/bash", "-c", "echo hello; sleep 61.4"), {}, tmp_path, b"", 20)
    with pytest.raises(LookupError, match="hello"):
        await executor.run(order, refuse)
    assert living("61.4") == 0


async def test_runs_beside_each_other_do_not_end_each_other(executor: Executor, tmp_path: Path) -> None:
    folders = [tmp_path / str(n) for n in range(1, 5)]
    for folder in folders:
        folder.mkdir()
    results = await asyncio.gather(*(run(executor, f"sleep 0.{one.name}; echo {one.name}", one) for one in folders))
    assert [lines for _, lines in results] == [[b"1"], [b"2"], [b"3"], [b"4"]]


async def test_a_command_that_does_not_exist_is_bad_input(executor: Executor, tmp_path: Path) -> None:
    order = ExecutorOrder(("/no/such/program",), {}, tmp_path, b"", 5)

    async def hear(line: bytes) -> None:
        raise AssertionError(line)

    with pytest.raises(BadInput, match="/no/such/program cannot be started"):
        await executor.run(order, hear)


async def test_a_runner_whose_home_is_the_root_works_too(
    executor: Executor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/")
    _, lines = await run(executor, "ls /usr/bin/env", tmp_path)
    assert lines == [b"/usr/bin/env"]


async def test_a_run_that_is_cancelled_at_once_leaves_no_descriptor_open(executor: Executor, tmp_path: Path) -> None:
    await run(executor, "true", tmp_path)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for steps in range(6):
        running = asyncio.create_task(run(executor, "sleep 61.8", tmp_path))
        for _ in range(steps):
            await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert len(list(Path("/proc/self/fd").iterdir())) <= before
    assert living("61.8") == 0


async def test_a_run_without_network_reaches_nothing_or_is_refused(executor: Executor, tmp_path: Path) -> None:
    heard: list[bytes] = []

    async def hear(line: bytes) -> None:
        heard.append(line)

    with socket.create_server(("127.0.0.1", 0)) as server:
        reach = f"exec 3<>/dev/tcp/127.0.0.1/{server.getsockname()[1]} && echo reached"
        order = ExecutorOrder(("/bin/bash", "-c", f"{reach}; echo over"), {}, tmp_path, b"", 20)
        await executor.run(order, hear)
        assert heard.pop(0) == b"reached"
        heard.clear()
        refused = ""
        try:
            await executor.run(replace(order, network=False), hear)
        except BadInput as err:
            refused = str(err)
    assert (heard == [b"over"]) is (refused == "")
    assert heard == [b"over"] or "cannot keep a run from the network" in refused
