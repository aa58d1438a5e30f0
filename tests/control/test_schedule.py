"""When SLIs are due, as numbers."""

from hypothesis import assume, given
from hypothesis import strategies as st

from runstone.control.measures import schedule

MOMENT = st.floats(1.6e9, 2.2e9)
INTERVAL = st.integers(30, 3600)
PHASE = st.floats(0, 1, exclude_max=True)


@given(MOMENT, INTERVAL, PHASE)
def test_the_next_moment_of_the_grid_is_later_and_at_most_an_interval_away(
    moment: float, interval_s: int, phase: float
) -> None:
    slot = schedule.slot_after(moment, interval_s, phase)
    assert moment < slot <= moment + interval_s + 1e-3
    assert abs((slot - phase * interval_s) / interval_s - round((slot - phase * interval_s) / interval_s)) < 1e-6


@given(MOMENT, INTERVAL, PHASE)
def test_what_follows_a_measurement_is_neither_close_nor_far(began: float, interval_s: int, phase: float) -> None:
    wait = schedule.following(began, interval_s, phase) - began
    assert interval_s / 2 <= wait + 1e-3
    assert wait <= interval_s * 1.5 + 1e-3


@given(MOMENT, INTERVAL, PHASE)
def test_a_measurement_begun_in_time_keeps_to_its_grid(moment: float, interval_s: int, phase: float) -> None:
    slot = schedule.slot_after(moment, interval_s, phase)
    assert abs(schedule.following(slot, interval_s, phase) - slot - interval_s) < 1e-3


@given(st.integers(-10, 10**6))
def test_an_interval_is_moved_into_what_is_allowed(said: int) -> None:
    kept = schedule.interval(said)
    assert 30 <= kept <= 3600
    assert kept == said or said < 30 or said > 3600


def test_the_phases_of_many_slis_lie_evenly_and_stay_the_same() -> None:
    phases = [schedule.phase("w", f"slx-{number}") for number in range(2000)]
    assert phases == [schedule.phase("w", f"slx-{number}") for number in range(2000)]
    tenths = [sum(1 for one in phases if part / 10 <= one < (part + 1) / 10) for part in range(10)]
    assert min(tenths) > 150
    assert max(tenths) < 250


@given(MOMENT, INTERVAL, PHASE, st.integers(1, 5000))
def test_new_and_overdue_ones_begin_soon_but_not_together(
    now: float, interval_s: int, phase: float, together: int
) -> None:
    wait = schedule.opening(now, interval_s, phase, together) - now
    assert -1e-3 <= wait <= min(interval_s, together * schedule.PACE_S) + 1e-3


@given(st.integers(0, 32), st.integers(0, 32))
def test_a_runner_with_several_slots_keeps_one_free_of_measurements(free: int, held: int) -> None:
    room = schedule.room(free, held)
    assert 0 <= room <= free
    if free + held > 1:
        assert free - room >= min(free, 1), "a session that comes now finds a slot"
    if free == 1 and held == 0:
        assert room == 1, "a single slot serves both"


@given(MOMENT, MOMENT, INTERVAL)
def test_what_is_starved_has_waited_its_interval_and_two_minutes(now: float, due: float, interval_s: int) -> None:
    assume(now >= due)
    assert schedule.starved(now, due, interval_s) == (now - due >= interval_s and now - due >= 120)


@given(INTERVAL)
def test_a_run_is_stopped_only_after_it_could_be_seen_to_be_late(interval_s: int) -> None:
    assert 120 <= schedule.deadline(interval_s) <= 600
    assert schedule.deadline(interval_s) > interval_s or interval_s >= 600
    assert schedule.lookback(interval_s) == int(interval_s * 1.5)
