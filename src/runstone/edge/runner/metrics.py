"""From what a suite pushed to what travels: a metric record of the suite becomes a noun, redacted. Pure."""

import math
from typing import Any

from runstone.model.measure import Metric
from runstone.model.redact import Redactor
from runstone.model.run import Note

_NAME_CAP = 200
"""Characters of a sub_name, of a label's name and of its value."""
_MOST_LABELS = 20
_IMPLIED = "workspace"
"""A label that every metric of a workspace has alike."""


def metric(record: dict[str, Any], redactor: Redactor) -> Metric | Note:
    """The Metric in a suite's record; a Note that says so when what was pushed is no finite number."""
    said = redactor.tree(record)
    sub_name = str(said.get("sub_name") or "")[:_NAME_CAP]
    value = _number(record.get("value"))
    if not math.isfinite(value):
        what = f"metric {sub_name or 'of the SLI'}"
        return Note(kind="could_not_check", resource=None, what=what, why=f"{said.get('value')} is no finite number")
    labels = [(str(name)[:_NAME_CAP], str(text)[:_NAME_CAP]) for name, text in (said.get("labels") or {}).items()]
    kept = {name: text for name, text in labels if name != _IMPLIED}
    return Metric(
        sub_name=sub_name,
        value=value,
        type=str(said.get("type") or "untyped")[:_NAME_CAP],
        labels=dict(sorted(kept.items())[:_MOST_LABELS]),
    )


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan
