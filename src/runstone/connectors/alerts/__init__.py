"""Who sends alerts, one file each: a webhook body in, Alerts out."""

from abc import ABC, abstractmethod
from typing import Any

from runstone.model.alert import Alert


class AlertSource(ABC):
    """One sender's webhook format."""

    @abstractmethod
    def parse(self, payload: Any) -> list[Alert]:
        """The alerts in a decoded JSON body. Raises BadInput naming what is missing."""
