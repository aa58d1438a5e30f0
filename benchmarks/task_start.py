"""What a run costs before its Task does anything: cold, warm, many at once, and what is kept of it. Last line: JSON.

CPU seconds are of everything: this process, which stands for the runner, the keeper, and the run itself with its
commands. ``curl``: the public bundle curl-http-ok when RUNSTONE_COLLECTIONS names a folder with rw-cli-codecollection,
else a suite of the same shape.
"""

import asyncio
import contextlib
import hashlib
import http.server
import json
import os
import sqlite3
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from runstone import plugins
from runstone.connectors.executors import Executor, ExecutorOrder, ExecutorOutcome
from runstone.content import suite
from runstone.content.dependencies import Environment
from runstone.content.suite import SuiteEvent, SuiteOrder
from runstone.control.access import Actor
from runstone.control.workspace import Control
from runstone.edge.home import Home
from runstone.edge.runner.agent import Runner
from runstone.edge.runner.artefacts import Artefacts
from runstone.edge.runner.secrets import Vault
from runstone.model.content import BundleRef, CollectionRef
from runstone.model.resource import Resource, ResourceRef, Scope, ScopeReading
from runstone.model.wire import MapUpdate
from runstone.model.workspace import SLX, BoundTask, Runbook
from runstone.server import app as server
from runstone.server.auth import Tokens, fingerprint

EMPTY = """*** Settings ***
Library    RW.Core
Library    RW.CLI
Library    RW.platform

*** Tasks ***
Do Nothing
    [Tags]    access:read-only
    RW.Core.Add Pre To Report    nothing
"""
CURL = """*** Settings ***
Library    RW.Core
Library    RW.CLI
Library    BuiltIn
Library    Collections
Suite Setup    Begin

*** Tasks ***
Check The Address
    FOR    ${step}    IN RANGE    4
        ${answer}=    RW.CLI.Run Cli    cmd=curl -s -o /dev/null -w '\\%{http_code}' ${URLS}
        IF    "${answer.stdout}" != "200"
            RW.Core.Add Issue    severity=2    title=No answer    next_steps=Look
        END
        RW.Core.Add Pre To Report    ${answer.stdout} of step ${step}
    END

*** Keywords ***
Begin
    ${url}=    RW.Core.Import User Variable    URLS    type=string    description=The address    example=http://x
    Set Suite Variable    ${URLS}    ${url}
"""
SLEEP = """*** Settings ***
Library    RW.CLI

*** Tasks ***
Do Nothing
    [Tags]    access:read-only
    RW.CLI.Run Cli    cmd=sleep 61.25
"""
ASKED = {"text": "why does front fail?", "budget_s": 30}
COLD, WARM, QUEUED, WORKERS, SESSIONS = 5, 20, 200, 4, 20


class Watched(Executor):
    """The process executor; remembers the last outcome, and can take away the warm start."""

    def __init__(self, warm: bool) -> None:
        self._real: Executor = plugins.load("executors", "process")()
        self._warm = warm
        self.outcome = ExecutorOutcome(exit_code=0, timed_out=False)

    async def run(self, order: ExecutorOrder, on_line: Callable[[bytes], Awaitable[None]]) -> ExecutorOutcome:
        if not self._warm:
            order = ExecutorOrder(**{**vars(order), "warm": None})
        self.outcome = await self._real.run(order, on_line)
        return self.outcome

    def verdicts(self) -> Any:
        return self._real.verdicts()

    def ready(self) -> str:
        return self._real.ready()


@dataclass(frozen=True)
class Bundle:
    root: Path
    name: str
    variables: dict[str, str]

    async def run(self, executor: Executor) -> float:
        """One run; its wall seconds. Fails when a Task does."""
        events: list[SuiteEvent] = []

        async def hear(event: SuiteEvent) -> None:
            events.append(event)

        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="runstone-bench-") as folder:
            order = SuiteOrder(
                root=self.root,
                bundle=self.root / "codebundles" / self.name,
                robot="runbook.robot",
                titles=None,
                variables=self.variables,
                secrets={},
                workdir=Path(folder) / "run",
                deadline_s=60,
                context={},
            )
            result = await suite.run(order, executor, hear)
        states = [event.state for event in events if event.type == "done"]
        assert result.ok and set(states) == {"passed"}, (result, [event.message for event in events])
        return time.monotonic() - began


def spent() -> float:
    """CPU seconds of this process, of the children it has reaped, and of its keepers with all they have reaped."""
    times = os.times()
    total = times.user + times.system + times.children_user + times.children_system
    for pid in children():
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return total


def children() -> list[int]:
    return [int(pid) for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()]


async def cost(bundle: Bundle, executor: Watched, runs: int, fresh: bool = False) -> tuple[float, float, float]:
    """Mean CPU s, median wall s, largest resident MB."""
    if not fresh:
        await bundle.run(executor)
    before, walls, resident = spent(), [], 0.0
    for _ in range(runs):
        walls.append(await bundle.run(Watched(warm=False) if fresh else executor))
        resident = max(resident, executor.outcome.rss_mb)
    return (spent() - before) / runs, statistics.median(walls), resident


async def many(bundle: Bundle, executor: Watched) -> dict[str, float]:
    """A queue of runs for a few workers, and what is left afterwards."""
    await bundle.run(executor)
    files = set(Path(tempfile.gettempdir()).iterdir())
    descriptors, processes = len(os.listdir("/proc/self/fd")), set(children())
    places = asyncio.Semaphore(WORKERS)

    began = time.monotonic()
    alone: list[float] = []

    async def timed() -> None:
        async with places:
            alone.append(await bundle.run(executor))

    await asyncio.gather(*(timed() for _ in range(QUEUED)))
    took = time.monotonic() - began
    left = {path for path in set(Path(tempfile.gettempdir()).iterdir()) - files if path.name.startswith("runstone")}
    return {
        "runs_per_s": round(QUEUED / took, 1),
        "p95_s": round(statistics.quantiles(alone, n=20)[18], 3),
        "leaked_processes": len(set(children()) - processes),
        "leaked_files": len(left),
        "leaked_descriptors": len(os.listdir("/proc/self/fd")) - descriptors,
    }


@contextlib.asynccontextmanager
async def at_work(bundle: Bundle, folder: Path) -> AsyncGenerator[httpx2.AsyncClient]:
    """Control, its API and a runner with one Task on the Map; gives a client."""
    folder.mkdir()
    key = hashlib.sha256(b"bench").digest()
    control = await Control.open(folder, workspace="w", location="l", causes=(), runner_keys={"l": key})
    tokens = Tokens(
        {
            fingerprint("user"): Actor(name="user:bench", role="operator"),
            fingerprint("runner"): Actor(name="runner:l", role="runner"),
        }
    )
    transport = httpx2.ASGITransport(app=server.build(control, tokens))
    headers = {"Authorization": "Bearer user"}
    try:
        async with (
            httpx2.AsyncClient(transport=transport, base_url="http://bench", headers=headers) as client,
            httpx2.AsyncClient(transport=transport, base_url="http://bench") as away,
        ):
            home = Home(away, "runner")
            await home.map_update(_map(bundle))
            working = asyncio.create_task(_runner(home, bundle, folder, key).run())
            try:
                yield client
            finally:
                working.cancel()
                await asyncio.gather(working, return_exceptions=True)
    finally:
        await control.close()


async def stored(bundle: Bundle, folder: Path) -> float:
    """Bytes that the control zone keeps of one session with one Task, its events and workflow included."""
    async with at_work(bundle, folder) as client:
        await _session(client)
        before = _size(folder)
        for _ in range(SESSIONS):
            await _session(client)
        print(tables(folder))
        return (_size(folder) - before) / SESSIONS


async def cancelled(bundle: Bundle, folder: Path) -> float:
    """Seconds from a cancel, through the API, until the last process of a Task that says nothing is gone."""
    async with at_work(bundle, folder) as client:
        took: list[float] = []
        for _ in range(5):
            session = (await client.post("/api/v1/sessions", json=ASKED)).json()["session"]
            async with asyncio.timeout(20):
                while not asleep():
                    await asyncio.sleep(0.02)
            began = time.monotonic()
            (await client.post(f"/api/v1/sessions/{session}/cancel")).raise_for_status()
            while asleep():
                await asyncio.sleep(0.02)
            took.append(time.monotonic() - began)
        return max(took)


def asleep() -> bool:
    """Whether the command of the sleeping Task is there."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if b"61.25" in (entry / "cmdline").read_bytes().split(b"\0"):
                    return True
    return False


def _runner(home: Home, bundle: Bundle, folder: Path, key: bytes) -> Runner:
    async def checkout(_: CollectionRef) -> Path:
        return bundle.root

    async def environment(_: Path) -> Environment:
        return Environment((), ())

    return Runner(
        home=home,
        executor=Watched(warm=True),
        vault=Vault({}),
        checkout=checkout,
        environment=environment,
        artefacts=Artefacts(folder / "artefacts"),
        key=key,
        now=lambda: "2026-01-01T00:00:00.000Z",
        location="l",
        instance="one",
    )


def _map(bundle: Bundle) -> MapUpdate:
    subject = ResourceRef(platform="c", kind="Deployment", namespace="shop", name="front")
    task = BoundTask(title="Do Nothing", resolved_title="Do Nothing", documentation="", tags=(), access="read-only")
    collection = CollectionRef(url=str(bundle.root), ref="x", commit="worktree")
    runbook = Runbook(
        bundle=BundleRef(collection=collection, path=f"codebundles/{bundle.name}", robot="runbook.robot"),
        variables={},
        secrets=(),
        tasks=(task,),
    )
    slx = SLX(name="front", alias="front", statement="", resources=(subject,), tags={}, runbook=runbook, sli=None)
    scope = Scope(platform="c", kind="Deployment", namespace="")
    ill = Resource(ref=subject, labels={}, health="ill", summary="0 of 1 ready", facts={}, software=())
    return MapUpdate(
        location="l",
        platform="c",
        platforms=("c",),
        base="",
        digest="1",
        final=True,
        readings=(ScopeReading(scope=scope, complete=True, problem=""),),
        scopes_gone=(),
        resources=(ill,),
        gone=(),
        related=(),
        slxs=(slx,),
        slxs_gone=(),
    )


async def _session(client: httpx2.AsyncClient) -> None:
    session = (await client.post("/api/v1/sessions", json=ASKED)).json()["session"]
    while (await client.get(f"/api/v1/sessions/{session}")).json()["state"] in ("open", "running", "waiting"):
        await asyncio.sleep(0.05)
    report = (await client.get(f"/api/v1/sessions/{session}")).json()
    assert report["tasks_run"] == 1, report


def _size(folder: Path) -> int:
    """Bytes in use in every database, without pages that are free again."""
    total = 0
    for file in folder.glob("*.sqlite"):
        with contextlib.closing(sqlite3.connect(file)) as connection:
            pages, free, size = (
                connection.execute(f"pragma {name}").fetchone()[0]
                for name in ("page_count", "freelist_count", "page_size")
            )
            total += (pages - free) * size
    return total


def tools(url: str) -> float:
    """CPU seconds that the commands of curl-http-ok cost by themselves: one curl and three jq pipes."""
    asked = """echo '{"name": "x"}' | jq -r .kind | sed 's/ *$//' | tr -d '\\n'"""
    before = os.times()
    for _ in range(WARM):
        for command in (f"curl -s -o /dev/null {url}", asked, asked, asked):
            subprocess.run(["bash", "-c", command], check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    return (after.children_user + after.children_system - before.children_user - before.children_system) / WARM


def tables(folder: Path) -> dict[str, int]:
    """Rows of every table that has any, for whoever wants to know where the bytes go."""
    found: dict[str, int] = {}
    for file in folder.glob("*.sqlite"):
        with contextlib.closing(sqlite3.connect(file)) as connection:
            names = [row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")]
            found |= {
                f"{file.stem}.{name}": connection.execute(f"select count(*) from {name}").fetchone()[0]
                for name in names
            }
    return {name: count for name, count in found.items() if count}


def _collection(folder: Path) -> None:
    for name, text in (("empty", EMPTY), ("curl", CURL), ("sleep", SLEEP)):
        bundle = folder / "codebundles" / name
        bundle.mkdir(parents=True)
        (bundle / "runbook.robot").write_text(text)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing."""


async def main() -> None:
    page = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=page.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{page.server_port}"
    with tempfile.TemporaryDirectory() as base:
        root = Path(base) / "collection"
        _collection(root)
        empty = Bundle(root, "empty", {})
        public = Path(os.environ.get("RUNSTONE_COLLECTIONS", "/nowhere")) / "rw-cli-codecollection"
        given = {"URLS": url, "TARGET_LATENCY": "5", "OWNER_DETAILS": '{"name": "x"}'}
        curl = Bundle(public, "curl-http-ok", given) if public.is_dir() else Bundle(root, "curl", given)
        warm = Watched(warm=True)
        empty_cold, empty_cold_wall, _ = await cost(empty, warm, COLD, fresh=True)
        empty_warm, empty_wall, resident = await cost(empty, warm, WARM)
        curl_warm, curl_wall, curl_resident = await cost(curl, warm, WARM)
        figures = {
            "empty_cold_cpu_s": round(empty_cold, 3),
            "empty_warm_cpu_s": round(empty_warm, 3),
            "curl_warm_cpu_s": round(curl_warm, 3),
            "curl_tools_cpu_s": round(tools(url), 3),
            "child_rss_mb": round(max(resident, curl_resident), 1),
            "empty_cold_wall_s": round(empty_cold_wall, 3),
            "empty_warm_wall_s": round(empty_wall, 3),
            "curl_warm_wall_s": round(curl_wall, 3),
            "curl_bundle": str(curl.name),
            **await many(empty, warm),
            "queued": QUEUED,
            "workers": WORKERS,
            "stored_bytes": round(await stored(empty, Path(base) / "data")),
            "cancel_s": round(await cancelled(Bundle(root, "sleep", {}), Path(base) / "data2"), 2),
        }
    page.shutdown()
    print(json.dumps(figures))


if __name__ == "__main__":
    asyncio.run(main())
