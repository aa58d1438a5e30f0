"""Alerts to sessions: the same problem within a window joins the session that looks into it already."""

from runstone.control.clock import Clock
from runstone.control.runs.session import Opened, Sessions, session_key
from runstone.errors import BadInput
from runstone.model.alert import Alert
from runstone.model.run import Trigger

WINDOW_S = 600
"""Repeats of one alert within this time are one session."""
BUDGET_S = 300


class Alerts:
    """What to do with alerts of one workspace."""

    def __init__(self, sessions: Sessions, clock: Clock, workspace: str) -> None:
        self._sessions = sessions
        self._clock = clock
        self._workspace = workspace

    async def take(
        self, alerts: list[Alert], actor: str, namespaces: tuple[str, ...] = (), budget_s: int = BUDGET_S
    ) -> list[Opened]:
        """Open or join one session per firing alert, in order. Raises BadInput when none is firing."""
        firing = [alert for alert in alerts if alert.firing]
        if not firing:
            raise BadInput("No alert in this body is firing, so there is nothing to look into. Send it when one fires.")
        window = int(self._clock.now().timestamp()) // WINDOW_S
        opened: list[Opened] = []
        for alert in firing:
            key = session_key(self._workspace, alert.fingerprint, str(window))
            text = f"{alert.name} {alert.summary}".strip()
            trigger = Trigger(kind="alert", text=text, labels=alert.labels, namespaces=namespaces)
            opened.append(await self._sessions.open(trigger, key, budget_s, actor))
        return opened
