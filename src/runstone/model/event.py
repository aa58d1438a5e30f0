"""What happened, to what, by whom. The only thing that streams, notifications and audit read."""

from typing import Any, Literal

from runstone.model.noun import Noun

EventType = Literal[
    "session.opened",
    "session.state",
    "session.resolved",
    "map.updated",
    "request.offered",
    "request.leased",
    "request.done",
    "request.lost",
    "task.started",
    "task.output",
    "task.issue",
    "task.note",
    "task.done",
    "diagnosis.updated",
    "proposal.open",
    "proposal.approved",
    "proposal.rejected",
    "proposal.used",
]


class Event(Noun):
    """One thing that happened. ``seq`` grows by one per workspace; ``at`` is UTC, ISO 8601."""

    seq: int
    at: str
    type: EventType
    session: str
    """Empty when the event belongs to no session."""
    actor: str
    """Who did it: ``user:NAME``, ``runner:NAME`` or ``system``."""
    data: dict[str, Any]
