"""The guide for authors does what it says: its commands are run, one block after the other, in an empty folder."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs/guides/publish-a-collection.md"


def test_the_guide_from_an_empty_folder_to_a_published_bundle(tmp_path: Path) -> None:
    blocks = re.findall(r"^```sh\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 7
    command = tmp_path / "bin/runstone"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m runstone.cli.main "$@"\n')
    command.chmod(0o755)
    names = {f"GIT_{who}_{what}": "a" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    env = {
        **os.environ,
        **names,
        "PATH": f"{command.parent}:{os.environ['PATH']}",
        "RUNSTONE_DATA": str(tmp_path / "data"),
        "GIT_CONFIG_GLOBAL": os.devnull,
    }
    work = tmp_path / "work"
    work.mkdir()
    done = subprocess.run(
        ["bash", "-euc", "\n".join(blocks)], cwd=work, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert "version 1 with 1 bundles is served" in done.stdout
    assert "1. List Restarting Pods in Namespace" in done.stdout
    assert "version 2 with 1 bundles is served" in done.stdout
    assert "my-collection serves version 1 at" in done.stdout
    assert "Shop pods" in (work / "pages/my-collection/shop-pods/index.html").read_text()
