"""What of a checked-out collection each bundle is made from, as digests: the same digests, the same result."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from runstone.catalog import code
from runstone.content.lint import engine
from runstone.errors import BadInput

_BUNDLES = "codebundles"
_SIBLING = re.compile(rb"codebundles/([\w.-]+)/")


@dataclass(frozen=True)
class Placed:
    """A bundle by its path from the collection's root.

    ``digest`` is that of its own files; ``source`` also covers what parsing reads besides them (the collection's
    libraries), ``linted`` what the linter looks at as well (suites of other bundles that its templates name), and
    ``tested`` all that its trials are shown.
    """

    path: str
    digest: str
    source: str
    linted: str
    tested: str


def beside(root: Path, path: str) -> tuple[Path, ...]:
    """What of a collection is not in the top folder of the bundle at ``path``: with it, all that its trials see."""
    return tuple(one for one in sorted(root.iterdir()) if one.name != path.partition("/")[0])


def folders(root: Path) -> tuple[Path, ...]:
    """The bundles below a folder, by path: those right below a ``codebundles``, or all where there is no such folder.

    A suite anywhere else (of a library's tests, of a bundle's own) is no bundle's. Raises BadInput when there is none.
    """
    found = tuple(engine.places(root))
    return tuple(one for one in found if one.parent.name == _BUNDLES) or found


def bundles(root: Path) -> tuple[Placed, ...]:
    """Every bundle below the root, by path. Raises BadInput when there is none."""
    digests = {folder: of_folder(folder) for folder in folders(root)}
    if root in digests:
        raise BadInput("There is a suite in the collection's own folder. Put each bundle in a folder codebundles/NAME.")
    libraries = of_folder(root / "libraries")
    causes = of_folder(root / "causes")
    tops = {one: of_folder(one) for one in root.iterdir()}
    found: list[Placed] = []
    for folder, digest in digests.items():
        path = folder.relative_to(root).as_posix()
        # Its path is part of what is made of it.
        source = code.joined(path, digest, libraries, causes)
        siblings = (digests[one] for one in _siblings(folder, root) if one in digests)
        tested = code.joined(source, *(f"{one.name}\0{tops[one]}" for one in beside(root, path)))
        found.append(Placed(path, digest, source, code.joined(source, *siblings), tested))
    return tuple(found)


def of_folder(folder: Path) -> str:
    """The sha256 of all names and contents below a folder, or of a file; that of nothing when it does not exist."""
    digest = hashlib.sha256()
    for file in sorted(_files(folder)):
        name = file.relative_to(folder).as_posix().encode("utf-8", "surrogateescape")
        body = _shown(file) if file.is_symlink() else file.read_bytes()
        digest.update(b"%d %d\0%b\0%b" % (len(name), len(body), name, body))
    return digest.hexdigest()


def _shown(link: Path) -> bytes:
    """Where a link leads and what it shows, since files are read through it; of a folder, without links in it."""
    digest = hashlib.sha256(str(link.readlink()).encode("utf-8", "surrogateescape"))
    for file in sorted(one for one in _files(link.resolve()) if not one.is_symlink()):
        digest.update(b"%b\0%b\0" % (str(file).encode("utf-8", "surrogateescape"), file.read_bytes()))
    return digest.digest()


def _files(place: Path) -> Iterator[Path]:
    if place.is_symlink() or place.is_file():
        return iter((place,))
    return (one for one in place.rglob("*") if one.is_symlink() or one.is_file())


def _siblings(folder: Path, root: Path) -> list[Path]:
    templates = folder / ".runwhen" / "templates"
    if templates.is_symlink() or templates.parent.is_symlink():
        return []
    texts = (file.read_bytes() for file in sorted(templates.glob("*")) if file.is_file() and not file.is_symlink())
    names = {name.decode() for text in texts for name in _SIBLING.findall(text)}
    return sorted(root / "codebundles" / name for name in names)
