"""What a container printed: this run and the one before. Ordinary traffic is written only when somebody reads."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

KEPT_LINES = 1500
TRAFFIC_SECONDS = 3.0
"""Traffic is written this often."""
LOOK_BACK_SECONDS = 900.0
"""Traffic older than this is not made up when a log is read for the first time."""

Line = tuple[float, str]
"""When, seconds since the epoch, and the text."""
Chatter = Callable[[float], list[str]]
"""The lines a running program writes at that moment."""


def _silence(_moment: float) -> list[str]:
    return []


@dataclass(slots=True)
class LogBook:
    """The log of one container of one Pod."""

    lines: deque[Line] = field(default_factory=lambda: deque[Line](maxlen=KEPT_LINES))
    previous: list[Line] | None = None
    chatter: Chatter = _silence
    _written_to: float = 0.0

    def say(self, moment: float, text: str) -> None:
        """Write what happened at `moment`, after the traffic up to then."""
        self.catch_up(moment)
        self.lines.extend((moment, line) for line in text.splitlines())

    def talk(self, moment: float, chatter: Chatter) -> None:
        """From `moment` on the program writes `chatter`."""
        self.catch_up(moment)
        self.chatter = chatter
        self._written_to = moment

    def stop(self, moment: float) -> None:
        """The program ended; nothing more is written by itself."""
        self.talk(moment, _silence)

    def turn(self) -> None:
        """A new run begins: what was written becomes the previous log."""
        self.previous = list(self.lines)
        self.lines.clear()

    def catch_up(self, moment: float) -> None:
        """Write the traffic of the time since the last look."""
        at = max(self._written_to, moment - LOOK_BACK_SECONDS) + TRAFFIC_SECONDS
        while at <= moment:
            self.lines.extend((at, line) for line in self.chatter(at))
            self._written_to = at
            at += TRAFFIC_SECONDS
