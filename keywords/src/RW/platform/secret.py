"""A secret that a suite imported."""

_values: set[str] = set()


class Secret:
    """A named value that does not print itself: ``str`` shows asterisks.

    ``key`` is the variable's name; commands find the secret under it, as an environment variable or as a file.
    """

    def __init__(self, key: str, val: str) -> None:
        self._key = key
        self._value = val
        if val:
            _values.add(val)

    @property
    def key(self) -> str:
        """The variable's name."""
        return self._key

    @property
    def value(self) -> str:
        """The secret itself."""
        return self._value

    def __str__(self) -> str:
        return "*" * len(self._value)

    def __repr__(self) -> str:
        return f"Secret({self._key!r}, ***)"


def hide(text: str) -> str:
    """The text with every imported secret, and every longer line of one, replaced by ``***``."""
    for value in sorted(_values, key=len, reverse=True):
        if value in text:
            text = text.replace(value, "***")
        for line in value.splitlines():
            # Shorter lines ("apiVersion: v1") are structure, not secrets.
            if len(line.strip()) > 20 and line.strip() in text:
                text = text.replace(line.strip(), "***")
    return text
