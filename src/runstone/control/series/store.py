"""The tables of series and their points."""

import datetime as dt
import json

import sqlalchemy as sa

from runstone.control.clock import stamp
from runstone.db.engine import Connection, Database
from runstone.model.measure import Bucket, Metric, Point, Series

MOST_SERIES = 200
"""Series of one SLI: what a suite pushes under more names than these is not kept."""
MOST_POINTS = 400
"""Points of one series that are shown as pushed; a window with more of them is read in buckets."""
_AT_ONCE = 200
"""Series pruned in one transaction, so that nobody waits long for it."""

_FIND = sa.text("SELECT id FROM series WHERE sli = :sli AND sub_name = :sub_name AND labels = :labels")
_NEW = sa.text("""
    INSERT INTO series (sli, sub_name, labels, type) SELECT :sli, :sub_name, :labels, :type
    WHERE (SELECT COUNT(*) FROM series WHERE sli = :sli) < :most RETURNING id
""")
# Two numbers in one millisecond, or a runner's clock that went back, must not replace what is there.
_ADD = sa.text("""
    INSERT INTO point (series, at, value)
    SELECT :series, MAX(:at, COALESCE((SELECT MAX(at) + 1 FROM point WHERE series = :series), 0)), :value
""")
_OF = sa.text("""
    SELECT id, sub_name, labels, type FROM series WHERE sli = :sli AND (:sub_name IS NULL OR sub_name = :sub_name)
    ORDER BY sub_name, labels
""")
_LAST = sa.text("SELECT at, value FROM point WHERE series = :series ORDER BY at DESC LIMIT 1")
_POINTS = sa.text("""
    SELECT at, value FROM point WHERE series = :series AND at >= :start AND at < :end ORDER BY at LIMIT :most
""")
_BUCKETS = sa.text("""
    SELECT (at - :start) / :width AS bucket, MIN(value) AS least, AVG(value) AS mean, MAX(value) AS most,
    COUNT(*) AS count FROM point WHERE series = :series AND at >= :start AND at < :end GROUP BY bucket ORDER BY bucket
""")
_PRUNE = sa.text("DELETE FROM point WHERE series = :series AND at < :before")
_DROP_EMPTY = sa.text("DELETE FROM series WHERE NOT EXISTS (SELECT 1 FROM point WHERE point.series = series.id)")


async def add(connection: Connection, sli: int, metric: Metric, at_ms: int) -> bool:
    """Add a number pushed at ``at_ms`` (milliseconds since the epoch); False when the SLI has too many series."""
    key = {"sli": sli, "sub_name": metric.sub_name, "labels": json.dumps(metric.labels, sort_keys=True)}
    series = (await connection.execute(_FIND, key)).scalar()
    if series is None:
        series = (await connection.execute(_NEW, {**key, "type": metric.type, "most": MOST_SERIES})).scalar()
    if series is None:
        return False
    await connection.execute(_ADD, {"series": series, "at": at_ms, "value": metric.value})
    return True


async def read(
    connection: Connection, sli: int, window: tuple[int, int], sub_name: str | None, buckets: int
) -> tuple[Series, ...]:
    """The series of an SLI from one moment to before another (milliseconds), of one ``sub_name`` or (None) of all.

    With ``buckets`` the window is cut into so many stretches. With 0 points come as pushed, unless they are more than
    MOST_POINTS: then in as many buckets.
    """
    found = (await connection.execute(_OF, {"sli": sli, "sub_name": sub_name})).mappings().all()
    return tuple([await _one(connection, row, window, buckets) for row in found])


async def prune(database: Database, before_ms: int) -> int:
    """Delete what was pushed before ``before_ms``, and series that are empty then. How many points went."""
    async with database.reading() as connection:
        ids = [row.id for row in await connection.execute(sa.text("SELECT id FROM series"))]
    gone = 0
    for at in range(0, len(ids), _AT_ONCE):
        async with database.transaction() as connection:
            for series in ids[at : at + _AT_ONCE]:
                gone += (await connection.execute(_PRUNE, {"series": series, "before": before_ms})).rowcount
    async with database.transaction() as connection:
        await connection.execute(_DROP_EMPTY)
    return gone


async def _one(connection: Connection, row: sa.RowMapping, window: tuple[int, int], buckets: int) -> Series:
    which = {"series": row["id"], "start": window[0], "end": window[1]}
    last = (await connection.execute(_LAST, {"series": row["id"]})).mappings().first()
    points = [] if buckets else await _points(connection, which)
    many = len(points) > MOST_POINTS
    parts = buckets or (MOST_POINTS if many else 0)
    return Series(
        sub_name=row["sub_name"],
        labels=json.loads(row["labels"]),
        type=row["type"],
        last=_point(last) if last else None,
        points=() if many else tuple(points),
        buckets=tuple(await _buckets(connection, which, parts)) if parts else (),
    )


async def _points(connection: Connection, which: dict[str, int]) -> list[Point]:
    rows = await connection.execute(_POINTS, {**which, "most": MOST_POINTS + 1})
    return [_point(row) for row in rows.mappings()]


async def _buckets(connection: Connection, which: dict[str, int], parts: int) -> list[Bucket]:
    width = max(1, -(-(which["end"] - which["start"]) // parts))
    rows = (await connection.execute(_BUCKETS, {**which, "width": width})).mappings()
    return [
        Bucket(
            at=_at(which["start"] + row["bucket"] * width),
            min=row["least"],
            mean=row["mean"],
            max=row["most"],
            count=row["count"],
        )
        for row in rows
    ]


def _point(row: sa.RowMapping) -> Point:
    return Point(at=_at(row["at"]), value=row["value"])


def _at(ms: int) -> str:
    return stamp(dt.datetime.fromtimestamp(ms / 1000, dt.UTC))
