"""``env@NAME``: an environment variable of the runner."""

import os

from runstone.connectors.secrets import Ask, Found, SecretProvider
from runstone.errors import BadInput, NotAllowed, NotFound

_OWN = "RUNSTONE_"


class EnvSecrets(SecretProvider):
    """The variable's value, as it is. The runner's own settings are no secrets of a run."""

    def get(self, kind: str, path: str, ask: Ask) -> Found:
        """Read the variable. Raises NotFound, BadInput, NotAllowed."""
        if kind or "=" in path:
            raise BadInput(f"env{kind and ':' + kind}@{path} names no variable. Write env@NAME.")
        if path.startswith(_OWN):
            raise NotAllowed(f"{path} is a setting of the runner, and no Task is given it. Use a variable of its own.")
        if path not in os.environ:
            raise NotFound(f"The runner's environment has no variable {path}. Set it where the runner is started.")
        return Found(os.environ[path])
