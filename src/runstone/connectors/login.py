"""A cloud's own command logs in, in a folder of its own; the files it leaves there are the login."""

import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from runstone.errors import Forbidden, NotFound, Unreachable

_LOGIN_S = 60


def logged_in(program: str, words: tuple[str, ...], folder: str, secrets: Mapping[str, str]) -> dict[str, bytes]:
    """Run ``program`` with its configuration in the empty folder that the variable ``folder`` names.

    ``secrets`` are files beside that folder; ``words`` name them, so no secret is an argument. Returns the folder's
    files by relative path. Raises NotFound when the program is not there, Forbidden when the login is refused.
    """
    with tempfile.TemporaryDirectory(prefix="runstone-login-") as place:
        state = Path(place) / "state"
        state.mkdir()
        for name, text in secrets.items():
            (Path(place) / name).write_text(text)
            (Path(place) / name).chmod(0o600)
        try:
            done = subprocess.run(  # noqa: S603  the words are ours and the names of files
                [program, *words],
                cwd=place,
                env={**os.environ, folder: str(state), "HOME": place},
                capture_output=True,
                stdin=subprocess.DEVNULL,
                timeout=_LOGIN_S,
                check=False,
            )
        except FileNotFoundError as err:
            raise NotFound(f"Logging in needs the program {program}. Install it on the runner.") from err
        except subprocess.TimeoutExpired as err:
            raise Unreachable(f"{program} did not log in within {_LOGIN_S} s.") from err
        if done.returncode:
            # What it printed may repeat what it was given: not shown.
            raise Forbidden(
                f"{program} could not log in (return code {done.returncode}). Try it by hand on the runner."
            )
        files = (file for file in state.rglob("*") if file.is_file())
        return {file.relative_to(state).as_posix(): file.read_bytes() for file in files}
