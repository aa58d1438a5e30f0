"""Where secrets lie, one file per kind of place."""

from abc import ABC, abstractmethod


class SecretProvider(ABC):
    """One kind of place."""

    @abstractmethod
    def get(self, path: str) -> str:
        """The secret's text. Raises NotFound or Forbidden with the place and what to do; never shows a value."""
