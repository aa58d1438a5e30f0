"""How near a question is to each Task in meaning: its sentence to theirs, and to the scenarios they answer.

Vectors are kept in the data folder by their text, so that only what changed is worked out again, and texts that many
Tasks share are worked out once.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from runstone.catalog.vectors import minilm
from runstone.catalog.vectors.weights import Models

Array = NDArray[np.float32]

_BATCH = 64
_LONGEST = 96
"""Pieces of a text that are read: what is wrong is told first, and time grows with length."""
_DIGEST = 16
"""Bytes of a text's digest."""


class Near:
    """The vectors of a catalogue's Tasks, one sentence each, and of their scenarios; equal texts share one."""

    def __init__(
        self, models: Models, sentences: Sequence[str], scenarios: Sequence[Sequence[str]], cache: Path | None = None
    ) -> None:
        self._models = models
        places: dict[str, int] = {}
        tasks = [places.setdefault(one, len(places)) for one in sentences]
        rows = [[places.setdefault(one, len(places)) for one in texts] for texts in scenarios]
        found = _kept(models, list(places), cache)
        self._tasks = found[tasks]
        self._scenarios = found
        self._rows = [np.array(one, dtype=np.int64) for one in rows]

    def scores(self, question: str) -> "Scores":
        """The cosines of a question with everything."""
        asked = vectors(self._models, [question])[0]
        return Scores((self._tasks @ asked).tolist(), self._scenarios @ asked, self._rows)


class Scores:
    """The cosines of one question: ``tasks``, one for each Task's sentence, and those of the scenarios."""

    def __init__(self, tasks: list[float], texts: Array, rows: Sequence[NDArray[np.int64]]) -> None:
        self.tasks = tasks
        self._texts = texts
        self._rows = rows

    def scenario(self, number: int) -> tuple[float, int]:
        """The best cosine with one of a Task's scenarios, and which of them it is; -1 when it has none."""
        own = self._texts[self._rows[number]]
        return (float(own.max()), int(own.argmax())) if own.size else (0.0, -1)


def vectors(models: Models, texts: Sequence[str]) -> Array:
    """A vector of length 1 for each text; texts of like length are worked out together."""
    rows = [models.pieces.marked(text, _LONGEST) for text in texts]
    order = sorted(range(len(rows)), key=lambda at: len(rows[at]))
    found = np.zeros((len(rows), minilm.WIDTH), dtype=np.float32)
    for start in range(0, len(order), _BATCH):
        batch = order[start : start + _BATCH]
        found[batch] = models.sentences.vectors([rows[at] for at in batch])
    return found


def _kept(models: Models, texts: list[str], cache: Path | None) -> Array:
    """The vectors of the texts, from the cache as far as it has them; what it lacks is added to it."""
    if cache is None:
        return vectors(models, texts)
    file = cache / f"vectors-{models.mark}.npz"
    digests = [hashlib.sha256(text.encode()).digest()[:_DIGEST] for text in texts]
    known, values = _read(file)
    missing = [at for at, digest in enumerate(digests) if digest not in known]
    if missing:
        added = vectors(models, [texts[at] for at in missing])
        known |= {digests[at]: len(values) + place for place, at in enumerate(missing)}
        values = np.concatenate([values, added.astype(np.float16)])
        _write(file, known, values)
    return values[[known[digest] for digest in digests]].astype(np.float32)


def _read(file: Path) -> tuple[dict[bytes, int], NDArray[np.float16]]:
    if not file.is_file():
        return {}, np.zeros((0, minilm.WIDTH), dtype=np.float16)
    with np.load(file) as kept:
        digests: NDArray[np.uint8] = kept["digests"]
        return {bytes(one): at for at, one in enumerate(digests)}, kept["values"]


def _write(file: Path, known: dict[bytes, int], values: NDArray[np.float16]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    digests = np.frombuffer(b"".join(known), dtype=np.uint8).reshape(-1, _DIGEST)
    with part.open("wb") as out:
        np.savez(out, digests=digests, values=values)
    part.replace(file)
