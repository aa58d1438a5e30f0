"""The error texts that a Task's own source looks for: patterns of grep, jq, awk, Python and of Robot keywords."""

import re
from collections.abc import Iterator
from functools import lru_cache

_MOST = 60
_SHORTEST = 4
_QUOTED = r"""(?:"((?:[^"\\]|\\.){4,400})"|'([^']{4,400})')"""
_SOURCES = (
    ("grep", re.compile(r"\bgrep\s+(?:-[\w-]+(?:=\S+|\s+\d+)?\s+)*" + _QUOTED)),
    ("test", re.compile(r"\btest\(\s*" + _QUOTED)),
    ("re.", re.compile(r"\bre\.(?:search|match|findall|compile)\(\s*r?" + _QUOTED)),
    ("=~", re.compile(r"=~\s*" + _QUOTED)),
    ("contains", re.compile(r"\bcontains\(\s*" + _QUOTED)),
    ("IF", re.compile(r"(?:^|\s)(?:IF|ELSE IF)\s.*?['\"]([A-Za-z][\w .:/-]{4,80})['\"]\s+in\s", re.MULTILINE)),
)
"""Each with a word that its matches hold: most texts lack it, and looking for a word costs next to nothing."""
_WORD = re.compile(r"[A-Za-z]{4,}")


@lru_cache(maxsize=64)
def of(text: str) -> tuple[str, ...]:
    """The patterns of a source, first come first; those that hold no word of four letters say nothing."""
    found: dict[str, None] = {}
    for pattern in _in(text):
        if len(pattern) >= _SHORTEST and _WORD.search(re.sub(r"\$\{?\w+\}?", "", pattern)):
            found[pattern] = None
            if len(found) == _MOST:
                break
    return tuple(found)


def _in(text: str) -> Iterator[str]:
    for word, source in _SOURCES:
        for hit in source.finditer(text) if word in text else ():
            yield next((group for group in hit.groups() if group), "").strip()
