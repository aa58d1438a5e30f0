"""What happens in a cluster after it was read, list by list.

Facts as in the Kubernetes API concepts: a watch starts at the version of a list; bookmarks move that version on; 410
means that it is too old, so that the list is read anew. A list that may be read but not watched is read again now and
then. A watch that breaks off is taken up where it was; when that fails for good, the cluster as a whole cannot be
watched any more.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from runstone.connectors.kept import Object
from runstone.connectors.platforms import Batch, Change
from runstone.connectors.platforms.kubernetes.api import Api, Expired, NotServed, Outdated, Refused
from runstone.connectors.platforms.kubernetes.kinds import Kind
from runstone.errors import Unreachable
from runstone.model.resource import ResourceRef

_ATTEMPTS = 4
_PAUSE_S = 1.0
_POLL_S = 30.0
"""How often a list is read that may not be watched."""


Piece = Batch | Change


@dataclass
class Watched:
    """One list, as it was last read."""

    kind: Kind
    group: str
    namespace: str
    version: str


Relist = Callable[[Watched], Awaitable[Batch]]
"""Reads the list anew and sets its version."""
Keep = Callable[[Object, Kind, str], Object]
"""Makes of an object what is kept of it, by its kind and group/version."""


class Watch:
    """One list being watched."""

    def __init__(
        self,
        api: Api,
        platform: str,
        watched: Watched,
        told: "asyncio.Queue[Batch | Change]",
        keep: Keep,
        relist: Relist,
    ) -> None:
        self._api = api
        self._platform = platform
        self._watched = watched
        self._told = told
        self._keep = keep
        self._relist = relist

    async def run(self) -> None:
        """Until cancelled. Raises Unreachable or Expired when it cannot go on."""
        failures = 0
        while True:
            try:
                await self._once()
                failures = 0
                # An end without an error is the server's own time limit; never spin on a server that ends at once.
                await asyncio.sleep(0.05)
            except Outdated:
                await self._told.put(await self._relist(self._watched))
            except Expired:
                raise
            except (Refused, NotServed):
                await asyncio.sleep(_POLL_S)
                await self._told.put(await self._relist(self._watched))
            except Unreachable:
                failures += 1
                if failures >= _ATTEMPTS:
                    raise
                await asyncio.sleep(_PAUSE_S * 2**failures)

    async def _once(self) -> None:
        watched = self._watched
        path = watched.kind.path(watched.group, watched.namespace)
        async for event in self._api.events(path, watched.version, bare=watched.kind.bare):
            obj: Object = event.get("object") or {}
            metadata = obj.get("metadata") or {}
            if event.get("type") in ("ADDED", "MODIFIED", "DELETED") and metadata.get("name"):
                await self._told.put(self._change(str(event["type"]), obj))
            watched.version = str(metadata.get("resourceVersion") or watched.version)

    def _change(self, verb: str, obj: Object) -> Change:
        metadata = obj["metadata"]
        kept = None if verb == "DELETED" else self._keep(obj, self._watched.kind, self._watched.group)
        ref = ResourceRef(
            platform=self._platform,
            kind=self._watched.kind.kind,
            namespace=str(metadata.get("namespace") or ""),
            name=str(metadata["name"]),
        )
        return Change(ref, kept)
