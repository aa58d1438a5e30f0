"""How an SLI stands, worked out from what is stored. Pure."""

import datetime as dt
from dataclasses import dataclass

from runstone.control.measures import schedule
from runstone.model.measure import Standing


@dataclass(frozen=True)
class History:
    """What is known of an SLI's runs. Moments are seconds since the epoch; None means that it did not happen."""

    interval_s: int
    since: float
    due: float
    run_at: float | None
    """When the run under way began."""
    late: bool
    """Whether the next was due while that run is still going."""
    ended_at: float | None
    outcome: str
    """Of the last run that ended: ``ok``, ``errored``, ``lost``."""
    message: str


def standing(history: History, now: float, location: str, alive: bool) -> tuple[Standing, str]:
    """The standing and why, as a sentence. ``alive``: a runner of the Location has given a sign of life lately."""
    last = _last(history)
    if not alive:
        return "no_runner", f"no runner at location {location!r} gives a sign of life; start one there. {last}".strip()
    if history.late and history.run_at is not None:
        return (
            "late",
            f"the run that began at {_at(history.run_at)} was still going when the next was due. {last}".strip(),
        )
    if history.ended_at is None:
        return "never", f"not measured yet; waits since {_at(history.since)}, due at {_at(history.due)}"
    if schedule.stale(now, history.ended_at, history.interval_s):
        return (
            "late",
            f"nothing since {_at(history.ended_at)}, though it is due every {history.interval_s} s. {last}".strip(),
        )
    if history.outcome != "ok":
        return "failing", history.message
    return "ok", history.message


def _last(history: History) -> str:
    if history.ended_at is None:
        return ""
    said = "" if history.outcome == "ok" else f" and failed: {history.message}"
    return f"The last run ended at {_at(history.ended_at)}{said}"


def _at(moment: float) -> str:
    return dt.datetime.fromtimestamp(moment, dt.UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
