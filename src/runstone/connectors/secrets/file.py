"""``file@PATH``: a file on the runner, such as a mounted Kubernetes Secret."""

from pathlib import Path

from runstone.connectors.secrets import Ask, Found, SecretProvider
from runstone.errors import BadInput, Forbidden, NotFound

_LARGEST = 1024 * 1024
"""Bytes: as much as a Kubernetes Secret may have."""


class FileSecrets(SecretProvider):
    """The file's text, without white space around it."""

    def get(self, kind: str, path: str, ask: Ask) -> Found:
        """Read the file. Raises NotFound, Forbidden, BadInput."""
        if kind:
            raise BadInput(f"file{kind and ':' + kind}@{path} is no secret file. Write file@/path.")
        try:
            file = Path(path).expanduser()
            # Not a pipe or a device: those may never end.
            if not file.is_file():
                raise NotFound(f"There is no secret file {path} on this runner. Mount it, or correct the key.")
            with file.open("rb") as source:
                content = source.read(_LARGEST + 1)
        except PermissionError as err:
            raise Forbidden(
                f"The secret file {path} may not be read by the runner's user. Change its owner or mode."
            ) from err
        except (OSError, RuntimeError) as err:
            raise NotFound(f"The secret file {path} cannot be read on this runner ({type(err).__name__}).") from err
        return Found(_text(content, path))


def _text(content: bytes, path: str) -> str:
    if len(content) > _LARGEST:
        raise BadInput(f"The secret file {path} is larger than {_LARGEST} bytes. Correct the key file@/path.")
    try:
        return content.decode().strip()
    except UnicodeDecodeError as err:
        raise BadInput(
            f"The secret file {path} is no text, and only texts can be given to Tasks. Write file@/path of one."
        ) from err
