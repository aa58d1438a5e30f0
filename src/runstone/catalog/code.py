"""A digest of our own source: what a stage made is kept under it, so a stage that is written otherwise works anew."""

import hashlib
from collections.abc import Iterator
from functools import cache
from importlib import metadata, resources
from importlib.resources.abc import Traversable

_KEPT = (".py", ".yaml", ".txt", ".json")


@cache
def version(*names: str) -> str:
    """Of the packages and modules of these names, and of the parser of Robot files."""
    digest = hashlib.sha256(metadata.version("robotframework").encode())
    for name in names:
        for text in _texts(_place(name)):
            digest.update(text)
    return digest.hexdigest()[:16]


def joined(*parts: str) -> str:
    """One digest of several texts."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _place(name: str) -> Traversable:
    package, _, module = name.rpartition(".")
    found = resources.files(package) / f"{module}.py"
    return found if found.is_file() else resources.files(name)


def _texts(place: Traversable) -> Iterator[bytes]:
    if place.is_file():
        yield place.read_bytes()
        return
    for one in sorted(place.iterdir(), key=lambda one: one.name):
        if one.is_dir() or one.name.endswith(_KEPT):
            yield from _texts(one)
