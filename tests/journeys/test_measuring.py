"""From an SLI on the Map to what a person sees: a real runner runs real suites, ``runstone sli`` shows the rest."""

import asyncio
import contextlib
import json
import os
import shutil
import sys
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import uvicorn

from measuring import FakeClock, Measuring, map_of, measured, measuring
from runstone import plugins, settings
from runstone.cli import embedded, follow
from runstone.content import parse
from runstone.content.dependencies import Environment
from runstone.control.clock import stamp
from runstone.edge.runner.agent import Runner
from runstone.edge.runner.artefacts import Artefacts
from runstone.edge.runner.secrets import Vault
from runstone.model.content import CollectionRef
from runstone.model.workspace import SLX
from runstone.sandbox.cluster import Sandbox
from stage import KEY, bound

COLLECTION = Path(__file__).parents[1] / "data" / "collections" / "measures"


def suite(subject: str, bundle: str, **variables: str) -> SLX:
    """An SLX measured every 30 s by a bundle of the tiny collection."""
    tasks = parse.suite(COLLECTION / "codebundles" / bundle / "sli.robot").tasks
    slx = measured(subject, bundle, 30)
    assert slx.sli is not None
    bound_tasks = tuple(bound(task.title) for task in tasks)
    name = subject.split("/")[1]
    sli = slx.sli.model_copy(update={"variables": {"NAME": name, **variables}, "tasks": bound_tasks})
    return slx.model_copy(update={"sli": sli})


@contextlib.asynccontextmanager
async def at_work(one: Measuring, folder: Path) -> AsyncGenerator[None]:
    """A real runner with six slots, and the tiny collection in ``folder``, where suites can read."""
    collection = Path(shutil.copytree(COLLECTION, folder / "collection"))

    async def checkout(_: CollectionRef) -> Path:
        return collection

    async def environment(_: Path) -> Environment:
        return Environment(folders=(), findings=())

    runner = Runner(
        home=one.home,
        executor=plugins.load("executors", "process")(),
        vault=Vault({}),
        checkout=checkout,
        environment=environment,
        artefacts=Artefacts(folder / "artefacts"),
        key=KEY,
        now=lambda: stamp(one.clock.now()),
        location="local",
        instance="one",
        slots=6,
    )
    task = asyncio.create_task(runner.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(one: Measuring, look: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The SLIs by the name of their subject, as soon as they look so."""
    async with asyncio.timeout(40):
        while not look(found := {row["subject"]["name"]: row for row in await one.get("/api/v1/slis")}):
            await asyncio.sleep(0.1)
    return found


@contextlib.asynccontextmanager
async def listening(one: Measuring, data: Path) -> AsyncGenerator[None]:
    """The API on loopback, announced as ``runstone up`` does it."""
    server = uvicorn.Server(uvicorn.Config(one.app, port=0, log_level="warning", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    (data / "running.json").write_text(json.dumps({"url": f"http://127.0.0.1:{port}", "pid": os.getpid()}))
    (data / "credentials.json").write_text(json.dumps({"user": "user", "runner": "runner"}))
    try:
        yield
    finally:
        server.should_exit = True
        await serving


async def runstone(data: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "runstone.cli.main", "sli", *arguments, "--data", str(data)]
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, err.decode()
    return out.decode()


async def test_what_suites_push_is_shown_and_what_goes_wrong_is_never_silent(tmp_path: Path) -> None:
    go_on = tmp_path / "collection" / "go-on"
    async with measuring(tmp_path, FakeClock()) as one:
        slxs = (
            suite("Deployment/cart", "score"),
            suite("Deployment/tardy", "slow", GO_ON=str(go_on)),
            suite("Deployment/mute", "silent"),
            suite("Deployment/pay", "broken"),
            suite("Deployment/vague", "untagged"),
            suite("Deployment/sly", "changing"),
            suite("Deployment/deaf", "untold"),
        )
        await one.home.map_update(map_of(*slxs))
        await one.control.queue.sweep()
        one.clock.advance(30, leases=False)
        async with at_work(one, tmp_path), listening(one, tmp_path):
            ended = ("cart", "mute", "pay", "vague", "sly", "deaf")
            await until(one, lambda found: all(found[name]["ended_at"] for name in ended))
            one.clock.advance(46, leases=False)
            await one.control.queue.sweep()
            await until(one, lambda found: found["tardy"]["standing"] == "late")
            table = await runstone(tmp_path)
            cart = await runstone(tmp_path, "shop/cart")
            listed = {row["subject"]["name"]: row for row in json.loads(await runstone(tmp_path, "--json"))}
            go_on.touch()
            after = await until(one, lambda found: found["tardy"]["standing"] == "ok")
    assert {name: row["standing"] for name, row in listed.items()} == {
        "cart": "ok",
        "tardy": "late",
        "mute": "failing",
        "pay": "failing",
        "vague": "ok",
        "sly": "failing",
        "deaf": "failing",
    }
    assert listed["mute"]["reason"] == "pushed no metric"
    assert "the API at shop.example does not answer" in listed["pay"]["reason"]
    assert all("may change things" in listed[name]["reason"] for name in ("sly", "deaf"))
    assert "7 SLIs: 4 failing, 1 late, 2 ok" in table
    assert "still going when the next was due" in table
    assert "0.75" in table
    assert "pods zone=a" in cart
    assert [line.split()[1] for line in cart.splitlines() if line.strip().startswith("lookback")] == ["45"]
    assert after["tardy"]["last"]["value"] == 1


async def test_without_a_runner_the_command_says_so(tmp_path: Path) -> None:
    async with measuring(tmp_path, FakeClock()) as one:
        await one.home.map_update(map_of(suite("Deployment/cart", "score")))
        await one.control.queue.sweep()
        async with listening(one, tmp_path):
            table = await runstone(tmp_path)
    assert "no runner at location 'local' gives a sign of life; start one there" in table
    assert "1 SLIs: 1 no runner" in table


async def test_the_built_in_collection_measures_the_sandbox(tmp_path: Path) -> None:
    async with Sandbox.start(faults=("selector-mismatch",)) as cluster:
        kubeconfig = cluster.write_kubeconfig(tmp_path / "kubeconfig")
        told = settings.read({}, data=tmp_path / "data", kubeconfig=str(kubeconfig), namespaces=("shop",))
        async with embedded.start(told) as one:
            await one.edge.scan()
            (shop,) = [row for row in await _listed(one) if row["subject"]["kind"] == "Namespace"]
            assert shop["standing"] == "no_runner"
            async with embedded.working(one), asyncio.timeout(60):
                while not [row for row in await _listed(one) if row["last"]]:
                    await asyncio.sleep(0.2)
                first = next(row for row in await _listed(one) if row["last"])
                detail = await follow.call(one.client, "GET", f"/api/v1/slis/{first['slx']}")
        assert cluster.writes() == [], "measuring changes nothing"
    assert first["standing"] == "ok", first["reason"]
    assert len({series["sub_name"] for series in detail["series"]}) > 1


async def _listed(one: embedded.Embedded) -> list[dict[str, Any]]:
    await one.control.queue.sweep()
    found: list[dict[str, Any]] = await follow.call(one.client, "GET", "/api/v1/slis")
    return found
