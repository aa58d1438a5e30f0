"""The namespace of the RW.* libraries: ours, each collection's own beside them, and last those that are gone elsewhere.

A name is taken from the first folder that has it. Ours come first when ours is first on ``sys.path``, as the engine
puts it; ``older`` holds libraries that no package ships any more, for bundles that still import them.
"""

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from pkgutil import extend_path
from types import ModuleType

__path__ = extend_path(__path__, __name__)


class _Older:
    """Finds what nobody else found: it comes last, whatever folders join the namespace later."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """See :class:`importlib.abc.MetaPathFinder`."""
        package, _, module = name.rpartition(".")
        file = Path(__file__).parent / "older" / f"{module}.py"
        return spec_from_file_location(name, file) if package == __name__ and file.is_file() else None


sys.meta_path.append(_Older)
