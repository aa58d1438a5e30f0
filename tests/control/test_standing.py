"""How an SLI stands, as a table."""

from dataclasses import replace

import pytest

from runstone.control.measures.standing import History, standing

NOW = 1_000_000.0
FINE = History(
    interval_s=60,
    since=NOW - 9000,
    due=NOW + 30,
    run_at=None,
    late=False,
    ended_at=NOW - 30,
    outcome="ok",
    message="",
)


@pytest.mark.parametrize(
    ("change", "alive", "wanted", "said"),
    [
        ({}, True, "ok", ""),
        ({"message": "could not check x"}, True, "ok", "could not check x"),
        ({"outcome": "errored", "message": "no route"}, True, "failing", "no route"),
        ({"outcome": "lost", "message": "its runner was lost"}, True, "failing", "lost"),
        ({"ended_at": None}, True, "never", "waits since 1970-01-12 11:16:40 UTC"),
        ({"ended_at": None, "run_at": NOW - 5}, True, "never", "not measured yet"),
        ({"ended_at": NOW - 150}, True, "ok", ""),
        ({"ended_at": NOW - 151}, True, "late", "though it is due every 60 s"),
        ({"ended_at": NOW - 151, "outcome": "errored", "message": "no route"}, True, "late", "no route"),
        ({"run_at": NOW - 61, "late": True}, True, "late", "still going when the next was due"),
        ({}, False, "no_runner", "'here'"),
        ({"ended_at": None}, False, "no_runner", "start one there"),
        ({"outcome": "errored", "message": "no route"}, False, "no_runner", "no route"),
    ],
)
def test_the_standing_follows_from_what_is_stored(
    change: dict[str, object], alive: bool, wanted: str, said: str
) -> None:
    found, reason = standing(replace(FINE, **change), NOW, "here", alive)  # pyright: ignore
    assert found == wanted
    assert said in reason
    assert bool(reason) or found == "ok", "whatever is not ok says why"
