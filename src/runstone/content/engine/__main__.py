"""``python -m runstone.content.engine``: a run without a warm start."""

from runstone.content.engine.start import main

main()
