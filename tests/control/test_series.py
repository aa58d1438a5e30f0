"""Numbers over time, in a real database."""

import asyncio
import itertools
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from runstone.control.series import store
from runstone.db.engine import Database
from runstone.model.measure import Metric, Series

PUSHES = st.lists(st.tuples(st.integers(0, 10_000), st.floats(-1e6, 1e6)), min_size=1, max_size=40)


def metric(value: float, sub_name: str = "", **labels: str) -> Metric:
    return Metric(sub_name=sub_name, value=value, type="gauge", labels=labels)


async def database(folder: Path) -> Database:
    found = Database.sqlite(folder / "control.sqlite")
    await found.migrate("control")
    return found


async def add(base: Database, *pushes: tuple[int, Metric], sli: int = 1) -> list[bool]:
    async with base.transaction() as connection:
        return [await store.add(connection, sli, one, at) for at, one in pushes]


async def read(base: Database, start: int = 0, end: int = 10**9, sub_name: str | None = None, buckets: int = 0):
    async with base.reading() as connection:
        return await store.read(connection, 1, (start, end), sub_name, buckets)


async def test_series_are_apart_by_sub_name_and_labels(tmp_path: Path) -> None:
    base = await database(tmp_path)
    await add(base, (1, metric(1)), (2, metric(2, "a")), (3, metric(3, "a", zone="x")), (4, metric(4, "a", zone="y")))
    await add(base, (5, metric(9, "other sli")), sli=2)
    found = await read(base)
    await base.close()
    assert [(one.sub_name, one.labels, [point.value for point in one.points]) for one in found] == [
        ("", {}, [1]),
        ("a", {"zone": "x"}, [3]),
        ("a", {"zone": "y"}, [4]),
        ("a", {}, [2]),
    ]


async def test_two_numbers_of_one_moment_are_both_kept_in_their_order(tmp_path: Path) -> None:
    base = await database(tmp_path)
    await add(base, (5, metric(1)), (5, metric(2)), (3, metric(3)))
    (one,) = await read(base)
    await base.close()
    assert [point.value for point in one.points] == [1, 2, 3]
    assert [point.at[-5:] for point in one.points] == [".005Z", ".006Z", ".007Z"]


async def test_labels_are_one_series_in_whatever_order_they_come(tmp_path: Path) -> None:
    base = await database(tmp_path)
    await add(base, (1, metric(1, "a", x="1", y="2")), (2, metric(2, "a", y="2", x="1")))
    assert len(await read(base)) == 1
    await base.close()


async def test_a_window_holds_its_beginning_and_not_its_end_and_the_last_is_told_from_before(tmp_path: Path) -> None:
    base = await database(tmp_path)
    await add(base, *((at, metric(at)) for at in (10, 20, 30)))
    (inside,) = await read(base, 10, 30)
    (after,) = await read(base, 40, 50)
    await base.close()
    assert [point.value for point in inside.points] == [10, 20]
    assert after.points == ()
    assert after.last is not None
    assert after.last.value == 30


async def test_a_long_window_comes_in_buckets_by_itself(tmp_path: Path) -> None:
    base = await database(tmp_path)
    await add(base, *((at, metric(at % 7)) for at in range(store.MOST_POINTS + 1)))
    (one,) = await read(base, 0, 1000)
    (short,) = await read(base, 0, store.MOST_POINTS)
    await base.close()
    assert one.points == ()
    assert 0 < len(one.buckets) <= store.MOST_POINTS
    assert sum(bucket.count for bucket in one.buckets) == store.MOST_POINTS + 1
    assert len(short.points) == store.MOST_POINTS


async def test_an_sli_with_too_many_series_keeps_those_it_has(tmp_path: Path) -> None:
    base = await database(tmp_path)
    taken = await add(base, *((1, metric(n, f"pod {n}")) for n in range(store.MOST_SERIES + 2)))
    again = await add(base, (2, metric(5, "pod 0")))
    await base.close()
    assert taken.count(False) == 2
    assert again == [True]


async def test_pruning_takes_what_is_old_and_series_that_are_empty_then(tmp_path: Path) -> None:
    base = await database(tmp_path)
    await add(base, *((at, metric(at)) for at in (10, 20, 30)), (10, metric(1, "gone")))
    gone = await store.prune(base, 20)
    found = await read(base)
    await base.close()
    assert gone == 2
    assert [(one.sub_name, [point.value for point in one.points]) for one in found] == [("", [20, 30])]


@settings(max_examples=25, deadline=None)
@given(PUSHES, st.integers(1, 30))
def test_buckets_say_the_same_as_the_points_they_stand_for(pushes: list[tuple[int, float]], parts: int) -> None:
    raw, bucketed = asyncio.run(_both(sorted(pushes), parts))
    width = -(-20_000 // parts)
    stretches = itertools.groupby(raw.points, key=lambda point: _ms(point.at) // width)
    wanted = {number * width: [point.value for point in points] for number, points in stretches}
    assert {_ms(bucket.at): bucket.count for bucket in bucketed.buckets} == {at: len(of) for at, of in wanted.items()}
    for bucket in bucketed.buckets:
        values = wanted[_ms(bucket.at)]
        assert (bucket.min, bucket.max) == (min(values), max(values))
        assert abs(bucket.mean - sum(values) / len(values)) < 1e-6 * max(1.0, *map(abs, values))


async def _both(pushes: list[tuple[int, float]], parts: int) -> tuple[Series, Series]:
    with tempfile.TemporaryDirectory() as folder:
        base = await database(Path(folder))
        await add(base, *((at, metric(value)) for at, value in pushes))
        (raw,), (bucketed,) = await read(base, 0, 20_000), await read(base, 0, 20_000, buckets=parts)
        await base.close()
    return raw, bucketed


def _ms(at: str) -> int:
    hours, minutes, seconds = at[11:-1].split(":")
    return round((int(hours) * 3600 + int(minutes) * 60 + float(seconds)) * 1000)
