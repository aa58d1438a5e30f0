"""Kubernetes objects from YAML or JSON files: for documentation, for tests, and for a cluster that is not at hand.

A file, or a folder of files, as ``kubectl get -o yaml`` writes them: one object or one List per document. They are
trimmed like those of a real cluster, since what people write down holds values too.
"""

from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any, cast

import yaml

from runstone.connectors.kept import Object, trimmed
from runstone.connectors.platforms import Batch, Platform
from runstone.errors import BadInput
from runstone.model.resource import Scope, ScopeReading

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SUFFIXES = (".yaml", ".yml", ".json")


class Fixture(Platform):
    """A cluster as it was when its objects were written down."""

    def __init__(self, path: str, name: str = "fixture", context: str = "") -> None:
        """Raises BadInput when there is no such file or folder."""
        self.name = name
        self.context = context
        self._path = Path(path)
        if not self._path.exists():
            raise BadInput(f"There is no file or folder {path} with Kubernetes objects.")

    async def read(self, extra: Sequence[str] = ()) -> AsyncGenerator[Batch]:
        """See Platform.read. Each kind is one scope; a file that is not YAML makes one incomplete scope."""
        by_kind: dict[str, list[Object]] = {}
        for file in self._files():
            try:
                for obj in _objects(file):
                    by_kind.setdefault(str(obj["kind"]), []).append(obj)
            except BadInput as err:
                yield Batch(self._reading(file.name, str(err)), ())
        for kind, objects in by_kind.items():
            yield Batch(self._reading(kind, ""), tuple(objects))

    async def check(self) -> str:
        """See Platform.check."""
        return f"{self.name}: {len(self._files())} files in {self._path}"

    def portable_kubeconfig(self) -> str:
        """See Platform.portable_kubeconfig: written objects cannot be reached."""
        return ""

    def _files(self) -> list[Path]:
        if not self._path.is_dir():
            return [self._path]
        return sorted(file for file in self._path.iterdir() if file.suffix in _SUFFIXES)

    def _reading(self, kind: str, problem: str) -> ScopeReading:
        scope = Scope(platform=self.name, kind=kind, namespace="")
        return ScopeReading(scope=scope, complete=not problem, problem=problem)


def _objects(file: Path) -> list[Object]:
    """The named objects of a file; JSON is YAML too. Raises BadInput."""
    try:
        documents: list[Any] = list(yaml.load_all(file.read_text(), _LOADER))
    except (yaml.YAMLError, UnicodeDecodeError) as err:
        raise BadInput(f"{file} is not YAML: {str(err).splitlines()[0]}.") from err
    except OSError as err:
        raise BadInput(f"{file} cannot be read: {err.strerror}.") from err
    found: list[Object] = []
    for document in _mappings(documents):
        items = document.get("items")
        found += _mappings(cast("list[Any]", items) if isinstance(items, list) else [document])
    return [_plain(one) for one in found if "kind" in one and "name" in (one.get("metadata") or {})]


def _plain(item: Object) -> Object:
    """Trimmed, with moments as text: YAML reads them as dates, an API writes them as text."""
    return trimmed(_texts(item), str(item["kind"]), str(item.get("apiVersion") or "v1"))


def _texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _texts(inner) for key, inner in cast("dict[Any, Any]", value).items()}
    if isinstance(value, list):
        return [_texts(inner) for inner in cast("list[Any]", value)]
    return value.isoformat() if hasattr(value, "isoformat") else value


def _mappings(entries: list[Any]) -> list[Object]:
    return [cast("Object", one) for one in entries if isinstance(one, dict)]
