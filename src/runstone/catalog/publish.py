"""What pages show of a collection, a bundle and a Task, read from a published version."""

import asyncio
import json
import shlex
from collections.abc import Iterable
from typing import Any

from runstone.catalog import markdown, read
from runstone.catalog.build import products
from runstone.catalog.collection import Held, Piece, Registered, Version
from runstone.catalog.store import Store
from runstone.errors import NotFound
from runstone.model.noun import Noun


class Card(Noun):
    """A bundle in a list. ``commit`` is where its content is from; ``held`` why that is an older one."""

    name: str
    path: str
    commit: str
    display_name: str
    documentation: str
    author: str
    supports: tuple[str, ...]
    tasks: int
    files: int
    severities: dict[str, int]
    findings: dict[str, int]
    """How often each lint rule, by code, found something."""
    score: int
    tested: bool
    held: Held | None


class CollectionPage(Noun):
    """A collection at a version, with its bundles; ``versions`` are the commits of all its versions, newest first."""

    name: str
    url: str
    ref: str
    path: str
    commit: str
    number: int
    published_at: str
    versions: tuple[str, ...]
    bundles: tuple[Card, ...]
    missing: tuple[Held, ...]


class TaskPage(Noun):
    """A Task as its author wrote it, what its source shows (``contract``) and what it is good for (``document``)."""

    title: str
    suite: str
    documentation: str
    tags: tuple[str, ...]
    access: str
    contract: dict[str, Any]
    document: dict[str, Any] | None


class Usage(Noun):
    """How to use a bundle: as a person at a terminal, and in a workspace's configuration."""

    run: str
    workspace: str
    inputs: tuple[dict[str, Any], ...]
    secrets: tuple[dict[str, Any], ...]


class BundlePage(Noun):
    """Everything of a bundle. ``readme`` is HTML that is safe to show, empty when there is none."""

    collection: str
    card: Card
    readme: str
    tasks: tuple[TaskPage, ...]
    findings: tuple[dict[str, Any], ...]
    waived: int
    rules: tuple[dict[str, Any], ...]
    usage: Usage


async def collection(store: Store, name: str, commit: str = "") -> CollectionPage:
    """A collection at a commit, or as it is served. Raises NotFound."""
    registered, version = await _at(store, name, commit)
    kept = await store.products(products(version.pieces, ["indexed"]))
    return CollectionPage(
        name=name,
        url=registered.url,
        ref=registered.ref,
        path=registered.path,
        commit=version.commit,
        number=version.number,
        published_at=version.published_at,
        versions=tuple(one.commit for one in await store.versions(name)),
        bundles=tuple(_card(piece, json.loads(kept[piece.indexed])) for piece in version.pieces),
        missing=version.missing,
    )


async def bundle(store: Store, name: str, path: str, commit: str = "") -> BundlePage:
    """A bundle by its path or its folder's name, at a commit or as it is served. Raises NotFound."""
    registered, version = await _at(store, name, commit)
    piece = next((one for one in version.pieces if path in (one.path, one.path.rpartition("/")[2])), None)
    if piece is None:
        raise NotFound(f"{name} at {version.commit[:12]} has no bundle {path!r}.")
    kept = await store.products(products([piece], ["parsed", "linted", "augmented", "indexed"]))
    parsed, linted, indexed = (json.loads(kept[one]) for one in (piece.parsed, piece.linted, piece.indexed))
    documents = json.loads(kept[piece.augmented])["documents"] if piece.augmented in kept else []
    suites: dict[str, Any] = parsed["suites"]
    return BundlePage(
        collection=name,
        card=_card(piece, indexed),
        readme=await asyncio.to_thread(markdown.safe, parsed["readme"]["text"]) if parsed["readme"] else "",
        tasks=tuple(_tasks(suites, {one["key"]: one for one in documents}, indexed["name"])),
        findings=tuple(linted["findings"]),
        waived=linted["waived"],
        rules=tuple(parsed["rules"]),
        usage=_usage(registered, piece, suites),
    )


async def _at(store: Store, name: str, commit: str) -> tuple[Registered, Version]:
    registered = await store.collection(name)
    return registered, await store.version(name, commit or registered.current)


def _card(piece: Piece, indexed: dict[str, Any]) -> Card:
    shown = {key: value for key, value in indexed.items() if key != "entries"}
    return Card(**shown, path=piece.path, commit=piece.commit, tested=bool(piece.tested), held=piece.held)


def _tasks(suites: dict[str, Any], documents: dict[str, dict[str, Any]], bundle: str) -> Iterable[TaskPage]:
    for file, contract in suites.items():
        for task, does in zip(contract["suite"]["tasks"], contract["tasks"], strict=True):
            measures = read.measures(file)
            yield TaskPage(
                title=task["title"],
                suite=file,
                documentation=task["documentation"],
                tags=task["tags"],
                access=task["access"],
                contract={key: value for key, value in does.items() if key != "title"},
                document=None if measures else documents.get(f"{bundle}::{task['title']}"),
            )


def _usage(registered: Registered, piece: Piece, suites: dict[str, Any]) -> Usage:
    name = piece.path.rpartition("/")[2]
    inputs = {one["name"]: one for suite in suites.values() for one in suite["suite"]["inputs"]}
    secrets = {one["name"]: one for suite in suites.values() for one in suite["suite"]["secrets"]}
    values = (f"{one['name']}={one['example'] or '…'}" for one in inputs.values() if _needed(one))
    given = "".join(f" --var {shlex.quote(one)}" for one in values)
    folder = f"{registered.path}/{piece.path}" if registered.path else piece.path
    lines = [
        "codeCollections:",
        f"  - repoURL: {registered.url}",
        f"    ref: {piece.commit}",
        *([f"    repoPath: {registered.path}"] if registered.path else []),
        f'    codeBundles: ["{name}"]',
    ]
    return Usage(
        run=f"runstone fetch {shlex.quote(registered.url)} {piece.commit} --to collection\n"
        f"runstone task run {shlex.quote(f'collection/{folder}')}{given}",
        workspace="\n".join(lines),
        inputs=tuple(inputs.values()),
        secrets=tuple(secrets.values()),
    )


def _needed(given: dict[str, Any]) -> bool:
    return given["default"] is None and not given["conditional"]
