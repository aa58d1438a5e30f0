"""Alerts from outside, as one noun whoever sent them."""

import hashlib

from runstone.model.noun import Noun


class Alert(Noun):
    """One alert. ``labels`` are the sender's own; ``fingerprint`` makes repeats one."""

    source: str
    name: str
    firing: bool
    severity: str
    summary: str
    labels: dict[str, str]
    starts_at: str

    @property
    def fingerprint(self) -> str:
        """16 hex digits over the source and the labels that tell one problem from another."""
        stable = sorted((k, v) for k, v in self.labels.items() if k not in {"pod", "instance", "uid", "endpoint"})
        return hashlib.sha256(repr((self.source, self.name, stable)).encode()).hexdigest()[:16]
