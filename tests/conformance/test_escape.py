"""The escape suite: what a run can do to its machine and to other runs. Each attack is carried out, for real.

An executor says for each attack what it does about it (``verdicts``, printed by ``runstone doctor``); what happens here
must be at least that.
"""

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import get_args

import pytest

from runstone import plugins
from runstone.connectors.executors import Attack, Executor, ExecutorOrder, ExecutorOutcome, Limits, Verdict

_RANK: dict[Verdict, int] = {"not prevented": 0, "contained": 1, "prevented": 2}
MARK = "stands-for-a-secret-7f3a"


@pytest.fixture(params=["process", "process as the runner's user", "bubblewrap"])
def executor(request: pytest.FixtureRequest) -> Executor:
    name, _, same = request.param.partition(" ")
    found: Executor = plugins.load("executors", name)(**({"own_user": False} if same else {}))
    if why := found.ready():
        pytest.skip(why)
    return found


class Ran:
    """One run's outcome and lines, and the most processes of it that were seen at a time."""

    def __init__(self) -> None:
        self.outcome = ExecutorOutcome(exit_code=-1, timed_out=False)
        self.lines: list[bytes] = []
        self.peak = 0


async def run(
    executor: Executor,
    folder: Path,
    *argv: str,
    deadline_s: float = 20,
    mark: str = "",
    secret: str = "",
    **limits: int,
) -> Ran:
    """Run in a folder of its own. ``mark`` is an argument that all its processes have."""
    ran = Ran()
    folder.mkdir(exist_ok=True)

    async def hear(line: bytes) -> None:
        ran.lines.append(line)

    python = (Path(sys.prefix), Path(sys.base_prefix))
    env = {"PATH": "/usr/bin:/bin", "TOKEN": secret}
    order = ExecutorOrder(argv, env, folder, b"", deadline_s, reads=python, limits=Limits(**limits))
    running = asyncio.create_task(executor.run(order, hear))
    while not running.done():
        ran.peak = max(ran.peak, len(living(mark)) if mark else 0)
        await asyncio.wait({running}, timeout=0.1)
    ran.outcome = await running
    return ran


def living(mark: str) -> set[str]:
    found: set[str] = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if mark.encode() in (entry / "cmdline").read_bytes().split(b"\0"):
                    found.add(entry.name)
    return found


async def read_a_secret(executor: Executor, folder: Path) -> Verdict:
    """One run holds a secret in a file and in its environment; another looks for both."""
    held = folder / "holder"
    holding = asyncio.create_task(
        run(
            executor,
            held,
            "bash",
            "-c",
            'echo "$TOKEN" > secret; chmod 600 secret; sleep 61.5',
            deadline_s=3,
            secret=MARK,
        )
    )
    while not (held / "secret").exists() or not (held / "secret").read_text():
        await asyncio.sleep(0.02)
    look = f"cat {held}/secret /proc/[0-9]*/root{held}/secret /proc/[0-9]*/environ; echo; echo done"
    looked = await run(executor, folder / "thief", "bash", "-c", f"({look}) 2>/dev/null")
    await holding
    assert b"done" in looked.lines[-1]
    return "not prevented" if any(MARK.encode() in line for line in looked.lines) else "prevented"


async def fork_bomb(executor: Executor, folder: Path) -> Verdict:
    bomb = "import os,time\nwhile True:\n try: os.fork()\n except OSError: time.sleep(0.1)"
    ran = await run(
        executor, folder / "a", sys.executable, "-S", "-c", bomb, "bomb-1", deadline_s=2, mark="bomb-1", processes=64
    )
    assert living("bomb-1") == set()
    assert ran.outcome.timed_out or "processes" in ran.outcome.stopped
    return "contained" if ran.outcome.stopped else "prevented" if ran.peak <= 66 else "not prevented"


async def fill_the_disk(executor: Executor, folder: Path) -> Verdict:
    fill = "for i in $(seq 2000); do head -c 10000000 /dev/zero > f$i || exit 1; sleep 0.01; done"
    ran = await run(executor, folder / "a", "bash", "-c", fill, disk_mb=60)
    used = sum(one.stat().st_size for one in (folder / "a").iterdir())
    return "contained" if "files" in ran.outcome.stopped and used < 2_000_000_000 else "not prevented"


async def eat_memory(executor: Executor, folder: Path) -> Verdict:
    eat = "import time\nkept=[]\nfor i in range(400):\n kept.append(b'x'*10_000_000); time.sleep(0.02)"
    ran = await run(executor, folder / "a", sys.executable, "-S", "-c", eat, memory_mb=200)
    return "contained" if "memory" in ran.outcome.stopped else "not prevented"


async def print_a_gigabyte(executor: Executor, folder: Path) -> Verdict:
    ran = await run(executor, folder / "a", "bash", "-c", "yes | head -c 1073741824", output_mb=8)
    kept = sum(map(len, ran.lines))
    return "contained" if "printed" in ran.outcome.stopped and kept < 9_000_000 else "not prevented"


async def ignore_sigterm(executor: Executor, folder: Path) -> Verdict:
    stubborn = "trap '' TERM INT HUP; (trap '' TERM; sleep 61.6) & while true; do sleep 61.6; done"
    ran = await run(executor, folder / "a", "bash", "-c", stubborn, deadline_s=1)
    return "prevented" if ran.outcome.timed_out and not living("61.6") else "not prevented"


async def leave_a_daemon(executor: Executor, folder: Path) -> Verdict:
    """A double fork in a session of its own, with no environment and no open file of the run."""
    daemon = "(setsid env -i setsid sleep 61.7 </dev/null >/dev/null 2>&1 &) ; sleep 0.3; exit 0"
    ran = await run(executor, folder / "a", "bash", "-c", daemon, mark="61.7")
    assert ran.peak >= 1
    return "not prevented" if living("61.7") else "prevented"


async def storm_of_zombies(executor: Executor, folder: Path) -> Verdict:
    storm = (
        "import os,time\nmade=0\nend=time.monotonic()+2\n"
        "while time.monotonic()<end and made<3000:\n"
        " try:\n  if os.fork()==0: os._exit(0)\n  made+=1\n"
        " except OSError: break\nprint(made, flush=True)"
    )
    ran = await run(executor, folder / "a", sys.executable, "-S", "-c", storm, "storm-1", processes=64)
    return "contained" if int(ran.lines[0]) <= 3000 and not living("storm-1") else "not prevented"


ATTACKS: dict[Attack, Callable[[Executor, Path], Awaitable[Verdict]]] = {
    "read another run's secret": read_a_secret,
    "fork bomb": fork_bomb,
    "fill the disk": fill_the_disk,
    "eat memory": eat_memory,
    "1 GiB of output": print_a_gigabyte,
    "ignore SIGTERM": ignore_sigterm,
    "leave a daemon": leave_a_daemon,
    "storm of zombies": storm_of_zombies,
}


def test_every_attack_is_carried_out_and_answered_for(executor: Executor) -> None:
    assert set(ATTACKS) == set(get_args(Attack)) == set(executor.verdicts())


@pytest.mark.parametrize("attack", list(ATTACKS))
async def test_an_executor_holds_what_it_says(executor: Executor, attack: Attack, tmp_path: Path) -> None:
    happened = await ATTACKS[attack](executor, tmp_path)
    assert _RANK[happened] >= _RANK[executor.verdicts()[attack]], f"{attack}: {happened}"


async def test_the_attack_on_secrets_succeeds_where_nothing_stops_it(tmp_path: Path) -> None:
    same_user: Executor = plugins.load("executors", "process")(own_user=False)
    assert await read_a_secret(same_user, tmp_path) == "not prevented"
