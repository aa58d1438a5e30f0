"""What tests of measuring share: a clock that a test moves, SLXs with an SLI, a runner that says what it is told."""

import contextlib
import datetime as dt
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from runstone.control.access import Actor
from runstone.control.clock import stamp
from runstone.control.workspace import Control
from runstone.edge.home import Home
from runstone.model.content import BundleRef
from runstone.model.measure import Metric
from runstone.model.resource import Resource
from runstone.model.wire import Completion, Lease, LeaseRequest, MapUpdate, Progress, ProgressReport
from runstone.model.workspace import SLI, SLX
from runstone.server import app as server
from runstone.server.auth import Tokens, fingerprint
from stage import KEY, bound, map_update, resource, slx


@dataclass
class FakeClock:
    """Stands still until a test moves it. ``seconds`` is what leases are measured by."""

    moment: dt.datetime = field(default_factory=lambda: dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    seconds: float = 1000.0

    def now(self) -> dt.datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.seconds

    def advance(self, seconds: float, *, leases: bool = True) -> None:
        """Let time pass; with ``leases`` False only on the calendar, as if runners had given signs of life."""
        self.moment += dt.timedelta(seconds=seconds)
        self.seconds += seconds if leases else 0.0


def measured(subject: str, bundle: str = "x", interval_s: int = 60, title: str = "Score") -> SLX:
    """An SLX of a subject with an SLI of one Task."""
    base = slx(subject)
    assert base.runbook is not None
    ref = BundleRef(collection=base.runbook.bundle.collection, path=f"codebundles/{bundle}", robot="sli.robot")
    sli = SLI(bundle=ref, variables={}, secrets=(), interval_s=interval_s, tasks=(bound(title),))
    return base.model_copy(update={"sli": sli})


def map_of(*slxs: SLX) -> MapUpdate:
    """A whole round of discovery that found these."""
    resources: dict[str, Resource] = {one.resources[0].path: _resource(one) for one in slxs}
    return map_update(tuple(resources.values()), (), slxs)


def _resource(one: SLX) -> Resource:
    ref = one.resources[0]
    return resource(f"{ref.kind}/{ref.name}", namespace=ref.namespace)


def metric(value: float, sub_name: str = "", **labels: str) -> dict[str, Any]:
    return {"type": "metric", "metric": Metric(sub_name=sub_name, value=value, type="gauge", labels=labels)}


def done(state: str = "passed", message: str = "") -> dict[str, Any]:
    return {"type": "done", "state": state, "message": message}


@dataclass
class Measuring:
    """A control zone under a test's clock, with its API and a way in for runners."""

    clock: FakeClock
    control: Control
    app: Any
    client: httpx2.AsyncClient
    home: Home

    async def get(self, path: str) -> Any:
        answer = await self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def standing(self, name: str) -> tuple[str, str]:
        """Standing and reason of one SLI."""
        one = await self.get(f"/api/v1/slis/{name}")
        return one["standing"], one["reason"]

    async def lease(self, free: int = 8, instance: str = "one", runner: str = "r") -> tuple[Lease, ...]:
        ask = LeaseRequest(location="local", runner=runner, instance=instance, free=free, wait_s=0)
        return (await self.home.lease(ask)).leases

    async def due(self, seconds: float = 120, free: int = 8) -> tuple[Lease, ...]:
        """Let time pass until everything is due, and lease."""
        self.clock.advance(seconds)
        await self.control.queue.sweep()
        return await self.lease(free)

    async def say(self, lease: Lease, *bodies: dict[str, Any], first: int = 1) -> bool:
        """Send Progress, numbered from ``first``, as of now. Whether to stop."""
        common = {"title": "Score", "resolved_title": "Score", "at": stamp(self.clock.now())}
        said = [Progress.model_validate({"seq": n, **common, **body}) for n, body in enumerate(bodies, first)]
        report = ProgressReport(token=lease.token, progress=tuple(said))
        return (await self.home.progress(lease.request, report)).cancel

    async def end(self, lease: Lease, *bodies: dict[str, Any], state: str = "done", message: str = "") -> None:
        """A whole run: say, then complete."""
        if bodies:
            await self.say(lease, *bodies)
        completion = Completion.model_validate({"token": lease.token, "state": state, "message": message})
        await self.home.complete(lease.request, completion)


@contextlib.asynccontextmanager
async def measuring(data: Path, clock: FakeClock | None = None) -> AsyncGenerator[Measuring]:
    clock = clock or FakeClock()
    control = await Control.open(
        data, workspace="w", location="local", causes=(), runner_keys={"local": KEY}, clock=clock
    )
    actors = {
        fingerprint("user"): Actor(name="user:test", role="operator"),
        fingerprint("runner"): Actor(name="runner:local", role="runner"),
    }
    app = server.build(control, Tokens(actors))
    transport, base = httpx2.ASGITransport(app=app), "http://test"
    headers = {"Authorization": "Bearer user"}
    try:
        async with (
            httpx2.AsyncClient(transport=transport, base_url=base, headers=headers) as client,
            httpx2.AsyncClient(transport=transport, base_url=base) as home,
        ):
            yield Measuring(clock, control, app, client, Home(home, "runner"))
    finally:
        await control.close()
