"""The error texts that a Task's own source looks for, as regular expressions that a text can be held against."""

import re
import warnings
from collections.abc import Iterator, Sequence
from itertools import islice, pairwise

from runstone.catalog.searches import Searches
from runstone.model.content import SourceFile

_MOST = 60
_LOOKED_AT = 500
"""Searches of one Task that are looked at; the public Task with the most has fewer than 100."""
_SHORTEST = 4
_PLUMBING = re.compile(
    r"""
    \$\\?[\w({]         # what a variable or a command gives
    | \\\\              # what was escaped twice
    | "[\w.-]+\\?"(?:\s|\\s\*)*:    # a key of JSON
    | :\s*$             # a label, or the name of a header
    | (?<![^\W_])__\w+__    # a mark of the script's own
    | \\K | \(\?[<=!]   # a value is taken out
    | ://
    """,
    re.VERBOSE,
)
_GROUPED = re.compile(r"^(?:\(\?[imsx]+\))?\((?:\?:)?(.*)\)$", re.DOTALL)
_SIGNS = re.compile(r"\[\^?[^\]]*\]|\\[a-zA-Z]|\{[\d,]*\}|[^\w' -]+|_")
_WORD = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z]?[a-z]+|[A-Z]|\d+")
_NEGATED = re.compile(r"n['.]t\b")
_WELL = re.compile(r"(?i)\b(?:success\w*|succeeded|created|started|finished|completed|healthy)\b")
"""Words of what went well: a pattern with an alternative that has one is for what is to be passed over."""
_CODE = re.compile(r"[45]\d\d|(?=\w*[A-Za-z]{2})(?=\w*\d{3})\w+")
"""A status of HTTP or a vendor's number of an error: it tells something beside words that do."""
_FAULTS = re.compile(
    r"unauthori[sz]ed|forbidden|refused|unreachable|timeout|nxdomain|servfail|oom|evict(?:ed|ion)?|preempt(?:ed|ion)?|"
    r"throttl\w+|deadlock\w*|crash\w*|backoff|diverged|unschedulable|unbound|expired|corrupt\w*|exhausted|segfault|"
    r"oomkilled|outof|timedout|reauthentication|hung|stuck|overloaded|crashloop"
)
"""Words that tell a fault by themselves."""
_GENERAL_WORDS = (
    "error errors errored err fail fails failed failing failure failures warn warning warnings denied fatal panic "
    "panicked exception exceptions critical severe not no none never cannot without missing invalid unable exceed "
    "exceeds exceeded lost unavailable unhealthy terminated terminating killed reject rejected abort aborted "
    "disabled conflict conflicts insufficient waiting mismatch mismatched mismatching degraded stale blocked "
    "imminent offline disconnect disconnected pressure unknown unsupported unexpected unresolved unready "
    "unrecognized broken bad wrong illegal incorrect limited deprecated already removed low outage reset closed "
    "misconfiguration misconfigured many reached unsuccessful violation violated misplaced full limit "
    "termination shutdown"
)
_GENERAL = frozenset(_GENERAL_WORDS.split())
"""Words that tell a fault only beside another."""
_EMPTY_WORDS = (
    "a an the is are was were be been has have had do does did of in on at to for from by with and or if it its "
    "this that these there as than only any all some could can should would will may must found find exist exists "
    "available enough message messages log logs level severity status state result count total detail details code "
    "reason reasons issue issues problem problems event events check checks request requests info data set non type "
    "value high low too due after before when while out up off so such complete successfully"
)
_EMPTY = frozenset(_EMPTY_WORDS.split())
"""Words that say nothing of a fault's kind."""


def of(files: Sequence[SourceFile]) -> tuple[str, ...]:
    """The error texts that the files of one Task look for, first come first."""
    source = Searches(files)
    found: dict[str, None] = {}
    for search in islice(source.found(), _LOOKED_AT):
        told = [one for one in telling(search.pattern) if not source.is_own(search, one)]
        whole = "|".join(dict.fromkeys(told))
        if any(_tells(one) for one in told) and len(whole) >= _SHORTEST and _is_expression(whole):
            found[whole] = None
    return tuple(found)[:_MOST]


def telling(pattern: str) -> list[str]:
    """The alternatives of a pattern that tell a fault, and which; numbers of errors beside them.

    None where another alternative tells that all is well: then the pattern is for what is passed over.
    """
    every = [one for one in _alternatives(pattern) if not _PLUMBING.search(one)]
    if any(_WELL.search(one) and not _tells(one) for one in every):
        return []
    return [one for one in every if _tells(one) or _CODE.fullmatch(one)]


def _tells(alternative: str) -> bool:
    """Whether it tells what is wrong: by a word that does, or by a general one beside one of its own."""
    words = _words(alternative)
    joined = (first + second for first, second in pairwise(words))
    if any(_FAULTS.fullmatch(one) for one in (*words, *joined)):
        return True
    own = [one for one in words if one not in _GENERAL and one not in _EMPTY and len(one) > 2 and not one.isdigit()]
    return bool(own) and any(one in _GENERAL for one in words)


def _words(alternative: str) -> list[str]:
    """Its words in lower case; names in capitals and humps are taken apart."""
    plain = _SIGNS.sub(" ", _NEGATED.sub(" not", alternative))
    return [one.lower() for one in _WORD.findall(plain)]


def _alternatives(pattern: str) -> Iterator[str]:
    """What stands between the bars of a pattern, those within brackets and groups aside."""
    inner = _GROUPED.match(pattern)
    if inner and _is_closed(inner[1]):
        pattern = inner[1]
    depth, start, at = 0, 0, 0
    while at < len(pattern):
        sign = pattern[at]
        if sign == "\\":
            at += 1
        elif sign == "[":
            at = max(at, pattern.find("]", at + 2))
        elif sign in "()":
            depth += 1 if sign == "(" else -1
        elif sign == "|" and not depth:
            yield pattern[start:at].strip()
            start = at + 1
        at += 1
    yield pattern[start:].strip()


def _is_closed(pattern: str) -> bool:
    """Whether each of its groups ends after it begins."""
    depth = 0
    for sign in re.sub(r"\\.|\[[^\]]*\]", "", pattern):
        depth += (sign == "(") - (sign == ")")
        if depth < 0:
            return False
    return not depth


def _is_expression(pattern: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(pattern)
    except re.error:
        return False
    return True
