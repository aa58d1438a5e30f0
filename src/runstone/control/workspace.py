"""One workspace's control zone, assembled: what the mouths speak to."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from runstone.control.alerts import Alerts
from runstone.control.audit.store import Audit
from runstone.control.clock import Clock, SystemClock
from runstone.control.finding.finder import Finder
from runstone.control.measures.board import Board
from runstone.control.measures.meter import Meter
from runstone.control.runs.change import Changes
from runstone.control.runs.diagnose import Codebook
from runstone.control.runs.journal import Journal
from runstone.control.runs.queue import Queue
from runstone.control.runs.session import Sessions
from runstone.control.workspaces.store import Maps
from runstone.db.bus import Bus
from runstone.db.durable import Durable
from runstone.db.engine import Database
from runstone.model.content import CauseCode


@dataclass(frozen=True)
class Control:
    """The control zone of one workspace at one Location."""

    workspace: str
    location: str
    database: Database
    workflows: Durable
    audit: Audit
    maps: Maps
    sessions: Sessions
    changes: Changes
    queue: Queue
    board: Board
    alerts: Alerts
    finder: Finder

    @classmethod
    async def open(
        cls,
        data: Path,
        *,
        workspace: str,
        location: str,
        causes: tuple[CauseCode, ...],
        runner_keys: Mapping[str, bytes],
        clock: Clock | None = None,
    ) -> "Control":
        """Open the databases in the folder ``data``, migrate them, and take up the sessions left running."""
        clock = clock or SystemClock()
        database = Database.sqlite(data / "control.sqlite")
        await database.migrate("control")
        workflows = Durable(data / "durable.sqlite")
        bus = Bus()
        audit = Audit(database, bus, clock, workspace)
        maps = Maps(database, bus, audit, clock, workspace)
        codebook, journal = Codebook(causes), Journal(bus, audit, clock, location)
        changes = Changes(database, audit, clock, maps, workflows, codebook, journal, runner_keys)

        async def wake(session: str) -> None:
            await workflows.wake(session)
            await changes.wake(session)

        meter = Meter(database, bus, clock, maps, workspace, location)
        queue = Queue(database, bus, audit, clock, maps, meter, changes.approval, wake)
        sessions = Sessions(database, audit, clock, maps, workflows, codebook, journal, queue, workspace)
        workflows.launch()
        await sessions.resume()
        await changes.resume(workspace)
        board = Board(database, clock, maps, workspace, location)
        alerts = Alerts(sessions, clock, workspace)
        return cls(
            workspace, location, database, workflows, audit, maps, sessions, changes, queue, board, alerts, Finder()
        )

    async def close(self) -> None:
        """Stop. What runs goes on at the next :meth:`open`."""
        self.workflows.close()
        await self.database.close()
