"""``env@NAME``: an environment variable of the runner."""

import os

from runstone.connectors.secrets import Ask, Found, SecretProvider
from runstone.errors import NotFound


class EnvSecrets(SecretProvider):
    """The variable's value, as it is."""

    def get(self, kind: str, path: str, ask: Ask) -> Found:
        """Read the variable. Raises NotFound."""
        try:
            return Found(os.environ[path])
        except KeyError as err:
            raise NotFound(
                f"The runner's environment has no variable {path}. Set it where the runner is started."
            ) from err
