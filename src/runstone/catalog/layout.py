"""What of a checked-out collection each bundle is made from, as digests: the same digests, the same result."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from runstone.catalog import code
from runstone.content.lint import engine
from runstone.errors import BadInput

_SIBLING = re.compile(rb"codebundles/([\w.-]+)/")


@dataclass(frozen=True)
class Placed:
    """A bundle by its path from the collection's root.

    ``digest`` is that of its own files; ``source`` also covers what parsing reads besides them (the collection's
    libraries), ``linted`` what the linter looks at as well (suites of other bundles that its templates name).
    """

    path: str
    digest: str
    source: str
    linted: str


def bundles(root: Path) -> tuple[Placed, ...]:
    """Every bundle below the root, by path. Raises BadInput when there is none."""
    digests = {folder: of_folder(folder) for folder in engine.places(root)}
    if root in digests:
        raise BadInput("There is a suite in the collection's own folder. Put each bundle in a folder codebundles/NAME.")
    libraries = of_folder(root / "libraries")
    causes = of_folder(root / "causes")
    found: list[Placed] = []
    for folder, digest in digests.items():
        source = code.joined(digest, libraries, causes)
        siblings = (digests[one] for one in _siblings(folder, root) if one in digests)
        found.append(Placed(folder.relative_to(root).as_posix(), digest, source, code.joined(source, *siblings)))
    return tuple(found)


def of_folder(folder: Path) -> str:
    """The sha256 of all names and contents below a folder; that of nothing when it does not exist."""
    digest = hashlib.sha256()
    for file in sorted(_files(folder)):
        name = file.relative_to(folder).as_posix().encode("utf-8", "surrogateescape")
        body = str(file.readlink()).encode("utf-8", "surrogateescape") if file.is_symlink() else file.read_bytes()
        digest.update(b"%d %d\0%b\0%b" % (len(name), len(body), name, body))
    return digest.hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    return (one for one in folder.rglob("*") if one.is_symlink() or one.is_file())


def _siblings(folder: Path, root: Path) -> list[Path]:
    templates = folder / ".runwhen" / "templates"
    if templates.is_symlink() or templates.parent.is_symlink():
        return []
    texts = (file.read_bytes() for file in sorted(templates.glob("*")) if file.is_file() and not file.is_symlink())
    names = {name.decode() for text in texts for name in _SIBLING.findall(text)}
    return sorted(root / "codebundles" / name for name in names)
