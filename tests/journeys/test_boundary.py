"""What never crosses: secret values, whatever a Task does with them; and what a runner process never loads."""

import asyncio
import base64
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2

from runstone import plugins
from runstone.content.dependencies import Environment
from runstone.edge.home import Home
from runstone.edge.runner.agent import Runner
from runstone.edge.runner.artefacts import Artefacts
from runstone.edge.runner.secrets import Vault
from runstone.model.content import BundleRef, CollectionRef
from runstone.model.workspace import SLX, BoundTask, Runbook, SecretNeed
from stage import KEY, NOW, map_update, ref, resource, stage

CANARY = "canary-7f3a9c-s3cr3t/+value"
SUITE = """
*** Settings ***
Library    RW.Core
Library    RW.CLI
Suite Setup    Initialize

*** Tasks ***
Leak Everything
    [Tags]    access:read-only
    RW.Core.Add Pre To Report    plain ${token.value}
    RW.CLI.Run Cli    cmd=echo "from env $token"; echo "$token" | base64    secret__token=${token}
    RW.CLI.Run Cli    cmd=cat token    secret_file__token=${token}
    Log    logged ${token.value}
    Log To Console    console ${token.value}
    ${url}=    Evaluate    __import__("urllib.parse").parse.quote($token.value, safe="")
    RW.Core.Add Issue    severity=2    title=leaked ${token.value}    actual=url ${url}
    ...    details=details ${token.value}    next_steps=step ${token.value}    evidence=plain ${token.value}
    RW.Core.Could Not Check    what ${token.value}    why ${token.value}
    Fail    failed with ${token.value}

*** Keywords ***
Initialize
    RW.Core.Import Secret    token
"""


class Listening(httpx2.ASGITransport):
    """Keeps every body that leaves the edge."""

    def __init__(self, app: Any) -> None:
        super().__init__(app=app)
        self.bodies: list[bytes] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.bodies.append(await request.aread())
        return await super().handle_async_request(request)


def leaky(folder: Path) -> SLX:
    bundle = folder / "codebundles" / "leaky"
    bundle.mkdir(parents=True)
    (bundle / "runbook.robot").write_text(SUITE)
    task = BoundTask(
        title="Leak Everything", resolved_title="Leak Everything", documentation="", tags=(), access="read-only"
    )
    collection = CollectionRef(url=str(folder), ref="x", commit="worktree")
    runbook = Runbook(
        bundle=BundleRef(collection=collection, path="codebundles/leaky", robot="runbook.robot"),
        variables={},
        secrets=(SecretNeed(name="token", key="my-token"),),
        tasks=(task,),
    )
    subject = ref("Deployment/front")
    return SLX(name="leaky", alias="", statement="", resources=(subject,), tags={}, runbook=runbook, sli=None)


async def told(client: httpx2.AsyncClient, session: str) -> dict[str, Any]:
    return (await client.get(f"/api/v1/sessions/{session}")).json()


async def test_no_secret_leaves_the_edge_in_any_form(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(CANARY)
    data = tmp_path / "data"
    data.mkdir()
    collection = tmp_path / "collection"
    async with stage(data) as one:
        transport = Listening(one.client._transport.app)  # pyright: ignore
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:

            async def checkout(_: CollectionRef) -> Path:
                return collection

            async def environment(_: Path) -> Environment:
                return Environment((), ())

            runner = Runner(
                home=Home(client, "runner"),
                executor=plugins.load("executors", "process")(),
                vault=Vault({"my-token": f"file@{tmp_path / 'token'}"}),
                checkout=checkout,
                environment=environment,
                artefacts=Artefacts(tmp_path / "artefacts"),
                key=KEY,
                now=lambda: NOW,
                location="local",
                instance="one",
            )
            await one.home.map_update(map_update((resource("Deployment/front", "ill"),), (), (leaky(collection),)))
            task = asyncio.create_task(runner.run())
            answer = await one.client.post("/api/v1/sessions", json={"text": "why is front failing?", "budget_s": 30})
            session = answer.json()["session"]
            async with asyncio.timeout(30):
                while (report := (await one.client.get(f"/api/v1/sessions/{session}")).json())[
                    "state"
                ] != "inconclusive":
                    await asyncio.sleep(0.1)
            task.cancel()
        timeline = (await one.client.get(f"/api/v1/sessions/{session}/timeline")).text
    assert report["issues"], "the Task ran and its Issue arrived"
    assert "[redacted]" in timeline
    stored = b"".join(file.read_bytes() for file in data.iterdir())
    sent = b"".join(transport.bodies)
    for form in (
        CANARY,
        CANARY.replace("/", "%2F").replace("+", "%2B"),
        base64.b64encode(CANARY.encode()).decode()[:-4],
    ):
        assert form.encode() not in sent
        assert form.encode() not in stored
        assert form not in timeline


def test_a_runner_never_loads_the_server_or_a_database() -> None:
    script = (
        "import sys, runstone.edge.agent, runstone.plugins as p;"
        "p.load('platforms', 'kubernetes'); p.load('executors', 'process'); p.load('secrets', 'file');"
        "bad = [m for m in sys.modules if m.split('.')[0] in ('sqlalchemy', 'dbos', 'fastapi', 'uvicorn')"
        " or m.startswith(('runstone.server', 'runstone.control', 'runstone.db'))];"
        "sys.exit(str(bad) if bad else 0)"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
