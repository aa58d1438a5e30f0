"""``text@VALUE``: what is no secret but asked for as one, such as the ARN of a role to log in with."""

from runstone.connectors.secrets import Ask, Found, SecretProvider
from runstone.errors import BadInput


class TextSecrets(SecretProvider):
    """The text behind the ``@`` itself, which anyone may read."""

    def get(self, kind: str, path: str, ask: Ask) -> Found:
        """The text. Raises BadInput for a kind."""
        if kind:
            raise BadInput(f"text:{kind}@{path} has a kind, and texts have none. Write text@{path}.")
        return Found(path, public=True)
