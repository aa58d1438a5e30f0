"""Makes the collection's libraries importable beside whatever of the namespace package RW is there already."""

import sys
from pathlib import Path

LIBRARIES = Path(__file__).resolve().parents[2] / "codecollection" / "libraries"
sys.path.insert(0, str(LIBRARIES))

import RW  # noqa: E402 - only now can it be found

if str(LIBRARIES / "RW") not in RW.__path__:
    RW.__path__.append(str(LIBRARIES / "RW"))
