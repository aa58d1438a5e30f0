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
_PUSHES = re.compile(r"(?i)^git (?:commit|push)\b")
_TRUNK = re.compile(r"(?i)\b(?:main|master|trunk)\b")
_ASKS_TO_MERGE = re.compile(
    r"(?i)/pulls\b|/merge_requests\b|/pullrequests\b|\b(?:gh|repos) pr create\b|\bglab mr create\b|"
    r"\bcreate (?:git(?:hub|lab) )?(?:pull|merge) request"
)
_WORKED_OUT = re.compile(r"\$\(\)|\$\d|\$\{\d+\}")
_DEFAULT = re.compile(r"\$\{(\w+):?[-=][^{}]*\}")
_ACTS = (
    "re-?initiali[sz]e restart delete scale remediate reboot terminate evict rotate purge drain remove kill patch "
    r"recreate redeploy resize cordon rolls?[\s-]?back repair heal"
)
_DOES = "|".join(f"{one}(?:s|es)?" for one in _ACTS.split())
_SPEAKS_OF_CHANGE = re.compile(
    r"(?i)(?:^\W*|[.!?:;]\s+|\b\w+s,? (?:and|or|then) |"
    r"\b(?:task\w*|codebundle|script|which|that|it|then|automatically) )"
    rf"({_DOES})\s+(?!(?:in|of|for|on|over|within|during|across|from|by|at|per|and|or|is|are|was|to|count|counts|sets?|"
    r"loops?|polic\w+|reasons?|events?|limits?|rules?|history|times?)\b)[\w`$'\"]"
)
"""A verb of change with what it changes after it, where a sentence or its second half begins."""
_BREAKS = re.compile(r"(?i)\bchaos\b|\bmangle\b|\boomkill\b|\bkill\b|\bfault injection\b")


_REDUCES = re.compile(r"(?i)\bscales? (?:down|in)\b|\bdecreas|\breduc")
_WANTS_MORE = frozenset(
    {"autoscaling", "cpu-high", "memory-high", "out-of-memory", "replicas-missing", "overcommitted"}
)


def given(entry: Entry) -> bool:
    """Whether the Task runs what it is given: then nothing is known of what that does."""
    return bool(entry.runs or (entry.contract and entry.contract.commands))


def opposes(entry: Entry, signal: str) -> bool:
    """Whether the Task takes away what the signal lacks: to make less of something is no remedy for too little."""
    return entry.changes and signal in _WANTS_MORE and bool(_REDUCES.search(entry.title))


def speaks_of_change(entry: Entry) -> str:
    """The author's verb for a change that its source does not show; empty where the Task is said to read."""
    if entry.changes or entry.access == "read-only":
        return ""
    said = (_SPEAKS_OF_CHANGE.search(text) for text in (entry.documentation, entry.bundle_documentation))
    return next((" ".join(found[1].split()).lower() for found in said if found), "")


def breaks(entry: Entry) -> bool:
    """Whether it is meant to do harm, as a trial: no answer to any trouble."""
    return entry.changes and bool(_BREAKS.search(f"{entry.bundle.replace('-', ' ')} {entry.title}"))


def blast_radius(entry: Entry, plain_title: str) -> Statement:
    """How far a run reaches."""
    if entry.changes:
        return Statement(text=_reach(entry, plain_title))
    if given(entry):
        return Statement(text="It runs what it is given, and reaches as far as that does.")
    if entry.contract and entry.contract.unknown:
        names = ", ".join(f"${{{name}}}" for name in entry.contract.unknown)
        return Statement(text=f"Not known: what {names} holds is run, and its source does not say what that is.")
    if entry.access == "read-only":
        return Statement(text="None by its source: it only reads.")
    verb = speaks_of_change(entry)
    if verb:
        return Statement(text=f'Not known: its author speaks of a change ("{verb}"), which its source does not show.')
    return Statement(text="No change was found in its source; its author does not say.")


def reversible(entry: Entry, plain_title: str) -> Statement:
    """Whether what it does can be undone."""
    return Statement(text=_undone(_told(entry) or [plain_title]) if entry.changes else _nothing(entry))


def _told(entry: Entry) -> list[str]:
    """The changes of its source, in words that people can read."""
    words = (_shown(one.words) for one in entry.contract.changes) if entry.contract else ()
    return list(dict.fromkeys(words))


def _shown(words: str) -> str:
    """A command without the marks for what is worked out when it runs."""
    return re.sub(r"…(?:[\s,:/-]*…)+", "…", _WORKED_OUT.sub("…", _DEFAULT.sub(r"${\1}", words)))


def _reach(entry: Entry, plain_title: str) -> str:
    words = _told(entry) or [plain_title]
    more = f"; and {len(words) - _SHOWN} more" if len(words) > _SHOWN else ""
    runs = "; and it runs what it is given" if given(entry) else ""
    return f"It changes something: {'; '.join(words[:_SHOWN])}{more}{runs}"


def _nothing(entry: Entry) -> str:
    if given(entry):
        return "Not known: it depends on what it is given."
    if (entry.contract and entry.contract.unknown) or speaks_of_change(entry):
        return "Not known: its source does not show all that it does."
    return "Nothing to undo." if entry.access == "read-only" else "Nothing to undo was found."


def _undone(changes: list[str]) -> str:
    asked = any(_ASKS_TO_MERGE.search(one) for one in changes)
    rest = [one for one in changes if not (asked and _offers(one))]
    if not rest:
        return "Can be undone by closing the request to merge and deleting its branch."
    words = " ".join(rest)
    if _GONE.search(words):
        return "Not to be undone: it deletes or replaces."
    if _INTERRUPTS.search(words):
        return "What it interrupts is lost; there is nothing to set back."
    return "Can be undone by its opposite." if _OPPOSITE.search(words) else "Whether it can be undone is not known."


def _offers(change: str) -> bool:
    """Whether a change is part of a request to merge: it writes a branch of its own, or asks."""
    return bool(_ASKS_TO_MERGE.search(change) or (_PUSHES.match(change) and not _TRUNK.search(change)))
