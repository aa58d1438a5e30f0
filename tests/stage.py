"""Nouns for tests, made short: resources, SLXs, Issues; and a runner that says what a test scripts."""

import contextlib
import hashlib
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from runstone.catalog.builder import Builder
from runstone.control.access import Actor
from runstone.control.workspace import Control
from runstone.edge.home import Home
from runstone.model.content import BundleRef, CauseCode, CollectionRef
from runstone.model.resource import Relation, Resource, ResourceRef, Scope, ScopeReading
from runstone.model.run import Issue
from runstone.model.wire import Completion, Lease, LeaseRequest, MapUpdate, Progress, ProgressReport, Related
from runstone.model.workspace import SLX, BoundTask, Runbook
from runstone.server import app as server
from runstone.server.auth import Tokens, fingerprint

NOW = "2026-01-01T00:00:00.000Z"
KEY = hashlib.sha256(b"runner").digest()


def ref(text: str, namespace: str = "shop") -> ResourceRef:
    """``Kind/name`` in a namespace of the platform ``c``."""
    kind, name = text.split("/")
    return ResourceRef(platform="c", kind=kind, namespace="" if kind in ("Node", "Namespace") else namespace, name=name)


def resource(text: str, health: str = "ok", summary: str = "", namespace: str = "shop") -> Resource:
    return Resource.model_validate(
        {
            "ref": ref(text, namespace),
            "labels": {},
            "health": health,
            "summary": summary or health,
            "facts": {},
            "software": (),
        }
    )


def relation(source: str, type_: str, target: str) -> Relation:
    return Relation.model_validate({"source": ref(source), "type": type_, "target": ref(target), "detail": ""})


def bound(title: str, access: str = "read-only", tags: tuple[str, ...] = ()) -> BoundTask:
    return BoundTask.model_validate(
        {"title": title, "resolved_title": title, "documentation": "", "tags": tags, "access": access}
    )


def slx(subject: str, *tasks: BoundTask, namespace: str = "shop") -> SLX:
    collection = CollectionRef(url="test", ref="main", commit="0" * 40)
    name = subject.lower().replace("/", "-")
    runbook = Runbook(
        bundle=BundleRef(collection=collection, path="codebundles/x", robot="runbook.robot"),
        variables={"NAME": subject.split("/")[1]},
        secrets=(),
        tasks=tasks,
    )
    subject_ref = ref(subject, namespace)
    return SLX(name=name, alias=name, statement="", resources=(subject_ref,), tags={}, runbook=runbook, sli=None)


def issue(title: str, resource: str, cause: str = "", **more: Any) -> Issue:
    body: dict[str, Any] = {
        "severity": 2,
        "title": title,
        "expected": "",
        "actual": f"{title} in fact",
        "details": "",
        "next_steps": (),
        "reproduce_hint": "",
        "observed_at": NOW,
        "resource": ref(resource) if resource else None,
        "cause": cause,
        "evidence": (f"line of {title}",),
        "blames": (),
    }
    return Issue.model_validate(body | more)


def code(name: str, kind: str = "root", explains: tuple[str, ...] = (), patterns: tuple[str, ...] = ()) -> CauseCode:
    return CauseCode.model_validate(
        {
            "code": name,
            "title": name,
            "kind": kind,
            "resource_kinds": (),
            "explains": explains,
            "patterns": patterns,
            "checks": (),
        }
    )


def map_update(
    resources: tuple[Resource, ...],
    relations: tuple[Relation, ...] = (),
    slxs: tuple[SLX, ...] = (),
    final: bool = True,
) -> MapUpdate:
    kinds = sorted({one.ref.kind for one in resources})
    readings = tuple(
        ScopeReading(scope=Scope(platform="c", kind=kind, namespace=""), complete=True, problem="") for kind in kinds
    )
    sources = {one.source.path: one.source for one in relations}
    related = tuple(
        Related(source=source, relations=tuple(one for one in relations if one.source == source))
        for source in sources.values()
    )
    said = "".join(one.model_dump_json() for one in (*resources, *relations, *slxs))
    return MapUpdate(
        location="local",
        platform="c",
        platforms=("c",),
        base="",
        digest=hashlib.sha256(said.encode()).hexdigest(),
        final=final,
        readings=readings,
        scopes_gone=(),
        resources=resources,
        gone=(),
        related=related,
        slxs=slxs,
        slxs_gone=(),
    )


Script = Callable[[str, int], tuple[list[Issue], str]]
"""(Task title, how often it ran before) to its Issues and state."""


@dataclass
class FakeRunner:
    """Speaks the wire protocol and says what the script tells; records what ran."""

    home: Home
    script: Script
    instance: str = "one"
    ran: list[str] = field(default_factory=list[str])
    leases: list[Lease] = field(default_factory=list[Lease])

    async def lease(self, wait_s: float = 0.5, free: int = 4) -> tuple[Lease, ...]:
        ask = LeaseRequest(location="local", runner="r", instance=self.instance, free=free, wait_s=wait_s)
        got = (await self.home.lease(ask)).leases
        self.leases += got
        return got

    async def run(self, lease: Lease, *, complete: bool = True) -> None:
        seq = 0
        said: list[Progress] = []
        for title in lease.titles:
            issues, state = self.script(title, self.ran.count(title))
            self.ran.append(title)
            lines = "".join(f"{line}\n" for one in issues for line in one.evidence) + "it looked\n"
            bodies: list[dict[str, Any]] = [{"type": "started"}, {"type": "output", "output": lines}]
            bodies += [{"type": "issue", "issue": one} for one in issues]
            bodies.append({"type": "done", "state": state, "elapsed_s": 0.1})
            for body in bodies:
                seq += 1
                said.append(
                    Progress.model_validate({"seq": seq, "title": title, "resolved_title": title, "at": NOW, **body})
                )
        await self.home.progress(lease.request, ProgressReport(token=lease.token, progress=tuple(said)))
        if complete:
            await self.home.complete(lease.request, Completion(token=lease.token, state="done", message=""))

    async def work(self) -> None:
        while True:
            for lease in await self.lease(wait_s=1.0):
                await self.run(lease)


@dataclass
class Stage:
    """A control zone with its API, a client that asks, and the way in for a runner."""

    control: Control
    client: httpx2.AsyncClient
    home: Home

    def runner(self, script: Script, instance: str = "one") -> FakeRunner:
        return FakeRunner(self.home, script, instance)


@contextlib.asynccontextmanager
async def stage(
    data: Path, causes: tuple[CauseCode, ...] = (), catalogue: Builder | None = None
) -> AsyncGenerator[Stage]:
    control = await Control.open(data, workspace="w", location="local", causes=causes, runner_keys={"local": KEY})
    actors = {
        fingerprint("user"): Actor(name="user:test", role="operator"),
        fingerprint("viewer"): Actor(name="user:viewer", role="viewer"),
        fingerprint("runner"): Actor(name="runner:local", role="runner"),
    }
    app = server.build(control, Tokens(actors), catalogue)
    transport = httpx2.ASGITransport(app=app)
    try:
        async with (
            httpx2.AsyncClient(
                transport=transport, base_url="http://test", headers={"Authorization": "Bearer user"}
            ) as client,
            httpx2.AsyncClient(transport=transport, base_url="http://test") as home,
        ):
            yield Stage(control, client, Home(home, "runner"))
    finally:
        await control.close()
