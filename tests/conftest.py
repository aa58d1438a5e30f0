"""What tests of several zones share: a Map to stand on, and a control zone with a scripted runner beside it."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent / "control")]
