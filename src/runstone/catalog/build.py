"""One commit through the stages: checkout, parse, lint, test, augment, index, publish.

What a stage makes of a bundle is kept under what it was made from, so only what changed is worked on. A bundle that
does not pass a stage stays at its last good content, its neighbours go on. Nothing of a bundle is executed here; only
the stage ``test`` does that, by what the caller gives for it.
"""

import contextlib
import json
import resource
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import structlog

from runstone.catalog import code, score
from runstone.catalog.collection import STAGES, Build, Held, Piece, Registered, Stage, StageName, Version
from runstone.catalog.reader.process import Reader, Verb
from runstone.catalog.store import Store
from runstone.errors import BadInput, Conflict, RunstoneError, Unreachable
from runstone.model.noun import Noun

log = structlog.get_logger()
_READING = ("runstone.content", "runstone.model.content", "runstone.catalog.reader", "runstone.catalog.read")
_ENTRIES = (
    "runstone.catalog.entry",
    "runstone.catalog.patterns",
    "runstone.catalog.searches",
    "runstone.catalog.facets",
    "runstone.catalog.words",
    "runstone.catalog.opened",
    "runstone.catalog.ontology",
)
_KNOWING = ("runstone.catalog.augment", "runstone.catalog.document")
_LINES = 400
"""Lines of a stage's log that are kept; a collection of 117 bundles writes one for each bundle it changed."""
_SHOWN_S = 0.5


class Trial(Noun):
    """How a bundle's own tests went; ``lines`` tell of those that failed."""

    passed: int
    failed: int
    lines: tuple[str, ...] = ()


class Trials(Protocol):
    """Runs the tests that a bundle brings along, in a sandbox without network."""

    @property
    def version(self) -> str:
        """Part of the cache's key: results of another version are not taken."""
        ...

    async def run(self, root: Path, path: str) -> Trial | None:
        """The tests of the bundle at ``path`` below ``root``; None when it has none."""
        ...


Checkout = Callable[[Registered], Awaitable[tuple[str, Path]]]
"""A collection's newest commit, and the folder of its tree."""


@dataclass(frozen=True)
class Means:
    """What a build works with. ``tell`` hears of every change of the build; ``now`` is the time in UTC, ISO 8601.

    ``reader`` is this build's own as long as it runs; whoever gave it ends it.
    """

    store: Store
    checkout: Checkout
    now: Callable[[], str]
    reader: Reader
    trials: Trials | None = None
    untested: str = "nothing here runs the tests of bundles"
    """Why there are no trials, where there are none."""
    augment: bool = True
    tell: Callable[[Build], None] = lambda _: None


@dataclass
class _Bundle:
    """A bundle on its way; ``made`` are its products by stage."""

    path: str
    digest: str
    source: str
    linted: str
    tested: str
    made: dict[str, str] = field(default_factory=dict[str, str])


class Broke(RunstoneError):
    """The build as a whole came to nothing; the message is the build's problem."""


async def run(registered: Registered, reason: str, means: Means) -> Build:
    """Build a collection's newest commit and publish it. A failure is in the build; a commit built before is no work.

    Only one build of a collection may run at a time: the caller sees to that.
    """
    waiting = tuple(Stage(name=name) for name in STAGES)
    build = Build(
        collection=registered.name,
        number=0,
        commit="",
        reason=reason,
        state="running",
        started_at=means.now(),
        stages=waiting,
    )
    return await _Run(registered, await means.store.start(build), means).through()


class _Run:
    def __init__(self, registered: Registered, build: Build, means: Means) -> None:
        self._registered = registered
        self._means = means
        self._store = means.store
        self.build = build
        self._held: dict[str, Held] = {}
        self._bundles: list[_Bundle] = []
        self._reader = means.reader
        self._saved = 0.0

    async def through(self) -> Build:
        """All stages, in order; the build as it ended."""
        try:
            await self._stages()
            ended = {"state": "built"}
        except Unreachable as err:
            # Not the commit's fault: it is looked at again.
            ended = {"state": "interrupted", "problem": str(err)}
        except RunstoneError as err:
            ended = {"state": "failed", "problem": str(err)}
        except Exception as err:
            ended = {"state": "failed", "problem": f"The build broke ({type(err).__name__}). See the server's log."}
            log.exception("a build broke", collection=self._registered.name, commit=self.build.commit)
        self.build = self.build.model_copy(update={**ended, "ended_at": self._means.now()})
        await self._save()
        return self.build

    async def _stages(self) -> None:
        async with self._stage("checkout"):
            await self._reader.start()
            commit, root = await self._means.checkout(self._registered)
            self.build = self.build.model_copy(update={"commit": commit})
            self._say("checkout", f"{commit} is checked out")
            if (root / ".gitmodules").exists():
                self._say("checkout", "its submodules are not followed: what they hold is not in this collection")
            published = commit in {one.commit for one in await self._store.versions(self._registered.name)}
        if published:
            await self._skip(*STAGES[1:], why="this commit is published already, and versions never change")
            return
        await self._reader.open(root)
        await self._parse()
        await self._lint()
        await self._test(root)
        await self._augment()
        await self._index()
        async with self._stage("publish"):
            await self._publish()

    # Stages

    async def _parse(self) -> None:
        async with self._stage("parse"):
            self._bundles = [_Bundle(**one) for one in json.loads(await self._reader.ask("layout"))]
            await self._each("parse", code.version(*_READING, *_ENTRIES), lambda one: one.source, self._read("parse"))
            for one in (await self._loaded("parse")).values():
                for note in one["notes"]:
                    self._say("parse", note)

    async def _lint(self) -> None:
        async with self._stage("lint"):
            await self._each("lint", code.version(*_READING), lambda one: one.linted, self._read("lint"))
            if self._registered.strict:
                await self._hold_ill()

    async def _hold_ill(self) -> None:
        found = await self._loaded("lint")
        for one in list(self._bundles):
            errors = [finding for finding in found[one.path]["findings"] if finding["severity"] == "error"]
            if errors:
                first = errors[0]
                place = f"{first['file']}:{first['line']} {first['code']} {first['message']}"
                self._hold(one, "lint", f"The linter finds {len(errors)} errors; the first: {place}")

    async def _test(self, root: Path) -> None:
        trials = self._means.trials
        if trials is None:
            await self._skip("test", why=f"no trial runs: {self._means.untested}")
            return

        async def tried(one: _Bundle) -> bytes:
            trial = await trials.run(root, one.path)
            if trial and trial.failed:
                lines = " ".join(trial.lines[:3])
                raise BadInput(f"{trial.failed} of {trial.failed + trial.passed} of its tests fail. {lines}".strip())
            return trial.model_dump_json().encode() if trial else b"null"

        async with self._stage("test"):
            await self._each("test", trials.version, lambda one: one.tested, tried)
            brought = sum(one is not None for one in (await self._loaded("test")).values())
            said = f"the tests of {brought} bundles pass" if brought else "no bundle brings tests along"
            self._say("test", said)

    async def _augment(self) -> None:
        if not self._means.augment:
            await self._skip("augment", why="this catalogue is built without augmentation")
            return
        async with self._stage("augment"):
            parsed = await self._loaded("parse")
            entries = [entry for one in self._bundles for entry in parsed[one.path]["entries"]]
            told = False

            async def documents(one: _Bundle) -> bytes:
                nonlocal told
                if not told:
                    await self._reader.know(entries)
                    told = True
                return await self._reader.ask("augment", one.path.rpartition("/")[2])

            version = code.version(*_READING, *_ENTRIES, *_KNOWING)
            # A document names Tasks of its collection's other bundles, so no other collection may take it.
            whose = code.joined(self._registered.url, self._registered.ref, self._registered.path)
            await self._each("augment", version, lambda one: code.joined(one.source, whose), documents)

    async def _index(self) -> None:
        async with self._stage("index"):
            parsed, linted = await self._loaded("parse"), await self._loaded("lint")

            async def indexed(one: _Bundle) -> bytes:
                return json.dumps(score.summary(parsed[one.path], linted[one.path])).encode()

            version = code.version("runstone.catalog.score")
            await self._each("index", version, lambda one: "\0".join((one.made["parse"], one.made["lint"])), indexed)

    async def _publish(self) -> None:
        current = await self._current()
        pieces = {one.path: self._piece(one) for one in self._bundles}
        missing: list[Held] = []
        for path, held in self._held.items():
            if path in current:
                pieces[path] = current[path].model_copy(update={"held": held})
                self._say("publish", f"{path} stays as it is at {current[path].commit[:12]}")
            else:
                missing.append(held)
        if not pieces:
            raise Broke(f"No bundle passed, so nothing is published. The first: {missing[0].reason}")
        version = Version(
            collection=self._registered.name,
            commit=self.build.commit,
            number=0,
            published_at=self._means.now(),
            pieces=tuple(pieces[path] for path in sorted(pieces)),
            missing=tuple(missing),
        )
        kept = await self._store.publish(version)
        self._say("publish", f"version {kept.number} with {len(pieces)} bundles is served")

    def _piece(self, one: _Bundle) -> Piece:
        return Piece(
            path=one.path,
            commit=self.build.commit,
            digest=one.digest,
            parsed=one.made["parse"],
            linted=one.made["lint"],
            tested=one.made.get("test", ""),
            augmented=one.made.get("augment", ""),
            indexed=one.made["index"],
        )

    async def _current(self) -> Mapping[str, Piece]:
        """The bundles that are served now, by path."""
        if not self._registered.current:
            return {}
        version = await self._store.version(self._registered.name, self._registered.current)
        return {one.path: one for one in version.pieces}

    # One bundle after the other

    async def _each(
        self,
        stage: StageName,
        version: str,
        inputs: Callable[[_Bundle], str],
        make: Callable[[_Bundle], Awaitable[bytes]],
    ) -> None:
        """Take what is kept, make the rest; a bundle for which it cannot be made leaves the build.

        What is made is written down as often as who looks on looks: twice a second.
        """
        made: dict[str, bytes] = {}
        ids = {one.path: code.joined(stage, version, inputs(one)) for one in self._bundles}
        known = await self._store.known(ids.values())
        for one in list(self._bundles):
            one.made[stage] = ids[one.path]
            if ids[one.path] in known:
                self._count(stage, hits=1)
                continue
            try:
                value = await make(one)
            except (BadInput, Conflict) as err:
                self._hold(one, stage, str(err))
            else:
                made[ids[one.path]] = value
            self._count(stage, misses=1)
            if time.monotonic() - self._saved >= _SHOWN_S:
                await self._store.keep(made)
                made.clear()
                await self._save()
        await self._store.keep(made)

    def _read(self, verb: Verb) -> Callable[[_Bundle], Awaitable[bytes]]:
        async def made(one: _Bundle) -> bytes:
            return await self._reader.ask(verb, one.path)

        return made

    def _hold(self, one: _Bundle, stage: StageName, reason: str) -> None:
        self._bundles.remove(one)
        self._held[one.path] = Held(path=one.path, stage=stage, commit=self.build.commit, reason=reason)
        self._say(stage, f"{one.path} is held back: {reason}")

    async def _loaded(self, stage: StageName) -> dict[str, Any]:
        """What a stage made of the bundles that are still in the build, by path."""
        kept = await self._store.products([one.made[stage] for one in self._bundles])
        return {one.path: json.loads(kept[one.made[stage]]) for one in self._bundles}

    # What the build tells

    @contextlib.asynccontextmanager
    async def _stage(self, name: StageName) -> AsyncGenerator[None]:
        started, cpu = time.monotonic(), self._cpu()
        await self._change(name, state="running")
        state = "failed"
        try:
            yield
            state = "done"
        except RunstoneError as err:
            self._say(name, str(err))
            raise
        finally:
            took = {"duration_s": round(time.monotonic() - started, 3), "cpu_s": round(self._cpu() - cpu, 3)}
            await self._change(name, state=state, **took)

    def _cpu(self) -> float:
        git = resource.getrusage(resource.RUSAGE_CHILDREN)
        return time.process_time() + git.ru_utime + git.ru_stime + self._reader.cpu_s

    async def _skip(self, *names: StageName, why: str) -> None:
        for name in names:
            self._say(name, why)
            await self._change(name, state="skipped")

    def _say(self, name: StageName, line: str) -> None:
        lines = self.build.stage(name).lines
        if len(lines) < _LINES:
            self._put(name, lines=(*lines, line))

    def _count(self, name: StageName, hits: int = 0, misses: int = 0) -> None:
        stage = self.build.stage(name)
        self._put(name, hits=stage.hits + hits, misses=stage.misses + misses)

    async def _change(self, name: StageName, **values: object) -> None:
        self._put(name, **values)
        await self._save()

    def _put(self, name: StageName, **values: object) -> None:
        stages = (one.model_copy(update=values) if one.name == name else one for one in self.build.stages)
        self.build = self.build.model_copy(update={"stages": tuple(stages)})

    async def _save(self) -> None:
        self._saved = time.monotonic()
        await self._store.save(self.build)
        self._means.tell(self.build)


def products(pieces: Iterable[Piece], stages: Sequence[str]) -> list[str]:
    """The ids of what these stages (fields of a Piece) made of these bundles."""
    return [getattr(piece, stage) for piece in pieces for stage in stages if getattr(piece, stage)]
