"""Inside the sandbox: one bundle's trial runs, asked for on stdin and told on stdout, as JSON.

Started by :mod:`sandboxed`. The cases' server on loopback is in here too, since there is no other network.
"""

import asyncio
import json
import sys
from pathlib import Path

from runstone import plugins
from runstone.content.trial import bundle
from runstone.content.trial.play import Stage


def main() -> None:
    """Examine the bundle of ``{"root", "path", "dependencies"}``; a BundleOutcome is the only line."""
    asked = json.loads(sys.stdin.read())
    root = Path(asked["root"])
    executor = plugins.load("executors", "process")()
    stage = Stage(root, root / asked["path"], executor, tuple(map(Path, asked["dependencies"])))
    outcome = asyncio.run(bundle.examined(stage, asked["path"]))
    sys.stdout.write(f"{outcome.model_dump_json()}\n")


if __name__ == "__main__":
    main()
