"""Where secrets lie, one file per kind of place."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Ask = Callable[[str], str | None]
"""The value of another secret of the same run, by its name; None when the run has none of that name."""


@dataclass(frozen=True)
class Found:
    """A secret's text, and files that a run must have for it, by path below the run's folder.

    Where the secret is a login (``…@cli``), the files are it and the value is a sentence that says so.
    """

    value: str = field(repr=False)
    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes], repr=False)
    hidden: tuple[str, ...] = field(default=(), repr=False)
    """What is secret in those files and must be masked like the value."""
    public: bool = False
    """Whether the value is such a sentence, which anyone may read."""


class SecretProvider(ABC):
    """One kind of place. Calls may block for seconds; they are made beside the event loop.

    One provider serves the secrets of one run, one after another: it may keep a login, never a value.
    """

    @abstractmethod
    def get(self, kind: str, path: str, ask: Ask) -> Found:
        """The secret at ``path``; ``kind`` is what stands behind the colon of ``provider:kind@path``, or empty.

        Raises NotFound, Forbidden, Unreachable (the place does not answer) and BadInput (no such path or kind), each
        with the place and what to do; never shows a value.
        """
