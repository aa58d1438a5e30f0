"""Kubernetes objects from YAML files: for documentation, for tests, and to look at a cluster that is not at hand.

A file, or a folder of files, as ``kubectl get -o yaml`` writes them: one document or List per YAML document.
"""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, cast

import yaml

from runstone.connectors.platforms import Batch, Object, Platform
from runstone.errors import BadInput
from runstone.model.resource import Scope, ScopeReading


class Fixture(Platform):
    """A cluster as it was when its objects were written down."""

    def __init__(self, path: str, name: str = "fixture") -> None:
        """Raises BadInput when there is no such file or folder."""
        self.name = name
        self.context = ""
        self._path = Path(path)
        if not self._path.exists():
            raise BadInput(f"There is no file or folder {path} with Kubernetes objects.")

    async def read(self, extra: Sequence[str] = ()) -> AsyncIterator[Batch]:
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
        return sorted(self._path.glob("*.y*ml")) if self._path.is_dir() else [self._path]

    def _reading(self, kind: str, problem: str) -> ScopeReading:
        return ScopeReading(
            scope=Scope(platform=self.name, kind=kind, namespace=""), complete=not problem, problem=problem
        )


def _objects(file: Path) -> list[Object]:
    try:
        documents: list[Any] = list(yaml.safe_load_all(file.read_text()))
    except (yaml.YAMLError, UnicodeDecodeError) as err:
        raise BadInput(f"{file} is not YAML: {str(err).splitlines()[0]}.") from err
    found: list[Object] = []
    for document in documents:
        listed = cast("Object", document).get("items", [document]) if isinstance(document, dict) else []
        found += [
            one for one in cast("list[Object]", listed) if "kind" in one and "name" in (one.get("metadata") or {})
        ]
    return found
