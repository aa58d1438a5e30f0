"""An edge put together: platforms, collections, runner and the way home, from settings."""

import datetime as dt
import hashlib
import os
from pathlib import Path

import structlog

from runstone.cli import executors, platforms
from runstone.connectors.platforms import Platform
from runstone.content import checkout, dependencies
from runstone.content.dependencies import Environment
from runstone.control.clock import stamp, token
from runstone.edge.agent import Edge
from runstone.edge.discovery.binding import Source
from runstone.edge.discovery.documents import Setting
from runstone.edge.discovery.inventory import Inventory
from runstone.edge.discovery.scan import Scanner
from runstone.edge.home import Home
from runstone.edge.runner.agent import Runner
from runstone.edge.runner.artefacts import Artefacts
from runstone.edge.runner.secrets import Vault
from runstone.errors import Broken
from runstone.model.content import CodeCollection, CollectionRef
from runstone.settings import Settings

log = structlog.get_logger()
KUBECONFIG_SECRET = "kubeconfig"  # noqa: S105  the name under which Tasks ask for it, not a value
_EVERY_S = 30.0


def built(
    settings: Settings,
    data: Path,
    collections: list[tuple[CodeCollection, Path]],
    found: list[Platform],
    home: Home,
    runner_token: str,
) -> Edge:
    """The edge of one Location; ``data`` is its own folder. Raises BadInput for what cannot be used."""
    kubeconfig = data / "kubeconfig"

    def renew() -> None:
        write_private(kubeconfig, platforms.kubeconfig(found))

    renew()
    roots = {collection.ref: root for collection, root in collections}

    async def environment(root: Path) -> Environment:
        return await dependencies.built(root, data, sources=settings.build_sources)

    async def prepare() -> None:
        for root in roots.values():
            for finding in (await environment(root)).findings:
                log.warning("requirements", collection=root.name, file=finding.file, problem=finding.message)

    async def at(ref: CollectionRef) -> Path:
        return roots.get(ref) or await checkout.pinned(ref, data / "checkouts")

    runner = Runner(
        home=home,
        executor=executors.chosen(settings),
        vault=Vault({KUBECONFIG_SECRET: f"file@{kubeconfig}"}),
        checkout=at,
        environment=environment,
        artefacts=Artefacts(data / "artefacts"),
        key=key(runner_token),
        now=lambda: stamp(dt.datetime.now(dt.UTC)),
        location=settings.location,
        instance=token(),
        tool_path=settings.tool_path,
    )
    scanner = Scanner(
        found,
        [Source.of(collection, root) for collection, root in collections],
        setting=Setting(settings.workspace, settings.location, {"kubeconfig_secret_name": KUBECONFIG_SECRET}),
        inventory=Inventory(data / "inventory.sqlite"),
    )
    return Edge(home, scanner, runner, every_s=_EVERY_S, renew=renew, prepare=prepare)


def key(runner_token: str) -> bytes:
    """What Approvals for this runner are signed with: both sides hold the token's hash."""
    return hashlib.sha256(b"approval\n" + runner_token.encode()).digest()


def write_private(path: Path, text: str) -> None:
    """A file that only its owner can read, replaced whole, since Tasks may be reading it. Raises Broken."""
    fresh = path.with_name(f".{path.name}.new")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        fresh.replace(path)
    except OSError as err:
        raise Broken(
            f"{path} cannot be written: {err.strerror}. Free some space or check the folder's rights."
        ) from err
