"""One lease's way home while it runs: events in, numbered and redacted Progress out, in batches.

Batches are sent again until they are taken; control skips what it has. Output leaves line by line, so that a secret cut
in two by a chunk border is masked all the same.
"""

import asyncio

from runstone.content.suite import SuiteEvent
from runstone.edge.home import Home
from runstone.edge.runner import issues, metrics
from runstone.errors import Conflict, NotFound, Unreachable
from runstone.model.measure import Metric
from runstone.model.redact import Redactor, Stream
from runstone.model.wire import Heartbeat, Lease, Progress, ProgressReport

_EVERY_S = 0.15
_BEAT_S = 0.5
"""Between two signs of life of a Task that says nothing: it is also how late a cancel is heard of."""
_MOST = 200


class Reporter:
    """Sends what one lease's suite says. Use as a task group member: :meth:`take` feeds it, :meth:`run` sends."""

    def __init__(self, home: Home, lease: Lease, redactor: Redactor, runner: str) -> None:
        self._home = home
        self._lease = lease
        self._redactor = redactor
        self._seq = 0
        self._waiting: list[Progress] = []
        self._stream = Stream(redactor)
        self._runner = runner
        self._tasks = 0
        self._closed = asyncio.Event()

    async def take(self, event: SuiteEvent) -> None:
        """One thing the suite said."""
        if event.type == "output":
            self._output(event)
            return
        self._flush(event)
        if event.type == "issue":
            issue = issues.issue(event.record, self._lease.subject, self._redactor, event.at)
            self._add(event, "issue", issue=issue)
        elif event.type == "note":
            self._add(event, "note", note=issues.note(event.record, self._lease.subject, self._redactor))
        elif event.type == "metric":
            self._metric(event)
        elif event.type == "started":
            self._tasks += 1
            self._add(event, "started")
        elif event.type == "done":
            message = self._redactor.text(event.message)
            self._add(event, "done", state=event.state or "errored", message=message, elapsed_s=event.elapsed_s)

    async def run(self, cancelled: asyncio.Event) -> None:
        """Send until :meth:`close`, then the rest. Sets ``cancelled`` when control does not want the result."""
        beat_at = float("-inf")
        while not self._closed.is_set() or self._waiting:
            await asyncio.sleep(0 if self._closed.is_set() else _EVERY_S)
            now = asyncio.get_running_loop().time()
            if not self._waiting and now - beat_at < min(_BEAT_S, self._lease.ttl_s / 3):
                continue
            beat_at = now
            if not await self._send(cancelled):
                return

    def close(self) -> None:
        """Nothing more will be taken."""
        self._closed.set()

    async def _send(self, cancelled: asyncio.Event) -> bool:
        batch = tuple(self._waiting[:_MOST])
        try:
            if batch:
                report = ProgressReport(token=self._lease.token, progress=batch)
                answer = await self._home.progress(self._lease.request, report)
            else:
                answer = await self._home.heartbeat(self._lease.request, Heartbeat(token=self._lease.token))
        except Unreachable:
            await asyncio.sleep(1.0)
            return True
        except (Conflict, NotFound):
            # The lease has ended without us; its work now belongs to another.
            cancelled.set()
            return False
        del self._waiting[: len(batch)]
        if answer.cancel:
            cancelled.set()
        return not answer.cancel

    def _metric(self, event: SuiteEvent) -> None:
        pushed = metrics.metric(event.record, self._redactor)
        if isinstance(pushed, Metric):
            self._add(event, "metric", metric=pushed)
        else:
            self._add(event, "note", note=pushed)

    def _output(self, event: SuiteEvent) -> None:
        said = self._stream.feed(event.text)
        if said:
            self._add(event, "output", output=said, truncated=event.truncated)

    def _flush(self, event: SuiteEvent) -> None:
        """What waited for more goes out; then what stays here is told of."""
        said = self._stream.end()
        if event.omitted:
            where = f"runstone task output {self._lease.request} {self._tasks}"
            said += f"\n[{event.omitted} more characters stay on runner {self._runner} for a while: {where}]\n"
        if said:
            self._add(event, "output", output=said, truncated=bool(event.omitted))

    def _add(self, event: SuiteEvent, type_: str, **more: object) -> None:
        self._seq += 1
        body = {"seq": self._seq, "type": type_, "title": event.title, "at": event.at, **more}
        self._waiting.append(
            Progress.model_validate({**body, "resolved_title": self._redactor.text(event.resolved_title)})
        )
