"""Language models, one file per kind of endpoint. What may be said to one is its caller's to decide."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from runstone.errors import Unreachable
from runstone.model.noun import Noun


@dataclass(frozen=True)
class Message:
    """One turn. ``system`` is ours; what others wrote goes into ``user``."""

    role: Literal["system", "user", "assistant"]
    text: str


@dataclass(frozen=True)
class Tokens:
    """What was read and written. ``counted``: by the endpoint; else it said nothing and they are estimated."""

    read: int = 0
    written: int = 0
    counted: bool = True

    @property
    def total(self) -> int:
        """Both together."""
        return self.read + self.written

    def __add__(self, other: "Tokens") -> "Tokens":
        return Tokens(self.read + other.read, self.written + other.written, self.counted and other.counted)


@dataclass(frozen=True)
class Completion:
    """What a model answered. ``text`` is JSON that reads as the form that was asked for."""

    text: str
    tokens: Tokens


@dataclass(frozen=True)
class Question:
    """Messages, and the noun that the answer must read as: its JSON schema is sent along. ``most``: tokens to write."""

    messages: tuple[Message, ...]
    form: type[Noun] = field(repr=False)
    most: int


class Unusable(Unreachable):
    """The model answered, with something that is not of the form asked for. ``tokens`` were spent all the same."""

    def __init__(self, told: str, tokens: Tokens) -> None:
        super().__init__(told)
        self.tokens = tokens


class LLM(ABC):
    """One model behind one endpoint."""

    @property
    @abstractmethod
    def name(self) -> str:
        """The model's, as its endpoint knows it: part of the key under which answers are kept."""

    @abstractmethod
    async def complete(self, question: Question) -> Completion:
        """Ask once, with the retries that a busy endpoint needs.

        Raises Unusable when the answer has not the form, Forbidden when the endpoint does not let us in, NotFound when
        it or the model is not there, BadInput when it does not take the question, Unreachable when it gives no answer.
        """


def estimated(messages: Sequence[Message]) -> int:
    """Tokens that messages are likely to have: English and source code have some three to four characters to one."""
    return sum(len(one.text) for one in messages) // 3 + 8 * len(messages)
