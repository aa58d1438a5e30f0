"""A workflow goes on after kill -9: finished steps are not repeated, the one in flight is."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from runstone.db.durable import Durable
from runstone.db.engine import Database
from runstone.errors import Broken, Unreachable

PROGRAM = """
import asyncio, sys
from pathlib import Path
from runstone.db import durable
from runstone.db.durable import Durable

folder = Path(sys.argv[1])

def note(text):
    with (folder / "ran").open("a") as file:
        file.write(text + "\\n")

async def run(key):
    for n in range(3):
        async def work(n=n):
            note(f"step {n}")
            if n == 1 and not (folder / "again").exists():
                print("here", flush=True)
                await asyncio.sleep(60)
            return str(n)
        await durable.step("work", work)
    await durable.wait(30)
    note("woken")
    return "done"

async def main():
    workflows = Durable(folder / "durable.sqlite")
    workflows.workflow("test", run)
    workflows.launch()
    await workflows.start("test", "one")
    await workflows.start("test", "one")
    for _ in range(100):
        await asyncio.sleep(0.1)
        ran = (folder / "ran").read_text() if (folder / "ran").exists() else ""
        if "step 2" in ran:
            await workflows.wake("one")
        if "woken" in ran:
            await workflows.wake("one")
            print("finished", flush=True)
            break
    workflows.close()

asyncio.run(main())
"""


def start(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PROGRAM, str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_killed_process_goes_on_where_it_was(tmp_path: Path) -> None:
    first = start(tmp_path)
    assert first.stdout is not None
    assert first.stdout.readline() == "here\n", first.stderr and first.stderr.read()
    first.send_signal(signal.SIGKILL)
    first.wait()
    (tmp_path / "again").touch()
    out, err = start(tmp_path).communicate(timeout=30)
    assert "finished" in out, err
    assert (tmp_path / "ran").read_text().split("\n")[:-1] == ["step 0", "step 1", "step 1", "step 2", "woken"]


async def test_the_loop_is_left_well_when_the_engine_stops(tmp_path: Path) -> None:
    async def run(_key: str) -> str:
        return "done"

    for name in ("one", "two"):
        workflows = Durable(tmp_path / f"{name}.sqlite")
        workflows.workflow("test", run)
        workflows.launch()
        await workflows.start("test", name)
        await asyncio.sleep(0.1)
        workflows.close()
        assert await asyncio.to_thread(lambda: 42) == 42


async def test_migrations_run_once_and_a_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    database = Database.sqlite(tmp_path / "control.sqlite")
    await database.migrate("control")
    await database.migrate("control")
    with pytest.raises(Broken, match="refused a statement"):
        async with database.transaction() as connection:
            await connection.execute(sa.text("INSERT INTO scan VALUES ('w', 'l', NULL)"))
            await connection.execute(sa.text("INSERT INTO nonsense VALUES (1)"))
    async with database.reading() as connection:
        assert (await connection.execute(sa.text("SELECT COUNT(*) FROM scan"))).scalar_one() == 0
    await database.close()
    assert (tmp_path / "control.sqlite").stat().st_mode & 0o077 == 0


async def test_a_full_disk_is_one_sentence_and_loses_nothing(tmp_path: Path) -> None:
    database = Database.sqlite(tmp_path / "control.sqlite")
    await database.migrate("control")
    async with database.transaction() as connection:
        await connection.execute(sa.text("INSERT INTO scan VALUES ('w', 'kept', NULL)"))
    with pytest.raises(Broken, match="disk that holds .* is full"):
        async with database.transaction() as connection:
            # SQLite's own limit gives the same error as a disk without room.
            pages = (await connection.execute(sa.text("PRAGMA page_count"))).scalar_one()
            await connection.execute(sa.text(f"PRAGMA max_page_count = {pages}"))
            await connection.execute(sa.text("INSERT INTO scan VALUES ('w', :big, NULL)"), {"big": "x" * 100_000})
    async with database.reading() as connection:
        assert (await connection.execute(sa.text("SELECT location FROM scan"))).scalars().all() == ["kept"]
    await database.close()


async def test_a_database_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    path = tmp_path / "control.sqlite"
    path.write_text("this is no database, " * 100)
    with pytest.raises((Broken, Unreachable), match=r"control\.sqlite"):
        await Database.sqlite(path).migrate("control")
