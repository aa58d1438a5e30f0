"""Workflows that survive a restart. The only module that knows the engine behind them (DBOS).

A workflow here is an async function of one string argument, its id. It calls :func:`step` for everything that reads
or writes the world, and :func:`wait` to sleep until it is woken. After a crash it runs again from its start; finished
steps give back their recorded results. A step may run twice if the process dies inside it, so steps are idempotent.

What is set here on purpose: SQLite in WAL (the default journal gives a tenth of the speed), a short notification
poll, a pinned application version (the default, a hash of the code, would strand pending workflows after an upgrade),
and a stable executor id, since a process recovers only what carries its own.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import structlog
from dbos import DBOS, DBOSConfig, SetWorkflowID
from sqlalchemy import event

from runstone.db.engine import sqlite_pragmas
from runstone.errors import Broken, Unreachable

log = structlog.get_logger()
_LONGEST_PAUSE_S = 30.0

Workflow = Callable[[str], Awaitable[str]]
_TOPIC = "wake"
_VERSION = "1"


class Durable:
    """The engine of one process. Register workflows, then :meth:`launch`; what was running before goes on."""

    def __init__(self, path: Path) -> None:
        path.touch(mode=0o600, exist_ok=True)
        # "check_same_thread" off: the engine works from its own threads; SQLAlchemy's pool keeps them apart.
        self._engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": 10, "check_same_thread": False})
        event.listen(self._engine, "connect", sqlite_pragmas)
        DBOS(
            config=DBOSConfig(
                name="runstone",
                system_database_url=f"sqlite:///{path}",
                system_database_engine=self._engine,
                executor_id="local",
                application_version=_VERSION,
                enable_otlp=False,
                log_level="ERROR",
                notification_listener_polling_interval_sec=0.1,
            )
        )
        self._workflows: dict[str, Callable[[str], Coroutine[Any, Any, str]]] = {}

    def workflow(self, name: str, function: Workflow) -> None:
        """Register ``function`` under a name that must stay the same across versions."""

        # The engine marks the function it is given, and a bound method cannot be marked.
        async def workflow(key: str) -> str:
            return await function(key)

        self._workflows[name] = DBOS.workflow(name=name)(workflow)

    def launch(self) -> None:
        """Start the engine in the running event loop and take up what an earlier process left."""
        DBOS.launch()

    async def start(self, name: str, key: str) -> None:
        """Start workflow ``name`` with id ``key``. The same key again is a no-op, also when it has ended."""
        with SetWorkflowID(key):
            await DBOS.start_workflow_async(self._workflows[name], key)

    async def wake(self, key: str) -> None:
        """End the :func:`wait` of workflow ``key``. A workflow that has ended or never was is left alone."""
        status = await DBOS.get_workflow_status_async(key)
        if status is not None and status.status == "PENDING":
            await DBOS.send_async(key, "", _TOPIC)

    def close(self) -> None:
        """Stop; what is running goes on at the next launch. Call it in the event loop of :meth:`launch`."""
        DBOS.destroy(destroy_registry=True)
        self._engine.dispose()
        # The engine put its own thread pool into the loop and has just shut it down; others still use the loop.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor())


async def step(name: str, function: Callable[[], Awaitable[str]]) -> str:
    """Run ``function`` as a recorded step of the current workflow. Its result must be a short string.

    Unreachable and Broken are tried again until it works; a Refused ends the step and rises.
    """

    # The engine tells an async step by its type, so a lambda that gives a coroutine must be wrapped in one.
    # What may pass (a database held by another, a full disk) is tried again: an error that leaves a step ends the
    # workflow for good, and with it the session.
    async def work() -> str:
        pause = 0.5
        while True:
            try:
                return await function()
            except (Unreachable, Broken) as err:
                log.warning("step failed", step=name, problem=str(err), again_in_s=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_S)

    return await DBOS.run_step_async({"name": name}, work)


async def wait(seconds: float) -> bool:
    """Sleep durably until woken (True) or until ``seconds`` have passed (False). Several wake-ups at once are one."""
    woken = await DBOS.recv_async(_TOPIC, timeout_seconds=seconds) is not None
    while woken and await DBOS.recv_async(_TOPIC, timeout_seconds=0) is not None:
        pass
    return woken
