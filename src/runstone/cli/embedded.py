"""Runstone in one process: control zone, edge and API put together, speaking HTTP to each other without sockets."""

import asyncio
import contextlib
import fcntl
import json
import os
import socket
from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import structlog
import uvicorn
from fastapi import FastAPI

from runstone.catalog.builder import Builder
from runstone.cli import edges, platforms, registry
from runstone.content import checkout, parse
from runstone.control.access import Actor
from runstone.control.clock import token
from runstone.control.workspace import Control
from runstone.edge.agent import Edge
from runstone.edge.home import Home
from runstone.errors import BadInput, Broken, Conflict, RunstoneError
from runstone.model.content import CodeCollection, CollectionRef
from runstone.server import app as server
from runstone.server.auth import Tokens, fingerprint
from runstone.settings import Settings

log = structlog.get_logger()


@dataclass(frozen=True)
class Credentials:
    """The two tokens of an embedded instance, kept in the data folder, readable by its owner alone."""

    user: str
    runner: str


@dataclass(frozen=True)
class Embedded:
    """A running instance. ``client`` speaks to its API, authenticated as the local user."""

    settings: Settings
    app: FastAPI
    control: Control
    edge: Edge
    builder: Builder
    client: httpx2.AsyncClient
    credentials: Credentials


@contextlib.asynccontextmanager
async def start(settings: Settings) -> AsyncGenerator[Embedded]:
    """Everything in this process, discovery and runner at work. Raises BadInput, Unreachable with what to do."""
    data = data_folder(settings.data)
    with held(data):
        credentials = _credentials(data)
        known = await collections(settings, data)
        found = platforms.chosen(settings)
        control = await Control.open(
            data,
            workspace=settings.workspace,
            location=settings.location,
            causes=tuple(cause for collection, _ in known for cause in collection.causes),
            runner_keys={settings.location: edges.key(credentials.runner)},
        )
        try:
            async with registry.opened(settings) as catalogue:
                builder = Builder(catalogue)
                app = server.build(control, _tokens(credentials, settings.location), builder)
                async with _client(app, credentials.user) as client, _client(app, credentials.runner) as home:
                    edge = edges.built(settings, data, known, found, Home(home, credentials.runner), credentials.runner)
                    yield Embedded(settings, app, control, edge, builder, client, credentials)
        finally:
            await control.close()


@contextlib.asynccontextmanager
async def working(embedded: Embedded) -> AsyncGenerator[None]:
    """Edge and housekeeping run for as long as the block lasts; their failure ends the block with it."""
    async with asyncio.TaskGroup() as group:
        work = (embedded.edge.run(), _sweep(embedded.control), embedded.builder.run())
        tasks = [group.create_task(one) for one in work]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


@contextlib.asynccontextmanager
async def listening(embedded: Embedded) -> AsyncGenerator[str]:
    """Serve the API and the page while the block lasts; gives the base URL. Raises Conflict for a taken port."""
    host, port = embedded.settings.host, embedded.settings.port
    sock = _bound(host, port)
    config = uvicorn.Config(embedded.app, log_level="warning", timeout_graceful_shutdown=2, lifespan="off")
    listener = _Server(config)
    serving = asyncio.create_task(listener.serve(sockets=[sock]))
    while not (listener.started or serving.done()):  # noqa: ASYNC110  the server has no event to wait for
        await asyncio.sleep(0.01)
    shown = f"[{host}]" if ":" in host else host
    url = f"http://{shown}:{sock.getsockname()[1]}"
    running = embedded.settings.data / "running.json"
    running.write_text(json.dumps({"url": url, "pid": os.getpid()}))
    try:
        yield url
    finally:
        running.unlink(missing_ok=True)
        listener.should_exit = True
        await serving


def running_instance(data: Path) -> tuple[str, str] | None:
    """URL and user token of the instance that runs on the folder ``data``, if one does."""
    try:
        said = json.loads((data / "running.json").read_text())
        os.kill(said["pid"], 0)
        return said["url"], json.loads((data / "credentials.json").read_text())["user"]
    except (OSError, ValueError, KeyError):
        return None


class _Server(uvicorn.Server):
    """Leaves the signals to the command that started it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


def _bound(host: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as err:
        sock.close()
        raise Conflict(
            f"Port {port} on {host} cannot be used: {err.strerror}. Stop what holds it, or use --port 0."
        ) from err
    return sock


async def _sweep(control: Control) -> None:
    while True:
        await asyncio.sleep(5)
        try:
            await control.queue.sweep()
        except RunstoneError as err:
            log.warning("sweep failed", problem=str(err))


async def collections(settings: Settings, data: Path) -> list[tuple[CodeCollection, Path]]:
    """The built-in CodeCollection and those of the settings, parsed, with the folder each is in."""
    found = [_parsed(*builtin())]
    for said in (one for given in settings.collections for one in _expanded(given)):
        url, _, ref = said.rpartition("@") if "@" in said.rsplit("/", 1)[-1] else (said, "", "")
        found.append(_parsed(*await checkout.at(url, ref or None, data / "checkouts")))
    return found


def _expanded(said: str) -> list[str]:
    """A folder of CodeCollections as each of them; anything else as it is."""
    folder = Path(said).expanduser()
    if not folder.is_dir() or (folder / "codebundles").is_dir():
        return [said]
    return [str(one.parent) for one in sorted(folder.glob("*/codebundles"))] or [said]


def _parsed(ref: CollectionRef, root: Path) -> tuple[CodeCollection, Path]:
    return parse.collection(root, ref), root


def builtin() -> tuple[CollectionRef, Path]:
    """The built-in CodeCollection: packed with the installed package, or beside the source tree."""
    package = Path(__file__).resolve().parents[1]
    for root in (package / "_codecollection", package.parents[1] / "codecollection"):
        if (root / "codebundles").is_dir():
            return CollectionRef(url=str(root), ref="builtin", commit="worktree"), root
    raise Broken(f"The built-in CodeCollection is missing beside {package}. Install Runstone again.")


def data_folder(path: Path) -> Path:
    """The folder, made if need be, readable by its owner alone. Raises BadInput."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.chmod(0o700)
    except OSError as err:
        raise BadInput(f"The data folder {path} cannot be used: {err.strerror}. Choose another with --data.") from err
    return path


@contextlib.contextmanager
def held(data: Path) -> Generator[None]:
    """One instance per data folder: two would take each other's work."""
    with (data / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as err:
            raise Conflict(f"Another Runstone works on {data}. Stop it, or use another folder with --data.") from err
        yield


def _credentials(data: Path) -> Credentials:
    path = data / "credentials.json"
    if not path.exists():
        edges.write_private(path, json.dumps({"user": token() + token(), "runner": token() + token()}))
    try:
        said = json.loads(path.read_text())
        return Credentials(user=said["user"], runner=said["runner"])
    except (ValueError, KeyError) as err:
        raise BadInput(
            f"The token file {path} cannot be read. Delete it; new tokens are made at the next start."
        ) from err


def _tokens(credentials: Credentials, location: str) -> Tokens:
    return Tokens(
        {
            fingerprint(credentials.user): Actor(name="user:local", role="operator"),
            fingerprint(credentials.runner): Actor(name=f"runner:{location}", role="runner"),
        }
    )


def _client(app: FastAPI, bearer: str) -> httpx2.AsyncClient:
    headers = {"Authorization": f"Bearer {bearer}"}
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app, raise_app_exceptions=False),
        base_url="http://runstone.local",
        headers=headers,
    )
