"""What a run printed beyond its cap, kept on the runner for a while: redacted, bounded, readable by its user alone."""

import shutil
from pathlib import Path

from runstone.errors import NotFound
from runstone.model.redact import Redactor, Stream

_MB = 1024 * 1024
_PIECE = 1024 * 1024


class Artefacts:
    """Files by request and by the Task's place in the run, under one folder; the oldest go when it grows too large."""

    def __init__(self, folder: Path, total_mb: int = 1024) -> None:
        self._folder = folder
        self._total = total_mb * _MB

    def keep(self, request: str, rest: Path, redactor: Redactor) -> None:
        """Take over ``rest/N.txt`` of a run. What is masked here was never stored before."""
        files = sorted(rest.glob("*.txt")) if rest.is_dir() else []
        for file in files:
            target = self._folder / request / file.name
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            stream = Stream(redactor)
            with file.open(encoding="utf-8", errors="replace") as source, target.open("w", encoding="utf-8") as out:
                while piece := source.read(_PIECE):
                    out.write(stream.feed(piece))
                out.write(stream.end())
        if files:
            self._prune(request)

    def text(self, request: str, place: int) -> Path:
        """The file. Raises NotFound."""
        path = self._folder / request / f"{place}.txt"
        if "/" in request or not path.is_file():
            raise NotFound(
                f"This runner keeps no more output of Task {place} of request {request}: either all of it was sent, or "
                f"it was too old and gave way to newer output."
            )
        return path

    def _prune(self, newest: str) -> None:
        folders = sorted((one for one in self._folder.iterdir() if one.is_dir()), key=lambda one: one.stat().st_mtime)
        sizes = {one: sum(file.stat().st_size for file in one.iterdir()) for one in folders}
        total = sum(sizes.values())
        for one in folders:
            if total <= self._total or one.name == newest:
                return
            shutil.rmtree(one, ignore_errors=True)
            total -= sizes[one]
