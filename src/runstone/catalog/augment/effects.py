"""What running a Task does besides looking: how far it reaches, whether it can be undone, whether it is meant to break.

What is not known is said so: "nothing" stands only where the author says that the Task reads and its source agrees.
"""

import re

from runstone.catalog.document import Statement
from runstone.catalog.entry import Entry

_SHOWN = 6
_GONE = re.compile(r"(?i)\bdelete|\bdrop\b|\brm\b|\breinit|\bpurge|\bforce\b|\bpush -f\b|\boverwrite|\bprune\b")
_OPPOSITE = re.compile(
    r"(?i)\bscale|\bsuspend|\bresume|\bswap|\bincrease|\bdecrease|\bcordon|\buncordon|\brollback|\bundo\b"
)
_INTERRUPTS = re.compile(r"(?i)\brestart|\breboot|\bfail-?over|\bevict|\bkill\b|\brollout\b|\bdrain")
_BREAKS = re.compile(r"(?i)\bchaos\b|\bmangle\b|\boomkill\b|\bkill\b|\bfault injection\b")


def given(entry: Entry) -> bool:
    """Whether the Task runs what it is given: then nothing is known of what that does."""
    return bool(entry.runs or (entry.contract and entry.contract.commands))


def breaks(entry: Entry) -> bool:
    """Whether it is meant to do harm, as a trial: no answer to any trouble."""
    return entry.changes and bool(_BREAKS.search(f"{entry.bundle.replace('-', ' ')} {entry.title}"))


def blast_radius(entry: Entry, plain_title: str) -> Statement:
    """How far a run reaches."""
    if entry.changes:
        told = [one.words for one in entry.contract.changes] if entry.contract else []
        words = list(dict.fromkeys(told)) or [plain_title]
        more = f"; and {len(words) - _SHOWN} more" if len(words) > _SHOWN else ""
        return Statement(text=f"It changes something: {'; '.join(words[:_SHOWN])}{more}")
    if given(entry):
        return Statement(text="It runs what it is given, and reaches as far as that does.")
    if entry.access == "read-only":
        return Statement(text="None by its source: it only reads.")
    return Statement(text="No change was found in its source; its author does not say.")


def reversible(entry: Entry, plain_title: str) -> Statement:
    """Whether what it does can be undone."""
    if not entry.changes:
        told = "Not known: it depends on what it is given." if given(entry) else "Nothing to undo."
        return Statement(text=told)
    words = " ".join(one.words for one in entry.contract.changes) if entry.contract else ""
    words = words or plain_title
    if _GONE.search(words):
        return Statement(text="Not to be undone: it deletes or replaces.")
    if _INTERRUPTS.search(words):
        return Statement(text="What it interrupts is lost; there is nothing to set back.")
    return Statement(
        text="Can be undone by its opposite." if _OPPOSITE.search(words) else "Whether it can be undone is not known."
    )
