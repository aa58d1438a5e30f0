"""Where commands run: the folder of the run, with the bundle's files in it, copied once per run."""

import os
import shutil
import tempfile
from pathlib import Path

from RW.Core import place

_staged: set[tuple[Path, Path]] = set()
_own: dict[str, Path] = {}
"""Holds the folder made when the runtime names none, under the key ``folder``."""


def folder() -> Path:
    """``CODEBUNDLE_TEMP_DIR``, with the bundle's files. Without that variable: a folder of this process."""
    named = os.environ.get("CODEBUNDLE_TEMP_DIR")
    target = Path(named) if named else _fresh()
    target.mkdir(parents=True, exist_ok=True)
    try:
        copy(suite_file().parent, target)
    except FileNotFoundError:
        return target
    return target


def script(name: str) -> Path:
    """A script of the bundle, in the run's folder, executable. Raises FileNotFoundError naming what was tried."""
    target = folder()
    tried = [Path(name).expanduser(), _bundle() / name]
    for source in tried:
        if source.is_file():
            copy(source.resolve().parent, target)
            return target / source.name
    if (target / name).is_file():
        return target / name
    places = ", ".join(str(path) for path in tried)
    raise FileNotFoundError(
        f"There is no script {name}. It was looked for as {places}. Put it beside the suite's file."
    )


def suite_file() -> Path:
    """The suite's file: from ``RW_PATH_TO_ROBOT``, else from Robot. Raises FileNotFoundError."""
    home, named = os.environ.get("RUNWHEN_HOME", ""), os.environ.get("RW_PATH_TO_ROBOT", "")
    path = named.replace("$(RUNWHEN_HOME)", home).replace("$(HOME)", os.environ.get("HOME", ""))
    roots = ("/", home or "/", f"{home}/collection", os.environ.get("HOME") or "/", "/collection")
    for root in roots if path else ():
        found = Path(root) / path.lstrip("/")
        if found.is_file():
            return found
    source = place.variable("SUITE SOURCE")
    if source and Path(str(source)).is_file():
        return Path(str(source))
    raise FileNotFoundError("The suite's file is not known: RW_PATH_TO_ROBOT names none and no suite is running.")


def copy(source: Path, target: Path) -> None:
    """Copy the regular files of a folder, flat and executable by their owner; a second time changes nothing."""
    source, target = source.resolve(), target.resolve()
    if source == target or (source, target) in _staged:
        return
    for entry in sorted(source.iterdir()):
        if entry.is_file():
            copied = target / entry.name
            shutil.copyfile(entry, copied)
            copied.chmod(0o700)
    _staged.add((source, target))


def _bundle() -> Path:
    try:
        return suite_file().parent
    except FileNotFoundError:
        return Path.cwd()


def _fresh() -> Path:
    if "folder" not in _own:
        _own["folder"] = Path(tempfile.mkdtemp(prefix="rw-cli-"))
    return _own["folder"]
