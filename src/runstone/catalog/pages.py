"""The catalogue as a folder of plain HTML and JSON that any web server, or none, can show.

``index.html`` and ``catalogue.json`` list collections; ``NAME/`` holds one, ``NAME/BUNDLE/`` a bundle, each as
``index.html`` and ``index.json``. The pages run no script and load nothing.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from runstone.catalog import publish
from runstone.catalog.publish import Card, CollectionPage
from runstone.catalog.store import Store
from runstone.errors import BadInput
from runstone.model.noun import Noun


async def write(store: Store, folder: Path) -> int:
    """Write every served collection below the folder; the number of bundles. Raises BadInput when it is not empty."""
    _prepare(folder)
    environment = Environment(loader=PackageLoader("runstone.catalog"), autoescape=True)
    pages: list[CollectionPage] = []
    for one in await store.collections():
        if one.current:
            pages.append(await publish.collection(store, one.name))
            await _collection(store, pages[-1], folder / one.name, environment)
    listed = [page.model_dump(exclude={"bundles"}) for page in pages]
    (folder / "catalogue.json").write_text(json.dumps(listed, indent=1), encoding="utf-8")
    _html(environment, folder, "index.html", pages=pages)
    return sum(len(page.bundles) for page in pages)


async def _collection(store: Store, page: CollectionPage, folder: Path, environment: Environment) -> None:
    folders = _folders(page.bundles)
    _json(folder, page)
    _html(environment, folder, "collection.html", page=page, folders=folders)
    for path, name in folders.items():
        bundle = await publish.bundle(store, page.name, path)
        _json(folder / name, bundle)
        # The one thing that is HTML already: markdown.safe made it.
        _html(environment, folder / name, "bundle.html", page=bundle, readme=Markup(bundle.readme))  # noqa: S704


def _folders(bundles: Sequence[Card]) -> dict[str, str]:
    """A folder's name for each bundle by path: its own name, its whole path where another has that name.

    Made from the path, in letters that mean nothing in an address or to a file system; where that leaves two alike,
    with a digest.
    """
    ways = {one.path: (_plain(one.path.rpartition("/")[2]), _plain(one.path)) for one in bundles}
    counts = Counter(name.lower() for names in ways.values() for name in dict.fromkeys(names))
    return {
        path: next(
            (name for name in names if counts[name.lower()] == 1),
            f"{names[1]}-{hashlib.sha256(path.encode()).hexdigest()[:8]}",
        )
        for path, names in ways.items()
    }


def _plain(path: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", path)


def _prepare(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()) and not (folder / "catalogue.json").is_file():
            raise BadInput(f"{folder} holds other things. Give an empty folder, or one that pages were written to.")
    except OSError as err:
        raise BadInput(f"{folder} cannot be used: {err.strerror}. Choose another folder.") from err


def _json(folder: Path, page: Noun) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "index.json").write_text(page.model_dump_json(indent=1), encoding="utf-8")


def _html(environment: Environment, folder: Path, template: str, **values: Any) -> None:
    text = environment.get_template(template).render(**values)
    (folder / "index.html").write_text(text, encoding="utf-8")
