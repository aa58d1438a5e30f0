"""The registry of CodeCollections: register, build, list, roll back, remove. One build of a collection at a time."""

import asyncio
import contextlib
import datetime as dt
import fcntl
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from runstone.catalog import build
from runstone.catalog.build import Means, Trials
from runstone.catalog.collection import Build, Registered, Version
from runstone.catalog.reader.process import Limits, Reader
from runstone.catalog.store import Store
from runstone.content import checkout
from runstone.db.engine import Database
from runstone.errors import BadInput, Conflict, NotFound

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_LEFT = "It was interrupted: the process that ran it ended. Build it again."
FILE = "catalogue.sqlite"
"""The catalogue's database in the data folder."""
LEAST_POLL_S = 60
"""Looking for new commits more often than once a minute is what webhooks are for."""


def utc() -> str:
    """Now."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")


async def _no_secret(key: str) -> str:
    raise NotFound(f"Nothing here can look up {key}.")


@dataclass(frozen=True)
class Options:
    """How a registry works. ``local``: whether folders of this machine may be registered.

    ``git_env``: what git gets besides this process's environment, such as the configuration of a credential helper.
    ``hook_secret``: the secret of a webhook by its key.
    """

    local: bool = True
    git_env: Mapping[str, str] = field(default_factory=dict[str, str])
    hook_secret: Callable[[str], Awaitable[str]] = _no_secret
    trials: Trials | None = None
    untested: str = Means.untested
    limits: Limits = field(default_factory=Limits)
    augment: bool = True
    now: Callable[[], str] = utc


class Registry:
    """The catalogue's collections in a data folder."""

    def __init__(self, database: Database, data: Path, options: Options | None = None) -> None:
        self.store = Store(database)
        self._database = database
        self._data = data
        self._options = options or Options()
        self._idle: Reader | None = None

    @classmethod
    async def open(cls, data: Path, options: Options | None = None) -> "Registry":
        """The registry of a data folder, its tables made or brought up to date."""
        database = Database.sqlite(data / FILE)
        await database.migrate("open")
        return cls(database, data, options)

    async def rest(self) -> None:
        """End the reading process that waits for another build; starting one costs 0.4 s of processor time."""
        reader, self._idle = self._idle, None
        if reader:
            await reader.close()

    async def close(self) -> None:
        """Give the database back and end what still runs."""
        await self.rest()
        await self._database.close()

    async def add(
        self,
        url: str,
        *,
        by: str,
        name: str = "",
        ref: str = "",
        path: str = "",
        poll_s: int = 0,
        hook_key: str = "",
        strict: bool = False,
    ) -> Registered:
        """Register a git address. Raises BadInput for an unfit one, Conflict for one that is registered."""
        self._check(url, ref, path, poll_s)
        one = Registered(
            name=_named(name or _last(url)),
            url=checkout.address(url),
            ref=ref,
            path=path.strip("/"),
            added_by=by,
            added_at=self._options.now(),
            poll_s=poll_s,
            hook_key=hook_key,
            strict=strict,
        )
        await self.store.add(one)
        return one

    async def build(self, name: str, reason: str, tell: Callable[[Build], None] | None = None) -> Build:
        """Build the newest commit. Raises NotFound, and Conflict when a build of the collection runs already."""
        registered = await self.store.collection(name)
        with self._alone(name):
            # Whoever holds the lock knows that no build runs: one that says so was killed.
            await self.store.leave(name, _LEFT)
            async with self._reading() as reader:
                means = Means(
                    store=self.store,
                    checkout=self._checkout,
                    now=self._options.now,
                    reader=reader,
                    trials=self._options.trials,
                    untested=self._options.untested,
                    augment=self._options.augment,
                    tell=tell or (lambda _: None),
                )
                return await build.run(registered, reason, means)

    async def update(self, name: str, reason: str, tell: Callable[[Build], None] | None = None) -> Build | None:
        """Build the newest commit unless it is published already: what a webhook and a look at the clock do.

        Raises NotFound, Conflict, Unreachable, BadInput as ``build`` does or says in its build.
        """
        registered = await self.store.collection(name)
        commit, _ = await self._checkout(registered)
        if commit in {one.commit for one in await self.store.versions(name)}:
            return None
        last = await self.store.builds(name, 1)
        if last and last[0].commit == commit and last[0].state == "failed":
            # It would fail again: the commit is the same. A person can still ask for a build.
            return None
        return await self.build(name, reason, tell)

    async def hook_secret(self, key: str) -> str:
        """The secret that signs a webhook, by its key. Raises NotFound."""
        return await self._options.hook_secret(key)

    async def rollback(self, name: str, commit: str = "") -> Version:
        """Serve an earlier version: that of ``commit`` (or its beginning), else the one before the current.

        It stays so until another commit is built. Raises NotFound.
        """
        registered = await self.store.collection(name)
        versions = await self.store.versions(name)
        found = [one for one in versions if one.commit.startswith(commit)] if commit else _before(versions, registered)
        if not found or (commit and len(found) > 1):
            which = f"of commit {commit}" if commit else "before the one that is served"
            raise NotFound(f"{name} has no single version {which}. See: runstone collection show {name}")
        await self.store.move(name, found[0].commit)
        return await self.store.version(name, found[0].commit)

    async def remove(self, name: str) -> None:
        """Forget a collection with its builds and versions. Raises NotFound, Conflict while it is built."""
        await self.store.collection(name)
        with self._alone(name):
            await self.store.remove(name)

    def _check(self, url: str, ref: str, path: str, poll_s: int) -> None:
        if checkout.shown(url) != url and (not url.startswith("ssh://") or ":" in url[6:].rpartition("@")[0]):
            raise BadInput(
                "Take the password out of the address: it would be kept and shown. Give it to git instead "
                "(git config credential.helper)."
            )
        here = Path(url).expanduser().is_dir() or url.startswith("file:")
        if "?" in url:
            raise BadInput("Take what follows the question mark out of the address: it would be kept and shown.")
        if here and not self._options.local:
            raise BadInput("A folder of the server cannot be registered here. Give the address of a git server.")
        if not (ref + path).isprintable():
            raise BadInput("A ref and a path are one line of printable characters.")
        if ref == checkout.WORKTREE:
            raise BadInput("Only commits are built. Commit the working tree, then leave out --ref worktree.")
        if ".." in Path(path).parts:
            raise BadInput(f"The path {path!r} leads out of the repository. Give a folder inside it.")
        if poll_s and poll_s < LEAST_POLL_S:
            raise BadInput(f"A collection is looked at every {LEAST_POLL_S} s at most. Use a webhook for less.")

    async def _checkout(self, registered: Registered) -> tuple[str, Path]:
        found, root = await checkout.at(
            registered.url, registered.ref or None, self._data / "checkouts", env=self._options.git_env
        )
        if found.commit == checkout.WORKTREE:
            raise BadInput(f"{registered.url} is a folder without commits. Make it one: git init, git commit.")
        return found.commit, await asyncio.to_thread(_inside, root, registered.path)

    @contextlib.asynccontextmanager
    async def _reading(self) -> AsyncGenerator[Reader]:
        """The reading process of the build before, if it rests, or another; it rests after this one."""
        reader, self._idle = self._idle or Reader(self._options.limits), None
        try:
            yield reader
        finally:
            await self.rest()
            self._idle = reader

    @contextlib.contextmanager
    def _alone(self, name: str) -> Generator[None]:
        place = self._data / "catalogue" / "locks"
        place.mkdir(parents=True, exist_ok=True)
        with (place / name).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as err:
                raise Conflict(f"A build of {name} is running. Follow it: runstone collection show {name}") from err
            yield


def _inside(root: Path, path: str) -> Path:
    """The folder of a repository that is the collection. Raises BadInput when there is none."""
    folder = (root / path).resolve()
    if not folder.is_relative_to(root.resolve()) or not folder.is_dir():
        raise BadInput(f"The repository has no folder {path!r} at this commit. Correct --path.")
    return folder


def _before(versions: tuple[Version, ...], registered: Registered) -> list[Version]:
    at = next((place for place, one in enumerate(versions) if one.commit == registered.current), len(versions))
    return list(versions[at + 1 : at + 2])


def _last(url: str) -> str:
    words = re.split(r"[/:]", url.rstrip("/").removesuffix("/.git").removesuffix(".git"))[-1]
    return re.sub(r"[^a-z0-9._-]+", "-", words.lower()).strip("-._")


def _named(name: str) -> str:
    if not _NAME.fullmatch(name) or name.partition(".")[0] == "index":
        raise BadInput(f"{name!r} is no name for a collection: small letters, digits, '-', '_' and '.'. Use --name.")
    return name
