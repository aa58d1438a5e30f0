"""May this actor do this? Pure: values in, a yes or a sentence out."""

from typing import Literal

from runstone.errors import NotAllowed
from runstone.model.noun import Noun

Role = Literal["viewer", "operator", "runner"]
Action = Literal["read", "ask", "approve", "publish", "lease", "report"]

_ALLOWED: dict[Role, frozenset[Action]] = {
    "viewer": frozenset({"read"}),
    "operator": frozenset({"read", "ask", "approve", "publish"}),
    "runner": frozenset({"lease", "report"}),
}


class Actor(Noun):
    """Who is asking: ``user:NAME`` or ``runner:NAME``, and the part played."""

    name: str
    role: Role


def check(actor: Actor, action: Action) -> None:
    """Raise NotAllowed unless ``actor`` may do ``action``."""
    if action not in _ALLOWED[actor.role]:
        raise NotAllowed(
            f"{actor.name} is a {actor.role} and may not {action}. Use a token of a role that may: "
            + ", ".join(role for role, actions in _ALLOWED.items() if action in actions)
            + "."
        )
