"""The sandbox cluster as one thing: start it, break it, mend it, stop it."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
import yaml

from runstone.errors import NotFound
from runstone.sandbox import alerts, faults, operator, shop
from runstone.sandbox.access import AuditRecord, Ban
from runstone.sandbox.api import TOKEN_PATH, Api
from runstone.sandbox.clock import Clock
from runstone.sandbox.kinds import POD
from runstone.sandbox.objects import Obj, is_leaving, is_over, is_ready, labels_of, name_of
from runstone.sandbox.simulation import Simulation
from runstone.sandbox.world import World

HISTORY_SECONDS = 3 * 86400 + 4200.0
"""How old the cluster is when it starts."""
FAULT_AGE_SECONDS = 780.0
"""How long ago the faults given to `start` happened: longer than a Deployment's progress deadline of 600 s."""
PACE = 5.0
"""Kubelet back-offs and probe periods run this many times faster than real once the cluster is live."""
CLOSE_SECONDS = 1
"""How long open connections may take to end when the cluster stops."""


class _Server(uvicorn.Server):
    """A server that leaves signals to the process it runs in."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Nothing: no signal is ever ours."""


@dataclass
class Sandbox:
    """A running cluster. Made by `Sandbox.start`."""

    world: World
    simulation: Simulation
    api: Api
    port: int

    @classmethod
    @asynccontextmanager
    async def start(
        cls, port: int = 0, faults: Sequence[str] = (), noise: bool = False, pace: float = PACE
    ) -> "AsyncGenerator[Sandbox]":
        """Serve a settled cluster on 127.0.0.1:`port` (0 = any free one) until the block ends.

        `faults` happened FAULT_AGE_SECONDS ago, so their symptoms are there at once. Raises NotFound for an
        unknown fault and OSError for a taken port.
        """
        chosen = [_load(name) for name in faults]
        listener = socket.create_server(("127.0.0.1", port))
        simulation = _history(chosen, noise, pace)
        api = Api(simulation.world)
        config = uvicorn.Config(
            api,
            lifespan="off",
            ws="none",
            log_config=None,
            log_level="error",
            access_log=False,
            timeout_graceful_shutdown=CLOSE_SECONDS,
        )
        server = _Server(config)
        self = cls(simulation.world, simulation, api, listener.getsockname()[1])
        driving = asyncio.create_task(simulation.run(), name="sandbox-simulation")
        serving = asyncio.create_task(server.serve(sockets=[listener]), name="sandbox-api")
        try:
            while not server.started and not serving.done():  # noqa: ASYNC110 — uvicorn has no event for it
                await asyncio.sleep(0.005)
            yield self
        finally:
            api.is_closing = True
            simulation.world.store.close()
            server.should_exit = True
            driving.cancel()
            await asyncio.gather(driving, serving, return_exceptions=True)
            listener.close()

    @property
    def url(self) -> str:
        """The API server, without a token."""
        return f"http://127.0.0.1:{self.port}"

    def token(self, user: str = "admin") -> str:
        """The bearer token of "admin" or "viewer". Raises NotFound."""
        if user not in self.world.gate.tokens:
            raise NotFound(f"No user {user!r} in the sandbox. There are: {', '.join(self.world.gate.tokens)}.")
        return self.world.gate.tokens[user]

    def kubeconfig_text(self, user: str = "admin", namespace: str = shop.NAMESPACE) -> str:
        """A kubeconfig for that user. The token is in the server's path too, since kubectl sends none over HTTP."""
        token, name = self.token(user), f"sandbox-{user}"
        document: Obj = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "sandbox", "cluster": {"server": f"{self.url}{TOKEN_PATH}{token}"}}],
            "users": [{"name": name, "user": {"token": token}}],
            "contexts": [{"name": name, "context": {"cluster": "sandbox", "user": name, "namespace": namespace}}],
            "current-context": name,
        }
        return yaml.safe_dump(document, sort_keys=False)

    def write_kubeconfig(self, path: Path, user: str = "admin") -> Path:
        """Write the kubeconfig, readable by its owner only, and return its path; replaced whole, as others may read."""
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.new")
        fresh.touch(mode=0o600)
        fresh.chmod(0o600)
        fresh.write_text(self.kubeconfig_text(user), "utf-8")
        return fresh.replace(path)

    async def inject(self, name: str) -> None:
        """Let a fault happen now. Raises NotFound."""
        operator.inject(self.world, faults.load(name))

    async def revert(self, name: str) -> None:
        """Undo a fault now. Raises NotFound."""
        operator.revert(self.world, faults.load(name))

    async def settled(self, within: float = 10.0) -> bool:
        """Wait until nothing has changed for a second or `within` seconds have passed; True for the former."""
        ends, seen, since = time.monotonic() + within, -1, time.monotonic()
        while time.monotonic() < ends:
            if self.world.store.version != seen:
                seen, since = self.world.store.version, time.monotonic()
            elif time.monotonic() - since >= 1.0:
                return True
            await asyncio.sleep(0.1)
        return False

    async def healthy(self, within: float = 10.0, namespace: str = shop.NAMESPACE) -> list[str]:
        """Wait until all Pods of a namespace are ready; returns those that are not when the time is up."""
        ends = time.monotonic() + within
        while (ill := self.ill(namespace)) and time.monotonic() < ends:  # noqa: ASYNC110 — as a person would look
            await asyncio.sleep(0.1)
        return ill

    def ill(self, namespace: str = shop.NAMESPACE) -> list[str]:
        """Names of the Pods of a namespace that neither are ready nor have ended."""
        pods = self.world.store.all(POD, namespace)
        return sorted(name_of(pod) for pod in pods if not is_over(pod) and (not is_ready(pod) or is_leaving(pod)))

    def alert(self, name: str) -> dict[str, Any]:
        """The Alertmanager webhook body that the symptom of that fault sends. Raises NotFound."""
        fault = faults.load(name)
        app = fault.alert.get("pod_of", "")
        pods = [pod for pod in self.world.store.all(POD, shop.NAMESPACE) if labels_of(pod).get("app") == app]
        ill_first = sorted(pods, key=lambda pod: (is_ready(pod), name_of(pod)))
        return alerts.body(fault, name_of(ill_first[0]) if ill_first else app, self.world.now)

    @property
    def audit(self) -> list[AuditRecord]:
        """Every request so far, oldest first."""
        return list(self.world.gate.audit)

    def writes(self, user: str = "") -> list[AuditRecord]:
        """The requests that could have changed something, of one user or of all who came over HTTP."""
        people = [one for one in self.world.gate.audit if one.user != operator.USER]
        return [one for one in people if one.is_write and one.code < 400 and user in ("", one.user)]

    def forbid(self, user: str, verb: str, resource: str, namespace: str = "") -> Ban:
        """From now on 403 for that user. `resource` is plural, as in "pods" or "pods/log"; "*" is any."""
        return self.world.gate.forbid(user, verb, resource, namespace)

    def allow(self, ban: Ban) -> None:
        """Lift a ban."""
        self.world.gate.allow(ban)

    def expire_token(self, user: str) -> None:
        """Make that user's token worthless: 401 from now on, until a new kubeconfig is asked for."""
        self.world.gate.expire(user)


def _load(name: str) -> faults.Fault:
    return faults.load(name)


def _history(chosen: list[faults.Fault], noise: bool, pace: float) -> Simulation:
    """A cluster that has run for three days and in which the chosen faults happened a while ago."""
    now = time.time()
    world = World(Clock(now - HISTORY_SECONDS), pace)
    simulation = Simulation(world)
    operator.install(world, shop.system())
    simulation.pass_time_to(now - HISTORY_SECONDS + 60)
    operator.install(world, shop.manifests())
    simulation.pass_time_to(now - 1.5 * FAULT_AGE_SECONDS)
    if noise:
        operator.install(world, shop.noise())
    simulation.pass_time_to(now - FAULT_AGE_SECONDS)
    for fault in chosen:
        operator.inject(world, fault)
    simulation.pass_time_to(time.time())
    world.clock.release()
    return simulation
