"""One round of discovery, for tests of what comes of it."""

import asyncio
import datetime as dt
from pathlib import Path

from runstone.connectors.platforms import Platform
from runstone.edge.discovery.binding import Source
from runstone.edge.discovery.documents import Setting
from runstone.edge.discovery.inventory import Inventory
from runstone.edge.discovery.scan import Scanner
from runstone.model.resource import Resource
from runstone.model.wire import MapAnswer, MapUpdate
from runstone.model.workspace import SLX


class Map:
    """What home was told."""

    def __init__(self) -> None:
        self.resources: dict[str, Resource] = {}
        self.slxs: dict[str, SLX] = {}
        self.findings: list[str] = []

    async def take(self, update: MapUpdate) -> MapAnswer:
        self.resources |= {one.ref.path: one for one in update.resources}
        self.slxs |= {one.name: one for one in update.slxs}
        return MapAnswer(changed=1, fits=True, held=update.digest)

    def kinds(self) -> set[str]:
        return {slx.resources[0].kind for slx in self.slxs.values()}

    def software(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for one in self.resources.values():
            for known in one.software:
                found.setdefault(known.id, set()).add(one.ref.kind)
        return found


def mapped(folder: Path, platform: Platform, *sources: Source) -> Map:
    """One round of discovery."""
    scanner = Scanner(
        [platform],
        sources,
        setting=Setting("w", "l", {}),
        inventory=Inventory(folder / "inventory.sqlite"),
        now=lambda: dt.datetime(2026, 3, 1, tzinfo=dt.UTC),
    )
    found = Map()
    asyncio.run(scanner.scan(found.take))
    found.findings = [f"{one.file}: {one.message}" for one in scanner.findings]
    return found
