"""2,000 SLIs in figures: what deciding costs, what a measurement costs and stores, what reading costs. Last line: JSON.

The control zone alone, with a runner that answers at once over the wire protocol: what suites themselves cost is in
``task_start.py``. The clock is moved by hand; milliseconds are CPU of this process.
"""

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from sqlalchemy import text

from runstone.model.wire import Lease

sys.path[:0] = [str(Path(__file__).parents[1] / "tests")]
from measuring import Measuring, done, map_of, measured, measuring, metric  # noqa: E402  it lies with the tests

SLIS = 2000
INTERVAL_S = 300
DAYS = 1


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(asyncio.run(figures(Path(folder)))))


async def figures(folder: Path) -> dict[str, Any]:
    async with measuring(folder) as one:
        slxs = [measured(f"Deployment/d{number}", interval_s=INTERVAL_S) for number in range(SLIS)]
        await one.home.map_update(map_of(*slxs))
        await one.control.maps.atlas()
        found: dict[str, Any] = {"slis": SLIS, "plan_all_ms": await cpu_ms(one.control.queue.sweep)}
        await one.home.map_update(map_of(measured("Deployment/more", interval_s=INTERVAL_S), *slxs))
        await one.control.maps.atlas()
        found["plan_one_more_ms"] = await cpu_ms(one.control.queue.sweep)
        found["idle_sweep_ms"] = await cpu_ms(one.control.queue.sweep, 50)
        found["idle_poll_ms"] = await cpu_ms(one.lease, 50)
        one.clock.advance(INTERVAL_S)
        found["all_due_sweep_ms"] = await cpu_ms(one.control.queue.sweep, 50)
        began, count = time.process_time(), await round_of(one)
        found["measurement_cpu_ms"] = round((time.process_time() - began) * 1000 / count, 2)
        before = await size(one)
        await fill(one)
        found["bytes_per_measurement"] = round((await size(one) - before) / (SLIS * rounds()))
        found["list_ms"] = await cpu_ms(lambda: one.get("/api/v1/slis"), 3)
        found["list_of_a_day_ms"] = await cpu_ms(lambda: one.get("/api/v1/slis?window_s=86400"), 1)
        found["detail_of_a_day_ms"] = await cpu_ms(lambda: one.get("/api/v1/slis/deployment-d7?window_s=86400"), 3)
        one.clock.advance(8 * 86400)
        found["prune_of_a_day_ms"] = await cpu_ms(one.control.queue.sweep)
    return found


def rounds() -> int:
    return DAYS * 86400 // INTERVAL_S


async def round_of(one: Measuring) -> int:
    """Measure everything that is due, each with a score and two sub-metrics; how many."""
    count = 0
    while leases := await one.lease(free=32):
        for lease in leases:
            await answer(one, lease)
        count += len(leases)
    return count


async def answer(one: Measuring, lease: Lease) -> None:
    await one.end(lease, metric(1, "pods"), metric(0, "rollout"), metric(0.5), done())


async def cpu_ms(work: Callable[[], Awaitable[Any]], times: int = 1) -> float:
    began = time.process_time()
    for _ in range(times):
        await work()
    return round((time.process_time() - began) * 1000 / times, 2)


async def fill(one: Measuring) -> None:
    """Fill in a day before now, straight into the tables, as measuring would have."""
    now_ms = round(one.clock.now().timestamp() * 1000)
    numbers = f"""WITH RECURSIVE n (k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < {rounds()})"""
    at = f"{now_ms} - k * {INTERVAL_S * 1000}"
    async with one.control.database.transaction() as connection:
        await connection.execute(
            text(f"INSERT INTO measurement {numbers} SELECT sli.id, {at}, 800, 0, 0, 0.5 FROM sli, n")
        )
        await connection.execute(text(f"INSERT INTO point {numbers} SELECT series.id, {at}, 0.5 FROM series, n"))


async def size(one: Measuring) -> int:
    """Bytes of the database's pages in use."""
    async with one.control.database.reading() as connection:
        pages = (await connection.execute(text("PRAGMA page_count"))).scalar_one()
        free = (await connection.execute(text("PRAGMA freelist_count"))).scalar_one()
        return (pages - free) * (await connection.execute(text("PRAGMA page_size"))).scalar_one()


if __name__ == "__main__":
    main()
