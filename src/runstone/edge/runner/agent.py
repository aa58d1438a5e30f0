"""The runner: lease, checkout, secrets, suite, redact, report. One task per lease, as many as there are slots."""

import asyncio
import contextlib
import shutil
import socket
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from runstone.connectors.executors import Executor
from runstone.content import contract, suite
from runstone.content.dependencies import Environment
from runstone.content.suite import SuiteOrder, SuiteResult
from runstone.edge.home import Home
from runstone.edge.runner.artefacts import Artefacts
from runstone.edge.runner.report import Reporter
from runstone.edge.runner.secrets import Resolved, Vault
from runstone.errors import Forbidden, NotAllowed, NotFound, Refused, RunstoneError, Unreachable
from runstone.model import approval
from runstone.model.content import CollectionRef
from runstone.model.redact import Redactor
from runstone.model.wire import Completion, Lease, LeaseRequest

log = structlog.get_logger()
_POLL_S = 20.0
_LONGEST_PAUSE_S = 30.0


@dataclass
class Runner:
    """One runner of a Location.

    ``checkout`` gives the folder of a collection at a commit, ``environment`` what its requirements ask for; ``key``
    is what Approvals are signed with; ``now`` gives UTC, ISO 8601.
    """

    home: Home
    executor: Executor
    vault: Vault
    checkout: Callable[[CollectionRef], Awaitable[Path]]
    environment: Callable[[Path], Awaitable[Environment]]
    artefacts: Artefacts
    key: bytes
    now: Callable[[], str]
    location: str
    instance: str
    tool_path: str = ""
    """See SuiteOrder."""
    slots: int = 2
    name: str = field(default_factory=socket.gethostname)
    used: set[str] = field(default_factory=set[str])
    """Proposals whose Approval was spent here."""

    async def run(self) -> None:
        """Work until cancelled. A control zone that does not answer is asked again, with growing pauses."""
        pause = 0.5
        running: set[asyncio.Task[None]] = set()
        try:
            while True:
                free = self.slots - len(running)
                if free <= 0:
                    _, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                    continue
                try:
                    leases = await self._lease(free)
                    pause = 0.5
                except (Unreachable, Refused) as err:
                    log.warning("no lease", location=self.location, problem=str(err), again_in_s=pause)
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, _LONGEST_PAUSE_S)
                    continue
                running |= {asyncio.create_task(self.work(lease)) for lease in leases}
                running = {task for task in running if not task.done()}
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)

    async def work(self, lease: Lease) -> None:
        """Run one lease to its end and tell home."""
        log.info("leased", request=lease.request, attempt=lease.attempt, bundle=lease.bundle.path)
        completion = Completion(token=lease.token, state="failed", message="the runner was stopped")
        try:
            result = await self._run(lease)
            state = "done" if result.ok else "failed"
            completion = Completion(token=lease.token, state=state, message=result.message)
        except RunstoneError as err:
            completion = Completion(token=lease.token, state="failed", message=Redactor().text(str(err)))
        except Exception as err:
            # The edge of a loop: a fault in one lease must not end the runner; home is told, the log has the traceback.
            log.exception("lease broke", request=lease.request)
            completion = Completion(
                token=lease.token, state="failed", message=f"the runner broke: {type(err).__name__}"
            )
        await self._complete(lease, completion)

    async def _lease(self, free: int) -> tuple[Lease, ...]:
        ask = LeaseRequest(location=self.location, runner=self.name, instance=self.instance, free=free, wait_s=_POLL_S)
        return (await self.home.lease(ask)).leases

    async def _run(self, lease: Lease) -> SuiteResult:
        resolved = await asyncio.to_thread(self.vault.resolve, lease.secrets)
        redactor = await asyncio.to_thread(Redactor, resolved.values())
        reporter = Reporter(self.home, lease, redactor, self.name)
        cancelled = asyncio.Event()
        # From here on home hears of us: a checkout may take longer than a lease waits for its first sign of life.
        sending = asyncio.create_task(reporter.run(cancelled))
        workdir = Path(tempfile.mkdtemp(prefix="runstone-run-"))
        try:
            root = await self.checkout(lease.bundle.collection)
            order = await self._order(lease, root, resolved, workdir)
            changes = await self._changes_things(lease, root)
            problems = await asyncio.to_thread(suite.unready, order, self.executor)
            if problems:
                # Before an Approval is spent: what cannot run shall not use it up.
                result = SuiteResult(ok=False, message=" ".join(problems), exit_code=-1, timed_out=False)
            else:
                if changes:
                    self._spend(lease)
                result = await self._suite(order, reporter, cancelled)
        except RunstoneError as err:
            # Masked below with this run's own values: a path or a command in the sentence may hold one.
            result = SuiteResult(ok=False, message=str(err), exit_code=-1, timed_out=False)
        finally:
            reporter.close()
            await sending
            await asyncio.to_thread(self.artefacts.keep, lease.request, workdir / "rest", redactor)
            await asyncio.to_thread(shutil.rmtree, workdir, ignore_errors=True)
        said = redactor.text(result.message)
        return SuiteResult(result.ok, " ".join([said, *resolved.missing]).strip(), result.exit_code, result.timed_out)

    async def _changes_things(self, lease: Lease, root: Path) -> bool:
        """Whether the suite itself says so of one of the Tasks, or says nothing: what home says is not asked.

        Most public SLIs are not tagged. A measurement that was found to change nothing, by a source of which all
        that runs is known, may run.
        """
        suite_file = root / lease.bundle.path / lease.bundle.robot
        if not suite_file.is_file():
            raise NotFound(f"The CodeCollection has no suite {lease.bundle.path}/{lease.bundle.robot} at this commit.")
        found = await asyncio.to_thread(contract.of, suite_file)
        chosen = [pair for pair in zip(found.suite.tasks, found.tasks, strict=True) if pair[0].title in lease.titles]
        return any(
            task.access == "read-write"
            or (task.access == "unknown" and (lease.session or does.mutates or does.commands or does.unknown))
            for task, does in chosen
        )

    async def _order(self, lease: Lease, root: Path, resolved: Resolved, workdir: Path) -> SuiteOrder:
        environment = await self.environment(root)
        return SuiteOrder(
            root=root,
            bundle=root / lease.bundle.path,
            robot=lease.bundle.robot,
            titles=lease.titles,
            variables=lease.variables,
            secrets={secret.name: secret.reveal() for secret in resolved.secrets},
            files=resolved.files,
            workdir=workdir,
            deadline_s=lease.deadline_s,
            context=self._context(lease),
            collection=lease.bundle.collection,
            dependencies=environment.folders,
            tool_path=self.tool_path,
        )

    async def _suite(self, order: SuiteOrder, reporter: Reporter, cancelled: asyncio.Event) -> SuiteResult:
        running = asyncio.create_task(suite.run(order, self.executor, reporter.take))
        stopping = asyncio.create_task(cancelled.wait())
        try:
            await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not running.done():
                running.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await running
                return SuiteResult(ok=False, message="cancelled", exit_code=-1, timed_out=False)
            return running.result()
        finally:
            stopping.cancel()
            running.cancel()
            # Also when we are cancelled: whatever the suite started must be gone before its folder is.
            await asyncio.gather(running, return_exceptions=True)

    def _context(self, lease: Lease) -> dict[str, str]:
        """A suite without RW_RUNREQUEST_ID knows that it measures; its session files are the SLI's."""
        run = {"RW_SESSION_ID": lease.session, "RW_RUNREQUEST_ID": lease.request} if lease.session else {}
        return {"RW_LOCATION": self.location, "RW_SLX": lease.subject.name, **run}

    def _spend(self, lease: Lease) -> None:
        """Check that the change is exactly the one approved, and use the Approval up. Raises NotAllowed."""
        try:
            signed = approval.Approval.model_validate_json(lease.approval)
        except ValueError as err:
            raise NotAllowed(
                "This Task may change things and came without a readable approval. Nothing was run."
            ) from err
        code = approval.code_of(lease.bundle, lease.secrets)
        exact = approval.digest(" ".join(lease.titles), lease.subject.path, lease.variables, code, signed.expires)
        found = approval.verify(self.key, lease.approval, exact, self.now())
        if found.proposal in self.used:
            raise Refused(f"The approval of proposal {found.proposal} was used already. Nothing was run.")
        self.used.add(found.proposal)

    async def _complete(self, lease: Lease, completion: Completion) -> None:
        for pause in (0.5, 1, 2, 4, 8):
            try:
                await self.home.complete(lease.request, completion)
            except Forbidden:
                raise
            except Unreachable:
                await asyncio.sleep(pause)
            except Refused as err:
                log.info("result not taken", request=lease.request, reason=str(err))
                return
            else:
                return
        log.warning("result lost", request=lease.request, reason="the control zone did not answer")
