"""``file@PATH``: a file on the runner, such as a mounted Kubernetes Secret."""

from pathlib import Path

from runstone.connectors.secrets import Ask, Found, SecretProvider
from runstone.errors import Forbidden, NotFound


class FileSecrets(SecretProvider):
    """The file's text, without white space around it."""

    def get(self, kind: str, path: str, ask: Ask) -> Found:
        """Read the file. Raises NotFound, Forbidden."""
        try:
            return Found(Path(path).expanduser().read_text().strip())
        except PermissionError as err:
            raise Forbidden(
                f"The secret file {path} may not be read by the runner's user. Change its owner or mode."
            ) from err
        except (OSError, UnicodeDecodeError, ValueError) as err:
            raise NotFound(f"There is no readable secret file {path} on this runner ({type(err).__name__}).") from err
