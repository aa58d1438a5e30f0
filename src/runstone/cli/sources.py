"""The CodeCollections of a workspaceInfo.yaml: each fetched by its login, with the bundles that are wanted of it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from runstone import plugins
from runstone.connectors.secrets import SecretProvider
from runstone.content import checkout, parse
from runstone.edge.discovery.binding import Source
from runstone.edge.discovery.collection_entries import CollectionEntry, LoginEntry
from runstone.edge.discovery.workspace_info import WorkspaceInfo
from runstone.errors import BadInput, RunstoneError


@dataclass(frozen=True)
class Places:
    """Where collections are kept here, and where Secrets are read."""

    cache: Path | None
    """A folder of bare clones ``NAME.git``, used instead of the network."""
    checkouts: Path
    kubeconfig: str
    """Of the cluster with the Secrets, outside of a pod; empty for ``$KUBECONFIG``."""


@dataclass
class Fetched:
    """What was had."""

    sources: list[Source] = field(default_factory=list[Source])
    stale: list[str] = field(default_factory=list[str])
    """Sentences on what was not, or only as it was."""


async def fetched(info: WorkspaceInfo, places: Places) -> Fetched:
    """The wanted bundles of every collection. One that cannot be had is said; raises its error when none can."""
    told = Fetched()
    asked = await asyncio.gather(
        *(_source(one, info, places, told.stale.append) for one in info.collections), return_exceptions=True
    )
    failed: list[RunstoneError] = []
    for one in asked:
        if isinstance(one, Source):
            told.sources.append(one)
        elif isinstance(one, RunstoneError):
            failed.append(one)
        else:
            raise one
    if failed and not told.sources:
        raise failed[0]
    told.stale += [f"{err} It is left out." for err in failed]
    return told


async def _source(entry: CollectionEntry, info: WorkspaceInfo, places: Places, stale: Callable[[str], None]) -> Source:
    clone = places.cache / f"{_name(entry.url)}.git" if places.cache else None
    if clone is not None and clone.exists():
        ref, root = await checkout.from_clone(clone, entry.url, entry.ref, places.checkouts)
    else:
        login = await asyncio.to_thread(_login, entry.login, places) if entry.login else None
        ref, root = await checkout.at(entry.url, entry.ref, places.checkouts, stale, login)
    # What is written out names the collection as the workspace does.
    ref = ref.model_copy(update={"url": entry.url})
    root = root / entry.path
    bundles = [one for one in parse.outline(root) if entry.bundle(one[0].rpartition("/")[2])]
    kept = [one for one in bundles if not (info.excluded_tags and parse.tags(root / one[0]) & info.excluded_tags)]
    return Source(ref, root, tuple(kept))


def _name(url: str) -> str:
    return url.rstrip("/").rpartition("/")[2].removesuffix(".git")


def _login(entry: LoginEntry, places: Places) -> checkout.Login:
    """The first of the ways named that gives a token; where none does, what stopped the first. Blocking."""
    failed: list[RunstoneError] = []
    for provider, path in _ways(entry):
        kind = plugins.load("secrets", provider)
        place: SecretProvider = kind(kubeconfig=places.kubeconfig) if provider == "kubernetes" else kind()
        try:
            return checkout.Login(entry.user, _line(place.get("", path, lambda _: None).value, path))
        except RunstoneError as err:
            failed.append(err)
    raise failed[0]


def _line(value: str, path: str) -> str:
    """A token, which is one line in what git is told."""
    token = value.strip()
    if not token or not token.isprintable():
        raise BadInput(f"What lies at {path} is no token for a git server: it must be one line of text.")
    return token


def _ways(entry: LoginEntry) -> list[tuple[str, str]]:
    """Providers of secrets, and their paths."""
    secret = [("kubernetes", f"secret/{entry.secret}:{entry.key}")] if entry.secret else []
    return secret + ([("env", entry.variable)] if entry.variable else [])
