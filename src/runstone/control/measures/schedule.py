"""When an SLI is measured. Pure: moments are seconds since the epoch, and chance is a hash of the SLI's name.

Each SLI has a grid of its own: one moment every interval, moved by its phase. The phase is the same after every start,
and those of many SLIs lie evenly over the interval, so that they do not begin together.
"""

import hashlib
import math

SHORTEST_S, LONGEST_S = 30, 3600
"""Intervals of public bundles; one outside is moved to the nearer end."""
PACE_S = 0.25
"""Between the starts of SLIs that are new or overdue after a pause of ours: they come one by one, not all at once."""
GRACE_S = 30.0
"""On top of two intervals, before nothing is called late."""
SHORTEST_WAIT_S = 120.0
"""A measurement that has waited its interval, but at least this long, is taken before a person's work, once in this
time."""


def interval(said_s: int) -> int:
    """Seconds between two measurements of an SLI whose template says ``said_s``."""
    return min(max(said_s, SHORTEST_S), LONGEST_S)


def phase(workspace: str, slx: str) -> float:
    """Where in its interval an SLI is measured: from 0 to below 1, always the same for the same SLI."""
    digest = hashlib.sha256(f"{workspace}\n{slx}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def slot_after(moment: float, interval_s: int, at_phase: float) -> float:
    """The first moment of the SLI's grid that is later than ``moment``."""
    shift = at_phase * interval_s
    slot = (math.floor((moment - shift) / interval_s) + 1) * interval_s + shift
    return slot if slot > moment else slot + interval_s


def following(began: float, interval_s: int, at_phase: float) -> float:
    """When to measure again after a measurement that began at ``began``: on the grid, half an interval away or more."""
    return slot_after(began + interval_s / 2, interval_s, at_phase)


def opening(now: float, interval_s: int, at_phase: float, together: int) -> float:
    """When to measure an SLI that is new or overdue, as one of ``together``: soon, but not all at the same moment.

    Overdue ones were missed while nobody looked; however many times, they are made up for once.
    """
    return now + at_phase * min(interval_s, together * PACE_S)


def stale(now: float, last: float, interval_s: int) -> bool:
    """Whether too long has passed since a measurement that ended at ``last``."""
    return now - last > 2 * interval_s + GRACE_S


def starved(now: float, due: float, interval_s: int) -> bool:
    """Whether a measurement has waited so long for a runner that it goes before a person's work."""
    return now - due >= max(interval_s, SHORTEST_WAIT_S)


def room(free: int, held: int) -> int:
    """How many measurements a runner with ``free`` slots beside ``held`` busy ones takes.

    A runner with several slots keeps one of them free of measurements, so that a session never waits for one to end.
    """
    return max(0, free if free + held <= 1 else free - 1)


def deadline(interval_s: int) -> int:
    """Seconds after which a measurement is stopped: longer than its interval, so that a slow one is seen to be late."""
    return min(max(2 * interval_s, 120), 600)


def lookback(interval_s: int) -> int:
    """``RW_LOOKBACK_WINDOW`` of an SLI in seconds: half more than the interval, so that no moment is left out."""
    return interval_s * 3 // 2
