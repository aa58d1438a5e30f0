"""A bundle's trial runs in a sandbox without network, in folders of their own."""

import json
import os
import sys
import tempfile
from pathlib import Path

from pydantic import ValidationError

from runstone.catalog import code, layout
from runstone.catalog.build import Trial
from runstone.connectors.executors import Executor, ExecutorOrder, ExecutorOutcome
from runstone.content import dependencies, suite
from runstone.content.trial import casefile
from runstone.content.trial.report import BundleOutcome
from runstone.errors import BadInput

_DEADLINE_S = 600.0
"""For all cases of one bundle."""
_RUNNING = ("runstone.content", "runstone.catalog.trials", "runstone.connectors.executors")
_SHOWN = 6


class Sandboxed:
    """See :class:`runstone.catalog.build.Trials`. ``cache`` keeps the packages that collections ask for."""

    def __init__(self, executor: Executor, cache: Path) -> None:
        """``executor`` must be one that can keep a run from the network."""
        self._executor = executor
        self._cache = cache

    @property
    def version(self) -> str:
        """Of all that a trial run's outcome depends on besides the bundle."""
        return code.version(*_RUNNING)

    async def run(self, root: Path, path: str) -> Trial | None:
        """Run them. Raises BadInput when they cannot be run to their end."""
        if not casefile.files(root / path):
            return None
        # Wheels alone: what builds a package from its source is code of strangers too.
        environment = await dependencies.built(root, self._cache, sources=False)
        lines: list[bytes] = []

        async def hear(line: bytes) -> None:
            lines.append(line)

        with tempfile.TemporaryDirectory(prefix="runstone-trials-") as folder:
            order = _order(root, path, environment.folders, Path(folder))
            outcome = await self._executor.run(order, hear)
        missing = environment.findings[-1:] if environment.log else ()
        return _trial(_read(lines, outcome), tuple(one.message for one in missing))


def _order(root: Path, path: str, folders: tuple[Path, ...], cwd: Path) -> ExecutorOrder:
    asked = {"root": str(root.resolve()), "path": path, "dependencies": [str(one.resolve()) for one in folders]}
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LANG", "LC_ALL") if name in os.environ}
    return ExecutorOrder(
        argv=(sys.executable, "-P", "-s", "-m", "runstone.catalog.trials.child"),
        env={**kept, "HOME": str(cwd), "TMPDIR": str(cwd), "XDG_CACHE_HOME": str(cwd)},
        cwd=cwd,
        stdin=json.dumps(asked).encode(),
        deadline_s=_DEADLINE_S,
        # Other bundles are not shown: a trial that depends on them would not be run again when they change.
        reads=(*suite.interpreter(), root.resolve() / path, *layout.beside(root.resolve(), path), *folders),
        network=False,
    )


def _read(lines: list[bytes], outcome: ExecutorOutcome) -> BundleOutcome:
    """What was told, or why nothing was."""
    if outcome.timed_out:
        raise BadInput(f"Its tests did not end within {_DEADLINE_S:g} s and were stopped. Make them shorter.")
    if outcome.stopped:
        raise BadInput(f"Its tests were stopped: {outcome.stopped}.")
    try:
        return BundleOutcome.model_validate_json(lines[-1] if lines else b"")
    except ValidationError as err:
        said = " ".join(outcome.last_words.split())[-300:]
        raise BadInput(f"Its tests could not be run (exit {outcome.exit_code}). {said}".strip()) from err


def _trial(outcome: BundleOutcome, missing: tuple[str, ...]) -> Trial:
    """``missing``: why packages that the collection asks for were not there; that may be what made a case fail."""
    failures = [f"{one.file}:{one.line} {one.message}" for case in outcome.cases for one in case.failures]
    unresolved = [f"{one.file}:{one.line} {one.message}" for one in outcome.unresolved]
    found = (*outcome.defects, *unresolved, *failures)
    lines = (*missing, *found) if found else ()
    failed = sum(not case.passed for case in outcome.cases) + len(outcome.defects) + bool(unresolved)
    return Trial(passed=sum(case.passed for case in outcome.cases), failed=failed, lines=lines[:_SHOWN])
