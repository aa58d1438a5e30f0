"""What a build may spend on a model: tokens and money, reserved before a request and settled after it."""

from dataclasses import dataclass
from decimal import Decimal

from runstone.connectors.llms import Tokens
from runstone.errors import BadInput

_MILLION = 1_000_000


@dataclass(frozen=True)
class Prices:
    """US dollars for a million tokens, as the provider's list has them. None: not known, so money is not counted."""

    read: Decimal | None = None
    written: Decimal | None = None

    def of(self, tokens: Tokens) -> Decimal | None:
        """What these tokens cost; None without prices."""
        if self.read is None or self.written is None:
            return None
        return (self.read * tokens.read + self.written * tokens.written) / _MILLION


class Budget:
    """One build's. None means no limit. Requests run side by side, so each reserves what it is likely to take."""

    def __init__(self, tokens: int | None = None, usd: Decimal | None = None, prices: Prices | None = None) -> None:
        """Raises BadInput for a limit on money without prices."""
        self._tokens = tokens
        self._usd = usd
        self.prices = prices or Prices()
        self.spent = Tokens()
        self._reserved = Tokens()
        if usd is not None and self.prices.of(Tokens()) is None:
            raise BadInput("A budget in US dollars needs prices. Give --price-in and --price-out, per million tokens.")

    def reserve(self, tokens: Tokens) -> bool:
        """Whether so much is left; then it is held until it is settled."""
        held = self.spent + self._reserved + tokens
        cost = self.prices.of(held)
        if self._tokens is not None and held.total > self._tokens:
            return False
        if self._usd is not None and cost is not None and cost > self._usd:
            return False
        self._reserved += tokens
        return True

    def settle(self, reserved: Tokens, spent: Tokens) -> None:
        """Give a reservation back and count what was really spent."""
        self._reserved = Tokens(self._reserved.read - reserved.read, self._reserved.written - reserved.written)
        self.spent += spent

    def __str__(self) -> str:
        cost = self.prices.of(self.spent)
        told = f"{self.spent.read} tokens read and {self.spent.written} written"
        money = "" if cost is None else f", {cost:.4f} USD"
        return told + money + ("" if self.spent.counted else ", in part estimated: the endpoint did not count them")
