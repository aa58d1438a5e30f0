"""Text as a row of word stems, the same for questions, Tasks and the phrases of the ontology.

``CrashLoopBackOff``, ``crash loop back off`` and ``crashloop backoff`` all become ``crashloop backoff``.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources

_CHUNK = re.compile(r"[A-Za-z0-9]+")
_CAMEL = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_INNER_CAPITAL = re.compile(r"[a-z][A-Z]|[A-Z]{2,}[a-z]{2,}")
_APOSTROPHE = re.compile(r"(?<=\w)['’](?=\w)")
_IRREGULAR = {
    "failure": "fail",
    "expiry": "expir",
    "expiration": "expir",
    "died": "die",
    "dying": "die",
    "dns": "dns",
    "kubernetes": "kubernetes",
    "redis": "redis",
    "https": "http",
    "aks": "aks",
    "eks": "eks",
    "ecs": "ecs",
    "gcs": "gcs",
    "sqs": "sqs",
    "rds": "rds",
    "sns": "sns",
    "dms": "dms",
    "nats": "nats",
    "os": "os",
    "tls": "tls",
    "aws": "aws",
    "logs": "log",
    "utilisation": "utilization",
    "analyse": "analyze",
    "unavailability": "unavailable",
    "reachability": "reachable",
    "latencies": "latency",
    "slowly": "slow",
    "slower": "slow",
    "slowness": "slow",
}
_STOP = (
    "a an and any are as at be been being but by can cant could did do does doing done for from get got had has "
    "have having how i if im in into is isnt it its just let like me my no not of on or our out please show so "
    "some such than that the their them then there these they this those to too up us was we were what when where "
    "which while who why will with would you your after before over under more most all also very still since "
    "about "
)
STOP = frozenset(_STOP.split())
"""Words that say nothing about which Task is meant, as they stand before stemming."""


def fold(text: str) -> tuple[str, ...]:
    """The stems of a text, in order; camel case is split and words of compounds.txt are joined."""
    return tuple(_joined(list(split(text))))


def content(text: str) -> tuple[str, ...]:
    """As ``fold``, without the words that say nothing."""
    return tuple(_joined([word for word in split(text) if word not in STOP]))


def split(text: str) -> Iterator[str]:
    """The words of a text in lower case; ``KubePodNotReady`` gives four."""
    for chunk in _CHUNK.findall(_APOSTROPHE.sub("", text)):
        if _INNER_CAPITAL.search(chunk):
            yield from (part.lower() for part in _CAMEL.findall(chunk))
        else:
            yield chunk.lower()


@cache
def stem(word: str) -> str:
    """A word without its ending: plural, -ing, -ed and a last e."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) <= 3:
        return word
    if word.endswith("ies"):
        word = word[:-3] + "y"
    elif re.search(r"(?:ss|sh|ch|x|zz)es$", word):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and re.search(r"[aeiouy]", word[: -len(ending)]):
            word = word[: -len(ending)]
            if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "lsz":
                word = word[:-1]
            break
    return word[:-1] if word.endswith("e") and len(word) > 4 else word


def _joined(words: Sequence[str]) -> Iterator[str]:
    compounds, beginnings = _compounds(), _beginnings()
    at = 0
    while at < len(words):
        for width in (4, 3, 2) if words[at] in beginnings else ():
            whole = stem("".join(words[at : at + width]))
            if at + width <= len(words) and whole in compounds:
                yield whole
                at += width
                break
        else:
            yield stem(words[at])
            at += 1


@cache
def _compounds() -> frozenset[str]:
    text = resources.files("runstone.catalog").joinpath("ontology/compounds.txt").read_text(encoding="utf-8")
    return frozenset(stem(word) for line in text.splitlines() if not line.startswith("#") for word in line.split())


@cache
def _beginnings() -> frozenset[str]:
    """Every beginning of a compound: most words begin none, and need not be joined to see that."""
    return frozenset(one[:length] for one in _compounds() for length in range(1, len(one)))
